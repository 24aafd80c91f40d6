// Runs scenarios as a function call, at the sizes that the goals are set for, and returns their report.
import manifest from '../package.json' with { type: 'json' }
import type { Report } from '../src/cli/bench/result.js'
import { runScenarios, type RunOptions } from '../src/cli/bench/scenario.js'
import type { Sizes } from './scenarios/scenario.js'

export interface BenchmarkOptions
  extends Partial<Sizes>, Pick<RunOptions<Sizes>, 'scenarios' | 'seed' | 'quick' | 'onProgress' | 'onRows'> {
  /** Milliseconds for one workload. Default 10,000, or 400 when quick. */
  readonly budget?: number
}

/** Runs scenarios one after another. */
export function runBenchmark(options: BenchmarkOptions): Promise<Report> {
  const { scenarios, seed, quick, onProgress, onRows } = options
  const {
    counts = quick ? [10_000] : [1000, 10_000],
    fractions = [0.01, 0.1, 1],
    clients = quick ? [1, 16, 256] : [1, 16, 64, 256],
    growth = quick ? [100, 1000, 10_000] : [100, 1000, 10_000, 50_000],
    ticks = quick ? 500 : 10_000,
    budget = quick ? 400 : 10_000,
  } = options
  const context: Sizes = { counts, fractions, clients, growth, ticks }
  return runScenarios({ version: manifest.version, scenarios, seed, quick, budget, context, onProgress, onRows })
}
