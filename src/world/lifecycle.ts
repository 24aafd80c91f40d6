// Lifecycle as events: every add and remove of a lifecycle component, recorded from the creation of the network on.
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
import { EventQueue } from '../remote/event-queue.js'

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

/** Also `Listening`, which is of the network entity. */
const OF_CONNECTION = new Set<object>([
  Authenticating,
  Listening,
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
  private readonly addedQueues = new Map<object, EventQueue>()
  private readonly removedQueues = new Map<object, EventQueue>()
  private readonly queues: EventQueue[] = []

  constructor(world: World) {
    for (const component of LIFECYCLE) {
      const added = new EventQueue()
      const removed = new EventQueue()
      this.queues.push(added, removed)
      this.addedQueues.set(component, added)
      this.removedQueues.set(component, removed)
      const ofConnection = OF_CONNECTION.has(component)
      // The id of a connection may have been a networked entity's before.
      const netIdOf = (eid: number): number => (ofConnection ? 0 : (Networked.netId[eid] ?? 0))
      observe(world, onAdd(component), (eid: number) => {
        if (this.sees(component, eid)) added.push(eid, netIdOf(eid), '')
      })
      observe(world, onRemove(component), (eid: number) => {
        if (!this.sees(component, eid)) return
        const reason = ofConnection ? Connection.reason[eid]?.code : Networked.reason[eid]
        removed.push(eid, netIdOf(eid), reason ?? '')
      })
    }
  }

  /** Records an event that no observer of the world sees. */
  push(kind: 'added' | 'removed', component: object, eid: number, netId: number, reason = ''): void {
    this.queue(kind, component)?.push(eid, netId, reason)
  }

  queue(kind: 'added' | 'removed', component: object): EventQueue | undefined {
    return (kind === 'added' ? this.addedQueues : this.removedQueues).get(component)
  }

  /** Events that were lost because nothing ticked. */
  get dropped(): number {
    return this.queues.reduce((sum, queue) => sum + queue.dropped, 0)
  }

  /** Forgets what was gathered and what is shown. */
  clear(): void {
    for (const queue of this.queues) queue.clear()
  }

  /** Shows every system what was gathered since the last call. */
  publish(): void {
    for (let i = 0; i < this.queues.length; i++) this.queues[i]!.publish()
  }
}
