// Declares what these scenarios receive in addition to what every benchmark provides.
import type * as base from '../../src/cli/bench/scenario.js'

export interface Sizes {
  /** Sizes of the worlds. */
  readonly counts: readonly number[]
  /** The parts that change in a tick, from 0 to 1. */
  readonly fractions: readonly number[]
  /** Numbers of clients. */
  readonly clients: readonly number[]
  /** Sizes of the worlds whose cost is followed as they grow. */
  readonly growth: readonly number[]
  /** Ticks of a game that is watched as a whole. */
  readonly ticks: number
}

export type ScenarioContext = base.RunContext & Sizes
export type Scenario = base.Scenario<Sizes>
