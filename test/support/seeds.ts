// Provides what models share that are played for many seeds: random numbers, bad networks, and the list of failing
// seeds.
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

/** The part of the sample that `npm run test:unit` plays on a developer's machine. */
const INNER_LOOP_PART = 4

/**
 * How many seeds a model plays: `all` of them in `npm run test:long`, the `sample` in CI, and a quarter of the sample
 * while someone works.
 */
export function seedCount(all: number, sample: number): number {
  if (isLong) return all
  return process.env['CI'] ? sample : Math.ceil(sample / INNER_LOOP_PART)
}

/** Divides `count` seeds from `first` on into tests, each `[count, first]`, so that a long run shows how far it is. */
export function seedBatches(count: number, first: number, size = 25): [count: number, first: number][] {
  const batches: [number, number][] = []
  for (let done = 0; done < count; done += size) batches.push([Math.min(size, count - done), first + done])
  return batches
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
