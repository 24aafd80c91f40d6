// One call { entity, x, y, z, power }, from the sender's verb to the receiver's handler: encoded, decoded, dispatched.
import { CallCodec, type FireHandler } from '../limits/call-codec.js'
import { measure } from '../harness.js'
import { OurCalls } from '../ours/calls.js'
import { GECKOS, GeckosCalls } from '../peers/geckos.js'
import { createJsonDispatch, encodeJsonCall } from '../peers/json.js'
import { atMost, type Contender, faster, toRows } from '../result.js'
import type { Scenario } from './scenario.js'

const HAND = 'limit: hand-written, reused DataView'
/** Calls of one tick, as a packet would hold them. */
export const CALLS = 64
/** Nanoseconds of a call from milliseconds of a tick. */
const NANOSECONDS = 1e6 / CALLS

/** What handlers add to, so that no call can be optimised away. */
let total = 0

export const dispatch: Scenario = {
  name: 'dispatch',
  title: 'one call: encoded, decoded, dispatched',
  async run({ budget, progress, emit }) {
    const workload = `${CALLS} calls`
    const contenders = dispatchers((entity, x, y, z, power) => {
      total += entity + x + y + z + power
    })
    const timings = await measure(contenders, { budget, onProgress: (done) => progress(workload, done) })
    emit(toRows('dispatch', workload, contenders, timings, 'ns', NANOSECONDS))
  },
}

/** Every way to call, each in front of the same handler. */
export function dispatchers(fire: FireHandler): Contender[] {
  return [ours(fire), json(fire), geckos(fire), hand(fire)]
}

/** The arguments of a tick's calls: other numbers for each, exact as 32-bit floats. */
function eachCall(call: (x: number, y: number, z: number, power: number) => void): void {
  for (let i = 0; i < CALLS; i++) call(i + 0.5, i * 2 + 0.25, -i, i)
}

function ours(fire: FireHandler): Contender {
  const calls = new OurCalls()
  const send = (x: number, y: number, z: number, power: number): void => calls.send(x, y, z, power)
  const run = (): number => {
    calls.clear()
    eachCall(send)
    calls.dispatch(fire)
    return total
  }
  run()
  const goal = [atMost(4, HAND), faster(40, GECKOS)]
  return { name: 'bitecs-net, command', kind: 'ours', goal, repeatable: true, run, bytes: calls.size / CALLS }
}

function hand(fire: FireHandler): Contender {
  const codec = new CallCodec(CALLS)
  const write = (x: number, y: number, z: number, power: number): void => codec.write(1, x, y, z, power)
  const run = (): number => {
    codec.clear()
    eachCall(write)
    codec.dispatch(fire)
    return total
  }
  run()
  return { name: HAND, kind: 'limit', repeatable: true, run, bytes: codec.size / CALLS }
}

function json(fire: FireHandler): Contender {
  const receive = createJsonDispatch(fire)
  let bytes = 0
  const call = (x: number, y: number, z: number, power: number): void => {
    const text = encodeJsonCall(1, x, y, z, power)
    bytes += text.length
    receive(text)
  }
  const run = (): number => {
    bytes = 0
    eachCall(call)
    return bytes
  }
  run()
  return { name: 'JSON, handler table', kind: 'peer', repeatable: true, run, bytes: bytes / CALLS }
}

function geckos(fire: FireHandler): Contender {
  const calls = new GeckosCalls(fire)
  const emit = (x: number, y: number, z: number, power: number): void => calls.emit(1, x, y, z, power)
  const run = async (): Promise<number> => {
    calls.size = 0
    eachCall(emit)
    // Every call was queued as a microtask before this one.
    await Promise.resolve()
    return calls.size
  }
  let bytes = 0
  eachCall((x, y, z, power) => {
    bytes += JSON.stringify({ fire: { entity: 1, x, y, z, power } }).length
  })
  return { name: GECKOS, kind: 'peer', repeatable: true, run, bytes: bytes / CALLS }
}
