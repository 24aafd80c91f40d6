// Makes the types of synchronised collections, which bring along the code that a client needs for them.
import {
  type CollectionKey,
  listType,
  type ListType,
  mapType,
  type MapType,
  setType,
  type SetType,
} from '../../protocol/types/collection-types.js'
import type { SchemaType } from '../../protocol/types/schema.js'
import { type ClientCollectionCode, ClientCollections } from './client-collections.js'

const code: ClientCollectionCode = {
  createClient: (world, protocol, entities, counters) => new ClientCollections(world, protocol, entities, counters),
}

/**
 * Declares a field that is a `SyncList` of at most `max` values of one type.
 *
 * @throws ProtocolError when `type` is not a schema type, or `max` is not a whole number from 1 to 16,000.
 */
export function listOf<T>(type: SchemaType<T>, max: number): ListType<T> {
  return listType(type, max, code)
}

/**
 * Declares a field that is a `SyncMap` of at most `max` entries.
 *
 * @throws ProtocolError when a type is not a schema type, values of `key` cannot be compared, or `max` is not a whole
 *   number from 1 to 16,000.
 */
export function mapOf<K extends CollectionKey, V>(
  key: SchemaType<K>,
  value: SchemaType<V>,
  max: number,
): MapType<K, V> {
  return mapType(key, value, max, code)
}

/**
 * Declares a field that is a `SyncSet` of at most `max` values.
 *
 * @throws ProtocolError when `type` is not a schema type, its values cannot be compared, or `max` is not a whole
 *   number from 1 to 16,000.
 */
export function setOf<T extends CollectionKey>(type: SchemaType<T>, max: number): SetType<T> {
  return setType(type, max, code)
}
