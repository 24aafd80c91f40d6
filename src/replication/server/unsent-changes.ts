// Keeps the unsent changes of one client: components whose newest value it does not have and no packet carries. They
// leave with a later packet, as they are then, and never with an older value.
import { type ComponentSets, EMPTY_SET } from '../../protocol/component-sets.js'
import { growTo, SlotSet } from '../slot-set.js'

export class UnsentChanges {
  /** The slots with unsent changes. */
  readonly slots = new SlotSet()
  /** By slot: the set of components with unsent changes. */
  sets = new Uint32Array(0)
  /** By slot: those of them that left before, in a packet that was lost. */
  private lost = new Uint32Array(0)
  /** By slot: the tick since which the client has lacked any of it. */
  since = new Uint32Array(0)

  constructor(private readonly components: ComponentSets) {}

  /** Adds a value that has not left, and that the client has lacked since `tick`. */
  add(slot: number, component: number, tick: number): void {
    if (slot >= this.sets.length) this.grow(slot + 1)
    // An older value of it may have been lost; this one was not.
    if (this.lost[slot] !== EMPTY_SET) this.lost[slot] = this.components.without(this.lost[slot]!, component)
    this.sets[slot] = this.components.with(this.sets[slot]!, component)
    if (this.slots.add(slot) || tick < this.since[slot]!) this.since[slot] = tick
  }

  /** Adds a value that left and was lost. */
  addLost(slot: number, component: number, tick: number): void {
    this.add(slot, component, tick)
    this.lost[slot] = this.components.with(this.lost[slot]!, component)
  }

  /**
   * Removes components of a slot, because they leave now or a structural change covers them. Returns how many of them
   * had been lost.
   */
  strike(slot: number, set: number): number {
    if (!this.slots.has(slot)) return 0
    const { components } = this
    const left = components.difference(this.sets[slot]!, set)
    const before = this.lost[slot]!
    this.sets[slot] = left
    if (left === EMPTY_SET) this.slots.delete(slot)
    if (before === EMPTY_SET) return 0
    const after = components.difference(before, set)
    this.lost[slot] = after
    return components.members[before]!.length - components.members[after]!.length
  }

  /** Removes everything of an entity that leaves the view. */
  strikeAll(slot: number): void {
    if (this.slots.delete(slot)) this.sets[slot] = this.lost[slot] = EMPTY_SET
  }

  /** Marks the sets that are in use. */
  addSetsTo(live: Set<number>): void {
    for (let slot = this.slots.next(0); slot >= 0; slot = this.slots.next(slot + 1)) {
      live.add(this.sets[slot]!).add(this.lost[slot]!)
    }
  }

  /** Applies the new numbers of sets. */
  renumber(numbers: Int32Array): void {
    for (let slot = this.slots.next(0); slot >= 0; slot = this.slots.next(slot + 1)) {
      this.sets[slot] = numbers[this.sets[slot]!]!
      this.lost[slot] = numbers[this.lost[slot]!]!
    }
  }

  private grow(slots: number): void {
    this.sets = growTo(this.sets, slots)
    this.lost = growTo(this.lost, slots)
    this.since = growTo(this.since, slots)
  }
}
