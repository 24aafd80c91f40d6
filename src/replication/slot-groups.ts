// Changed slots, put together by who sees them and by which of their components changed: what can share a block.
import { EMPTY_SET } from '../protocol/component-sets.js'
import { growTo, type SlotSet } from './slot-set.js'
import { copyWords, firstOther } from './word-loops.js'

/** The class of those whom no shared block brings. */
const NOBODY = 0

/** Slots of one class and one set of components, ascending. */
export class SlotGroup {
  set = EMPTY_SET
  slots = new Uint32Array(64)
  count = 0
  /** The next group of the class, as an index, or -1. */
  next = -1

  /** Adds `slots[start .. end)`. */
  add(slots: Uint32Array, start: number, end: number): void {
    const total = this.count + end - start
    if (total > this.slots.length) this.slots = growTo(this.slots, total)
    copyWords(this.slots, this.count, slots, start, end - start)
    this.count = total
  }
}

export class SlotGroups {
  /** Classes that have any, in the order in which they were met. */
  usedClasses = new Uint32Array(16)
  usedCount = 0
  /** Kept from tick to tick for their memory. */
  private readonly groups: SlotGroup[] = []
  private groupCount = 0
  /** By class: its first group, and one; 0 for none. */
  private firstGroup = new Uint32Array(16)
  /** The slots to be put in groups, ascending. */
  private listed = new Uint32Array(64)

  /** The first group of a class with any. */
  firstOf(id: number): SlotGroup {
    return this.groups[this.firstGroup[id]! - 1]!
  }

  /** The next group of the same class. */
  after({ next }: SlotGroup): SlotGroup | undefined {
    return next < 0 ? undefined : this.groups[next]
  }

  /**
   * Puts the slots of `dirty` in groups, in the place of those before. `sets` and `classes` are by slot; what has an empty
   * set, or is in class 0, is left out. Without `classes`, all are in class 1.
   */
  gather(dirty: SlotSet, sets: Uint32Array, classes: Uint32Array | undefined): void {
    this.clear()
    const { size } = dirty
    this.listed = growTo(this.listed, size)
    const { listed } = this
    dirty.list(listed)
    // Neighbours mostly changed alike, and are seen by the same: they go into their group as one run.
    let set = EMPTY_SET
    let setEnd = 0
    let id = 1
    let classEnd = classes === undefined ? size : 0
    for (let i = 0; i < size;) {
      if (i === setEnd) {
        set = sets[listed[i]!]!
        setEnd = firstOther(sets, listed, i, size, set)
      }
      if (classes !== undefined && i === classEnd) {
        id = classes[listed[i]!]!
        classEnd = firstOther(classes, listed, i, size, id)
      }
      const end = Math.min(setEnd, classEnd)
      if (id !== NOBODY && set !== EMPTY_SET) this.groupOf(id, set).add(listed, i, end)
      i = end
    }
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
    group.set = set
    group.count = 0
    group.next = -1
    if (last === undefined) this.firstGroup[id] = index + 1
    else last.next = index
    return group
  }
}
