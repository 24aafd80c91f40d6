// Records every add and remove of a lifecycle component, from the creation of the network on.
import { observe, onAdd, onRemove, type World } from 'bitecs'
import {
  Authenticating,
  Connected,
  Connection,
  Draining,
  Interrupted,
  Joined,
  Listening,
  Loading,
  Ready,
  Stalled,
} from '../../components/connection.js'
import { LocalPlayer, Networked, Owned } from '../../components/networked.js'
import { UsageError } from '../protocol/errors.js'
import { EventQueue, type LifecycleEvent } from '../remote/event-queue.js'

/** The components whose adds and removes can be drained. */
export type LifecycleComponent =
  | typeof Authenticating
  | typeof Connected
  | typeof Ready
  | typeof Joined
  | typeof Loading
  | typeof Interrupted
  | typeof Stalled
  | typeof Draining
  | typeof Networked
  | typeof Owned
  | typeof LocalPlayer
  | typeof Listening

/** Lifecycle events to drain, made by {@link added}, {@link removed} and {@link transitions}. */
export interface LifecycleEvents<Component extends LifecycleComponent = LifecycleComponent> {
  readonly kind: 'added' | 'removed' | 'transitions'
  readonly components: readonly Component[]
}

/** In this order: bitECS notifies observers of a removed entity in the order in which their queries were registered. */
const LIFECYCLE = [
  LocalPlayer,
  Owned,
  Networked,
  Joined,
  Ready,
  Loading,
  Interrupted,
  Stalled,
  Draining,
  Connected,
  Authenticating,
  Listening,
] as const

/**
 * Components of connections and of the network entity. These have no net id: a stored one belongs to another entity.
 */
const OF_CONNECTION = new Set<object>([
  Listening,
  Authenticating,
  Connected,
  Draining,
  Interrupted,
  Stalled,
  Ready,
  Joined,
  Loading,
])

export class Lifecycle {
  /**
   * Whether an add or a remove on an entity is an event on this side. A host's world has two sides with different
   * events.
   */
  sees: (component: object, eid: number) => boolean = () => true
  private readonly queue = new EventQueue(LIFECYCLE, Networked)
  /** The event queries that systems have made. */
  private readonly asked = new Map<LifecycleEvents, Iterable<LifecycleEvent>>()

  constructor(world: World) {
    const { queue } = this
    LIFECYCLE.forEach((component, id) => {
      const ofConnection = OF_CONNECTION.has(component)
      // The id of a connection may have belonged to a networked entity before.
      const netIdOf = (eid: number): number => (ofConnection ? 0 : (Networked.netId[eid] ?? 0))
      observe(world, onAdd(component), (eid: number) => {
        if (this.sees(component, eid)) queue.push(id, false, eid, netIdOf(eid), '')
      })
      observe(world, onRemove(component), (eid: number) => {
        if (!this.sees(component, eid)) return
        const reason = ofConnection ? Connection.reason[eid]?.code : Networked.reason[eid]
        queue.push(id, true, eid, netIdOf(eid), reason ?? '')
      })
    })
  }

  /** @throws UsageError when a component has no lifecycle events. */
  of(events: LifecycleEvents): Iterable<LifecycleEvent> {
    let found = this.asked.get(events)
    if (found !== undefined) return found
    found = this.queue.of(events.kind, events.components)
    if (found === undefined) throw new UsageError('not-listed', 'this component has no lifecycle events')
    this.asked.set(events, found)
    return found
  }

  /** Returns whether an entity began with the published events; undefined when none began. */
  get hasBegun(): ((entity: number) => boolean) | undefined {
    return this.queue.hasBegun
  }

  /** Records an event that no observer of the world sees. */
  push(
    kind: 'added' | 'removed',
    component: (typeof LIFECYCLE)[number],
    eid: number,
    netId: number,
    reason = '',
  ): void {
    this.queue.push(LIFECYCLE.indexOf(component), kind === 'removed', eid, netId, reason)
  }

  /** Number of events that were lost because the world did not tick. */
  get dropped(): number {
    return this.queue.dropped
  }

  /** Clears gathered and published events. */
  clear(): void {
    this.queue.clear()
  }

  /** Publishes the events gathered since the last call to every system. */
  publish(): void {
    this.queue.publish()
  }
}
