// What a scenario is: a name to choose it by, and rows.
import type { Row } from '../../src/cli/bench/result.js'

export interface ScenarioContext {
  /** Everything random follows from it. */
  readonly seed: number
  /** A look, in place of a measurement. */
  readonly quick: boolean
  /** Sizes of the worlds. */
  readonly counts: readonly number[]
  /** The parts that change in a tick, from 0 to 1. */
  readonly fractions: readonly number[]
  /** Milliseconds for one workload. */
  readonly budget: number
  /** Numbers of clients. */
  readonly clients: readonly number[]
  /** Sizes of the worlds whose cost is followed as they grow. */
  readonly growth: readonly number[]
  /** Ticks of a game that is watched as a whole. */
  readonly ticks: number
  /** Says what is being measured, and how much of it is done, from 0 to 1. */
  readonly progress: (workload: string, done: number) => void
  /** Takes the rows of a finished workload. */
  readonly emit: (rows: readonly Row[]) => void
}

export interface Scenario {
  readonly name: string
  /** One line for people. */
  readonly title: string
  /** It takes a real network and processes of its own, and the machine for itself. */
  readonly real?: boolean
  run(context: ScenarioContext): Promise<void>
}
