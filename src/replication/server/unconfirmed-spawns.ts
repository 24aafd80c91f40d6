// Keeps the spawns that a client has not acknowledged: their bytes and their entities.
//
// Two generations are enough, so nothing is kept per tick. The result may be too high, but never too low.
import { SlotSet } from '../slot-set.js'

export class UnconfirmedSpawns {
  /** Bytes of the spawns up to tick `mark`, and of those sent after it. */
  private olderBytes = 0
  private newerBytes = 0
  private older = new SlotSet()
  private newer = new SlotSet()
  private mark = 0
  private newest = 0

  get bytes(): number {
    return this.olderBytes + this.newerBytes
  }

  get isEmpty(): boolean {
    return this.older.size === 0 && this.newer.size === 0
  }

  has(slot: number): boolean {
    return this.older.has(slot) || this.newer.has(slot)
  }

  /** Adds a spawn that leaves in `tick`. */
  add(slot: number, bytes: number, tick: number): void {
    this.newer.add(slot)
    this.newerBytes += bytes
    this.newest = tick
  }

  /** Notes that the client has applied the structure of every tick up to this one. */
  acknowledge(tick: number): void {
    if (this.isEmpty || tick < this.mark) return
    const { older } = this
    this.older = this.newer
    this.olderBytes = this.newerBytes
    older.clear()
    this.newer = older
    this.newerBytes = 0
    this.mark = this.newest
    if (tick < this.mark) return
    this.older.clear()
    this.olderBytes = 0
  }
}
