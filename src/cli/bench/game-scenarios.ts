// Measures a game's own protocol: encoding, decoding, joining, and every call and message that it lists.
import { close } from '../../verbs/close.js'
import { serverState } from '../../world/state.js'
import { replicateState, runSystems, serverReceive, serverSend, updateInterest } from '../../../systems/index.js'
import type { Protocol } from '../../protocol/protocol.js'
import { measureDispatch } from './game-calls.js'
import { decodeChanges, encodeChanges } from './game-json.js'
import { GameWorld } from './game-world.js'
import { measure, measureSamples, type SelfTimed, timed } from './harness.js'
import { type Contender, type Entrant, toRows } from './result.js'
import type { RunContext, Scenario } from './scenario.js'
import { gameScenarioTitles } from './titles.js'

/** Additional inputs of a game's scenarios. */
export interface GameContext {
  readonly protocol: Protocol
  /** Entities of the world. */
  readonly entities: number
  /** The fractions of the entities that change in a tick. */
  readonly fractions: readonly number[]
}

const OURS = 'bitecs-net'
const JSON_TEXT = 'JSON, what changed known'
const TICK_MS = 50
/** Ticks over which bytes are counted. */
const COUNTED_TICKS = 8
const LONGEST_JOIN_TICKS = 10_000

type GameScenario = Scenario<GameContext>
type Context = GameContext & RunContext

/** The scenarios of a game, by name. */
const runs: Readonly<Record<(typeof gameScenarioTitles)[number]['name'], GameScenario['run']>> = {
  encode: (context) => eachFraction(context, 'encode', encoders),
  decode: (context) => eachFraction(context, 'decode', decoders),
  join: measureJoin,
  dispatch: measureDispatch,
}

export const gameScenarios: readonly GameScenario[] = gameScenarioTitles.map(({ name, title }) => {
  return { name, title, run: runs[name] }
})

async function eachFraction(
  context: Context,
  scenario: string,
  contenders: (context: Context, fraction: number) => Contender[],
): Promise<void> {
  const { entities, fractions, budget, progress, emit, protocol } = context
  if (protocol.componentList.every(({ fields }) => fields.length === 0)) return
  for (const fraction of fractions) {
    const name = `N=${entities} f=${Number((fraction * 100).toPrecision(3))}%`
    const measured = contenders(context, fraction)
    const timings = await measure(measured, { budget, onProgress: (done) => progress(name, done) })
    emit(toRows({ scenario, workload: name, unit: 'µs', scale: 1000 }, measured, timings))
  }
}

/** Bytes per changed entity, headers included. */
function countBytes(world: GameWorld, fraction: number): number {
  const before = world.bytesSent
  let changed = 0
  for (let i = 0; i < COUNTED_TICKS; i++) {
    changed += world.change(fraction).length
    world.network.tick()
  }
  return (world.bytesSent - before) / changed
}

function encoders({ protocol, entities, seed }: Context, fraction: number): Contender[] {
  const world = new GameWorld(protocol, entities, seed)
  const { server } = world.network
  const bytes = countBytes(world, fraction)
  const role = serverState(server)
  // The work that a server does once for all its clients.
  const encode = [updateInterest, replicateState]
  let changed = 0
  const own: Contender = {
    name: OURS,
    kind: 'ours',
    repeatable: false,
    bytes,
    prepare() {
      changed = world.change(fraction).length
    },
    run() {
      role.tick++
      for (const system of encode) system(server)
      const found = role.replication.tracker.dirty.size
      // A few may have been set to the value that they already had.
      if (found < changed / 2 || found > changed) throw new Error(`found ${found} of ${changed} changes`)
      return found
    },
  }
  return [own, jsonEncoder(world, fraction)]
}

function textOf({ changing, protocol }: GameWorld, changed: readonly number[]): string {
  const names = changing.map((component) => protocol.componentNames[protocol.componentList.indexOf(component)]!)
  return encodeChanges(changing, names, changed)
}

/** The encoder is given the changed entities. It reads them from the same arrays, which it does not change. */
function jsonEncoder(world: GameWorld, fraction: number): Contender {
  let picked = world.pick(fraction)
  const bytes = textOf(world, picked).length / picked.length
  return {
    name: JSON_TEXT,
    kind: 'peer',
    repeatable: true,
    bytes,
    prepare() {
      picked = world.pick(fraction)
    },
    run: () => textOf(world, picked).length,
  }
}

function decoders({ protocol, entities, seed }: Context, fraction: number): Contender[] {
  const world = new GameWorld(protocol, entities, seed)
  const { network } = world
  const client = network.clients[0]!
  const bytes = countBytes(world, fraction)
  const own: Contender = {
    name: OURS,
    kind: 'ours',
    repeatable: false,
    bytes,
    prepare() {
      world.change(fraction)
      network.stall(TICK_MS)
      runSystems(network.server, [...serverReceive, ...serverSend])
    },
    run() {
      client.step()
      return world.known(client.world)
    },
  }
  const into = new Map<string, number[]>()
  let text = ''
  const json: Contender = {
    name: JSON_TEXT,
    kind: 'peer',
    repeatable: true,
    prepare() {
      text = textOf(world, world.pick(fraction))
    },
    run: () => decodeChanges(text, into),
  }
  return [own, json]
}

async function measureJoin({ protocol, entities, seed, budget, progress, emit }: Context): Promise<void> {
  const world = new GameWorld(protocol, entities, seed, 0)
  const { network } = world
  const name = `N=${entities}`
  let bytes = 0
  /**
   * Connects a client that receives everything, and disconnects it. Returns the milliseconds of both sides until then.
   */
  const joinOnce = (): { server: number; client: number } => {
    const client = network.begin()
    const before = world.bytesSent
    const times = { server: 0, client: 0 }
    for (let tick = 0; world.known(client.world) < entities; tick++) {
      if (tick > LONGEST_JOIN_TICKS) throw new Error('a joining client did not receive every entity')
      network.stall(TICK_MS)
      times.client += timed(() => {
        client.step()
        return tick
      })
      times.server += timed(() => {
        runSystems(network.server, [...serverReceive, ...serverSend])
        return tick
      })
    }
    bytes = world.bytesSent - before
    void close(client.world)
    network.tick(2)
    return times
  }
  const sides: (Entrant & SelfTimed)[] = [
    { name: `${OURS}, server`, kind: 'ours', sample: () => joinOnce().server },
    { name: `${OURS}, client`, kind: 'ours', sample: () => joinOnce().client },
  ]
  const timings = await measureSamples(sides, { budget, onProgress: (done) => progress(name, done) })
  const entrants = sides.map(({ name: side, kind }): Entrant => ({ name: side, kind, bytes: bytes / entities }))
  emit(toRows({ scenario: 'join', workload: name, unit: 'ms' }, entrants, timings))
}
