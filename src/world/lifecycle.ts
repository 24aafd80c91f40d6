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

/** In this order: bitECS tells observers of a removed entity in the order in which their queries were registered. */
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

/** Those of connections and of the network entity, which have no net id: it may be another entity's. */
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
  /** Whether an add or a remove on an entity is an event here. A host's world has two sides, which see different ones. */
  sees: (component: object, eid: number) => boolean = () => true
  private readonly queue = new EventQueue(LIFECYCLE, Networked)
  /** What systems have asked for. */
  private readonly asked = new Map<LifecycleEvents, Iterable<LifecycleEvent>>()

  constructor(world: World) {
    const { queue } = this
    LIFECYCLE.forEach((component, id) => {
      const ofConnection = OF_CONNECTION.has(component)
      // The id of a connection may have been a networked entity's before.
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

  /** Tells whether an entity began with the published events; undefined when none began. */
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

  /** Events that were lost because nothing ticked. */
  get dropped(): number {
    return this.queue.dropped
  }

  /** Forgets what was gathered and what is shown. */
  clear(): void {
    this.queue.clear()
  }

  /** Shows every system what was gathered since the last call. */
  publish(): void {
    this.queue.publish()
  }
}
