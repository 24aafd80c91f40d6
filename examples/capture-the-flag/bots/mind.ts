// What a bot remembers between two decisions, and its dice.

/** `fighters` attack and defend; `runners` do nothing but run for the flag, which makes for quick matches. */
export type Temper = 'fighters' | 'runners'

export interface Mind {
  readonly temper: Temper
  /** From 0 to 1; always the same sequence for the same bot. */
  readonly random: () => number
  /** Defends first, and attacks when there is nothing to defend. */
  readonly defends: boolean
  /** The y of the way it takes through the middle of the field, in metres. */
  lane: number
  /** Has pressed Play for the next match. */
  isReady: boolean
  /** Decisions until it may throw, and tag, again. */
  throwPause: number
  tagPause: number
}

export function createMind(index: number, temper: Temper): Mind {
  const random = createRandom(index + 1)
  const defends = temper === 'fighters' && index % 4 >= 2
  return { temper, random, defends, lane: 3 + 21 * random(), isReady: false, throwPause: 0, tagPause: 0 }
}

/** Mulberry32 by Tommy Ettinger: small, and good enough for a game. */
function createRandom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
