// Measures every call and message of a game, with arguments by type: from the verb through both pipelines to the
// drain.
import type { Definition } from '../../protocol/definitions.js'
import type { Protocol } from '../../protocol/protocol.js'
import { drain } from '../../verbs/drain.js'
import { sendCommand, sendRpc, sendTargetRpc } from '../../verbs/calls.js'
import { sendMessage } from '../../verbs/messages.js'
import { clientState, type NetworkWorld } from '../../world/state.js'
import { entityOf, netIdOf } from '../../verbs/lookup.js'
import { GameWorld } from './game-world.js'
import { measure, type Timing } from './harness.js'
import { type Contender, toRows } from './result.js'
import type { RunContext } from './scenario.js'
import { argumentsOf } from './values.js'

/** Calls of one tick, if the definition's rate limit allows so many at once. */
const CALLS = 64
/** Entities to call on, and to name. */
const ENTITIES = 8
/** Different arguments, which then repeat. */
const VARIANTS = 16
const NANOSECONDS = 1e6
const WARM_UP_TICKS = 4

type Args = Record<string, unknown>
/** The type of the verbs, for definitions that are only known at run time. */
type Verb = (world: NetworkWorld, eid: number, definition: Definition, args: Args) => unknown
type MessageVerb = (world: NetworkWorld, definition: Definition, args: Args) => unknown
const drainAny = drain as unknown as (world: NetworkWorld, definition: Definition) => Iterable<unknown>

interface Way {
  readonly name: string
  readonly definition: Definition
  readonly from: 'client' | 'server'
}

/** Lists each definition in each direction in which it may be sent. */
function waysOf({ definitions, definitionNames }: Protocol): Way[] {
  return definitions.flatMap((definition, id): Way[] => {
    const name = definitionNames[id]!
    if (definition.kind === 'command') return [{ name: `command ${name}`, definition, from: 'client' }]
    if (definition.kind === 'client-rpc') return [{ name: `client RPC ${name}`, definition, from: 'server' }]
    if (definition.kind === 'target-rpc') return [{ name: `target RPC ${name}`, definition, from: 'server' }]
    const sides = definition.from === 'both' ? (['client', 'server'] as const) : [definition.from]
    return sides.map((from) => ({
      name: `message ${name} of ${from === 'client' ? 'a' : 'the'} ${from}`,
      definition,
      from,
    }))
  })
}

export async function measureDispatch(
  context: RunContext & { readonly protocol: Protocol; readonly entities: number },
): Promise<void> {
  const { protocol, entities, seed, budget, progress, emit } = context
  const measured: Contender[] = []
  const timings: Timing[] = []
  for (const way of waysOf(protocol)) {
    const world = new GameWorld(protocol, Math.min(entities, ENTITIES), seed)
    const { contender, calls } = callsOf(world, way)
    const [timing] = await measure([contender], {
      budget: budget / 4,
      onProgress: (done) => progress(way.name, done),
    })
    const { median, p99, samples } = timing!
    measured.push(contender)
    timings.push({ median: median / calls, p99: p99 / calls, samples })
  }
  const workload = 'a call of a full tick, from the verb to the drain'
  emit(toRows({ scenario: 'dispatch', workload, unit: 'ns', scale: NANOSECONDS }, measured, timings))
}

/** Makes a tick with calls of one kind, all of them drained. */
function callsOf(world: GameWorld, { name, definition, from }: Way): { contender: Contender; calls: number } {
  const { network, random } = world
  const rate = 'rate' in definition ? definition.rate : undefined
  const calls = Math.min(CALLS, rate?.burst ?? CALLS)
  // Long enough for the rate limit to allow the next tick's calls.
  const wait = rate === undefined ? 0 : Math.ceil((calls * 1000) / rate.perSecond)
  const client = network.clients[0]!.world
  const sender: NetworkWorld = from === 'client' ? client : network.server
  const receiver: NetworkWorld = from === 'client' ? network.server : client
  const own = (eid: number): number => (from === 'client' ? entityOf(client, netIdOf(network.server, eid)) : eid)
  const anyEntity = (): number => own(world.anyEntity())
  const target = anyEntity()
  const variants = Array.from({ length: VARIANTS }, () => argumentsOf(definition.schema, random, anyEntity))
  const send = verbOf(sender, definition, target)
  let heard = 0
  const run = (): number => {
    const before = heard
    for (let i = 0; i < calls; i++) send(variants[i % VARIANTS]!)
    network.tick()
    for (const _ of drainAny(receiver, definition)) heard += 1
    return heard - before
  }
  const size = bytesOf(world, from)
  const before = size()
  for (let i = 0; i < WARM_UP_TICKS; i++) {
    network.stall(wait)
    run()
  }
  // Calls arrive in the tick in which they are sent, or in the next.
  if (heard < calls * (WARM_UP_TICKS - 1)) throw new Error(`${name}: only ${heard} calls of some ticks arrived`)
  const bytes = (size() - before) / calls / WARM_UP_TICKS
  const prepare = (): void => {
    network.stall(wait)
    // Calls with `runLocally` are in the sender's own queue too.
    if ('runLocally' in definition && definition.runLocally) for (const _ of drainAny(sender, definition)) heard += 0
  }
  return { contender: { name: `bitecs-net, ${name}`, kind: 'ours', repeatable: false, bytes, prepare, run }, calls }
}

function verbOf(sender: NetworkWorld, definition: Definition, target: number): (args: Args) => void {
  if (definition.kind === 'message')
    return (args) => void (sendMessage as unknown as MessageVerb)(sender, definition, args)
  const verbs = { command: sendCommand, 'client-rpc': sendRpc, 'target-rpc': sendTargetRpc }
  const verb = verbs[definition.kind] as unknown as Verb
  return (args) => void verb(sender, target, definition, args)
}

/** A function that returns the bytes that a side has sent so far. */
function bytesOf(world: GameWorld, from: Way['from']): () => number {
  if (from === 'server') return () => world.bytesSent
  const { transport } = clientState(world.network.clients[0]!.world)
  return () => transport!.counters.bytesSent
}
