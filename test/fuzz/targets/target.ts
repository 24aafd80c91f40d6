// Defines a target: it applies steps, and checks itself after each and at the end.
import type { Random } from '../generate.js'
import type { Run, Step } from '../engine/steps.js'

/** One run of a target, from start to end. */
export interface TargetRun {
  /** @throws Escape, or an error of the library, when a rule was broken. */
  apply(step: Step): void
  /** Checks, after the last step, that nothing of the hostile input is left. */
  finish(): void
}

export interface Target {
  readonly name: string
  /** The number of inputs in one run: packets, or saves. */
  readonly inputs: number
  /** A run as it is before the first step. */
  begin(seed: number): TargetRun
  /** Generates steps and applies each to `run`, until it has sent the number of inputs. */
  throwAt(run: TargetRun, random: Random, inputs: number, note: (step: Step) => void): void
}

/** Runs the steps of a file. */
export function replay(target: Target, { seed, steps }: Run): void {
  const run = target.begin(seed)
  for (const step of steps) run.apply(step)
  run.finish()
}
