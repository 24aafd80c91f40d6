// What a client remembers of entities that have gone: the last ones, so that a call on one of them waits for nothing.
import { generationOf, MAX_GENERATION, slotOf } from '../protocol/net-id.js'

/** So many are remembered at least; else as many as there were at one time. */
const SMALLEST_LIMIT = 4096

export class EndedEntities {
  /** By slot, the one that went last at the end: its net id, negative once it has ended for good. */
  private readonly bySlot = new Map<number, number>()

  /** An entity went; `forGood`: it cannot come back into view. `limit`: how many may be remembered. */
  add(netId: number, forGood: boolean, limit: number): void {
    const { bySlot } = this
    const slot = slotOf(netId)
    bySlot.delete(slot)
    bySlot.set(slot, forGood ? -netId : netId)
    if (bySlot.size <= Math.max(SMALLEST_LIMIT, limit)) return
    for (const oldest of bySlot.keys()) {
      bySlot.delete(oldest)
      return
    }
  }

  /** There is another entity in a slot, which is known instead. */
  delete(slot: number): void {
    this.bySlot.delete(slot)
  }

  clear(): void {
    this.bySlot.clear()
  }

  /** Whether an entity may come to a slot that is empty: not when it, or one after it, is known to have been there. */
  mayArrive(netId: number): boolean {
    const newest = this.bySlot.get(slotOf(netId))
    if (newest === undefined) return true
    return newest === netId || isNewer(netId, Math.abs(newest))
  }
}

/** Whether an entity comes after another in their slot: serial arithmetic over the generations. */
export function isNewer(netId: number, other: number): boolean {
  const ahead = (generationOf(netId) - generationOf(other)) & MAX_GENERATION
  return ahead !== 0 && ahead <= MAX_GENERATION / 2
}
