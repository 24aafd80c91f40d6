// Lifecycle events: every add and remove of a lifecycle component, seen by any number of systems, each event once.
//
// Events are gathered while they happen and published at one point of the tick, after everything received has been
// applied. From then to the next such point every system sees the same list, so it does not matter in which order
// systems run or how many read it; and an add and a remove within one tick are two events, not none.
import { growTo } from '../replication/slot-set.js'

/** What a system sees of one event. Valid until the next iteration. */
export interface LifecycleEvent {
  readonly entity: number
  /** The entity's net id at the time, or 0. It tells the entity from a later one with the same id. */
  readonly netId: number
  /** What the event is about, where there is something to say: the reason of a despawn or a disconnect; else ''. */
  readonly reason: string
}

interface MutableEvent {
  entity: number
  netId: number
  reason: string
}

class EventList {
  entities = new Uint32Array(16)
  netIds = new Uint32Array(16)
  readonly reasons: string[] = []
  count = 0

  push(entity: number, netId: number, reason: string): void {
    const at = this.count++
    this.entities = growTo(this.entities, this.count)
    this.netIds = growTo(this.netIds, this.count)
    this.entities[at] = entity
    this.netIds[at] = netId
    this.reasons[at] = reason
  }
}

/** Events that nobody publishes, since nothing ticks, are bounded too. */
const MAX_GATHERED = 1 << 16

export class EventQueue {
  private gathering = new EventList()
  private published = new EventList()
  /** Events lost because the world did not tick. */
  dropped = 0

  push(entity: number, netId: number, reason: string): void {
    if (this.gathering.count >= MAX_GATHERED) this.dropped++
    else this.gathering.push(entity, netId, reason)
  }

  /** Shows what was gathered, in place of what was shown. */
  publish(): void {
    const shown = this.published
    this.published = this.gathering
    this.gathering = shown
    shown.count = 0
  }

  clear(): void {
    this.gathering.count = 0
    this.published.count = 0
  }

  read(): IterableIterator<LifecycleEvent> {
    return new EventIterator(this.published)
  }
}

/** Each reader has a place of its own, so that two systems, or two loops in one, do not disturb each other. */
class EventIterator implements IterableIterator<LifecycleEvent> {
  private readonly event: MutableEvent = { entity: 0, netId: 0, reason: '' }
  private readonly result: IteratorYieldResult<LifecycleEvent> = { done: false, value: this.event }
  private at = 0

  constructor(private readonly list: EventList) {}

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<LifecycleEvent, undefined> {
    const { list, event } = this
    if (this.at >= list.count) return { done: true, value: undefined }
    event.entity = list.entities[this.at]!
    event.netId = list.netIds[this.at]!
    event.reason = list.reasons[this.at]!
    this.at++
    return this.result
  }
}
