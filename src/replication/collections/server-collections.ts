// Keeps the server's synchronised collections, one for each entity and field, and encodes their operations of a tick
// once for all clients.
//
// A tick visits only collections with something to send. Changes are sent as operations, unless there are many of them
// and the whole value is shorter: then the whole value replaces them.
import { observe, onAdd, query, type World } from 'bitecs'
import { ByteWriter } from '../../protocol/bytes.js'
import type { CollectionField } from '../../protocol/types/collection-types.js'
import { type EntityMapper, NotedNames } from '../../protocol/entity-mapper.js'
import { SectionKind } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { ServerEntities } from '../server/server-entities.js'
import { put } from '../slot-set.js'
import { Collection, Home, type OperationLog } from './collection.js'
import { OwnElements } from './elements.js'
import { makeCollection } from './make-collection.js'
import { OperationQueues } from './operation-queue.js'
import { type Applied, applied, OperationKind, OperationList } from './operation-kinds.js'

/** The most operations of one collection that are kept for a tick; with more, the whole value is sent. */
const MAX_OPERATIONS = 128
/**
 * Operations of up to this many bytes are always sent as such: showing each to a client's game is worth more than the
 * bytes.
 */
const FEW_BYTES = 256

/** One field of collections on the server. */
class ServerHome extends Home {
  readonly keys: OwnElements
  readonly values: OwnElements
  /** Its elements may name entities. */
  readonly namesEntities: boolean

  constructor(
    readonly component: number,
    readonly field: number,
    definition: CollectionField,
    path: string,
  ) {
    super(definition, path)
    const { type } = definition
    this.values = new OwnElements(type.element, path)
    this.keys = type.collection === 'map' ? new OwnElements(type.key, path) : this.values
    this.namesEntities = [this.keys, this.values].some((elements) => elements.type.namesEntities === true)
  }

  requireWritable(): void {
    // The server may always write.
  }

  record(collection: Collection, operation: Readonly<Applied>): void {
    const { log } = collection
    if (log === undefined) return
    this.show(collection, log.entities, operation)
    const { kind, index, key, after } = operation
    // A map has one operation for adding and replacing.
    const isEntry = kind === OperationKind.Add && this.type.collection === 'map'
    log.note(collection, isEntry ? OperationKind.Set : kind, index, key, after)
  }

  /** Makes systems read the collection itself. */
  showWhole(collection: Collection, entities: EntityMapper): void {
    this.show(collection, entities, applied(OperationKind.Reset))
  }

  /** The collection of an entity. One that another world left at the same id does not count. */
  find(eid: number): Collection | undefined {
    const there = this.array[eid]
    return there instanceof Collection && there.home === this ? there : undefined
  }

  /** The collection of an entity, made when there is none yet. */
  of(eid: number): Collection {
    return this.find(eid) ?? this.make(eid)
  }

  make(eid: number): Collection {
    const collection = makeCollection(this, eid)
    put<unknown>(this.array, eid, collection, undefined)
    return collection
  }
}

/** Forwards lookups of entities, and remembers which were looked up. */
class NamedEntities implements EntityMapper {
  /** Entities that some collection named when it was last encoded. */
  readonly eids = new Set<number>()
  asked = false
  /** Where the looked-up net ids are noted, if anywhere. */
  noted: number[] | undefined

  constructor(private readonly entities: EntityMapper) {}

  netIdOf(eid: number): number {
    if (eid === 0) return 0
    this.asked = true
    this.eids.add(eid)
    const netId = this.entities.netIdOf(eid)
    if (netId !== 0) this.noted?.push(netId)
    return netId
  }

  entityOf(netId: number): number {
    return this.entities.entityOf(netId)
  }
}

/** Looks for one entity in the written values. */
class WantedEntity implements EntityMapper {
  eid = 0
  found = false

  netIdOf(eid: number): number {
    if (eid === this.eid) this.found = true
    return 0
  }

  entityOf(): number {
    return 0
  }
}

