// How the snow lies: drifts that follow from a match's seed, the same on every page.
import { FIELD } from '../rules.js'

export interface Drift {
  /** Metres. */
  readonly x: number
  readonly y: number
  readonly length: number
}

const COUNT = 90
/** So many are made at a time; then the page has a moment for other things. */
const AT_ONCE = 10

/** Makes the drifts of a match, and says how far it is, from 0 to 1. Rejects when `signal` is aborted. */
export async function makeDrifts(
  seed: number,
  progress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Drift[]> {
  let state = (seed % 2_147_483_646) + 1
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
  // The first few of this generator follow the seed too closely.
  for (let i = 0; i < 5; i++) random()
  const drifts: Drift[] = []
  while (drifts.length < COUNT) {
    for (let i = 0; i < AT_ONCE; i++) {
      drifts.push({ x: random() * FIELD.width, y: random() * FIELD.height, length: 0.8 + random() * 2 })
    }
    progress(drifts.length / COUNT)
    // Not until the next frame: a page in the background has none.
    await new Promise((resolve) => setTimeout(resolve))
    signal.throwIfAborted()
  }
  return drifts
}
