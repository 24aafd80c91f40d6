// Lifecycle events: every add and remove of a lifecycle component, seen by any number of systems, each event once.
import { type EventList, type EventView, PublishedQueue } from '../replication/published-queue.js'
import { growTo } from '../replication/slot-set.js'

/** What a system sees of one event. Valid until the next iteration. */
export interface LifecycleEvent {
  readonly entity: number
  /** The entity's net id at the time, or 0. It tells the entity from a later one with the same id. */
  readonly netId: number
  /** What the event is about, where there is something to say: the reason of a despawn or a disconnect; else ''. */
  readonly reason: string
}

class LifecycleList implements EventList {
  entities = new Uint32Array(16)
  netIds = new Uint32Array(16)
  readonly reasons: string[] = []
  count = 0
}

class LifecycleView implements EventView<LifecycleList, LifecycleEvent> {
  readonly event = { entity: 0, netId: 0, reason: '' }

  show(list: LifecycleList, at: number): void {
    const { event } = this
    event.entity = list.entities[at]!
    event.netId = list.netIds[at]!
    event.reason = list.reasons[at]!
  }
}

export class EventQueue extends PublishedQueue<LifecycleList, LifecycleEvent> {
  constructor() {
    super(new LifecycleList(), new LifecycleList())
  }

  push(entity: number, netId: number, reason: string): void {
    const list = this.room
    if (list === undefined) return
    const at = list.count++
    list.entities = growTo(list.entities, list.count)
    list.netIds = growTo(list.netIds, list.count)
    list.entities[at] = entity
    list.netIds[at] = netId
    list.reasons[at] = reason
  }

  protected createView(): LifecycleView {
    return new LifecycleView()
  }
}
