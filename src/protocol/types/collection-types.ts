// Declares synchronised collections: the lists, maps and sets in fields of networked entities.
import { varintBytes } from '../bytes.js'
import { ProtocolError } from '../errors.js'
import type { SchemaType } from './schema.js'

/** A value as a collection keeps it: it cannot be changed in place, so no change is missed. */
export type DeepReadonly<T> = T extends Uint8Array
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

/**
 * A list that clients see change by change (Mirror's SyncList). A component declares one as `items: [] as
 * SyncList<Item>[]` and the protocol as `listOf(type, max)`. The library puts one at `Bag.items[eid]` when the
 * component is added.
 *
 * Values are kept as clients receive them: copied, frozen, and rounded as their type rounds. Writing throws an
 * ArgumentError when the type cannot represent the value, an index is out of range or the list is full. It throws a
 * UsageError (`read-only`) on a client for an entity of the server's.
 */
export interface SyncList<T> extends Iterable<DeepReadonly<T>> {
  readonly length: number
  /** The element at `index`, counted from the end when it is negative, or undefined. */
  at(index: number): DeepReadonly<T> | undefined
  /** The index of the first element equal to `value`, or -1. */
  indexOf(value: T): number
  /** Replaces an element. If the new one is equal, nothing changes and nothing is sent. */
  set(index: number, value: T): void
  /** Adds an element at the end. */
  push(value: T): void
  /** Inserts an element before the one at `index`; at `length` it becomes the last one. */
  insert(index: number, value: T): void
  /** Removes an element and returns it. */
  removeAt(index: number): DeepReadonly<T>
  /** Removes the last element and returns it, or undefined when there is none. */
  pop(): DeepReadonly<T> | undefined
  clear(): void
}

/** Values that can be the key of a map or the member of a set: those that JavaScript compares by value. */
export type CollectionKey = string | number | boolean

/**
 * A map that clients see change by change (Mirror's SyncDictionary), in the order of insertion. Declared and written as
 * {@link SyncList} says. On a client, entries whose key is an entity that the client does not have are left out.
 */
export interface SyncMap<K extends CollectionKey, V> extends Iterable<[key: K, value: DeepReadonly<V>]> {
  readonly size: number
  get(key: K): DeepReadonly<V> | undefined
  has(key: K): boolean
  keys(): IterableIterator<K>
  values(): IterableIterator<DeepReadonly<V>>
  /** Adds or replaces an entry. If the new value is equal, nothing changes and nothing is sent. */
  set(key: K, value: V): void
  /** Removes an entry. Returns whether there was one. */
  delete(key: K): boolean
  clear(): void
}

/**
 * A set that clients see change by change (Mirror's SyncSet), in the order of insertion. Declared and written as
 * {@link SyncList} says. On a client, entities that the client does not have are left out.
 */
export interface SyncSet<T extends CollectionKey> extends Iterable<T> {
  readonly size: number
  has(value: T): boolean
  /** Adds a value. Returns whether it was new. */
  add(value: T): boolean
  /** Removes a value. Returns whether it was there. */
  delete(value: T): boolean
  clear(): void
}

/**
 * The code of a client for collections, which is above this layer. Types bring it along, so that a game without
 * collections does not load it. `ClientCollectionCode` describes it.
 */
export interface CollectionCode {
  readonly createClient: (...surroundings: never) => unknown
}

/** The properties of all three kinds of collection types. */
interface CollectionBase {
  /** Absent where no world will have such collections, as in the description of a save. */
  readonly code?: CollectionCode | undefined
  /** The type as text. It is part of the protocol's hash. */
  readonly text: string
  /** The most elements or entries. */
  readonly max: number
  /** The most bytes of a whole value. */
  readonly maxBytes: number
}

/** The type of a field that is a {@link SyncList}; made by `listOf`. */
export interface ListType<T> extends CollectionBase {
  readonly collection: 'list'
  readonly element: SchemaType<T>
}

/** The type of a field that is a {@link SyncMap}; made by `mapOf`. */
export interface MapType<K extends CollectionKey, V> extends CollectionBase {
  readonly collection: 'map'
  readonly key: SchemaType<K>
  readonly element: SchemaType<V>
}

/** The type of a field that is a {@link SyncSet}; made by `setOf`. */
export interface SetType<T extends CollectionKey> extends CollectionBase {
  readonly collection: 'set'
  readonly element: SchemaType<T>
}

/** The type of any collection, whatever it holds. */
export type CollectionType = ListType<unknown> | MapType<CollectionKey, unknown> | SetType<CollectionKey>

/** The type of field that fits a store of collections. */
export type CollectionTypeOf<Store> = Store extends readonly SyncList<infer T>[]
  ? ListType<T>
  : Store extends readonly SyncMap<infer K, infer V>[]
    ? MapType<K, V>
    : Store extends readonly SyncSet<infer T>[]
      ? SetType<T>
      : never

/** A synchronised collection field of a component: `array` has one collection per entity. */
export interface CollectionField {
  readonly name: string
  readonly type: CollectionType
  readonly array: unknown[]
}

/** The largest size that a collection may be declared with. */
const MAX_SIZE = 16_000

function requireType(what: string, type: SchemaType<unknown> | undefined, max: number): void {
  if (typeof type?.read !== 'function') {
    throw new ProtocolError('bad-type', `${what}: needs a schema type, such as u8, string(16) or struct({ … })`)
  }
  if (!Number.isInteger(max) || max < 1 || max > MAX_SIZE) {
    throw new ProtocolError('bad-type', `${what}: the limit is a whole number from 1 to ${MAX_SIZE}, got ${max}`)
  }
}

function requireKey(what: string, type: SchemaType<unknown>): void {
  if (typeof type.zero !== 'object' && type.zero !== undefined) return
  throw new ProtocolError('bad-type', `${what}: compares by value, so it takes numbers, texts, enumOf, bool or entity`)
}

/** @throws ProtocolError as `listOf` does. */
export function listType<T>(type: SchemaType<T>, max: number, code?: CollectionCode): ListType<T> {
  requireType('listOf', type, max)
  return {
    collection: 'list',
    code,
    text: `list(${type.text},${max})`,
    max,
    maxBytes: varintBytes(max) + max * type.maxBytes,
    element: type,
  }
}

/** @throws ProtocolError as `mapOf` does. */
export function mapType<K extends CollectionKey, V>(
  key: SchemaType<K>,
  value: SchemaType<V>,
  max: number,
  code?: CollectionCode,
): MapType<K, V> {
  requireType('mapOf', key, max)
  requireType('mapOf', value, max)
  requireKey('the key of mapOf', key)
  return {
    collection: 'map',
    code,
    text: `map(${key.text},${value.text},${max})`,
    max,
    maxBytes: varintBytes(max) + max * (key.maxBytes + value.maxBytes),
    key,
    element: value,
  }
}

/** @throws ProtocolError as `setOf` does. */
export function setType<T extends CollectionKey>(type: SchemaType<T>, max: number, code?: CollectionCode): SetType<T> {
  requireType('setOf', type, max)
  requireKey('setOf', type)
  return {
    collection: 'set',
    code,
    text: `set(${type.text},${max})`,
    max,
    maxBytes: varintBytes(max) + max * type.maxBytes,
    element: type,
  }
}