export class ServerCollections implements OperationLog {
  /** By component: its fields of collections. */
  readonly homes: readonly (readonly ServerHome[])[]
  /** Operations for the game to drain. */
  readonly queues = new OperationQueues()
  /** Collections with something to send. */
  readonly changed: Collection[] = []
  /**
   * True between the encoding of a tick and its end. A spawn may still be encoded then, so a new operation would count
   * twice.
   */
  private sealed = false
  private readonly named: NamedEntities
  /** Collections that name entities: the values they sent are out of date when such an entity gets another net id. */
  private readonly naming = new Set<Collection>()
  private readonly freeLists: OperationList[] = []
  private readonly wanted = new WantedEntity()
  private readonly scratch = new ByteWriter(256)
  private readonly noted: NotedNames
  /** By component: 1 where its collections may name entities. */
  private readonly isNaming: Uint8Array

  constructor(
    world: World,
    protocol: Protocol,
    readonly entities: ServerEntities,
  ) {
    this.named = new NamedEntities(entities)
    this.noted = new NotedNames(entities)
    this.homes = protocol.componentList.map(({ collections }, component) =>
      collections.map((field, f) => {
        const path = `${protocol.componentNames[component]}.${field.name}`
        const home = new ServerHome(component, f, field, path)
        this.queues.add(protocol.componentList[component]!.store, field.name, home.events)
        return home
      }),
    )
    this.isNaming = Uint8Array.from(this.homes, (homes) => (homes.some((home) => home.namesEntities) ? 1 : 0))
    protocol.componentList.forEach(({ store }, component) => {
      const homes = this.homes[component]!
      if (homes.length === 0) return
      for (const eid of query(world, [store])) for (const home of homes) home.of(eid)
      observe(world, onAdd(store), (eid: number) => {
        for (const home of homes) this.begin(home, eid)
      })
    })
  }

  /** Starts an added component with empty collections, even where a former tenant of the id left some. */
  private begin(home: ServerHome, eid: number): void {
    const former = home.find(eid)
    if (former !== undefined) this.detach(former)
    home.make(eid)
  }

  /** Begins to send a component, with its whole collections. */
  start(slot: number, eid: number, component: number): void {
    for (const home of this.homes[component]!) this.begun(home.of(eid), slot)
  }

  /** Makes systems read the collections of a component that was added to an entity which clients already have. */
  showLater(eid: number, component: number): void {
    for (const home of this.homes[component]!) home.showWhole(home.of(eid), this.entities)
  }

  /** Stops sending a component. */
  stop(eid: number, component: number): void {
    for (const home of this.homes[component]!) {
      const collection = home.find(eid)
      if (collection !== undefined) this.detach(collection)
    }
  }

  private begun(collection: Collection, slot: number): void {
    collection.slot = slot
    collection.log = this
  }

  private detach(collection: Collection): void {
    collection.slot = 0
    collection.log = undefined
    this.forget(collection)
    this.naming.delete(collection)
  }

  /** Keeps an operation for the clients. */
  note(collection: Collection, kind: OperationKind, index: number, key: unknown, value: unknown): void {
    if (collection.sendsWhole) return
    if (this.sealed || (collection.pending?.count ?? 0) >= MAX_OPERATIONS) {
      this.sendWhole(collection)
      return
    }
    this.queue(collection)
    const pending = (collection.pending ??= this.freeLists.pop() ?? new OperationList())
    pending.push(kind, index, key, value)
  }

  /** Sends collections again that name an entity which got a net id, because clients have another one, or none. */
  entityBegan(eid: number): void {
    if (!this.named.eids.delete(eid)) return
    for (const collection of this.naming) {
      if (collection.pending !== undefined || this.names(collection, eid)) this.sendWhole(collection)
    }
  }

  /** Notes that the tick has been encoded: operations from here on belong to the next one. */
  seal(): void {
    this.sealed = true
  }

  finishTick(): void {
    this.sealed = false
  }

  /** The component that a collection belongs to. */
  componentOf(collection: Collection): number {
    return (collection.home as ServerHome).component
  }

  /** Writes the whole collections of one component of an entity. */
  writeRow(writer: ByteWriter, eid: number, component: number): void {
    const homes = this.homes[component]!
    for (let f = 0; f < homes.length; f++) this.encode(writer, homes[f]!.of(eid), undefined)
  }

