// Times one call of each kind { entity, x, y, z, power }, from the sender's verb to the receiver's handler: encoded,
// decoded, dispatched. A request is timed for the round trip.
import { CallCodec, FanOutCodec, type FireHandler, MessageCodec, RequestCodec } from '../limits/call-codec.js'
import { CheckedCallCodec } from '../limits/checked-calls.js'
import { Shots } from '../limits/shots.js'
import { measure } from '../../src/cli/bench/harness.js'
import {
  OurCommands,
  OurFanOut,
  OurMessages,
  OurRequests,
  OurRpcs,
  OurServerMessages,
  OurTargetRpcs,
} from '../ours/calls.js'
import { GECKOS, GeckosCalls, GeckosRequests } from '../peers/geckos.js'
import { JsonCalls, JsonRequests } from '../peers/json.js'
import { atMost, type Contender, faster, toRows } from '../../src/cli/bench/result.js'
import type { Scenario } from './scenario.js'

const HAND = 'limit: hand-written, reused DataView'
/** Written for this one call, so with no names, ids or types to look up. */
const CHECKED = 'limit: hand-written, with the same checks and a queue'
/** Calls of one tick, as a packet would hold them. */
export const CALLS = 64
/** Clients that get every call, where one goes to many. */
export const RECEIVERS = 64
/** Nanoseconds of a call from milliseconds of a tick. */
const NANOSECONDS = 1e6 / CALLS

const shots = new Shots(CALLS)

/** What handlers add to, so that no call can be optimised away. */
let total = 0
const fire: FireHandler = (entity, x, y, z, power) => {
  total += entity + x + y + z + power
}

interface Kind {
  readonly workload: string
  readonly contenders: () => Contender[]
  /** How often each call is received. */
  readonly receivers: number
}

const kinds: readonly Kind[] = [
  { workload: 'commands', contenders: () => besideCalls('command', new OurCommands()), receivers: 1 },
  { workload: 'client RPCs', contenders: () => besideCalls('client RPC', new OurRpcs()), receivers: 1 },
  { workload: `client RPCs to ${RECEIVERS}, each`, contenders: fanOut, receivers: RECEIVERS },
  { workload: 'target RPCs', contenders: () => besideCalls('target RPC', new OurTargetRpcs()), receivers: 1 },
  { workload: 'messages to the server', contenders: () => besideMessages(new OurMessages()), receivers: 1 },
  { workload: 'messages to a client', contenders: () => besideMessages(new OurServerMessages()), receivers: 1 },
  { workload: 'requests', contenders: requests, receivers: 1 },
]

export const dispatch: Scenario = {
  name: 'dispatch',
  title: 'one call of each kind: encoded, decoded, dispatched',
  async run({ budget, progress, emit }) {
    for (const { workload: name, contenders: make, receivers } of kinds) {
      const workload = `${CALLS} ${name}`
      const contenders = make()
      // Short work, of which half the time of a workload tells as much.
      const timings = await measure(contenders, { budget: budget / 2, onProgress: (done) => progress(workload, done) })
      emit(toRows({ scenario: 'dispatch', workload, unit: 'ns', scale: NANOSECONDS / receivers }, contenders, timings))
    }
  },
}

/** A way to call: a tick's calls are made, and then handed to their handlers. */
interface Calls {
  readonly size: number
  clear(): void
  send(shots: Shots): void
  dispatch(fire: FireHandler): void
}

const GOAL = [atMost(4, HAND), faster(40, GECKOS)]

function ours(name: string, calls: Calls): Contender {
  return { name: `bitecs-net, ${name}`, kind: 'ours', goal: GOAL, ...runner(calls) }
}

function limit(calls: Calls, name = HAND): Contender {
  return { name, kind: 'limit', ...runner(calls) }
}

function runner(calls: Calls): Pick<Contender, 'repeatable' | 'run' | 'bytes'> {
  const run = (): number => {
    calls.clear()
    calls.send(shots)
    calls.dispatch(fire)
    return total
  }
  run()
  return { repeatable: true, run, bytes: calls.size / CALLS }
}

function besideCalls(name: string, calls: Calls): Contender[] {
  return [
    ours(name, calls),
    json(1),
    geckos(1),
    limit(new CallCodec(CALLS)),
    limit(new CheckedCallCodec(CALLS), CHECKED),
  ]
}

function besideMessages(calls: Calls): Contender[] {
  return [ours('message', calls), json(1), geckos(1), limit(new MessageCodec(CALLS))]
}

function fanOut(): Contender[] {
  const hand = limit(new FanOutCodec(CALLS, RECEIVERS))
  return [ours('client RPC', new OurFanOut(RECEIVERS)), json(RECEIVERS), geckos(RECEIVERS), hand]
}

/** Encoded once, however many receive it. */
function json(receivers: number): Contender {
  const calls = new JsonCalls(fire)
  const run = (): number => {
    calls.clear()
    calls.send(shots, receivers)
    return total
  }
  run()
  return { name: 'JSON, handler table', kind: 'peer', repeatable: true, run, bytes: calls.size / CALLS }
}

/** It encodes a call for each receiver. */
function geckos(receivers: number): Contender {
  const calls = new GeckosCalls(fire)
  const run = async (): Promise<number> => {
    calls.clear()
    calls.send(shots, receivers)
    // Every call was queued as a microtask before this one.
    await Promise.resolve()
    return calls.size
  }
  let bytes = 0
  for (let i = 0; i < CALLS; i++) {
    const [x, y, z, power] = shots.at(i)
    bytes += JSON.stringify({ fire: { entity: 1, x, y, z, power } }).length
  }
  return { name: GECKOS, kind: 'peer', repeatable: true, run, bytes: bytes / CALLS }
}

/** A way to ask. Answers come by themselves, or when they are settled. */
interface Requests {
  readonly last: Promise<unknown>
  clear(): void
  send(shots: Shots): void
  dispatch?(fire: FireHandler): void
  settle?(): void
}

function requests(): Contender[] {
  const calls = new OurRequests()
  const run = runRequests(calls)
  calls.send(shots)
  calls.dispatch(fire)
  const bytes = calls.size / CALLS
  calls.settle()
  return [
    { name: 'bitecs-net, request', kind: 'ours', goal: GOAL, repeatable: true, run, bytes },
    { name: 'JSON, handler table', kind: 'peer', repeatable: true, run: runRequests(new JsonRequests(fire)) },
    { name: GECKOS, kind: 'peer', repeatable: true, run: runRequests(new GeckosRequests(fire)) },
    { name: HAND, kind: 'limit', repeatable: true, run: runRequests(new RequestCodec(CALLS)) },
  ]
}

/** Makes a tick's requests and waits for the last answer. */
function runRequests(way: Requests): () => Promise<number> {
  return async () => {
    way.clear()
    way.send(shots)
    way.dispatch?.(fire)
    way.settle?.()
    await way.last
    return total
  }
}
