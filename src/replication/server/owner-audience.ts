// Sends the components that are replicated with `to: 'owner'` only to the owner of an entity.
//
// They are in no spawn and no shared block. The owner receives them before its ownership, loses them after it, and gets
// their changes as its own unsent changes.
import { type ComponentSets, EMPTY_SET } from '../../protocol/component-sets.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { ChangeTracker } from './change-tracker.js'
import type { UnsentChanges } from './unsent-changes.js'
import type { ServerEntities } from './server-entities.js'
import type { SlotSet } from '../slot-set.js'

/** The parts of an observer that are used here. */
interface OwningObserver {
  readonly session: { readonly entity: number }
  readonly known: SlotSet
  readonly enteringSet: SlotSet
  readonly owed: UnsentChanges
}

export class OwnerAudience {
  /** The protocol has such components. */
  readonly isUsed: boolean
  private readonly ids: readonly number[]
  private readonly isPrivate: Uint8Array
  private readonly observers = new Map<number, OwningObserver>()

  constructor(
    protocol: Protocol,
    private readonly entities: ServerEntities,
    private readonly sets: ComponentSets,
  ) {
    this.ids = protocol.componentList.flatMap(({ to }, id) => (to === 'owner' ? [id] : []))
    this.isPrivate = Uint8Array.from(protocol.componentList, ({ to }) => (to === 'owner' ? 1 : 0))
    this.isUsed = this.ids.length > 0
  }

  add(observer: OwningObserver): void {
    this.observers.set(observer.session.entity, observer)
  }

  remove(observer: OwningObserver): void {
    const { entity } = observer.session
    if (this.observers.get(entity) === observer) this.observers.delete(entity)
  }

  /** Returns whether a component is for the owner alone. */
  covers(component: number): boolean {
    return this.isPrivate[component] === 1
  }

  /** Returns whether a connection does not get a component of an entity. */
  hides(slot: number, component: number, connection: number): boolean {
    return this.isPrivate[component] === 1 && this.entities.toldOwner[slot] !== connection
  }

  /** The components of a set that all observers of the entity get. */
  sharedPart(set: number): number {
    let part = set
    for (let i = 0; i < this.ids.length; i++) part = this.sets.without(part, this.ids[i]!)
    return part
  }

  /** The components of a set that only the owner gets. */
  privatePart(set: number): number {
    return this.isUsed ? this.sets.difference(set, this.sharedPart(set)) : EMPTY_SET
  }

  /** Moves the owners' components from this tick's changes to the unsent changes of the owners. */
  claim(tracker: ChangeTracker, tick: number): void {
    if (!this.isUsed) return
    const { dirty, changed } = tracker
    for (let slot = dirty.next(0); slot >= 0; slot = dirty.next(slot + 1)) {
      const own = this.privatePart(changed[slot]!)
      if (own === EMPTY_SET) continue
      changed[slot] = this.sets.difference(changed[slot]!, own)
      const owner = this.observers.get(this.entities.toldOwner[slot]!)
      // A client that gets the entity in this tick gets these values with it.
      if (owner === undefined || !owner.known.has(slot) || owner.enteringSet.has(slot)) continue
      const members = this.sets.members[own]!
      for (let m = 0; m < members.length; m++) owner.owed.add(slot, members[m]!, tick)
    }
  }
}
