// A client's own entities that stand for entities of the server, each by a key that both sides know.
//
// Those of a scene wait for ever, and again whenever the server's entity goes out of sight. Those that were made ahead of
// the server's wait once and for a while; what never came is told to the game, which has one frame to keep the entity.
import { addComponent, hasComponent, observe, onRemove, type World } from 'bitecs'
import { MAX_ENDED_KEYS } from '../../protocol/limits.js'
import { Predicted, SpawnOrigin } from '../../../components/spawning.js'
import { heldIdsOf } from '../held-ids.js'

interface LocalSpawn {
  readonly entity: number
  readonly key: string
  /** The server's tick at which the wait is over; Infinity for an entity of a scene. */
  readonly deadline: number
}

/** An entity made ahead of the server's that was never confirmed. */
export interface UnmatchedSpawn {
  readonly entity: number
  readonly key: string
}

export class LocalSpawns {
  /** What waits or, of a scene, is matched. */
  private readonly byKey = new Map<string, LocalSpawn>()
  private readonly byEntity = new Map<number, LocalSpawn>()
  /** The keys of what the server has spawned here, and back. */
  private readonly indexByKey = new Map<string, number>()
  private readonly keyByIndex = new Map<number, string>()
  /** Given up since the last frame; told in this one. */
  private givenUp: LocalSpawn[] = []
  private told: readonly LocalSpawn[] = []
  /** Of those that were told, the entities that nobody has kept or removed. */
  private readonly doomed = new Set<number>()
  /** Keys whose entities the server has ended, and of a scene, the entities that claimed one of them since. */
  private readonly ended = new Set<string>()
  private readonly outdated = new Set<number>()

  /** `guard` runs what runs observers of the game. */
  constructor(
    private readonly world: World,
    private readonly guard: (change: () => void) => void,
  ) {
    observe(world, onRemove(SpawnOrigin), (eid: number) => {
      const local = this.byEntity.get(eid)
      if (local !== undefined && local.deadline === Infinity) this.delete(local)
    })
    observe(world, onRemove(Predicted), (eid: number) => {
      const local = this.byEntity.get(eid)
      if (local !== undefined && local.deadline !== Infinity) this.delete(local)
      this.doomed.delete(eid)
    })
  }

  /** The entity of this client that claims a key, or 0. */
  entityOf(key: string): number {
    return this.byKey.get(key)?.entity ?? 0
  }

  /** The keys that are claimed; a claim may be given up while they are walked. */
  get keys(): IterableIterator<string> {
    return this.byKey.keys()
  }

  keyOf(entity: number): string | undefined {
    return this.byEntity.get(entity)?.key
  }

  isScene(entity: number): boolean {
    return this.byEntity.get(entity)?.deadline === Infinity
  }

  /** Claims a free key for an entity that has none; see `LocalSpawn.deadline`. */
  add(entity: number, key: string, deadline: number): void {
    const local: LocalSpawn = { entity, key, deadline }
    this.byKey.set(key, local)
    this.byEntity.set(entity, local)
    if (deadline === Infinity && this.ended.has(key)) this.outdated.add(entity)
    addComponent(this.world, entity, deadline === Infinity ? SpawnOrigin : Predicted)
  }

  /**
   * The server's entity with a key has ended out of this client's sight: what stands for it ends too, also what will claim
   * the key from now on.
   */
  endKey(key: string): void {
    this.ended.add(key)
    for (const oldest of this.ended) {
      if (this.ended.size <= MAX_ENDED_KEYS) break
      this.ended.delete(oldest)
    }
    const entity = this.entityOf(key)
    if (this.isScene(entity) && this.indexOf(key) === 0) this.guard(() => heldIdsOf(this.world).remove(entity))
  }

  /** The client begins another scene, or its connection has ended: what was said of keys holds no more. */
  forgetEnded(): void {
    this.ended.clear()
    this.outdated.clear()
  }

  /** The entity that the server's spawn with a key begins on, or 0. One that was made ahead waits no longer. */
  take(key: string): number {
    const local = this.byKey.get(key)
    if (local === undefined) return 0
    if (local.deadline !== Infinity) this.delete(local)
    return local.entity
  }

  /** The index of the server's entity with a key, or 0. */
  indexOf(key: string): number {
    return this.indexByKey.get(key) ?? 0
  }

  /** Remembers the key of an index. */
  bear(index: number, key: string): void {
    this.ended.delete(key)
    this.indexByKey.set(key, index)
    this.keyByIndex.set(index, key)
  }

  /** Forgets the key of an index, and returns it, or ''. */
  unbear(index: number): string {
    const key = this.keyByIndex.get(index) ?? ''
    this.keyByIndex.delete(index)
    this.indexByKey.delete(key)
    return key
  }

  /** The connection has ended: nothing that was made ahead can be confirmed any more. */
  giveUpAll(): void {
    this.giveUp(Infinity)
    this.forgetEnded()
  }

  /** Begins a frame: what was told in the last one, and nobody kept, is removed. */
  beginFrame(): void {
    for (const entity of [...this.doomed]) {
      if (hasComponent(this.world, entity, Predicted)) this.guard(() => heldIdsOf(this.world).remove(entity))
    }
    this.doomed.clear()
    for (const entity of [...this.outdated]) {
      const key = this.keyOf(entity)
      // The key may be another's by now, and the id too.
      if (key !== undefined && this.ended.has(key) && this.isScene(entity))
        this.guard(() => heldIdsOf(this.world).remove(entity))
    }
    this.outdated.clear()
  }

  /** Tells this frame's systems what was not confirmed up to `tick`, the server's. */
  tell(tick: number): void {
    this.giveUp(tick)
    this.told = this.givenUp
    this.givenUp = []
    for (const { entity } of this.told) if (hasComponent(this.world, entity, Predicted)) this.doomed.add(entity)
  }

  /** What was told in this frame. */
  get unmatched(): readonly UnmatchedSpawn[] {
    return this.told
  }

  private giveUp(tick: number): void {
    for (const local of this.byEntity.values()) {
      if (local.deadline === Infinity || local.deadline > tick) continue
      this.delete(local)
      this.givenUp.push(local)
    }
  }

  private delete({ entity, key }: LocalSpawn): void {
    this.byKey.delete(key)
    this.byEntity.delete(entity)
  }
}
