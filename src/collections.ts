// Exports synchronised lists, maps and sets and their operations, as "bitecs-net/collections".
export { listOf, mapOf, setOf } from './replication/collections/declare-collections.js'
export type {
  CollectionKey,
  DeepReadonly,
  ListType,
  MapType,
  SetType,
  SyncList,
  SyncMap,
  SyncSet,
} from './protocol/types/collection-types.js'
export type { ListOperation, MapOperation, SetOperation } from './replication/collections/operation-queue.js'
export {
  type CollectionFieldOf,
  type CollectionOperations,
  type OperationOf,
  operations,
} from './verbs/collection-operations.js'
