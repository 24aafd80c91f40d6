// Publishes events of observers: a connection began or stopped to observe an entity.
//
// They cost almost nothing: the lists that a tick's packets were written from are handed over whole when the tick ends,
// in exchange for empty ones.
import type { Observer } from './observer.js'
import { type EventList, type EventView, PublishedQueue } from '../published-queue.js'
import type { ServerEntities } from './server-entities.js'
import { LeaveReason, ViewChanges } from './view-changes.js'

/** One event as a system sees it. Valid until the next iteration. */
export interface ObserverEvent {
  /** The entity that is, or was, observed. If it ended, it may not exist. */
  readonly entity: number
  /** Its net id at the time. It distinguishes the entity from a later one with the same id. */
  readonly netId: number
  /** The connection entity that observes it. */
  readonly connection: number
}

/** One event of `ObserversRemoved`: a connection no longer observes an entity. */
export interface ObserverRemovedEvent extends ObserverEvent {
  /** `destroyed`: the entity ended. `hidden`: it lives on, out of sight. `disconnected`: the connection ended. */
  readonly reason: 'destroyed' | 'hidden' | 'disconnected'
}

const REASONS = ['destroyed', 'hidden', 'disconnected'] as const satisfies Record<LeaveReason, string>

/** The most ticks whose lists are kept, from the first with an event, while the world does not dispatch events. */
const MAX_TICKS = 64

class ObserverList implements EventList {
  count = 0
  parts = 0
  ticks = 0
  readonly changes: ViewChanges[] = []
}

class ObserverView implements EventView<ObserverList, ObserverRemovedEvent> {
  readonly event: {
    entity: number
    netId: number
    connection: number
    reason: ObserverRemovedEvent['reason']
  } = { entity: 0, netId: 0, connection: 0, reason: 'destroyed' }
  /** The part being read, and the number of its first event. */
  private part = 0
  private start = 0

  constructor(private readonly entities: ServerEntities) {}

  /** Events are read in order. */
  show(list: ObserverList, at: number): void {
    if (at === 0) this.part = this.start = 0
    while (at - this.start >= list.changes[this.part]!.count) this.start += list.changes[this.part++]!.count
    const { connection, netIds, reasons } = list.changes[this.part]!
    const { event } = this
    const netId = netIds[at - this.start]!
    event.entity = this.entities.tenantOf(netId)
    event.netId = netId
    event.connection = connection
    event.reason = REASONS[reasons[at - this.start] as LeaveReason]
  }
}

export class ObserverQueue extends PublishedQueue<ObserverList, ObserverRemovedEvent> {
  constructor(private readonly entities: ServerEntities) {
    super(new ObserverList(), new ObserverList())
  }

  /** Counts a tick that has ended. */
  countTick(): void {
    this.start().ticks++
  }

  /** Adds the changes of one connection's view, and returns an empty list. */
  exchange(connection: number, changes: ViewChanges): ViewChanges {
    if (changes.count === 0) return changes
    const list = this.start()
    if (list.ticks > MAX_TICKS) {
      this.dropped += changes.count
      changes.clear()
      return changes
    }
    changes.connection = connection
    list.count += changes.count
    const empty = list.changes[list.parts] ?? new ViewChanges()
    list.changes[list.parts++] = changes
    empty.clear()
    return empty
  }

  protected createView(): ObserverView {
    return new ObserverView(this.entities)
  }

  /** The list being gathered. It starts again as long as it has no events. */
  private start(): ObserverList {
    const list = this.gathering
    if (list.count === 0) list.parts = list.ticks = 0
    return list
  }
}

/** The events of all connections. */
export class ObserverEvents {
  readonly added: ObserverQueue
  readonly removed: ObserverQueue

  constructor(private readonly entities: ServerEntities) {
    this.added = new ObserverQueue(entities)
    this.removed = new ObserverQueue(entities)
  }

  /** Gathers the tick's events after its packets were written. */
  finishTick(observers: readonly Observer[]): void {
    this.added.countTick()
    this.removed.countTick()
    for (let i = 0; i < observers.length; i++) this.take(observers[i]!)
  }

  /** Adds the end of all that a connection observed, because it has ended. */
  disconnect(observer: Observer): void {
    this.take(observer)
    const { known, leaving } = observer
    for (let slot = known.next(0); slot >= 0; slot = known.next(slot + 1)) {
      leaving.push(this.entities.netIds[slot]!, LeaveReason.Disconnected)
    }
    this.take(observer)
  }

  publish(): void {
    this.added.publish()
    this.removed.publish()
  }

  clear(): void {
    this.added.clear()
    this.removed.clear()
  }

  get dropped(): number {
    return this.added.dropped + this.removed.dropped
  }

  private take(observer: Observer): void {
    const connection = observer.session.entity
    observer.entering = this.added.exchange(connection, observer.entering)
    observer.leaving = this.removed.exchange(connection, observer.leaving)
    observer.enteringSet.clear()
    observer.leavingSet.clear()
  }
}
