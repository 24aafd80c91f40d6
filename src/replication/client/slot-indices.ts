// Which of a client's own indices stands for which slot of the server: memory follows the slots in use, wherever they lie.
//
// A server names any of 2^20 slots, and one that hides most of its world names few of them, far apart. A table as long as
// the highest of them would be of a length that a packet claims. So a client's tables are by index: numbered from 1 on, given out
// again when their entity has gone, never more than there were entities at one time. This is the one table by slot: a
// directory of fixed size, and pages for those parts of the range in which there is an entity.
import { SLOT_BITS } from '../../protocol/net-id.js'
import { growTo } from '../slot-set.js'

/** Slots of a page: 256 bytes, which is the most that one entity far from all others takes here. */
const PAGE_BITS = 6
const PAGE_SLOTS = 1 << PAGE_BITS
const PAGE_MASK = PAGE_SLOTS - 1

export class SlotIndices {
  /** By slot / 64: the page, or 0, the one in which nothing is. 32 KiB. */
  private readonly pageOf = new Uint16Array(1 << (SLOT_BITS - PAGE_BITS))
  /** Page by page, by the rest of the slot: the index, or 0. */
  private table = new Uint32Array(4 * PAGE_SLOTS)
  /** By page: how many indices are in it. */
  private counts = new Uint8Array(4)
  /** Pages that nothing is in any more. */
  private readonly freePages: number[] = []
  private pages = 1

  /** The index of a slot, or 0. */
  get(slot: number): number {
    return this.table[(this.pageOf[slot >>> PAGE_BITS]! << PAGE_BITS) | (slot & PAGE_MASK)]!
  }

  /** Gives an index, which is not 0, to a slot that has none. */
  add(slot: number, index: number): void {
    const part = slot >>> PAGE_BITS
    if (this.pageOf[part] === 0) this.pageOf[part] = this.freePages.pop() ?? this.addPage()
    const page = this.pageOf[part]!
    this.table[(page << PAGE_BITS) | (slot & PAGE_MASK)] = index
    this.counts[page]!++
  }

  /** Takes the index from a slot that has one. */
  delete(slot: number): void {
    const part = slot >>> PAGE_BITS
    const page = this.pageOf[part]!
    this.table[(page << PAGE_BITS) | (slot & PAGE_MASK)] = 0
    if (--this.counts[page]! > 0) return
    this.pageOf[part] = 0
    this.freePages.push(page)
  }

  private addPage(): number {
    const page = this.pages++
    this.table = growTo(this.table, this.pages << PAGE_BITS)
    this.counts = growTo(this.counts, this.pages)
    return page
  }

  /**
   * Writes the indices of `count` slots to `indices`, 0 where there is none, and `from[index]` of each to `into`. Returns
   * whether all of these are above 0 and at most `last`, which is less than 2^31.
   */
  gather(
    slots: Uint32Array,
    count: number,
    indices: Uint32Array,
    into: Uint32Array,
    from: Uint32Array,
    last: number,
  ): boolean {
    const { pageOf, table } = this
    const fours = count - 3
    let i = 0
    // What is 0, or above the last, leaves its sign. Four at a time, for the reason that word-loops.ts gives.
    let signs = 0
    for (; i < fours; i += 4) {
      const p = slots[i]!
      const q = slots[i + 1]!
      const r = slots[i + 2]!
      const s = slots[i + 3]!
      const a = table[(pageOf[p >>> PAGE_BITS]! << PAGE_BITS) | (p & PAGE_MASK)]!
      const b = table[(pageOf[q >>> PAGE_BITS]! << PAGE_BITS) | (q & PAGE_MASK)]!
      const c = table[(pageOf[r >>> PAGE_BITS]! << PAGE_BITS) | (r & PAGE_MASK)]!
      const d = table[(pageOf[s >>> PAGE_BITS]! << PAGE_BITS) | (s & PAGE_MASK)]!
      indices[i] = a
      indices[i + 1] = b
      indices[i + 2] = c
      indices[i + 3] = d
      const e = from[a]! | 0
      const f = from[b]! | 0
      const g = from[c]! | 0
      const h = from[d]! | 0
      into[i] = e
      into[i + 1] = f
      into[i + 2] = g
      into[i + 3] = h
      signs |= (e - 1) | (f - 1) | (g - 1) | (h - 1) | (last - e) | (last - f) | (last - g) | (last - h)
    }
    for (; i < count; i++) {
      const index = this.get(slots[i]!)
      const value = from[index]! | 0
      indices[i] = index
      into[i] = value
      signs |= (value - 1) | (last - value)
    }
    return signs >= 0
  }
}
