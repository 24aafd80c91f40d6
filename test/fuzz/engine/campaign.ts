// Runs one target after another, each with its own seed, until one fails or the time is over.
import { createRandom } from '../../../src/transport/random.js'
import type { Target } from '../targets/target.js'
import { minimise } from './minimise.js'
import type { Run, Step } from './steps.js'

/** A failed run: the error, and its reduced steps. */
export interface Failure {
  readonly error: unknown
  readonly run: Run
}

/** Runs a target once. @returns the error and the steps of a failure; undefined without one. */
export function runOnce(target: Target, seed: number, inputs: number): Failure | undefined {
  const steps: Step[] = []
  try {
    const run = target.begin(seed)
    target.throwAt(run, createRandom(seed), inputs, (step) => void steps.push(step))
    run.finish()
    return undefined
  } catch (error) {
    return { error, run: { target: target.name, seed, steps } }
  }
}

/** Reduces the steps of a failure, for at most so many milliseconds. */
export function reduce(target: Target, { error, run }: Failure, milliseconds: number): Failure {
  return { error, run: minimise(target, run, milliseconds) }
}

/** The statistics of one target in a campaign. */
export interface NameCounts {
  inputs: number
  runs: number
  milliseconds: number
}
