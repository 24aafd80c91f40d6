// Measures what a call of each kind allocates: where it is made, and where it is received and given to its handler.
import { summarize, type Timing } from '../../src/cli/bench/harness.js'
import { heapBytes, lookCost } from '../../src/cli/bench/heap.js'
import type { FireHandler } from '../limits/call-codec.js'
import { Shots } from '../limits/shots.js'
import {
  type OurCalls,
  OurCommands,
  OurMessages,
  OurRequests,
  OurRpcs,
  OurServerMessages,
  OurTargetRpcs,
} from '../ours/calls.js'
import { type Condition, type Contender, toRows, valueAtMost } from '../../src/cli/bench/result.js'
import type { Scenario } from './scenario.js'

/** Fewer than the requests of one client that may wait. */
const CALLS = 192

const NOTHING = [valueAtMost(1, '≤ 1 B per call')]

const kinds: readonly { name: string; make: () => OurCalls }[] = [
  { name: 'command', make: () => new OurCommands() },
  { name: 'client RPC', make: () => new OurRpcs() },
  { name: 'target RPC', make: () => new OurTargetRpcs() },
  { name: 'message to the server', make: () => new OurMessages() },
  { name: 'message to a client', make: () => new OurServerMessages() },
]

export const callAllocation: Scenario = {
  name: 'call-allocation',
  title: 'heap of one call of each kind',
  async run({ ticks, progress, emit }) {
    const contenders: Contender[] = []
    const timings: Timing[] = []
    const add = (name: string, timing: Timing, goal: readonly Condition[] = []): void => {
      contenders.push({ name: `bitecs-net, ${name}`, kind: 'ours', goal, repeatable: false, run: () => 0 })
      timings.push(timing)
    }
    for (const { name, make } of kinds) {
      progress(name, 0)
      const { sent, received } = await measureCalls(make(), ticks)
      add(`${name}, sent`, sent, NOTHING)
      add(`${name}, received`, received, NOTHING)
    }
    progress('request', 0)
    const requests = new OurRequests()
    const { sent, received } = await measureCalls(requests, ticks, () => requests.settle())
    add('request, asked: with its promise', sent)
    add('request, received and answered', received, NOTHING)
    emit(toRows({ scenario: 'call-allocation', workload: `${CALLS} calls`, unit: 'B/call' }, contenders, timings))
  },
}

/** Bytes for each call, in place of milliseconds. */
interface CallHeap {
  readonly sent: Timing
  readonly received: Timing
}

/** What handlers add to, in place: a variable would be a new number for each call. */
const total = new Float64Array(1)
const fire: FireHandler = (entity, x, y, z, power) => {
  total[0]! += entity + x + y + z + power
}

/** Makes and receives calls repeatedly, and measures the heap in between. */
async function measureCalls(calls: OurCalls, runs: number, finish?: () => void): Promise<CallHeap> {
  const shots = new Shots(CALLS)
  const ownCost = lookCost()
  const sent: number[] = []
  const received: number[] = []
  for (let i = 0; i < runs; i++) {
    // As much time passes as a client may not exceed.
    calls.clear()
    calls.clear()
    const start = heapBytes()
    calls.send(shots)
    const middle = heapBytes()
    calls.dispatch(fire)
    const end = heapBytes()
    finish?.()
    // What was asked settles in a microtask.
    if (finish !== undefined) await Promise.resolve()
    // The first runs are those of code that is not optimized yet; where memory shrank, a collection took place.
    if (i < runs / 2 || middle < start || end < middle) continue
    sent.push(Math.max(0, middle - start - ownCost) / CALLS)
    received.push(Math.max(0, end - middle - ownCost) / CALLS)
  }
  if (Number.isNaN(total[0])) throw new Error('a call arrived without its numbers')
  return { sent: summarize(sent), received: summarize(received) }
}
