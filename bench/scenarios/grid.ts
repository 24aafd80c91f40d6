// Times clients at different places of a large world, each of which sees its surroundings.
import { measure } from '../../src/cli/bench/harness.js'
import { atMost, type Contender, type Entrant, faster, p99AtMost, toRows } from '../../src/cli/bench/result.js'
import { grid as gridPolicy, setInterest, setViewpoint } from '../../src/interest.js'
import { Channel } from '../../src/transport/transport.js'
import { createRandom } from '../../src/transport/random.js'
import { MAX_UNRELIABLE_PACKET } from '../../src/protocol/limits.js'
import { HandCells } from '../limits/cells.js'
import { Crowd, type SentPacket } from '../ours/crowd.js'
import { BITECS, BitecsDirtyList } from '../peers/bitecs.js'
import { copyAll, copyChanges, type Moving } from '../peers/bodies.js'
import { COLYSEUS, ColyseusViews } from '../peers/colyseus.js'
import { AABB2D, NENGI, NengiServer } from '../peers/nengi.js'
import { numbers, POSITION_RANGE, Stores, VARIANTS, Workload } from '../workload.js'
import type { Scenario, ScenarioContext } from './scenario.js'

const OURS = 'bitecs-net, marked'
const HAND = 'limit: hand-written cells'
const BARE = 'limit: the same packets, sending alone'
const BITECS_EACH = `${BITECS} SoA, for each client`
const COLYSEUS_VIEWS = `${COLYSEUS} StateView`
const FRACTION = 0.1
/** Metres that an entity moves around its place: hardly any leaves its cell. */
const NEIGHBOURHOOD = 0.05
const CELL = 64
/** Of 10,000 entities, about 500 are seen by each client. */
const RADIUS = 210
/** Ticks whose packets are counted. */
const COUNTED = 20

export const grid: Scenario = {
  name: 'grid',
  title: 'many clients, each of whom sees a neighbourhood of its own',
  async run(context) {
    const { counts, clients, seed } = context
    const workload = new Workload(Math.max(...counts), FRACTION, seed, NEIGHBOURHOOD)
    const most = Math.max(...clients)
    for (const count of clients) await measureClients(context, workload, count, count === most)
    countPackets(context, workload, Math.min(64, most))
  },
}

type Place = readonly [x: number, y: number]

/** Where the clients are: nobody so near the edge that it sees less than the others. */
function placesOf(count: number, seed: number): Place[] {
  const random = createRandom(seed + count)
  const range = POSITION_RANGE - RADIUS - CELL
  return Array.from({ length: count }, (): Place => [(random() * 2 - 1) * range, (random() * 2 - 1) * range])
}

function crowdOf(workload: Workload, places: readonly Place[], quantize: boolean): Crowd {
  const crowd = new Crowd(workload, {
    clients: places.length,
    quantize,
    track: 'marked',
    prepare(world, { stores }) {
      setInterest(world, gridPolicy({ position: stores.position, radius: RADIUS, cellSize: CELL }))
    },
  })
  crowd.role.peers.forEach(({ session }, i) => setViewpoint(crowd.world, session.entity, places[i]!))
  crowd.settle()
  return crowd
}

async function measureClients(
  { seed, budget, progress, emit }: ScenarioContext,
  workload: Workload,
  count: number,
  judged: boolean,
): Promise<void> {
  const places = placesOf(count, seed)
  const crowd = crowdOf(workload, places, false)
  const seen = crowd.role.peers.reduce((sum, { observer }) => sum + observer.known.size, 0) / count
  const name = `${count} clients, each sees about ${Math.round(seen)}, each`
  progress(name, 0)
  const goal = [atMost(2, HAND), faster(5, BITECS_EACH), faster(12, COLYSEUS_VIEWS)]
  const own: Contender = {
    name: OURS,
    kind: 'ours',
    goal: judged ? goal : undefined,
    repeatable: false,
    prepare: () => crowd.beginTick(),
    run: () => crowd.replicate() + crowd.send(),
  }
  // The library's are packets with headers, those of the others the bytes that they made.
  const sent = (): number => crowd.loopback.server.counters.bytesSent
  const before = sent()
  for (let i = 0; i < VARIANTS; i++) {
    own.prepare!()
    void own.run()
  }
  const ours: Contender = { ...own, bytes: (sent() - before) / VARIANTS / count }
  const contenders = [
    ours,
    bareSend(crowd, ours.bytes),
    ...others(workload, places).map((other) => withBytes(other, count)),
  ]
  const timings = await measure(contenders, { budget, onProgress: (done) => progress(name, done) })
  emit(toRows({ scenario: 'grid', workload: name, unit: 'µs', scale: 1000 / count }, contenders, timings))
}

/**
 * Handing a tick's packets to the same transport once more: no library does without that, and the others here do not do
 * it.
 */
function bareSend(crowd: Crowd, bytes: number | undefined): Contender {
  let packets: readonly SentPacket[] = []
  const prepare = (): void => {
    packets = crowd.record()
    for (const client of crowd.clients) client.step()
  }
  return { name: BARE, kind: 'limit', repeatable: false, bytes, prepare, run: () => crowd.sendBare(packets) }
}

