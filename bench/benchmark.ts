// The benchmark as a function: runs scenarios and returns what they say.
import { cpus } from 'node:os'
import manifest from '../package.json' with { type: 'json' }
import { checksum } from '../src/cli/bench/harness.js'
import type { Report, Row } from '../src/cli/bench/result.js'
import type { Scenario } from './scenarios/index.js'

export interface BenchmarkOptions {
  readonly scenarios: readonly Scenario[]
  /** Everything random follows from it. */
  readonly seed: number
  /** Less time for each workload, and fewer ticks. */
  readonly quick: boolean
  /** Default: 1,000 and 10,000, or the latter alone when quick. */
  readonly counts?: readonly number[]
  /** Default: 1 %, 10 % and 100 %. */
  readonly fractions?: readonly number[]
  /** Default: 1, 16, 64 and 256. */
  readonly clients?: readonly number[]
  /** Default: 100, 1,000, 10,000 and 50,000 entities. */
  readonly growth?: readonly number[]
  /** Milliseconds for one workload. Default 10,000, or 1,000 when quick. */
  readonly budget?: number
  /** Ticks of a game that is watched as a whole. Default 10,000, or 1,000 when quick. */
  readonly ticks?: number
  readonly onProgress?: (scenario: string, workload: string, done: number) => void
  /** Called with the rows of each workload when it is finished. */
  readonly onRows?: (rows: readonly Row[]) => void
}

/** Runs scenarios one after another. */
export async function runBenchmark(options: BenchmarkOptions): Promise<Report> {
  const { scenarios, seed, quick, onProgress, onRows } = options
  const {
    counts = quick ? [10_000] : [1000, 10_000],
    fractions = [0.01, 0.1, 1],
    clients = [1, 16, 64, 256],
    growth = [100, 1000, 10_000, 50_000],
    budget = quick ? 1000 : 10_000,
    ticks = quick ? 1000 : 10_000,
  } = options
  const rows: Row[] = []
  for (const scenario of scenarios) {
    await scenario.run({
      seed,
      quick,
      counts,
      fractions,
      clients,
      growth,
      budget,
      ticks,
      progress: (workload, done) => onProgress?.(scenario.name, workload, done),
      emit: (finished) => {
        rows.push(...finished)
        onRows?.(finished)
      },
    })
  }
  if (Number.isNaN(checksum())) throw new Error('a subject returned no number: its time means nothing')
  const cpu = cpus()[0]?.model.trim() ?? 'unknown'
  const meta = { version: manifest.version, node: process.versions.node, cpu, date: new Date().toISOString(), seed }
  return { meta, rows }
}
