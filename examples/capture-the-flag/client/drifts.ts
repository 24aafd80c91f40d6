// Generates the snow drifts of a match from its seed, so that they are the same on every page.
import { FIELD } from '../rules.js'

export interface Drift {
  /** Metres. */
  readonly x: number
  readonly y: number
  readonly length: number
}

const COUNT = 90
/** Drifts made in one go, before the page may do other work. */
const AT_ONCE = 10

/** Makes the drifts of a match and reports its progress, from 0 to 1. Rejects when `signal` is aborted. */
export async function makeDrifts(
  seed: number,
  progress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Drift[]> {
  let state = (seed % 2_147_483_646) + 1
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
  // Drop the first numbers: this generator's first outputs are too similar for similar seeds.
  for (let i = 0; i < 5; i++) random()
  const drifts: Drift[] = []
  while (drifts.length < COUNT) {
    for (let i = 0; i < AT_ONCE; i++) {
      drifts.push({ x: random() * FIELD.width, y: random() * FIELD.height, length: 0.8 + random() * 2 })
    }
    progress(drifts.length / COUNT)
    // A timer, not an animation frame: a page in the background gets no frames.
    await new Promise((resolve) => setTimeout(resolve))
    signal.throwIfAborted()
  }
  return drifts
}
