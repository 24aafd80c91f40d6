// What one client is to see and has not been sent yet: spawns wait here, so that no tick sends more of them than it may.
//
// An entity that waits does not exist for the client: what changes of it costs nothing, and one that ends is never told.
import { growTo, SlotSet } from '../slot-set.js'

export class JoinQueue {
  /** The slots that wait. */
  readonly waiting = new SlotSet()
  /** Those of them that waited when the client became ready, and how many there were then. */
  private readonly promised = new SlotSet()
  total = 0
  /** How many of those the client was last told to wait for; -1 before it was told. */
  told = 0
  /** What waits, the most important first, as it was when it was last sorted; and what of that has been taken. */
  private order = new Uint32Array(16)
  private orderCount = 0
  private orderAt = 0
  /** The tick in which it was sorted; 0 when something came since. */
  sortedAt = 0
  /** Bytes of spawns that were sent ahead of their turn, and that following ticks have to save. */
  debt = 0

  get size(): number {
    return this.waiting.size
  }

  /** How many of the entities promised at the join are still to come. */
  get remaining(): number {
    return this.promised.size
  }

  add(slot: number): void {
    if (this.waiting.add(slot)) this.sortedAt = 0
  }

  /** One has become more important than it was. */
  prefer(slot: number): void {
    if (this.waiting.has(slot)) this.sortedAt = 0
  }

  /** Takes one out: it is sent now, or is not to be seen any more. Returns whether it waited. */
  delete(slot: number): boolean {
    if (!this.waiting.delete(slot)) return false
    this.promised.delete(slot)
    return true
  }

  /** The client has become ready: what waits now is what it is promised. */
  promise(): void {
    this.promised.clear()
    const { waiting } = this
    for (let slot = waiting.next(0); slot >= 0; slot = waiting.next(slot + 1)) this.promised.add(slot)
    this.total = this.promised.size
    this.told = -1
  }

  /** The client takes no part any more. */
  clear(): void {
    this.waiting.clear()
    this.promised.clear()
    this.told = 0
    this.sortedAt = 0
    this.debt = 0
  }

  /** Sorts what waits by rank, the lowest first, then by slot. `rankOf` is by slot; `counts` has room for every rank. */
  sort(rankOf: Uint8Array, counts: Uint32Array, tick: number): void {
    const { waiting } = this
    counts.fill(0)
    for (let slot = waiting.next(0); slot >= 0; slot = waiting.next(slot + 1)) counts[rankOf[slot]!]!++
    let start = 0
    for (let rank = 0; rank < counts.length; rank++) {
      const count = counts[rank]!
      counts[rank] = start
      start += count
    }
    this.order = growTo(this.order, waiting.size)
    const { order } = this
    for (let slot = waiting.next(0); slot >= 0; slot = waiting.next(slot + 1)) order[counts[rankOf[slot]!]!++] = slot
    this.orderCount = waiting.size
    this.orderAt = 0
    this.sortedAt = tick
  }

  /** The most important slot that waits, of those that were sorted, or -1. */
  first(): number {
    while (this.orderAt < this.orderCount) {
      const slot = this.order[this.orderAt]!
      if (this.waiting.has(slot)) return slot
      this.orderAt++
    }
    return -1
  }

  /** Passes over the first one, until what waits is sorted anew. */
  skip(): void {
    this.orderAt++
  }
}
