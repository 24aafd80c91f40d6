// Defines and runs the scenarios of a benchmark, which report progress and results.
import { cpus } from 'node:os'
import { checksum } from './harness.js'
import type { Report, Row } from './result.js'

/** The inputs of every scenario. */
export interface RunContext {
  /** The seed of everything random. */
  readonly seed: number
  /** Whether to take a quick look instead of a measurement. */
  readonly quick: boolean
  /** Milliseconds for one workload. */
  readonly budget: number
  /** Reports what is being measured, and how much of it is done, from 0 to 1. */
  readonly progress: (workload: string, done: number) => void
  /** Receives the rows of a finished workload. */
  readonly emit: (rows: readonly Row[]) => void
}

export interface Scenario<Context = RunContext> {
  readonly name: string
  /** One human-readable line. */
  readonly title: string
  /** Whether it needs a real network, separate processes, and the machine for itself. */
  readonly real?: boolean
  run(context: Context & RunContext): Promise<void>
}

export interface RunOptions<Context> {
  /** The version of the library. */
  readonly version: string
  readonly scenarios: readonly Scenario<Context>[]
  readonly seed: number
  readonly quick: boolean
  readonly budget: number
  /** Additional inputs of these scenarios. */
  readonly context: Context
  readonly onProgress?: (scenario: string, workload: string, done: number) => void
  /** Called with the rows of each workload when it is finished. */
  readonly onRows?: (rows: readonly Row[]) => void
}

/**
 * Runs scenarios one after another. @throws Error when a subject returned no number, which makes its time meaningless.
 */
export async function runScenarios<Context>(options: RunOptions<Context>): Promise<Report> {
  const { version, scenarios, seed, quick, budget, context, onProgress, onRows } = options
  const rows: Row[] = []
  for (const scenario of scenarios) {
    await scenario.run({
      ...context,
      seed,
      quick,
      budget,
      progress: (workload, done) => onProgress?.(scenario.name, workload, done),
      emit: (finished) => {
        rows.push(...finished)
        onRows?.(finished)
      },
    })
  }
  if (Number.isNaN(checksum())) throw new Error('a benchmark subject must return a number')
  const cpu = cpus()[0]?.model.trim() ?? 'unknown'
  return { meta: { version, node: process.versions.node, cpu, date: new Date().toISOString(), seed }, rows }
}
