// Defines a target: it is given steps, checks itself after each, and once more at the end.
import type { Random } from '../generate.js'
import type { Run, Step } from '../engine/steps.js'

/** One run of a target, from its beginning to its end. */
export interface TargetRun {
  /** @throws Escape, or whatever the library threw, when something got through. */
  apply(step: Step): void
  /** After the last step: everything must be as if nobody hostile had been there. */
  finish(): void
}

export interface Target {
  readonly name: string
  /** Inputs in one run: packets, or saves. */
  readonly inputs: number
  /** A run as it is before the first step. */
  begin(seed: number): TargetRun
  /** Makes steps and gives each to `run`, until as many inputs were thrown as asked for. */
  throwAt(run: TargetRun, random: Random, inputs: number, note: (step: Step) => void): void
}

/** Runs the steps of a file. */
export function replay(target: Target, { seed, steps }: Run): void {
  const run = target.begin(seed)
  for (const step of steps) run.apply(step)
  run.finish()
}
