// Measures subjects side by side: in turns, round after round, so that disturbances of the machine affect all of them
// alike.
//
// It is our own because existing ones (tinybench, mitata) measure one task to its end before the next. On a machine
// whose clock and load change by the second, the ratio of two such medians has little meaning.

/** The subject of a row: the library, another library, or hand-written code that marks what is possible. */
export type SubjectKind = 'ours' | 'peer' | 'limit'

export interface Subject {
  readonly name: string
  readonly kind: SubjectKind
  /** Makes the next tick's changes. Not timed. */
  prepare?(): void
  /**
   * The timed work. Returns a number that depends on all of it, so that nothing can be optimised away. A promise is
   * awaited within the time.
   */
  run(): number | Promise<number>
  /** Whether `run` does the same work again without `prepare`, so that short work can be timed many times at once. */
  readonly repeatable: boolean
}

/** Milliseconds of one run. */
export interface Timing {
  readonly median: number
  readonly p99: number
  /** The number of timings. Each is one run, or the mean of a few when one is too short for the clock. */
  readonly samples: number
}

export interface MeasureOptions {
  /** Milliseconds for all subjects together, warm-up included; exceeded when the fewest rounds take longer. */
  readonly budget: number
  /** Milliseconds that one subject works before the next has its turn. Default 2. */
  readonly turn?: number
  /** The fewest rounds. Default 7, or 3 where the budget is less than a second. */
  readonly minRounds?: number
  /** Called regularly with the fraction done, from 0 to 1. */
  readonly onProgress?: (done: number) => void
}

/** Shorter work is repeated within one timing: the clock itself takes about 0.05 µs. In milliseconds. */
const SHORTEST_TIMING_MS = 0.02
/** The fraction of the budget for warming up. */
const WARM_UP = 0.2
const MAX_REPEATS = 10_000

let sink = 0

/** The sum of everything that subjects returned. Reading it keeps all of that alive. */
export function checksum(): number {
  return sink
}

async function timeOnce(subject: Subject, repeats: number): Promise<number> {
  subject.prepare?.()
  const start = performance.now()
  let sum = 0
  for (let i = 0; i < repeats; i++) {
    const result = subject.run()
    sum += typeof result === 'number' ? result : await result
  }
  const elapsed = performance.now() - start
  sink += sum
  return elapsed / repeats
}

/** Lets the compiler optimise the work, and finds how often to repeat it. */
async function warmUp(subject: Subject, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds
  let shortest = Infinity
  let runs = 0
  do {
    shortest = Math.min(shortest, await timeOnce(subject, 1))
    runs++
  } while (performance.now() < end || runs < 3)
  if (!subject.repeatable) return 1
  return Math.min(MAX_REPEATS, Math.max(1, Math.ceil(SHORTEST_TIMING_MS / Math.max(shortest, 1e-5))))
}

/** Measures subjects in turns until the budget is spent. Returns one timing for each, in their order. */
export async function measure(subjects: readonly Subject[], options: MeasureOptions): Promise<Timing[]> {
  const { budget, turn = 2, minRounds = budget < 1000 ? 3 : 7, onProgress } = options
  const begin = performance.now()
  const repeats: number[] = []
  for (const subject of subjects) {
    repeats.push(await warmUp(subject, (budget * WARM_UP) / subjects.length))
    onProgress?.(Math.min(WARM_UP, (performance.now() - begin) / budget))
  }
  const samples: number[][] = subjects.map(() => [])
  for (let round = 0; round < minRounds || performance.now() - begin < budget; round++) {
    for (let i = 0; i < subjects.length; i++) {
      // Each round begins with another subject, so that none always runs after the same one.
      const at = (i + round) % subjects.length
      // The garbage of one subject must not be collected in the time of the next.
      collectYoung()
      await takeTurn(subjects[at]!, repeats[at]!, turn, samples[at]!)
    }
    onProgress?.(Math.min(1, Math.max((round + 1) / minRounds - 0.01, (performance.now() - begin) / budget)))
  }
  return samples.map(summarize)
}

/** Work that times itself, because only a part of it counts. */
export interface SelfTimed {
  /** Does the work once. Returns the milliseconds of its timed part. */
  sample(): number | Promise<number>
}

/** Lets each subject time itself, in turns, until the budget is spent. Returns one timing for each, in their order. */
export async function measureSamples(
  subjects: readonly SelfTimed[],
  { budget, minRounds = 3, onProgress }: Omit<MeasureOptions, 'turn'>,
): Promise<Timing[]> {
  const begin = performance.now()
  const samples: number[][] = subjects.map(() => [])
  // The first round warms up.
  for (let round = -1; round < minRounds || performance.now() - begin < budget; round++) {
    for (let i = 0; i < subjects.length; i++) {
      collectYoung()
      const sample = await subjects[i]!.sample()
      if (round >= 0) samples[i]!.push(sample)
    }
    onProgress?.(Math.min(1, Math.max((round + 1) / minRounds - 0.01, (performance.now() - begin) / budget)))
  }
  return samples.map(summarize)
}

/** The milliseconds that some work takes. Its result is kept alive. */
export function timed(work: () => number): number {
  const start = performance.now()
  const result = work()
  const elapsed = performance.now() - start
  sink += result
  return elapsed
}

async function takeTurn(subject: Subject, repeats: number, turn: number, into: number[]): Promise<void> {
  // The first run fetches the subject's memory back into the caches.
  await timeOnce(subject, 1)
  const end = performance.now() + turn
  do into.push(await timeOnce(subject, repeats))
  while (performance.now() < end)
}

/** Collects recent garbage, where Node was started with `--expose-gc`. */
function collectYoung(): void {
  globalThis.gc?.({ type: 'minor', execution: 'sync' })
}

/** The median and the 99th percentile, nearest rank. */
export function summarize(samples: readonly number[]): Timing {
  const sorted = Float64Array.from(samples).sort()
  const rank = (part: number): number => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
  return { median: rank(0.5), p99: rank(0.99), samples: sorted.length }
}
