// Lists every scenario of the benchmark, in the order in which they run.
import { allocation } from './allocation.js'
import { browser } from './browser.js'
import { callAllocation } from './call-allocation.js'
import { decode } from './decode.js'
import { dispatch } from './dispatch.js'
import { encode } from './encode.js'
import { grid } from './grid.js'
import { growth } from './growth.js'
import { idle } from './idle.js'
import { interest } from './interest.js'
import { join } from './join.js'
import { loopback } from './loopback.js'
import type { Scenario } from './scenario.js'
import { structure } from './structure.js'
import { webrtc } from './webrtc.js'

// Those that look at the heap come first: in a process where other scenarios have called the same code with other
// handlers, the compiler knows less of it, and boxes numbers that it would not box in a game.
export const scenarios: readonly Scenario[] = [
  allocation,
  callAllocation,
  encode,
  decode,
  dispatch,
  interest,
  grid,
  idle,
  join,
  structure,
  loopback,
  growth,
  webrtc,
  browser,
]

export type { Scenario, ScenarioContext } from './scenario.js'
