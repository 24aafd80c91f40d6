// Every scenario of the benchmark, in the order in which they run.
import { allocation } from './allocation.js'
import { callAllocation } from './call-allocation.js'
import { decode } from './decode.js'
import { dispatch } from './dispatch.js'
import { encode } from './encode.js'
import type { Scenario } from './scenario.js'

export const scenarios: readonly Scenario[] = [encode, decode, dispatch, allocation, callAllocation]

export type { Scenario, ScenarioContext } from './scenario.js'
