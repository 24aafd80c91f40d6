// Keeps a client's own entities that stand for entities of the server, each by a key that both sides know.
//
// Entities of a scene wait indefinitely, and again whenever the server's entity goes out of sight. Predicted entities
// wait once, for a limited time. The game is notified of unmatched ones, and has one frame to keep the entity.
import { addComponent, hasComponent, observe, onRemove, type World } from 'bitecs'
import { MAX_ENDED_KEYS } from '../../protocol/limits.js'
import { Predicted, SpawnOrigin } from '../../../components/spawning.js'
import { heldIdsOf } from '../held-ids.js'

interface LocalSpawn {
  readonly entity: number
  readonly key: string
  /** The server's tick at which the wait ends; Infinity for an entity of a scene. */
  readonly deadline: number
}

/** A predicted entity that the server never confirmed. */
export interface UnmatchedSpawn {
  readonly entity: number
  readonly key: string
}

export class LocalSpawns {
  /** Entities that wait, and matched entities of a scene. */
  private readonly byKey = new Map<string, LocalSpawn>()
  private readonly byEntity = new Map<number, LocalSpawn>()
  /** The keys of the entities that the server has spawned here, and the reverse. */
  private readonly indexByKey = new Map<string, number>()
  private readonly keyByIndex = new Map<number, string>()
  /** Spawns given up since the last frame; systems see them in this one. */
  private givenUp: LocalSpawn[] = []
  private told: readonly LocalSpawn[] = []
  /** Unmatched entities that systems have seen, and that the game has neither kept nor removed. */
  private readonly doomed = new Set<number>()
  /** Keys whose entities the server has ended, and the scene entities that claimed one of them since. */
  private readonly ended = new Set<string>()
  private readonly outdated = new Set<number>()

  /** `guard` runs changes that trigger the game's observers. */
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

  /** The claimed keys; a claim may be given up during iteration. */
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
   * Notes that the server's entity with a key has ended out of this client's sight. The entity that stands for it ends
   * too, and so does any that claims the key later.
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

  /** Forgets the ended keys, because another scene begins or the connection has ended. */
  forgetEnded(): void {
    this.ended.clear()
    this.outdated.clear()
  }

  /** The entity that the server's spawn with a key begins on, or 0. A predicted entity stops waiting. */
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

  /** Gives up all predicted entities: after the connection has ended, none can be confirmed. */
  giveUpAll(): void {
    this.giveUp(Infinity)
    this.forgetEnded()
  }

  /** Begins a frame, and removes the unmatched entities of the last one that the game did not keep. */
  beginFrame(): void {
    for (const entity of [...this.doomed]) {
      if (hasComponent(this.world, entity, Predicted)) this.guard(() => heldIdsOf(this.world).remove(entity))
    }
    this.doomed.clear()
    for (const entity of [...this.outdated]) {
      const key = this.keyOf(entity)
      // Another entity may have the key by now, and the id too.
      if (key !== undefined && this.ended.has(key) && this.isScene(entity))
        this.guard(() => heldIdsOf(this.world).remove(entity))
    }
    this.outdated.clear()
  }

  /** Shows this frame's systems the entities that were not confirmed up to `tick`, the server's. */
  tell(tick: number): void {
    this.giveUp(tick)
    this.told = this.givenUp
    this.givenUp = []
    for (const { entity } of this.told) if (hasComponent(this.world, entity, Predicted)) this.doomed.add(entity)
  }

  /** The unmatched entities that this frame's systems see. */
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
