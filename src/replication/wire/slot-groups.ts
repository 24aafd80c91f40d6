// Groups changed slots that can share a block: those with the same observers and the same changed components.
import { EMPTY_SET } from '../../protocol/component-sets.js'
import { growTo, type SlotSet } from '../slot-set.js'

/** The class of entities that no client sees, or that no shared block carries. */
export const NO_CLASS = 0

/** Slots of one class and one set of components, ascending. */
export class SlotGroup {
  id = NO_CLASS
  set = EMPTY_SET
  slots = new Uint32Array(64)
  count = 0
  /** The next group of the class, as an index, or -1. */
  next = -1

  add(slot: number): void {
    if (this.count === this.slots.length) this.slots = growTo(this.slots, this.count + 1)
    this.slots[this.count++] = slot
  }
}

export class SlotGroups {
  /** Classes that have any group, in the order in which they were found. */
  usedClasses = new Uint32Array(16)
  usedCount = 0
  /** Kept from tick to tick for their memory. */
  private readonly groups: SlotGroup[] = []
  private groupCount = 0
  /** By class: its first group, plus one; 0 for none. */
  private firstGroup = new Uint32Array(16)
  /** The slots to be grouped, ascending. */
  private listed = new Uint32Array(64)

  /** The first group of a class that has one. */
  firstOf(id: number): SlotGroup {
    return this.groups[this.firstGroup[id]! - 1]!
  }

  /** The next group of the same class. */
  after({ next }: SlotGroup): SlotGroup | undefined {
    return next < 0 ? undefined : this.groups[next]
  }

  /**
   * Groups the slots of `dirty`, and forgets the groups before. `sets` and `classes` are by slot; slots with an empty
   * set, or in class 0, are left out. Without `classes`, all are in class 1.
   */
  gather(dirty: SlotSet, sets: Uint32Array, classes: Uint32Array | undefined): void {
    this.clear()
    const { size } = dirty
    if (size === 0) return
    this.listed = growTo(this.listed, size)
    const { listed } = this
    dirty.list(listed)
    // The group of the slot before, and of the one before that: the next slot is mostly in one of them.
    let group: SlotGroup | undefined
    let other: SlotGroup | undefined
    for (let i = 0; i < size;) {
      const slot = listed[i++]!
      const set = sets[slot]!
      const id = classes === undefined ? 1 : classes[slot]!
      if (group !== undefined && group.set === set && group.id === id) {
        group.add(slot)
        i = this.addAlike(group, i, size, sets, set, classes ?? sets, classes === undefined ? set : id)
      } else if (id !== NO_CLASS && set !== EMPTY_SET) {
        const next: SlotGroup =
          other !== undefined && other.set === set && other.id === id ? other : this.groupOf(id, set)
        other = group
        group = next
        group.add(slot)
      }
    }
  }

  /**
   * Adds listed slots to a group, from index `i` on, four at a time, while all four have its set and class. Returns the
   * index after them.
   */
  private addAlike(
    group: SlotGroup,
    start: number,
    size: number,
    sets: Uint32Array,
    set: number,
    classes: Uint32Array,
    id: number,
  ): number {
    const { listed } = this
    const { slots } = group
    let i = start
    let at = group.count
    const fours = Math.min(size, i + slots.length - at) - 3
    for (; i < fours; i += 4, at += 4) {
      const p = listed[i]!
      const q = listed[i + 1]!
      const r = listed[i + 2]!
      const s = listed[i + 3]!
      if (sets[p]! !== set || sets[q]! !== set || sets[r]! !== set || sets[s]! !== set) break
      if (classes[p]! !== id || classes[q]! !== id || classes[r]! !== id || classes[s]! !== id) break
      slots[at] = p
      slots[at + 1] = q
      slots[at + 2] = r
      slots[at + 3] = s
    }
    group.count = at
    return i
  }

  private clear(): void {
    for (let i = 0; i < this.usedCount; i++) this.firstGroup[this.usedClasses[i]!] = 0
    this.usedCount = 0
    this.groupCount = 0
  }

  private groupOf(id: number, set: number): SlotGroup {
    if (id >= this.firstGroup.length) this.firstGroup = growTo(this.firstGroup, id + 1)
    const first = this.firstGroup[id]!
    if (first === 0) {
      this.usedClasses = growTo(this.usedClasses, this.usedCount + 1)
      this.usedClasses[this.usedCount++] = id
    }
    let last: SlotGroup | undefined
    for (let g = first - 1; g >= 0; g = last.next) {
      last = this.groups[g]!
      if (last.set === set) return last
    }
    const index = this.groupCount++
    const group = (this.groups[index] ??= new SlotGroup())
    group.id = id
    group.set = set
    group.count = 0
    group.next = -1
    if (last === undefined) this.firstGroup[id] = index + 1
    else last.next = index
    return group
  }
}
