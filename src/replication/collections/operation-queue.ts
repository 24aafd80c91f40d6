// Publishes operations on the collections of one field as events: any number of systems see each event once.
import type { CollectionKey, DeepReadonly } from '../../protocol/types/collection-types.js'
import { type EventList, type EventView, MAX_GATHERED, PublishedQueue } from '../published-queue.js'
import type { OperationName } from './operation-kinds.js'

interface OperationBase {
  readonly entity: number
  /** The entity's net id at the time. It distinguishes the entity from a later one with the same id. */
  readonly netId: number
}

/** `clear`: it was emptied. `reset`: read the collection itself, because the event stands for all of its operations. */
interface WholeOperation extends OperationBase {
  readonly kind: 'clear' | 'reset'
  readonly index: -1
  readonly key: undefined
  readonly before: undefined
  readonly after: undefined
}

/** An operation on a list. Valid until the next iteration. */
export type ListOperation<T> =
  | WholeOperation
  | (OperationBase & {
      readonly kind: 'add' | 'insert'
      readonly index: number
      readonly before: undefined
      readonly after: DeepReadonly<T>
    })
  | (OperationBase & {
      readonly kind: 'set'
      readonly index: number
      readonly before: DeepReadonly<T>
      readonly after: DeepReadonly<T>
    })
  | (OperationBase & {
      readonly kind: 'remove'
      readonly index: number
      readonly before: DeepReadonly<T>
      readonly after: undefined
    })

/** An operation on a map. Valid until the next iteration. */
export type MapOperation<K extends CollectionKey, V> =
  | WholeOperation
  | (OperationBase & {
      readonly kind: 'add'
      readonly key: K
      readonly before: undefined
      readonly after: DeepReadonly<V>
    })
  | (OperationBase & {
      readonly kind: 'set'
      readonly key: K
      readonly before: DeepReadonly<V>
      readonly after: DeepReadonly<V>
    })
  | (OperationBase & {
      readonly kind: 'remove'
      readonly key: K
      readonly before: DeepReadonly<V>
      readonly after: undefined
    })

/** An operation on a set; `key` is the member. Valid until the next iteration. */
export type SetOperation<T extends CollectionKey> =
  | WholeOperation
  | (OperationBase & { readonly kind: 'add' | 'remove'; readonly key: T })

/** The common form of all the types above. */
interface Operation {
  entity: number
  netId: number
  kind: OperationName
  index: number
  key: unknown
  before: unknown
  after: unknown
}

/** Makes an operation to be filled in, again and again. */
export function createOperation(): Operation {
  return { entity: 0, netId: 0, kind: 'clear', index: -1, key: undefined, before: undefined, after: undefined }
}

/**
 * Room for this many operations is kept from tick to tick. More were a burst, whose values would stay as long as the
 * world.
 */
const KEPT_ROOM = 64

class OperationEvents implements EventList {
  readonly entities: number[] = []
  readonly netIds: number[] = []
  readonly kinds: OperationName[] = []
  readonly indexes: number[] = []
  readonly keys: unknown[] = []
  readonly befores: unknown[] = []
  readonly afters: unknown[] = []
  count = 0
  /** By net id: the place of a collection's `reset`, which stands for all of its operations. */
  readonly resets = new Map<number, number>()

  move(from: number, to: number): void {
    const { entities, netIds, kinds, indexes, keys, befores, afters } = this
    entities[to] = entities[from]!
    netIds[to] = netIds[from]!
    kinds[to] = kinds[from]!
    indexes[to] = indexes[from]!
    keys[to] = keys[from]
    befores[to] = befores[from]
    afters[to] = afters[from]
  }

  /** Releases the memory of a burst. */
  trim(): void {
    if (this.kinds.length <= KEPT_ROOM) return
    const { entities, netIds, kinds, indexes, keys, befores, afters } = this
    for (const column of [entities, netIds, kinds, indexes, keys, befores, afters]) column.length = KEPT_ROOM
  }
}

class OperationView implements EventView<OperationEvents, Operation> {
  readonly event = createOperation()

  show(events: OperationEvents, at: number): void {
    const { event } = this
    event.entity = events.entities[at]!
    event.netId = events.netIds[at]!
    event.kind = events.kinds[at]!
    event.index = events.indexes[at]!
    event.key = events.keys[at]
    event.before = events.befores[at]
    event.after = events.afters[at]
  }
}

export class OperationQueue extends PublishedQueue<OperationEvents, Operation> {
  /** In a host's world: the queue of the other side, whose collections are the same. */
  also: OperationQueue | undefined

