// The server's memory of where entities come from: the prefab and the key that their spawns name.
//
// It is kept by entity, not by slot, so that an entity that is taken from the network and put back keeps it. The tag
// `SpawnOrigin` on the entity says when it ends: an id that is another entity's by now does not have it.
import { addComponent, observe, onRemove, type World } from 'bitecs'
import { SpawnOrigin } from '../../components/spawning.js'
import { ByteWriter } from '../protocol/bytes.js'
import type { EntityMapper } from '../protocol/entity-mapper.js'
import { NO_ORIGIN, type Origin } from '../protocol/prefab.js'
import type { Protocol } from '../protocol/protocol.js'

export class SpawnOrigins {
  private readonly byEntity = new Map<number, Origin>()
  private readonly byKey = new Map<string, number>()
  /** Entities that stand for no entity of any scene: clients made theirs ahead, and nobody else waits for them. */
  private readonly predicted = new Set<number>()
  /** Networked entities without the tag: what was said of them holds until they are networked no longer. */
  private readonly untagged = new Set<number>()
  private readonly scratch = new ByteWriter(64)

  constructor(
    private readonly world: World,
    private readonly protocol: Protocol,
    entities: EntityMapper,
  ) {
    this.scratch.entities = entities
    observe(world, onRemove(SpawnOrigin), (eid: number) => {
      // Of a networked entity, clients have been told: another one with its key would be taken for it.
      if (entities.netIdOf(eid) === 0) this.forget(eid)
      else this.untagged.add(eid)
    })
  }

  of(eid: number): Origin {
    return this.byEntity.get(eid) ?? NO_ORIGIN
  }

  /** The entity that has a key, or 0. */
  entityOf(key: string): number {
    return this.byKey.get(key) ?? 0
  }

  /** Gives an entity a prefab. The payload has been checked; it is encoded here, once. */
  setPrefab(eid: number, prefab: number, args: Readonly<Record<string, unknown>>): void {
    const { scratch } = this
    scratch.clear()
    this.protocol.prefabList[prefab]!.codec.write(scratch, args)
    this.set(eid, { ...this.of(eid), prefab, payload: scratch.bytes.slice(0, scratch.length) })
  }

  /** The key of an entity that entities of clients' scenes may stand for, or ''. */
  sceneKeyOf(eid: number): string {
    return this.predicted.has(eid) ? '' : this.of(eid).key
  }

  /** Gives an entity a key, which no other one has. */
  setKey(eid: number, key: string, isPredicted = false): void {
    if (isPredicted) this.predicted.add(eid)
    else this.predicted.delete(eid)
    this.byKey.delete(this.of(eid).key)
    this.byKey.set(key, eid)
    this.set(eid, { ...this.of(eid), key })
  }

  /** The entity is networked no longer. */
  end(eid: number): void {
    if (this.untagged.delete(eid)) this.forget(eid)
  }

  private set(eid: number, origin: Origin): void {
    this.byEntity.set(eid, origin)
    addComponent(this.world, eid, SpawnOrigin)
  }

  private forget(eid: number): void {
    const { key } = this.of(eid)
    if (key !== '') this.byKey.delete(key)
    this.predicted.delete(eid)
    this.byEntity.delete(eid)
  }
}
