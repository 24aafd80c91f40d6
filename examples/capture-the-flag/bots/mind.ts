// Holds a bot's memory between two decisions, and its random numbers.

/** `fighters` attack and defend. `runners` only run for the flag, which makes matches short. */
export type Temper = 'fighters' | 'runners'

export interface Mind {
  readonly temper: Temper
  /** Returns a number from 0 to 1. The sequence is always the same for the same bot. */
  readonly random: () => number
  /** Whether it defends first and attacks only when there is nothing to defend. */
  readonly defends: boolean
  /** The y at which it crosses the middle of the field, in metres. */
  lane: number
  /** Whether it has pressed Play for the next match. */
  isReady: boolean
  /** Decisions until it may throw or tag again. */
  throwPause: number
  tagPause: number
}

export function createMind(index: number, temper: Temper): Mind {
  const random = createRandom(index + 1)
  const defends = temper === 'fighters' && index % 4 >= 2
  return { temper, random, defends, lane: 3 + 21 * random(), isReady: false, throwPause: 0, tagPause: 0 }
}

/** Makes a Mulberry32 generator (by Tommy Ettinger): small, and good enough for a game. */
function createRandom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
