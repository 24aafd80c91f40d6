// Holds the entities in one client's view that were not sent yet, so that no tick sends more spawns than it may.
//
// A waiting entity does not exist for the client. Its changes cost nothing, and if it ends, nothing is sent.
import { growTo, SlotSet } from '../slot-set.js'

export class JoinQueue {
  /** The slots that wait. */
  readonly waiting = new SlotSet()
  /** Those of them that waited when the client became ready, and how many there were then. */
  private readonly promised = new SlotSet()
  total = 0
  /** The number of promised entities still missing, as last sent to the client; -1 before that. */
  told = 0
  /** The waiting slots, the most important first, as of the last sort; and how many of them have been taken. */
  private order = new Uint32Array(16)
  private orderCount = 0
  private orderAt = 0
  /** The tick in which they were sorted; 0 when a slot was added since. */
  sortedAt = 0
  /** Bytes of spawns that were sent before their turn; following ticks send as much less. */
  debt = 0

  get size(): number {
    return this.waiting.size
  }

  /** How many of the entities promised at the join are still missing. */
  get remaining(): number {
    return this.promised.size
  }

  add(slot: number): void {
    if (this.waiting.add(slot)) this.sortedAt = 0
  }

  /** Notes that a slot has become more important. */
  prefer(slot: number): void {
    if (this.waiting.has(slot)) this.sortedAt = 0
  }

  /** Removes a slot that is sent now, or has left the view. Returns whether it waited. */
  delete(slot: number): boolean {
    if (!this.waiting.delete(slot)) return false
    this.promised.delete(slot)
    return true
  }

  /** Promises the client all slots that wait now, because it has become ready. */
  promise(): void {
    this.promised.clear()
    const { waiting } = this
    for (let slot = waiting.next(0); slot >= 0; slot = waiting.next(slot + 1)) this.promised.add(slot)
    this.total = this.promised.size
    this.told = -1
  }

  /** Forgets everything, because the client is no longer ready. */
  clear(): void {
    this.waiting.clear()
    this.promised.clear()
    this.told = 0
    this.sortedAt = 0
    this.debt = 0
  }

  /**
   * Sorts the waiting slots by rank, the lowest first, then by slot. `rankOf` is by slot; `counts` has room for every
   * rank.
   */
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

  /** The most important waiting slot of those that were sorted, or -1. */
  first(): number {
    while (this.orderAt < this.orderCount) {
      const slot = this.order[this.orderAt]!
      if (this.waiting.has(slot)) return slot
      this.orderAt++
    }
    return -1
  }

  /** Skips the first slot until the next sort. */
  skip(): void {
    this.orderAt++
  }
}
