// Maps the server's slots to the indices of a client, so that memory grows with the slots in use, wherever they lie.
//
// A server names any of 2^20 slots. If it hides most of its world it names few of them, far apart. A table by slot
// would have whatever length a packet claims. So a client's tables are by index: numbered from 1, reused when their
// entity has gone, and never more than the most entities at one time. This is the one table by slot: a directory of
// fixed size, and pages for the parts of the range that have entities.
import { SLOT_BITS } from '../../protocol/net-id.js'
import { growTo } from '../slot-set.js'

/** A page has 64 slots in 256 bytes, which is the most that one isolated entity uses here. */
const PAGE_BITS = 6
const PAGE_SLOTS = 1 << PAGE_BITS
const PAGE_MASK = PAGE_SLOTS - 1

export class SlotIndices {
  /** By slot / 64: the page, or 0, which is the empty page. 32 KiB. */
  private readonly pageOf = new Uint16Array(1 << (SLOT_BITS - PAGE_BITS))
  /** Page by page, by the rest of the slot: the index, or 0. */
  private table = new Uint32Array(4 * PAGE_SLOTS)
  /** By page: how many indices are in it. */
  private counts = new Uint8Array(4)
  /** Pages that are empty again. */
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

  /** Removes the index of a slot that has one. */
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
   * Writes the indices of `count` slots to `indices`, 0 where there is none, and `from[index]` of each to `into`.
   * Returns whether each `into` value is above 0 and at most `last`, which is less than 2^31.
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
    // A value that is 0 or above `last` leaves its sign bit. The loop handles four values at a time; array-loops.ts
    // explains why.
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
