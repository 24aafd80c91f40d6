// Generates seeded random numbers, so that a simulated network can be repeated exactly.

/**
 * Returns a function that yields numbers in [0, 1). Same seed, same numbers. Marsaglia's xorshift32 with a multiply.
 */
export function createRandom(seed: number): () => number {
  // A seed of 0 would stay 0. The multiplication spreads seeds that are close to each other.
  let state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) || 0x2545f491
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (Math.imul(state, 0x2c1b3c6d) >>> 0) / 0x1_0000_0000
  }
}
