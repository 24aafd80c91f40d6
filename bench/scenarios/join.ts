// Measures a client that joins an existing world: the cost of its first state for server, client and network.
import { addComponents, addEntity, createWorld } from 'bitecs'
import { Networked } from '../../components/networked.js'
import { measureSamples, type SelfTimed, summarize, timed } from '../../src/cli/bench/harness.js'
import { bytesAtMost, type Entrant, p99AtMost, toRows, valueAtMost } from '../../src/cli/bench/result.js'
import { close } from '../../src/server.js'
import { DEFAULT_SPAWN_BYTES_PER_TICK } from '../../src/replication/server/send-budget.js'
import { createTestNetwork } from '../../src/testing.js'
import { Channel } from '../../src/transport/transport.js'
import { clientState } from '../../src/world/state.js'
import { runSystems, serverReceive, serverSend } from '../../systems/index.js'
import { requireRoom } from '../limits/hand-typed.js'
import { spawnRecords } from '../limits/spawn-records.js'
import { Crowd } from '../ours/crowd.js'
import { protocolOf } from '../ours/world.js'
import { BITECS } from '../peers/bitecs.js'
import { BitecsSnapshot } from '../peers/bitecs-worlds.js'
import { copyAll, type Moving } from '../peers/bodies.js'
import { COLYSEUS, ColyseusDecoder, ColyseusEncoder } from '../peers/colyseus.js'
import { NENGI, NengiClient, NengiServer } from '../peers/nengi.js'
import { numbers, RAW_BYTES, Stores, Workload } from '../workload.js'
import type { Scenario, ScenarioContext } from './scenario.js'

const HAND = 'limit: hand-written'
const BITECS_SNAPSHOT = `${BITECS} snapshot, sized buffer`
const TICK_MS = 50
/** Clients that come at once. */
const STORM = 64
const LONGEST_JOIN_TICKS = 4000
/** Headers of packets add so much to what is in them. */
const HEADERS = 1.01

type Sampled = Entrant & SelfTimed

export const join: Scenario = {
  name: 'join',
  title: 'the first state of a client, and of 64 at once',
  async run(context) {
    const { counts, clients, seed, budget, progress, emit } = context
    const workload = new Workload(Math.max(...counts), 0, seed)
    requireRoom(workload.count)
    const measureAll = async (name: string, contenders: readonly Sampled[]): Promise<void> => {
      const timings = await measureSamples(contenders, { budget, onProgress: (done) => progress(name, done) })
      emit(toRows({ scenario: 'join', workload: name, unit: 'ms' }, contenders, timings))
    }
    await measureAll(`N=${workload.count}, server`, senders(workload))
    await measureAll(`N=${workload.count}, client`, receivers(workload))
    joinStorm(context, workload, Math.min(STORM, Math.max(...clients)))
  },
}

function senders(workload: Workload): Sampled[] {
  const { count } = workload
  const filled = (stores: Stores): Uint32Array => {
    const eids = numbers(1, count)
    workload.populate(stores, eids)
    return eids
  }
  const encoder = (name: string, kind: Sampled['kind'], encode: () => number): Sampled => {
    return { name, kind, bytes: encode() / count, sample: () => timed(encode) }
  }
  const crowd = new Crowd(workload, { clients: 0, quantize: false })
  const bytes = joinOnce(crowd).bytes / count
  const eids = filled(spawnRecords.source)
  const plain = plainWorld(workload)
  const snapshot = new BitecsSnapshot(plain.world, plain.stores, count)
  const stores = new Stores(count + 1)
  const fill = (bodies: readonly Moving[]): void => copyAll(stores, filled(stores), bodies)
  const colyseus = new ColyseusEncoder(count, fill)
  return [
    {
      name: 'bitecs-net',
      kind: 'ours',
      bytes,
      goal: [bytesAtMost(3 * RAW_BYTES, 'entity: 3 × its values')],
      sample: () => joinOnce(crowd).milliseconds,
    },
    encoder(BITECS_SNAPSHOT, 'peer', () => snapshot.encode()),
    encoder(COLYSEUS, 'peer', () => colyseus.encodeAll()),
    nengiSender(count, fill),
    encoder(HAND, 'limit', () => spawnRecords.encode(eids)),
  ]
}

/** nengi tells a user everything once, so each sample needs a server of its own. */
function nengiSender(count: number, fill: (bodies: readonly Moving[]) => void): Sampled {
  let first = 0
  const sample = (): number => {
    const server = new NengiServer(count, fill)
    first = server.first.length
    return server.firstMs
  }
  sample()
  return { name: NENGI, kind: 'peer', bytes: first / count, sample }
}

/**
 * A client comes and gets everything. Milliseconds of the server's ticks, over and above those in which nobody comes.
 */
function joinOnce(crowd: Crowd): { milliseconds: number; bytes: number } {
  crowd.tick()
  crowd.stepClients()
  const still = timed(() => crowd.serverTick())
  const client = crowd.connect()
  let milliseconds = 0
  for (let tick = 0; ; tick++) {
    crowd.stepClients()
    if (crowd.isSettled) break
    if (tick > LONGEST_JOIN_TICKS) throw new Error('the client did not get everything')
    milliseconds += Math.max(0, timed(() => crowd.serverTick()) - still)
  }
  const bytes = client.bytes[0]
  crowd.dismiss()
  return { milliseconds, bytes }
}

