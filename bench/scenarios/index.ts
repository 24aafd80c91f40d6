// Every scenario of the benchmark, in the order in which they run.
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

export const scenarios: readonly Scenario[] = [
  encode,
  decode,
  dispatch,
  interest,
  grid,
  idle,
  join,
  structure,
  loopback,
  allocation,
  callAllocation,
  growth,
  webrtc,
  browser,
]

export type { Scenario, ScenarioContext } from './scenario.js'
