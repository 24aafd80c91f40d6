// Checks and applies the server's changes of synchronised collections on a client, and shows them to the game.
import { observe, onAdd, query, type World } from 'bitecs'
import type { Counters } from '../../connection/counters.js'
import type { ByteReader } from '../../protocol/bytes.js'
import type { CollectionCode, CollectionField } from '../../protocol/types/collection-types.js'
import { MAX_SLOT } from '../../protocol/net-id.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { ClientEntities } from '../client/client-entities.js'
import { put } from '../slot-set.js'
import { Collection, Home } from './collection.js'
import { OwnElements, ReceivedElements, readOnly } from './elements.js'
import { makeCollection } from './make-collection.js'
import { OperationQueues } from './operation-queue.js'
import { type Applied, applied, NO_SUCH_OPERATION, OperationKind, Part, partsOf } from './operation-kinds.js'

/** One field of collections that the server fills. */
class ReceivedHome extends Home {
  readonly keys: ReceivedElements
  readonly values: ReceivedElements

  constructor(
    definition: CollectionField,
    path: string,
    private readonly entities: ClientEntities,
  ) {
    super(definition, path)
    const { type } = definition
    this.values = new ReceivedElements(type.element, path, entities)
    this.keys = type.collection === 'map' ? new ReceivedElements(type.key, path, entities) : this.values
  }

  requireWritable(): void {
    throw readOnly(this.path)
  }

  record(collection: Collection, operation: Readonly<Applied>): void {
    this.show(collection, this.entities, operation)
  }

  /** Skips a whole value; the reader fails when it is not valid. */
  checkWhole(reader: ByteReader): void {
    const { type, keys, values } = this
    const count = reader.varint()
    if (count > type.max) reader.fail()
    for (let i = 0; i < count && !reader.failed; i++) {
      if (type.collection === 'map') keys.type.read(reader)
      values.type.read(reader)
    }
  }

  /** Skips operations; the reader fails when one is not valid. */
  checkOperations(reader: ByteReader): void {
    const count = reader.varint()
    for (let i = 0; i < count && !reader.failed; i++) {
      const parts = partsOf(this.type.collection, reader.u8())
      if (parts === NO_SUCH_OPERATION) reader.fail()
      else if (parts === Part.Whole) this.checkWhole(reader)
      else {
        if ((parts & Part.Index) !== 0) reader.varint()
        if ((parts & Part.Key) !== 0) this.keys.type.read(reader)
        if ((parts & Part.Value) !== 0) this.values.type.read(reader)
      }
    }
  }

  /** Applies checked operations. Returns how many did not fit the collection. */
  apply(reader: ByteReader, collection: Collection): number {
    const { keys, values } = this
    const count = reader.varint()
    let ignored = 0
    for (let i = 0; i < count && !reader.failed; i++) {
      const kind = reader.u8() as OperationKind
      const parts = partsOf(this.type.collection, kind)
      if (parts === Part.Whole) {
        collection.readWhole(reader, keys, values)
        this.record(collection, applied(kind))
        continue
      }
      const index = (parts & Part.Index) !== 0 ? reader.varint() : -1
      const key = (parts & Part.Key) !== 0 ? keys.read(reader) : undefined
      const value = (parts & Part.Value) !== 0 ? values.read(reader) : undefined
      // An entry whose key no client can name exists only on the server.
      if ((parts & Part.Key) !== 0 && keys.isUnknown(key)) continue
      if (!collection.apply(kind, index, key, value)) ignored++
    }
    return ignored
  }
}

/** The same field on entities of the client's own, which its game may write. */
class OwnHome extends Home {
  readonly keys: OwnElements
  readonly values: OwnElements

  constructor(definition: CollectionField, path: string) {
    super(definition, path)
    const { type } = definition
    this.values = new OwnElements(type.element, path)
    this.keys = type.collection === 'map' ? new OwnElements(type.key, path) : this.values
  }

  requireWritable(): void {
    // The game may write its own collections.
  }