function plainWorld(workload: Workload): { world: ReturnType<typeof createWorld>; stores: Stores } {
  const stores = new Stores(workload.count + 1)
  const world = createWorld()
  const { position, rotation, velocity, health } = stores
  const eids = Uint32Array.from({ length: workload.count }, () => addEntity(world))
  workload.populate(stores, eids)
  for (const eid of eids) addComponents(world, eid, position, rotation, velocity, health)
  return { world, stores }
}

function receivers(workload: Workload): Sampled[] {
  const { count } = workload
  const plain = plainWorld(workload)
  const snapshot = new BitecsSnapshot(plain.world, plain.stores, count)
  snapshot.encode()
  const target = new Stores(count + 1)
  const eids = numbers(1, count)
  workload.populate(spawnRecords.source, eids)
  spawnRecords.encode(eids)
  const fill = (bodies: readonly Moving[]): void => copyAll(plain.stores, eids, bodies)
  const colyseus = new ColyseusEncoder(count, fill)
  const nengi = new NengiServer(count, fill)
  return [
    ourReceiver(workload),
    { name: BITECS_SNAPSHOT, kind: 'peer', sample: () => timed(() => snapshot.decode(target)) },
    { name: COLYSEUS, kind: 'peer', sample: () => timed(() => new ColyseusDecoder(colyseus.first).bodies.length) },
    { name: NENGI, kind: 'peer', sample: () => timed(() => new NengiClient(nengi.first).bodies.length) },
    {
      name: `${HAND}, with bitECS' entities`,
      kind: 'limit',
      sample: () => timed(() => spawnRecords.decode(createWorld(), count)),
    },
  ]
}

/** Milliseconds of a real client's frames until it has everything. */
function ourReceiver(workload: Workload): Sampled {
  const { count } = workload
  const stores = new Stores(2 * count + 64)
  const network = createTestNetwork(protocolOf(stores, false), { clients: 0 })
  const { server } = network
  const { position, rotation, velocity, health } = stores
  const eids = Uint32Array.from({ length: count }, () => addEntity(server))
  workload.populate(stores, eids)
  for (const eid of eids) addComponents(server, eid, position, rotation, velocity, health, Networked)
  const serve = (): void => runSystems(server, [...serverReceive, ...serverSend])
  const sample = (): number => {
    const client = network.begin()
    const { entities } = clientState(client.world).replication
    let milliseconds = 0
    for (let tick = 0; entities.alive < count; tick++) {
      if (tick > LONGEST_JOIN_TICKS) throw new Error('the client did not get everything')
      network.stall(TICK_MS)
      milliseconds += timed(() => {
        client.step()
        return entities.alive
      })
      serve()
    }
    void close(client.world)
    network.stall(TICK_MS)
    serve()
    return milliseconds
  }
  return { name: 'bitecs-net', kind: 'ours', sample }
}

/** Clients that come all at once: how long the server's ticks take until they have everything. */
function joinStorm({ progress, emit }: ScenarioContext, workload: Workload, clients: number): void {
  const name = `${clients} clients at once, N=${workload.count}`
  progress(name, 0)
  const crowd = new Crowd(workload, { clients: 0, quantize: false })
  for (let i = 0; i < clients; i++) crowd.connect()
  let firstSpawn = 0
  /** The most bytes of structure that one client was sent in one tick. */
  let mostBytes = 0
  let bytes = 0
  for (const client of crowd.clients) {
    client.onPacket = (channel, _, length) => {
      if (channel !== Channel.Reliable) return
      if (firstSpawn === 0) firstSpawn = ticks.length + 1
      if (client === crowd.clients[0]) bytes += length
    }
  }
  const ticks: number[] = []
  while (!crowd.isSettled) {
    if (ticks.length > LONGEST_JOIN_TICKS) throw new Error('the clients did not get everything')
    bytes = 0
    crowd.stepClients()
    mostBytes = Math.max(mostBytes, bytes)
    ticks.push(timed(() => crowd.serverTick()))
  }
  const storm: Entrant = {
    name: 'bitecs-net, a tick of the server',
    kind: 'ours',
    goal: [p99AtMost(TICK_MS, `every tick ≤ ${TICK_MS} ms`)],
  }
  // The longest in the place of the 99th percentile: one missed tick is one too many.
  const timing = { median: summarize(ticks).median, p99: Math.max(...ticks), samples: ticks.length }
  emit(toRows({ scenario: 'join', workload: `${name}, longest tick`, unit: 'ms' }, [storm], [timing]))
  const budget: Entrant = {
    name: 'bitecs-net, spawns to one client in a tick',
    kind: 'ours',
    goal: [
      valueAtMost(
        DEFAULT_SPAWN_BYTES_PER_TICK * HEADERS,
        `≤ ${DEFAULT_SPAWN_BYTES_PER_TICK} B, its budget, and headers`,
      ),
    ],
  }
  emit(
    toRows(
      { scenario: 'join', workload: `${name}, budget`, unit: 'B/tick' },
      [budget],
      [{ median: mostBytes, p99: mostBytes, samples: 1 }],
    ),
  )
  // The hello leaves in the first tick, so packets of the nth tick come n - 1 round trips after it.
  const first: Entrant = {
    name: 'bitecs-net, first entities',
    kind: 'ours',
    goal: [valueAtMost(2, 'within 2 round trips')],
  }
  const trips = { median: firstSpawn - 1, p99: firstSpawn - 1, samples: 1 }
  emit(toRows({ scenario: 'join', workload: `${name}, first entities`, unit: 'round trips' }, [first], [trips]))
}
