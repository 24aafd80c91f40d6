// What one client is owed: components of entities whose newest value it does not have, and is not on its way. It leaves
// with a later packet, as it is then.
import { type ComponentSets, EMPTY_SET } from '../protocol/component-sets.js'
import { growTo, SlotSet } from './slot-set.js'

export class OwedValues {
  /** The slots of which anything is owed. */
  readonly slots = new SlotSet()
  /** By slot: the set of components that are owed. */
  sets = new Int32Array(0)

  constructor(private readonly components: ComponentSets) {}

  add(slot: number, component: number): void {
    this.sets = growTo(this.sets, slot + 1)
    this.sets[slot] = this.components.with(this.sets[slot]!, component)
    this.slots.add(slot)
  }

  /** Strikes out components of a slot: they leave now, or a structural change tells of them. */
  strike(slot: number, set: number): void {
    if (!this.slots.has(slot)) return
    const left = this.components.difference(this.sets[slot]!, set)
    this.sets[slot] = left
    if (left === EMPTY_SET) this.slots.delete(slot)
  }

  /** Strikes out everything of an entity that leaves the view. */
  strikeAll(slot: number): void {
    if (this.slots.delete(slot)) this.sets[slot] = EMPTY_SET
  }

  /** The numbers of sets have changed. */
  renumber(numbers: Int32Array): void {
    for (let slot = this.slots.next(0); slot >= 0; slot = this.slots.next(slot + 1)) {
      this.sets[slot] = numbers[this.sets[slot]!]!
    }
  }
}