  constructor() {
    super(new OperationEvents(), new OperationEvents())
  }

  /** Copies an operation into the queue. */
  push(operation: Readonly<Operation>): void {
    this.also?.push(operation)
    const { entity, netId, kind } = operation
    const { resets } = this.gathering
    const reset = resets.get(netId)
    if (reset !== undefined) {
      this.gathering.entities[reset] = entity
      return
    }
    const isFull = this.gathering.count >= MAX_GATHERED
    if (isFull) this.foldAll()
    if (isFull && resets.has(netId)) return
    const events = this.room
    if (events === undefined) return
    const at = events.count++
    if (kind === 'reset') resets.set(netId, at)
    events.entities[at] = entity
    events.netIds[at] = netId
    events.kinds[at] = kind
    events.indexes[at] = operation.index
    events.keys[at] = operation.key
    events.befores[at] = operation.before
    events.afters[at] = operation.after
  }

  /**
   * Shows the gathered operations. A system that reads a collection sees all of its changes. So operations are left
   * out, which would count twice, if the collection has a `reset` or its entity began meanwhile. `hasBegun` tells which
   * those are.
   */
  override publish(hasBegun?: (entity: number) => boolean): void {
    super.publish()
    // Clearing a map allocates another, even where it is empty.
    if (this.gathering.resets.size > 0) this.gathering.resets.clear()
    this.gathering.trim()
    const list = this.published
    if (hasBegun === undefined && list.resets.size === 0) return
    let kept = 0
    for (let i = 0; i < list.count; i++) {
      const netId = list.netIds[i]!
      if (hasBegun?.(list.entities[i]!) || (list.resets.get(netId) ?? i) !== i) continue
      if (kept < i) list.move(i, kept)
      kept++
    }
    list.count = kept
  }

  override clear(): void {
    super.clear()
    this.gathering.resets.clear()
  }

  /** Gives each collection a `reset` in place of its operations, because nothing ticks and the list is full. */
  private foldAll(): void {
    const list = this.gathering
    let kept = 0
    list.resets.clear()
    for (let i = 0; i < list.count; i++) {
      const netId = list.netIds[i]!
      const reset = list.resets.get(netId)
      if (reset !== undefined) {
        list.entities[reset] = list.entities[i]!
        continue
      }
      list.move(i, kept)
      list.kinds[kept] = 'reset'
      list.indexes[kept] = -1
      list.keys[kept] = list.befores[kept] = list.afters[kept] = undefined
      list.resets.set(netId, kept++)
    }
    list.count = kept
  }

  protected override move(events: OperationEvents, from: number, to: number): void {
    events.entities[to] = events.entities[from]!
    events.netIds[to] = events.netIds[from]!
    events.kinds[to] = events.kinds[from]!
    events.indexes[to] = events.indexes[from]!
    events.keys[to] = events.keys[from]
    events.befores[to] = events.befores[from]
    events.afters[to] = events.afters[from]
  }

  protected createView(): OperationView {
    return new OperationView()
  }
}

/** The queues of all fields of collections on one side. */
export class OperationQueues {
  private readonly byField = new Map<object, Map<string, OperationQueue>>()
  private readonly all: OperationQueue[] = []

  add(store: object, field: string, queue: OperationQueue): void {
    const fields = this.byField.get(store) ?? new Map<string, OperationQueue>()
    this.byField.set(store, fields.set(field, queue))
    this.all.push(queue)
  }

  find(store: object, field: string): OperationQueue | undefined {
    return this.byField.get(store)?.get(field)
  }

  /** Also records in these queues what this side records. Both are of one protocol, so they have the same order. */
  feed(others: OperationQueues): void {
    this.all.forEach((queue, i) => (queue.also = others.all[i]))
  }

  /** Keeps only operations since the last call whose entity and component `keep` accepts. */
  retain(keep: (netId: number, store: object) => boolean): void {
    for (const [store, fields] of this.byField) {
      for (const queue of fields.values()) queue.retain(({ netIds }, at) => keep(netIds[at]!, store))
    }
  }

  /** Operations that were lost because the world did not tick. */
  get dropped(): number {
    return this.all.reduce((sum, queue) => sum + queue.dropped, 0)
  }

  /** Shows every system the operations gathered since the last call. */
  publish(hasBegun?: (entity: number) => boolean): void {
    for (let i = 0; i < this.all.length; i++) this.all[i]!.publish(hasBegun)
  }
}
