// Times real WebRTC: servers and clients in separate processes, compared with a bare node-datachannel server and a
// WebSocket server that send as many bytes.
import { summarize } from '../../src/cli/bench/harness.js'
import { atMost, type Condition, type Entrant, toRows, valueAtMost } from '../../src/cli/bench/result.js'
import { Child } from '../processes/child.js'
import type { ClientTasks, OurClientTasks, OurServerTasks, Served, ServerTasks } from '../processes/roles.js'
import { TICK_MS } from '../processes/samples.js'
import { versionOf } from '../versions.js'
import type { Scenario, ScenarioContext } from './scenario.js'

const OURS = 'bitecs-net'
const BARE = `node-datachannel ${versionOf('node-datachannel')}, bare`
const WS = `ws ${versionOf('ws')}`

/** Clients that are connected for real, at most. */
const MOST_CLIENTS = 64
/** Bodies that all move: about a kilobyte for each client and tick, in one packet. */
const ENTITIES = 80
/** Messages that each client sends in a tick, when all send as many as they like. */
const FLOOD = 50
/** Bodies of the whole game, and processes that its clients share. */
const BODIES = 2000
const CROWDS = 2
/** How long a server serves before the next has its turn. */
const TURN_MS = 1500

/** Clients for each core are the inverse of what one costs. */
const CLIENTS_PER_CORE: Condition = {
  text: `≥ 0.9 × the clients per core of ${BARE}`,
  holds: (row) => atMost(1 / 0.9, BARE).holds(row),
}

export const webrtc: Scenario = {
  name: 'webrtc',
  title: 'real WebRTC at 20 Hz, server and clients in processes of their own',
  real: true,
  async run(context) {
    const counts = context.clients.filter((count) => count > 1 && count <= MOST_CLIENTS)
    for (const count of context.quick ? counts.slice(0, 1) : counts) await measureServers(context, count)
    await measureWorld(context, context.quick ? counts[0]! : counts.at(-1)!)
  },
}

/** A whole game: bodies that all move, and clients at different places, each of whom sees what is around it. */
async function measureWorld({ progress, emit, budget }: ScenarioContext, count: number): Promise<void> {
  const workload = `${count} clients, ${BODIES} bodies move, grid`
  progress(workload, 0)
  const server = await Child.start('our-server')
  const crowds = await Promise.all(Array.from({ length: CROWDS }, () => Child.start('our-clients')))
  try {
    const { port } = await server.ask('start', { entities: BODIES, grid: true })
    await Promise.all(crowds.map((crowd) => crowd.ask('connect', { port, count: Math.ceil(count / CROWDS) })))
    // Everyone has everything, and the code is warm.
    await server.ask('serve', { milliseconds: Math.min(2000, budget) })
    for (const crowd of crowds) await crowd.ask('latencies', {})
    progress(workload, 0.3)
    const served = await server.ask('serve', { milliseconds: Math.max(budget, 10 * TICK_MS) })
    const latencies = summarize((await Promise.all(crowds.map((crowd) => crowd.ask('latencies', {})))).flat())
    const { missed, tickMs, cpuMicros, bytes, packets } = served
    const row = (what: string, median: number, p99: number, unit: string, more: Partial<Entrant> = {}): void => {
      const entrant: Entrant = { name: OURS, kind: 'ours', ...more }
      emit(
        toRows(
          { scenario: 'webrtc', workload: `${workload}, ${what}`, unit },
          [entrant],
          [{ median, p99, samples: 1 }],
        ),
      )
    }
    row(`missed ticks of ${served.ticks + missed}`, missed, missed, 'ticks', {
      goal: [valueAtMost(0, 'no missed tick')],
    })
    row("a tick on the game's thread", tickMs.median, tickMs.p99, 'ms')
    row('CPU of the server for each client and tick', cpuMicros, cpuMicros, 'µs', { bytes })
    row('packets for each client and tick', packets, packets, 'packets')
    row('from the tick to the client', latencies.median, latencies.p99, 'ms')
  } finally {
    for (const child of [...crowds, server]) child.stop()
  }
}

/** A server with its clients, in two processes. */
interface Party {
  readonly name: string
  readonly kind: Entrant['kind']
  readonly server: Child<ServerTasks>
  readonly clients: Child<ClientTasks>
  /** Kilobytes of the server's memory for each client. */
  readonly memory: number
  /** Clients let in for each second. */
  readonly rate: number
  readonly turns: Served[]
  readonly latencies: number[]
}

type Start = readonly [
  name: string,
  kind: Entrant['kind'],
  server: () => Promise<Child<ServerTasks>>,
  clients: () => Promise<Child<ClientTasks>>,
]

async function assemble([name, kind, startServer, startClients]: Start, count: number): Promise<Party> {
  const server = await startServer()
  const clients = await startClients()
  const { port } = await server.ask('start', { entities: ENTITIES, grid: false })
  const before = await server.ask('memory', {})
  const elapsed = await clients.ask('connect', { port, count })
  while ((await server.ask('ready', {})) < count) await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  const memory = ((await server.ask('memory', {})) - before) / 1024 / count
  return { name, kind, server, clients, memory, rate: (count * 1000) / elapsed, turns: [], latencies: [] }
}

