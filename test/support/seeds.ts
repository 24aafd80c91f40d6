// What models that are played for many seeds share: random numbers, bad networks, and the list of seeds that fail.
import { type Conditions, createRandom } from 'bitecs-net/testing'

/** A random whole number below a bound. */
export type Random = (below: number) => number

export function generator(seed: number): Random {
  const random = createRandom(seed)
  return (below) => Math.floor(random() * below)
}

/** A network that delays, loses, doubles and reorders packets. */
export function roughConditions(random: Random): Partial<Conditions> {
  return {
    latency: random(120),
    jitter: random(100),
    loss: random(30) / 100,
    duplicate: random(20) / 100,
    reorder: random(30) / 100,
    reorderBy: 20 + random(150),
  }
}

/** Whether `npm run test:long` runs, which plays every seed and every network. */
export const isLong = process.env['BITECS_NET_LONG'] === '1'

/** How many seeds a model plays: `all` of them in `npm run test:long`, a sample elsewhere. */
export function seedCount(all: number, sample: number): number {
  return isLong ? all : sample
}

/** Plays the seeds from `first` on, and lists those that fail. */
export function failingSeeds(play: (seed: number) => void, count: number, first = 1): string[] {
  const failed: string[] = []
  for (let seed = first; seed < first + count; seed++) {
    try {
      play(seed)
    } catch (error) {
      failed.push(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return failed
}
