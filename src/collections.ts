// Exports synchronised lists, maps and sets and their operations, as "bitecs-net/collections".
export {
  type CollectionKey,
  type DeepReadonly,
  listOf,
  type ListType,
  mapOf,
  type MapType,
  setOf,
  type SetType,
  type SyncList,
  type SyncMap,
  type SyncSet,
} from './protocol/types/collection-types.js'
export type { ListOperation, MapOperation, SetOperation } from './replication/collections/operation-queue.js'
export {
  type CollectionFieldOf,
  type CollectionOperations,
  type OperationOf,
  operations,
} from './verbs/collection-operations.js'
