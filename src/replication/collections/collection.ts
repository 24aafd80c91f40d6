// Defines what lists, maps and sets have in common: their entity, their field, and what waits to be sent.
import type { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import type { CollectionField, CollectionType } from '../../protocol/types/collection-types.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { ArgumentError } from '../../protocol/errors.js'
import type { Elements, ReceivedElements } from './elements.js'
import { createOperation, OperationQueue } from './operation-queue.js'
import {
  type Applied,
  OPERATION_NAMES,
  type OperationKind,
  type OperationList,
  Part,
  partsOf,
} from './operation-kinds.js'

/** One field of collections on one side of the network: what all collections of that field share. */
export abstract class Home {
  readonly type: CollectionType
  readonly array: unknown[]
  /** Operations for the game to drain. */
  readonly events = new OperationQueue()
  /** The keys of a map; the members of a set. */
  abstract readonly keys: Elements
  abstract readonly values: Elements
  /** The operation that is being shown; reused. */
  private readonly shown = createOperation()

  constructor(
    field: CollectionField,
    /** The field, as in `Bag.items`. */
    readonly path: string,
  ) {
    this.type = field.type
    this.array = field.array
  }

  /** The fewest bytes that one of its elements uses. */
  get leastBytes(): number {
    const { type } = this
    return type.element.minBytes + (type.collection === 'map' ? type.key.minBytes : 0)
  }

  /** @throws UsageError when the game may not write these collections. */
  abstract requireWritable(): void

  /** Notes an operation that was just applied. */
  abstract record(collection: Collection, operation: Readonly<Applied>): void

  /** Lets the game see an operation: `drain` will yield it. */
  protected show({ entity }: Collection, entities: EntityMapper, operation: Readonly<Applied>): void {
    const { keys, values, shown } = this
    const { kind, index, key, before, after } = operation
    shown.entity = entity
    shown.netId = entities.netIdOf(entity)
    shown.kind = OPERATION_NAMES[kind]!
    shown.index = index
    shown.key = key === undefined ? undefined : keys.show(key)
    shown.before = before === undefined ? undefined : values.show(before)
    shown.after = after === undefined ? undefined : values.show(after)
    this.events.push(shown)
  }
}

/** Where a server notes operations on collections that clients have. */
export interface OperationLog {
  readonly entities: EntityMapper
  note(collection: Collection, kind: OperationKind, index: number, key: unknown, value: unknown): void
}

export abstract class Collection {
  /** The slot under which its operations travel, or 0 while no client has it. */
  slot = 0
  /**
   * The server's log, while any client has the collection. It is not in the home: the game's stores keep collections of
   * ended entities, and would keep all of a world that is over.
   */
  log: OperationLog | undefined
  /** It is in the list of collections with something to send. */
  queued = false
  /** The operations to send, or `sendsWhole` in place of them. */
  pending: OperationList | undefined
  sendsWhole = false

  constructor(
    readonly home: Home,
    public entity: number,
  ) {}

  /** How many elements are kept. */
  abstract readonly count: number
  /** Writes the number of elements, and each. */
  abstract writeWhole(writer: ByteWriter): void
  /** Applies a received operation. Returns false when it does not fit the collection. */
  abstract apply(kind: OperationKind, index: number, key: unknown, value: unknown): boolean
  /** Replaces the content with the whole value that a server wrote. */
  abstract readWhole(reader: ByteReader, keys: ReceivedElements, values: ReceivedElements): void

  /** Writes one operation of `pending`. */
  writeOperation(writer: ByteWriter, operations: OperationList, i: number): void {
    const { keys, values, type } = this.home
    const kind = operations.kinds[i]!
    const parts = partsOf(type.collection, kind)
    writer.u8(kind)
    if ((parts & Part.Index) !== 0) writer.varint(operations.indexes[i]!)
    if ((parts & Part.Key) !== 0) keys.write(writer, operations.keys[i])
    if ((parts & Part.Value) !== 0) values.write(writer, operations.values[i])
  }

  /** @throws ArgumentError when it is full. */
  protected requireRoom(): void {
    const { max } = this.home.type
    if (this.count >= max) throw new ArgumentError(this.home.path, `is full: it holds at most ${max}`)
  }
}
