// Runs of one target after another, each from a seed of its own, until one fails or the time is over.
import { createRandom } from '../../../src/transport/random.js'
import type { Target } from '../targets/target.js'
import { minimise } from './minimise.js'
import type { Run, Step } from './steps.js'

/** A run that failed: why, and its steps, made fewer. */
export interface Failure {
  readonly error: unknown
  readonly run: Run
}

/** One run of a target. @returns why it failed, and the steps that led there; undefined when it did not. */
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

/** The same failure with as few steps as can be found in so many milliseconds. */
export function reduce(target: Target, { error, run }: Failure, milliseconds: number): Failure {
  return { error, run: minimise(target, run, milliseconds) }
}

/** What a campaign has done with one target. */
export interface NameCounts {
  inputs: number
  runs: number
  milliseconds: number
}