  /** Returns whether collections of a component may name entities. */
  mayName(component: number): boolean {
    return this.isNaming[component] === 1
  }

  /** Reports the net ids that the collections of one component of an entity name. */
  eachName(eid: number, component: number, note: (netId: number) => void): void {
    const { noted, scratch } = this
    noted.netIds.length = 0
    scratch.clear()
    scratch.entities = noted
    for (const home of this.homes[component]!) if (home.namesEntities) home.find(eid)?.writeWhole(scratch)
    for (let i = 0; i < noted.netIds.length; i++) note(noted.netIds[i]!)
  }

  /**
   * Writes a collection's operations as a section, and adds the net ids that it names to `names`. Returns false when
   * there is nothing to send.
   */
  writeChanges(writer: ByteWriter, collection: Collection, names: number[]): boolean {
    this.named.noted = names
    const written = this.writeSection(writer, collection)
    this.named.noted = undefined
    return written
  }

  private writeSection(writer: ByteWriter, collection: Collection): boolean {
    const { pending, slot, sendsWhole } = collection
    collection.queued = false
    if (slot === 0 || (pending === undefined && !sendsWhole)) return false
    const { component, field } = collection.home as ServerHome
    writer.u8(SectionKind.Collection)
    writer.varint(slot)
    writer.varint(component)
    writer.varint(field)
    if (sendsWhole || pending === undefined || this.removesUnknown(collection, pending))
      this.encodeReset(writer, collection)
    else this.encodeShorter(writer, collection, pending)
    this.forget(collection)
    return true
  }

  /** Writes the operations, or the whole value when they are long and it is shorter. */
  private encodeShorter(writer: ByteWriter, collection: Collection, operations: OperationList): void {
    const start = writer.length
    writer.varint(operations.count)
    this.encode(writer, collection, operations)
    const end = writer.length
    if (end - start <= Math.max(FEW_BYTES, collection.home.leastBytes * collection.count)) return
    this.encodeReset(writer, collection)
    const isShorter = writer.length - end < end - start
    if (isShorter) writer.bytes.copyWithin(start, end, writer.length)
    writer.length = isShorter ? start + writer.length - end : end
  }

  private encodeReset(writer: ByteWriter, collection: Collection): void {
    writer.varint(1)
    writer.u8(OperationKind.Reset)
    this.encode(writer, collection, undefined)
  }

  /** Writes operations, or the whole value without any, and notes whether it names entities. */
  private encode(writer: ByteWriter, collection: Collection, operations: OperationList | undefined): void {
    const { named } = this
    const { entities } = writer
    named.asked = false
    writer.entities = named
    if (operations === undefined) collection.writeWhole(writer)
    else for (let i = 0; i < operations.count; i++) collection.writeOperation(writer, operations, i)
    writer.entities = entities
    if (named.asked) this.naming.add(collection)
  }

  /** A key that no longer has a net id cannot be removed by name. */
  private removesUnknown({ home }: Collection, { kinds, keys, count }: OperationList): boolean {
    if (!home.keys.isEntity) return false
    for (let i = 0; i < count; i++) {
      if (kinds[i] === OperationKind.Remove && this.entities.netIdOf(keys[i] as number) === 0) return true
    }
    return false
  }

  /** Returns whether a collection holds an entity, even deep inside a value. */
  private names(collection: Collection, eid: number): boolean {
    const { scratch, wanted } = this
    wanted.eid = eid
    wanted.found = false
    scratch.clear()
    scratch.entities = wanted
    collection.writeWhole(scratch)
    return wanted.found
  }

  private sendWhole(collection: Collection): void {
    this.forget(collection)
    collection.sendsWhole = true
    this.queue(collection)
  }

  private queue(collection: Collection): void {
    if (collection.queued) return
    collection.queued = true
    this.changed.push(collection)
  }

  /** Forgets what waits to be sent. */
  private forget(collection: Collection): void {
    const { pending } = collection
    collection.sendsWhole = false
    collection.pending = undefined
    if (pending === undefined) return
    pending.clear()
    this.freeLists.push(pending)
  }
}
