// Runs the library's server in its own process, over real WebRTC.
import { addComponents, addEntity } from 'bitecs'
import { Ready } from '../../components/connection.js'
import { Networked } from '../../components/networked.js'
import { added, drain, sendMessage, sendRpc } from '../../src/index.js'
import { grid, setInterest, setViewpoint } from '../../src/interest.js'
import { createServerWorld, listen } from '../../src/server.js'
import type { Channel, PeerId } from '../../src/transport/transport.js'
import { serverState, type ServerWorld } from '../../src/world/state.js'
import { runSystems, sendToClients, serverReceive, serverSend } from '../../systems/index.js'
import { createRandom } from '../../src/transport/random.js'
import { POSITION_RANGE, Workload } from '../workload.js'
import { protocol, Say, Shoot, Shot, Stamp, stores } from './game.js'
import type { OurServerTasks } from './roles.js'
import { serveFor, sharedNow, TICK_MS } from './samples.js'

/** The part of all bodies that moves: all. */
const FRACTION = 1

/** Between two ticks whose sending alone is looked at: time to send what they handed over. */
const PAUSE_MS = 10

/** Often enough for nobody to think that the server is gone, and no load for those who are measured meanwhile. */
const KEEP_ALIVE_MS = 500

/**
 * Metres that a body moves around its place, over the edges of cells too; how large these are, and how far a client
 * sees.
 */
const NEIGHBOURHOOD = 2
const CELL = 64
const RADIUS = 210

class Game {
  readonly world: ServerWorld = createServerWorld(protocol, { tickRate: 1000 / TICK_MS })
  readonly role = serverState(this.world)
  readonly eids: Uint32Array
  /** Messages drained. */
  heard = 0
  private ticks = 0
  private loop: NodeJS.Timeout | undefined
  private readonly workload: Workload
  private readonly stamp = { sent: 0 }
  private readonly random = createRandom(2)

  constructor(
    entities: number,
    private readonly hasGrid: boolean,
  ) {
    this.workload = new Workload(entities, FRACTION, 1, hasGrid ? NEIGHBOURHOOD : undefined)
    this.eids = Uint32Array.from({ length: entities }, () => addEntity(this.world))
    this.workload.populate(stores, this.eids)
    for (const eid of this.eids) {
      addComponents(this.world, eid, stores.position, stores.rotation, stores.health, Networked)
    }
    if (hasGrid) setInterest(this.world, grid({ position: stores.position, radius: RADIUS, cellSize: CELL }))
  }

  get clients(): number {
    return this.role.peers.length
  }

  /** Clients that have everything that is there for them. */
  get ready(): number {
    return this.role.peers.filter(({ session, observer }) => {
      return observer.joined && session.structureAcknowledged === session.structureTick
    }).length
  }

  sent = (): { bytes: number; packets: number } => {
    const { bytesSent, packetsSent } = this.role.transport!.counters
    return { bytes: bytesSent, packets: packetsSent }
  }

  /** What a game does in a tick, up to where it is to be sent. */
  play(): void {
    this.stamp.sent = sharedNow()
    runSystems(this.world, serverReceive)
    for (const { entity: connection } of drain(this.world, added(Ready))) this.place(connection)
    for (const { entity, args } of drain(this.world, Shoot)) sendRpc(this.world, entity, Shot, args)
    for (const { args } of drain(this.world, Say)) this.heard += args.number > 0 ? 1 : 0
    this.workload.apply(this.ticks++, stores, this.eids)
    sendMessage(this.world, Stamp, this.stamp, { to: 'ready' })
  }

  /** Where a client looks: anywhere, but not over the edge. */
  private place(connection: number): void {
    const range = POSITION_RANGE - RADIUS
    const place = [(this.random() * 2 - 1) * range, (this.random() * 2 - 1) * range]
    if (this.hasGrid) setViewpoint(this.world, connection, place)
  }

  tick = (): void => {
    this.play()
    runSystems(this.world, serverSend)
  }

  /** Ticks by itself while nothing is measured, so that clients can join, and stay; not at all without a rate. */
  idle(everyMs?: number): void {
    clearInterval(this.loop)
    this.loop = everyMs === undefined ? undefined : setInterval(this.tick, everyMs)
  }

  /** Runs something while nothing ticks by itself. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    this.idle()
    try {
      return await work()
    } finally {
      this.idle(KEEP_ALIVE_MS)
    }
  }
}

let game: Game

export const ourServer: OurServerTasks = {
  async start({ entities, grid: hasGrid }) {
    game = new Game(entities, hasGrid)
    const { port } = await listen(game.world, {
      host: '127.0.0.1',
      network: { bindAddress: '127.0.0.1' },
      sessions: { timeout: 30_000 },
    })
    game.idle(TICK_MS)
    return { port }
  },

  ready: () => game.ready,

  memory() {
    globalThis.gc?.()
    return process.memoryUsage().rss
  },

  serve: ({ milliseconds }) => game.alone(() => serveFor(milliseconds, game.clients, game.tick, game.sent)),

  compareSending: ({ rounds }) => game.alone(() => compareSending(rounds)),

  async countCalls({ milliseconds }) {
    return await game.alone(async () => {
      const before = game.heard
      const begin = performance.now()
      const { tickMs } = await serveFor(milliseconds, game.clients, game.tick, game.sent)
      return { perSecond: ((game.heard - before) * 1000) / (performance.now() - begin), tickMs }
    })
  },
}

interface SentPacket {
  readonly peer: PeerId
  readonly channel: Channel
  readonly bytes: Uint8Array
}

/**
 * Three kinds of ticks in turns: one whose sending is timed, one whose packets are kept, and one in which these are
 * sent again, bare. A client takes them for doubles.
 */
async function compareSending(rounds: number): Promise<{ ours: number[]; bare: number[]; bytes: number }> {
  const { world, role, clients } = game
  const { transport } = role.peers[0]!.session
  const send = transport.send.bind(transport)
  const encode = serverSend.filter((system) => system !== sendToClients)
  const ours: number[] = []
  const bare: number[] = []
  let bytes = 0
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  const timedSending = (): number => {
    game.play()
    runSystems(world, encode)
    const start = performance.now()
    sendToClients(world)
    return ((performance.now() - start) * 1000) / clients
  }
  for (let round = 0; round < rounds; round++) {
    await pause()
    ours.push(timedSending())
    await pause()
    const packets: SentPacket[] = []
    transport.send = (peer, channel, from, length) => {
      packets.push({ peer, channel, bytes: from.slice(0, length) })
      return send(peer, channel, from, length)
    }
    timedSending()
    transport.send = send
    await pause()
    runSystems(world, serverReceive)
    const start = performance.now()
    for (let i = 0; i < packets.length; i++) {
      const packet = packets[i]!
      send(packet.peer, packet.channel, packet.bytes, packet.bytes.length)
    }
    bare.push(((performance.now() - start) * 1000) / clients)
    bytes = packets.reduce((sum, packet) => sum + packet.bytes.length, 0) / clients
  }
  // The first half warms up.
  return { ours: ours.slice(rounds / 2), bare: bare.slice(rounds / 2), bytes }
}
