// Remembers where the server's entities come from: the prefab and the key that their spawns name.
//
// The tables are by entity, not by slot, so that an entity keeps its origin while `Networked` is removed and added
// again. The tag `SpawnOrigin` marks an entity whose origin is valid. Another entity with the same id does not have the
// tag.
import { addComponent, observe, onRemove, type World } from 'bitecs'
import { SpawnOrigin } from '../../../components/spawning.js'
import { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import { type EntityMapper, NotedNames } from '../../protocol/entity-mapper.js'
import { NO_ORIGIN, type Origin } from '../../protocol/prefab.js'
import type { Protocol } from '../../protocol/protocol.js'
import { PassThrough } from '../collections/values.js'

/** A payload with entities of this world that were not networked when it was set. */
interface OpenPayload {
  readonly bytes: Uint8Array
  readonly entities: PassThrough
}

export class SpawnOrigins {
  private readonly byEntity = new Map<number, Origin>()
  private readonly byKey = new Map<string, number>()
  /** Entities that stand for no entity of any scene: clients predicted theirs, and no other client waits for them. */
  private readonly predicted = new Set<number>()
  /** Networked entities without the tag: their origin is kept until they stop being networked. */
  private readonly untagged = new Set<number>()
  private readonly scratch = new ByteWriter(64)
  private readonly reader = new ByteReader()
  /** By entity: payloads that are encoded again when the spawn is read. */
  private readonly open = new Map<number, OpenPayload>()
  private readonly names: NotedNames

  constructor(
    private readonly world: World,
    private readonly protocol: Protocol,
    entities: EntityMapper,
  ) {
    this.names = new NotedNames(entities)
    observe(world, onRemove(SpawnOrigin), (eid: number) => {
      // Clients have received a networked entity: they would mistake another one with its key for it.
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

  /** Gives an entity a prefab. The payload has been checked. */
  setPrefab(eid: number, prefab: number, args: Readonly<Record<string, unknown>>): void {
    const { codec } = this.protocol.prefabList[prefab]!
    this.open.delete(eid)
    this.encode(eid, prefab, args)
    if (!codec.namesEntities) return
    const entities = new PassThrough()
    const bytes = this.write(prefab, args, entities)
    if (entities.count > this.of(eid).named.length) this.open.set(eid, { bytes, entities })
  }

  /** Encodes an open payload again before the spawn is sent: the entities that it names may be networked by now. */
  settle(eid: number): void {
    const open = this.open.get(eid)
    if (open === undefined) return
    this.open.delete(eid)
    const { prefab } = this.of(eid)
    const { codec } = this.protocol.prefabList[prefab]!
    const view = codec.createView()
    this.reader.entities = open.entities
    this.reader.reset(open.bytes, 0, open.bytes.length)
    codec.read(this.reader, view)
    this.encode(eid, prefab, view.args)
  }

  private encode(eid: number, prefab: number, args: Readonly<Record<string, unknown>>): void {
    const { names } = this
    names.netIds.length = 0
    const payload = this.write(prefab, args, names)
    this.set(eid, { ...this.of(eid), prefab, payload, named: names.netIds.slice() })
  }

  private write(prefab: number, args: Readonly<Record<string, unknown>>, entities: EntityMapper): Uint8Array {
    const { scratch } = this
    scratch.clear()
    scratch.entities = entities
    this.protocol.prefabList[prefab]!.codec.write(scratch, args)
    return scratch.bytes.slice(0, scratch.length)
  }

  /** The key of an entity that entities of clients' scenes may stand for, or ''. */
  sceneKeyOf(eid: number): string {
    return this.predicted.has(eid) ? '' : this.of(eid).key
  }

  /** Gives an entity a key that no other entity has. */
  setKey(eid: number, key: string, isPredicted = false): void {
    if (isPredicted) this.predicted.add(eid)
    else this.predicted.delete(eid)
    this.byKey.delete(this.of(eid).key)
    this.byKey.set(key, eid)
    this.set(eid, { ...this.of(eid), key })
  }

  /** Forgets an entity that is no longer networked, if its origin has ended. */
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
    this.open.delete(eid)
  }
}