async function measureServers(context: ScenarioContext, count: number): Promise<void> {
  const { budget, progress } = context
  const workload = `${count} clients`
  progress(`${workload}, connecting`, 0)
  const ourServer = await Child.start('our-server')
  const ourClients = await Child.start('our-clients')
  const parties: Party[] = []
  try {
    const starts: Start[] = [
      [OURS, 'ours', () => Promise.resolve(ourServer), () => Promise.resolve(ourClients)],
      [BARE, 'limit', () => Child.start('bare-server'), () => Child.start('bare-clients')],
      [WS, 'peer', () => Child.start('ws-server'), () => Child.start('ws-clients')],
    ]
    for (const start of starts) parties.push(await assemble(start, count))
    const turn = Math.min(TURN_MS, budget)
    const rounds = Math.max(1, Math.round(budget / turn / 2))
    // One more, in which the code becomes warm.
    for (let round = 0; round <= rounds; round++) {
      for (const party of parties) await takeTurn(party, turn, round > 0)
      progress(workload, round / rounds)
    }
    emitTurns(context, workload, parties)
    await measureOurs(context, workload, ourServer, ourClients, turn)
  } finally {
    for (const child of [ourServer, ourClients, ...parties.flatMap(({ server, clients }) => [clients, server])]) {
      child.stop()
    }
  }
}

async function takeTurn(
  { server, clients, turns, latencies }: Party,
  milliseconds: number,
  keep: boolean,
): Promise<void> {
  await clients.ask('latencies', {})
  const served = await server.ask('serve', { milliseconds })
  const seen = await clients.ask('latencies', {})
  if (!keep) return
  turns.push(served)
  latencies.push(...seen)
}

function emitTurns({ emit }: ScenarioContext, workload: string, parties: readonly Party[]): void {
  /** A table of its own for each kind of number, since only like numbers have a ratio. */
  const table = (what: string, unit: string, of: (party: Party) => Measured, goal?: readonly Condition[]): void => {
    const measured = parties.map(of)
    const entrants = parties.map(({ name, kind }, i): Entrant => {
      return { name, kind, bytes: measured[i]!.bytes, goal: kind === 'ours' ? goal : undefined }
    })
    const timings = measured.map(({ median, p99 }) => ({ median, p99, samples: 1 }))
    emit(toRows({ scenario: 'webrtc', workload: `${workload}, ${what}`, unit }, entrants, timings))
  }
  const each = ({ turns }: Party, of: (turn: Served) => number): number => summarize(turns.map(of)).median
  const single = (value: number): Measured => ({ median: value, p99: value })
  table(
    'CPU of the server for each client and tick',
    'µs',
    (party) => ({
      median: each(party, ({ cpuMicros }) => cpuMicros),
      p99: Math.max(...party.turns.map(({ cpuMicros }) => cpuMicros)),
      bytes: each(party, ({ bytes }) => bytes),
    }),
    [CLIENTS_PER_CORE],
  )
  table("a tick on the game's thread", 'ms', (party) => ({
    median: each(party, ({ tickMs }) => tickMs.median),
    p99: Math.max(...party.turns.map(({ tickMs }) => tickMs.p99)),
  }))
  table('from the tick to the client', 'ms', ({ latencies }) => summarize(latencies))
  table('memory of the server for each client', 'KB', ({ memory }) => single(memory))
  table('clients let in', '1/s', ({ rate }) => single(rate))
}

interface Measured {
  readonly median: number
  readonly p99: number
  readonly bytes?: number
}

/** What only the library does. */
async function measureOurs(
  { progress, emit }: ScenarioContext,
  workload: string,
  server: Child<OurServerTasks>,
  clients: Child<OurClientTasks>,
  milliseconds: number,
): Promise<void> {
  const rounds = Math.ceil(milliseconds / 15)
  const ours = (name: string, goal?: readonly Condition[]): Entrant => ({ name, kind: 'ours', goal })

  progress(`${workload}, sending`, 0)
  const { ours: own, bare, bytes } = await server.ask('compareSending', { rounds })
  const limit = 'the same packets, handed to node-datachannel'
  const entrants: Entrant[] = [
    { ...ours(OURS, [atMost(1.3, `limit: ${limit}`)]), bytes },
    { name: `limit: ${limit}`, kind: 'limit', bytes },
  ]
  emit(
    toRows({ scenario: 'webrtc', workload: `${workload}, sending, each`, unit: 'µs' }, entrants, [
      summarize(own),
      summarize(bare),
    ]),
  )

  progress(`${workload}, commands`, 0)
  const shooting = clients.ask('command', { milliseconds })
  await server.ask('serve', { milliseconds: milliseconds + 4 * TICK_MS })
  const shots = summarize(await shooting)
  emit(
    toRows(
      { scenario: 'webrtc', workload: `${workload}, command to its observers`, unit: 'ms' },
      [ours(OURS)],
      [shots],
    ),
  )

  progress(`${workload}, messages`, 0)
  const flooding = clients.ask('flood', { milliseconds, perTick: FLOOD })
  const { perSecond, tickMs } = await server.ask('countCalls', { milliseconds })
  await flooding
  const heard = { median: perSecond, p99: perSecond, samples: 1 }
  const name = `${OURS}, ${FLOOD} in a packet of each client and tick`
  emit(
    toRows({ scenario: 'webrtc', workload: `${workload}, messages to the server`, unit: '1/s' }, [ours(name)], [heard]),
  )
  const tick = { median: tickMs.median, p99: tickMs.p99, samples: 1 }
  emit(
    toRows(
      { scenario: 'webrtc', workload: `${workload}, a tick that takes them in`, unit: 'ms' },
      [ours(OURS)],
      [tick],
    ),
  )
}
