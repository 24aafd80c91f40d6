// Drains the operations on synchronised collections.
import type { SyncList, SyncMap, SyncSet } from '../protocol/types/collection-types.js'
import type { ReplicatedComponent } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import type {
  ListOperation,
  MapOperation,
  OperationQueue,
  SetOperation,
} from '../replication/collections/operation-queue.js'
import { eventSide } from '../world/host/sides.js'
import type { Network, Side } from '../world/state.js'

/** The operations of a store of collections. */
export type OperationOf<Store> = Store extends readonly SyncList<infer T>[]
  ? ListOperation<T>
  : Store extends readonly SyncMap<infer K, infer V>[]
    ? MapOperation<K, V>
    : Store extends readonly SyncSet<infer T>[]
      ? SetOperation<T>
      : never

/** The fields of a component that are collections. */
export type CollectionFieldOf<C extends object> = {
  [K in keyof C & string]: [OperationOf<C[K]>] extends [never] ? never : K
}[keyof C & string]

/** Operations on the collections of one field, made by {@link operations}. */
export interface CollectionOperations<Operation> {
  readonly kind: 'operations'
  readonly store: object
  readonly field: string
  /** Never set: it carries the type of the drained operations. */
  readonly yields?: Operation
}

const made = new WeakMap<object, Map<string, CollectionOperations<never>>>()

/**
 * The operations on the collections of one field, to be drained: `for (const { kind, index, after } of drain(world,
 * operations(Bag, 'items')))`.
 *
 * On a client these are the received operations. On a server they are its own operations on entities that clients
 * already know. The initial value of a collection is no operation, nor are operations in the frame that first shows the
 * entity.
 *
 * `reset` means that the collection itself must be read, and stands for all operations of a frame. A client gets one
 * when a tick had so many operations that the server sent the whole value. It also gets one when the component was
 * added to an entity later. When the key is an entity that the client does not have, `key` is 0.
 */
export function operations<C extends object, K extends CollectionFieldOf<C>>(
  component: ReplicatedComponent<C>,
  field: K,
): CollectionOperations<OperationOf<C[K]>>
export function operations<C extends object, K extends CollectionFieldOf<C>>(
  component: C,
  field: K,
): CollectionOperations<OperationOf<C[K]>>
export function operations(component: object, field: string): CollectionOperations<never> {
  const store = isReplicated(component) ? component.store : component
  let fields = made.get(store)
  if (fields === undefined) made.set(store, (fields = new Map()))
  let result = fields.get(field)
  if (result === undefined) fields.set(field, (result = { kind: 'operations', store, field }))
  return result
}

function isReplicated(component: object): component is ReplicatedComponent {
  return 'kind' in component && component.kind === 'component' && 'store' in component && 'fields' in component
}

/** @throws UsageError when the protocol lists no such collection. */
export function operationQueue(
  network: Network,
  { store, field }: CollectionOperations<unknown>,
  asked: Side | undefined,
): OperationQueue {
  const { collections } = network[eventSide(network, asked)]!.replication
  const queue = collections?.queues.find(store, field)
  if (queue === undefined) {
    throw new UsageError('not-listed', `${field} is no synchronised collection of a component that the protocol lists`)
  }
  return queue
}
