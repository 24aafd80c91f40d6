// Lists the kinds of operations on a collection, and what each carries on the wire.
import type { CollectionType } from '../../protocol/types/collection-types.js'

/** An operation on the wire: its kind, then what `partsOf` lists. */
export const OperationKind = {
  /** At the end of a list; a new member of a set. */
  Add: 0,
  Insert: 1,
  /** Replaces an element of a list; adds or replaces an entry of a map. */
  Set: 2,
  Remove: 3,
  Clear: 4,
  /** The whole value, which replaces the content. */
  Reset: 5,
} as const
export type OperationKind = (typeof OperationKind)[keyof typeof OperationKind]

/** The name of each kind where a game drains it. */
export const OPERATION_NAMES = ['add', 'insert', 'set', 'remove', 'clear', 'reset'] as const
export type OperationName = (typeof OPERATION_NAMES)[number]

/** The parts that follow the kind of an operation, in this order. */
export const Part = { Index: 1, Key: 2, Value: 4, Whole: 8 } as const

/** The kind does not exist for this kind of collection. */
export const NO_SUCH_OPERATION = -1

const PARTS: Readonly<Record<CollectionType['collection'], readonly number[]>> = {
  list: [Part.Value, Part.Index | Part.Value, Part.Index | Part.Value, Part.Index, 0, Part.Whole],
  map: [NO_SUCH_OPERATION, NO_SUCH_OPERATION, Part.Key | Part.Value, Part.Key, 0, Part.Whole],
  set: [Part.Key, NO_SUCH_OPERATION, NO_SUCH_OPERATION, Part.Key, 0, Part.Whole],
}

/** The parts of an operation, or `NO_SUCH_OPERATION`. */
export function partsOf(collection: CollectionType['collection'], kind: number): number {
  return PARTS[collection][kind] ?? NO_SUCH_OPERATION
}

/** An operation that was just applied. Keys and values are in the form that is kept. */
export interface Applied {
  kind: OperationKind
  /** -1 when the operation has none; the other parts are undefined then. */
  index: number
  key: unknown
  before: unknown
  after: unknown
}

const lastApplied: Applied = {
  kind: OperationKind.Clear,
  index: -1,
  key: undefined,
  before: undefined,
  after: undefined,
}

/** Describes an operation. The result is valid until the next call, since a game may apply thousands in a tick. */
export function applied(
  kind: OperationKind,
  index = -1,
  key?: unknown,
  before?: unknown,
  after?: unknown,
): Readonly<Applied> {
  lastApplied.kind = kind
  lastApplied.index = index
  lastApplied.key = key
  lastApplied.before = before
  lastApplied.after = after
  return lastApplied
}

/** Operations in their order, part by part. */
export class OperationList {
  readonly kinds: OperationKind[] = []
  readonly indexes: number[] = []
  readonly keys: unknown[] = []
  readonly values: unknown[] = []

  get count(): number {
    return this.kinds.length
  }

  push(kind: OperationKind, index: number, key: unknown, value: unknown): void {
    this.kinds.push(kind)
    this.indexes.push(index)
    this.keys.push(key)
    this.values.push(value)
  }

  clear(): void {
    this.kinds.length = 0
    this.indexes.length = 0
    this.keys.length = 0
    this.values.length = 0
  }
}
