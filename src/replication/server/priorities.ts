// How important entities are: by slot, as the game says; 1 where it says nothing.

/** Ranks by importance: each is a quarter of an octave. */
export const RANKS = 256

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)

/** Where a positive number stands on a logarithmic scale of {@link RANKS} steps, 1 in its middle, without a logarithm. */
export function rankOf(value: number): number {
  scratch[0] = value
  // A float's upper bits, exponent first, grow with the logarithm of it; two bits of the mantissa make quarters.
  const step = (scratchBits[0]! >>> 21) - (127 << 2) + RANKS / 2
  return step < 0 ? 0 : step >= RANKS ? RANKS - 1 : step
}

export class Priorities {
  /** By slot; 0 where nothing is said. */
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

  /** A slot is another entity's. */
  forget(slot: number): void {
    if (slot < this.said.length) this.said[slot] = 0
  }
}
