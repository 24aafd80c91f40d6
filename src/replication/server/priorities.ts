// Keeps the priority that the game sets for an entity, by slot; 1 where it sets none.

/** The number of ranks; each is a quarter of an octave of priority. */
export const RANKS = 256

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)

/**
 * The place of a positive number on a logarithmic scale of {@link RANKS} steps, with 1 in the middle. It is found
 * without computing a logarithm.
 */
export function rankOf(value: number): number {
  scratch[0] = value
  // A float's upper bits, exponent first, grow with its logarithm; two bits of the mantissa make quarters.
  const step = (scratchBits[0]! >>> 21) - (127 << 2) + RANKS / 2
  return step < 0 ? 0 : step >= RANKS ? RANKS - 1 : step
}

export class Priorities {
  /** By slot; 0 where the game has set none. */
  private said = new Float32Array(64)

  of(slot: number): number {
    return this.said[slot] || 1
  }

  set(slot: number, priority: number): void {
    if (slot >= this.said.length) {
      const before = this.said
      this.said = new Float32Array(Math.max(slot + 1, before.length * 2))
      this.said.set(before)
    }
    this.said[slot] = priority
  }

  /** Forgets the priority of a slot that another entity gets. */
  forget(slot: number): void {
    if (slot < this.said.length) this.said[slot] = 0
  }
}