  record(): void {
    // Nothing is sent, because no other side has it.
  }
}

/** The code that the types of collections bring along. */
export interface ClientCollectionCode extends CollectionCode {
  readonly createClient: (
    world: World,
    protocol: Protocol,
    entities: ClientEntities,
    counters: Counters,
  ) => ClientCollections
}

interface ClientField {
  readonly received: ReceivedHome
  readonly own: OwnHome
}

export class ClientCollections {
  /** By component. */
  readonly fields: readonly (readonly ClientField[])[]
  /** Operations for the game to drain. */
  readonly queues = new OperationQueues()
  /** The entity whose row is being read: its collections are filled before its components are added. */
  private arriving = 0

  constructor(
    world: World,
    protocol: Protocol,
    private readonly entities: ClientEntities,
    private readonly counters: Counters,
  ) {
    this.fields = protocol.componentList.map(({ collections }, component) =>
      collections.map((field) => {
        const path = `${protocol.componentNames[component]}.${field.name}`
        const received = new ReceivedHome(field, path, entities)
        this.queues.add(protocol.componentList[component]!.store, field.name, received.events)
        return { received, own: new OwnHome(field, path) }
      }),
    )
    protocol.componentList.forEach(({ store }, component) => {
      const fields = this.fields[component]!
      if (fields.length === 0) return
      const begin = (eid: number): void => {
        if (eid === this.arriving) return
        for (const { own } of fields) put<unknown>(own.array, eid, makeCollection(own, eid), undefined)
      }
      for (const eid of query(world, [store])) begin(eid)
      observe(world, onAdd(store), begin)
    })
  }

  /** Sets the entity whose row is being read, or 0. Its new components have their collections already. */
  setArriving(eid: number): void {
    this.arriving = eid
  }

  /** Skips the collections of one component in a row. */
  checkRow(reader: ByteReader, component: number): void {
    const fields = this.fields[component]!
    for (let f = 0; f < fields.length; f++) fields[f]!.received.checkWhole(reader)
  }

  /** Reads the first collections of a component of an entity. */
  readRow(reader: ByteReader, component: number, eid: number): void {
    const fields = this.fields[component]!
    for (let f = 0; f < fields.length; f++) {
      const { received } = fields[f]!
      const collection = makeCollection(received, eid)
      collection.readWhole(reader, received.keys, received.values)
      put<unknown>(received.array, eid, collection, undefined)
    }
  }

  /** Makes systems read the collections of a component that was added to an entity which they may know already. */
  restart(component: number, eid: number): void {
    for (const { received } of this.fields[component]!) {
      const collection = received.array[eid] as Collection
      received.record(collection, applied(OperationKind.Reset))
    }
  }

  /**
   * Moves the collections to another entity that stands for the server's now, including the ones that the game holds.
   */
  moveTo(component: number, from: number, to: number): void {
    for (const { received } of this.fields[component]!) {
      const collection = received.array[from]
      if (collection instanceof Collection) collection.entity = to
      put<unknown>(received.array, to, collection, undefined)
    }
  }

  check(reader: ByteReader): void {
    const slot = reader.varint()
    if (slot === 0 || slot > MAX_SLOT) reader.fail()
    const field = this.readField(reader)
    if (field === undefined) reader.fail()
    else field.received.checkOperations(reader)
  }

  apply(reader: ByteReader): void {
    const index = this.entities.indexOf(reader.varint())
    const { received } = this.readField(reader)!
    const eid = this.entities.eidOf[index]!
    const collection = received.array[eid]
    if (eid !== 0 && collection instanceof Collection && collection.home === received) {
      this.counters.ignoredOperations += received.apply(reader, collection)
      return
    }
    // The game has removed its copy, or put another object in its place.
    this.counters.ignoredOperations++
    received.checkOperations(reader)
  }

  private readField(reader: ByteReader): ClientField | undefined {
    const component = reader.varint()
    const field = reader.varint()
    return this.fields[component]?.[field]
  }
}