/** For each client and tick. */
function withBytes(contender: Contender, count: number): Contender {
  let bytes = 0
  for (let i = 0; i < VARIANTS; i++) {
    contender.prepare!()
    bytes += Number(contender.run())
  }
  return Object.assign(contender, { bytes: bytes / VARIANTS / count })
}

function others(workload: Workload, places: readonly Place[]): Contender[] {
  const { count } = workload
  const stores = new Stores(count + 1)
  const eids = numbers(1, count)
  workload.populate(stores, eids)
  const homes = Array.from(eids, (_, i) => workload.homeOf(i).slice(0, 2) as [number, number])
  const cells = new HandCells(stores, eids, homes, places, CELL, RADIUS)
  const visible = places.map((_, client) => cells.visibleTo(client))
  let tick = 0
  const next = (): void => workload.apply(tick++, stores, eids)
  const changes = () => workload.at(tick - 1)

  const colyseus = new ColyseusViews(count, visible)
  const mutated = new ColyseusViews(count, visible)
  const fill = (bodies: readonly (Moving & { x: number; y: number })[]): void => {
    copyAll(stores, eids, bodies)
    bodies.forEach((body, i) => ([body.x, body.y] = homes[i]!))
  }
  const nengi = new NengiServer(
    count,
    fill,
    places.map(([x, y]) => new AABB2D(x, y, RADIUS, RADIUS)),
  )
  const objects = (bodies: readonly Moving[]): (() => void) => {
    return () => {
      next()
      copyChanges(stores, eids, changes(), bodies)
    }
  }
  return [
    { name: HAND, kind: 'limit', repeatable: false, prepare: next, run: () => cells.encode(changes()) },
    { ...bitecsForEach(stores, eids, visible, changes), prepare: next },
    {
      name: COLYSEUS_VIEWS,
      kind: 'peer',
      repeatable: false,
      prepare: objects(colyseus.bodies),
      run: () => colyseus.encode(),
    },
    {
      name: `${COLYSEUS_VIEWS}, its setters included`,
      kind: 'peer',
      repeatable: false,
      prepare: next,
      run() {
        copyChanges(stores, eids, changes(), mutated.bodies)
        return mutated.encode()
      },
    },
    { name: NENGI, kind: 'peer', repeatable: false, prepare: objects(nengi.bodies), run: () => nengi.encode() },
  ]
}

/**
 * A serializer, asked for each client with those of the changed entities that it sees; finding these is a part of it.
 */
function bitecsForEach(
  stores: Stores,
  eids: Uint32Array,
  visible: readonly (readonly number[])[],
  changes: () => { readonly moved: Uint32Array; readonly hurt: Uint32Array },
): Contender {
  const encoder = new BitecsDirtyList(stores, eids.length)
  const moves = new Uint8Array(eids.length)
  const hurts = new Uint8Array(eids.length)
  const run = (): number => {
    const { moved, hurt } = changes()
    moves.fill(0)
    hurts.fill(0)
    for (let i = 0; i < moved.length; i++) moves[moved[i]!] = 1
    for (let i = 0; i < hurt.length; i++) hurts[hurt[i]!] = 1
    let bytes = 0
    for (const seen of visible) {
      const movers: number[] = []
      const hurting: number[] = []
      for (let i = 0; i < seen.length; i++) {
        const entity = seen[i]!
        if (moves[entity] === 1) movers.push(eids[entity]!)
        if (hurts[entity] === 1) hurting.push(eids[entity]!)
      }
      bytes += encoder.encode(movers, hurting)
    }
    return bytes
  }
  return { name: BITECS_EACH, kind: 'peer', repeatable: false, run }
}

/** What one packet could carry goes in one. */
function countPackets({ seed, progress, emit }: ScenarioContext, workload: Workload, count: number): void {
  const name = `${count} clients, packets of a tick`
  progress(name, 0)
  const places = placesOf(count, seed)
  const crowd = crowdOf(workload, places, true)
  const packets = places.map(() => 0)
  const bytes = places.map(() => 0)
  crowd.clients.forEach((client, i) => {
    client.onPacket = (channel, _, length) => {
      if (channel !== Channel.Unreliable) return
      packets[i]!++
      bytes[i]! += length
    }
  })
  const counts: number[] = []
  let sum = 0
  for (let tick = 0; tick < COUNTED; tick++) {
    crowd.beginTick()
    crowd.replicate()
    crowd.send()
    packets.fill(0)
    bytes.fill(0)
    for (const client of crowd.clients) client.step()
    counts.push(...packets.filter((_, i) => bytes[i]! <= MAX_UNRELIABLE_PACKET))
    sum += bytes.reduce((total, each) => total + each, 0)
  }
  const entrant: Entrant = {
    name: 'bitecs-net, quantized, where one would do',
    kind: 'ours',
    bytes: sum / COUNTED / count,
    goal: [p99AtMost(1, 'one packet where it fits')],
  }
  const most = counts.reduce((all, each) => Math.max(all, each), 0)
  const mean = counts.reduce((all, each) => all + each, 0) / Math.max(1, counts.length)
  emit(
    toRows(
      { scenario: 'grid', workload: name, unit: 'packets' },
      [entrant],
      [{ median: mean, p99: most, samples: counts.length }],
    ),
  )
}
