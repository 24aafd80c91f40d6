// Builds a server with the workload's entities and many light clients. A scenario plays its ticks phase by phase.
import { addComponents, addEntity, createEntityIndex } from 'bitecs'
import { Networked } from '../../components/networked.js'
import { createServerWorld } from '../../src/server.js'
import { createLoopback, type Loopback } from '../../src/transport/loopback.js'
import type { Channel, PeerId } from '../../src/transport/transport.js'
import { startServing } from '../../src/world/server/start-serving.js'
import type { ServerState } from '../../src/world/server/server-state.js'
import { serverState, type ServerWorld } from '../../src/world/state.js'
import { endConnections, runSystems, sendToClients, serverReceive, serverSend } from '../../systems/index.js'
import { requireEqual } from '../steady.js'
import { Stores, type Workload } from '../workload.js'
import { LightClient } from './light-client.js'
import { findAndEncode, markChanges, protocolOf, type Tracking } from './world.js'

const TICK_MS = 50
/** Ticks until everyone has joined and everything is acknowledged. */
const LONGEST_JOIN_TICKS = 2000

export interface CrowdOptions {
  readonly clients: number
  readonly quantize: boolean
  /** How the server learns of changes. Default by scanning. */
  readonly track?: Tracking
  /** Told of the server's world before anyone joins. */
  readonly prepare?: (world: ServerWorld, crowd: Crowd) => void
}

/** A packet as it was handed to the transport. */
export interface SentPacket {
  readonly peer: PeerId
  readonly channel: Channel
  readonly bytes: Uint8Array
}

export class Crowd {
  readonly stores: Stores
  readonly world: ServerWorld
  readonly role: ServerState
  readonly eids: Uint32Array
  readonly clients: LightClient[] = []
  readonly loopback: Loopback
  private readonly track: Tracking
  /** Milliseconds. */
  now = 0
  /** How far the tick under way is. */
  private phase: 'done' | 'begun' | 'replicated' = 'done'
  private ticks = 0
  /** Entities that the tick under way changed. */
  private expected = 0

  constructor(
    readonly workload: Workload,
    options: CrowdOptions,
  ) {
    const { clients, quantize, track = 'scan', prepare } = options
    const now = (): number => this.now
    this.stores = new Stores(workload.count + clients + 64)
    this.track = track
    const protocol = protocolOf(this.stores, quantize, track)
    this.world = createServerWorld(protocol, { entityIndex: createEntityIndex(), now })
    this.role = serverState(this.world)
    this.loopback = createLoopback({ now })
    startServing(this.role, this.loopback.server, {
      sessions: { timeout: Number.MAX_SAFE_INTEGER, handshakeTimeout: Number.MAX_SAFE_INTEGER },
      limits: { maxConnections: 4096 },
    })
    const { position, rotation, velocity, health } = this.stores
    this.eids = Uint32Array.from({ length: workload.count }, () => addEntity(this.world))
    workload.populate(this.stores, this.eids)
    for (const eid of this.eids) addComponents(this.world, eid, position, rotation, velocity, health, Networked)
    prepare?.(this.world, this)
    this.join(clients)
  }

  /** Adds clients, one after another, and plays until all have everything. */
  join(count: number): void {
    for (let i = 0; i < count; i++) {
      this.connect()
      // One by one, so that the first state of many does not lie in memory at once.
      this.tick()
      this.tick()
    }
    this.settle()
  }

  /** Plays until everyone has joined and acknowledged all structure, and nothing is owed. */
  settle(): void {
    for (let i = 0; i < LONGEST_JOIN_TICKS; i++) {
      this.tick()
      if (this.isSettled) return
    }
    throw new Error('the crowd did not settle: the server still has something to tell its clients')
  }

  get isSettled(): boolean {
    const { peers } = this.role
    if (peers.length < this.clients.length) return false
    return peers.every(({ session, observer }) => {
      const told = session.structureAcknowledged === session.structureTick
      return observer.joined && told && observer.pending.size === 0 && observer.owed.slots.size === 0
    })
  }

  /** Adds a client that has only begun to connect. */
  connect(): LightClient {
    const client = new LightClient(this.role.protocol, this.loopback.connect(), () => this.now)
    this.clients.push(client)
    return client
  }

  /** Lets the newest client leave. */
  dismiss(): void {
    this.clients.pop()!.close()
    this.tick()
    this.tick()
  }

  /** A tick with the workload's next changes, up to where they are to be encoded. Ends the one before. */
  beginTick(changes = true): void {
    if (this.phase === 'begun') this.replicate()
    if (this.phase === 'replicated') this.send()
    this.now += TICK_MS
    for (const client of this.clients) client.step()
    runSystems(this.world, serverReceive)
    this.expected = changes ? this.workload.at(this.ticks).entities : 0
    if (changes) this.change()
    endConnections(this.world)
    this.phase = 'begun'
  }

  /** The workload's next changes, of which the server is told where it does not scan. */
  change(): void {
    this.workload.apply(this.ticks, this.stores, this.eids)
    const changes = this.workload.at(this.ticks++)
    if (this.track === 'marked') markChanges(this.world, this.stores, this.eids, changes)
  }

  /** Finds what changed and encodes it. Returns how many entities that was. */
  replicate(): number {
    this.phase = 'replicated'
    findAndEncode(this.world)
    return requireEqual(this.role.replication.tracker.dirty.size, this.expected, 'the server')
  }

  /** Sends every client its packets. Returns how many packets were sent so far. */
  send(): number {
    this.phase = 'done'
    sendToClients(this.world)
    return this.loopback.server.counters.packetsSent
  }

  /** A whole tick, in which nothing changes. */
  tick(): void {
    this.beginTick(false)
    this.replicate()
    this.send()
  }

  /** What clients do between two ticks. Not the server's. */
  stepClients(): void {
    this.now += TICK_MS
    for (const client of this.clients) client.step()
  }

  /** All that the server does in a tick, but for the game's own systems. */
  serverTick(): number {
    runSystems(this.world, serverReceive)
    runSystems(this.world, serverSend)
    return this.role.tick
  }

  /** Plays the server's part of a tick with changes, and keeps what it sent. */
  record(): SentPacket[] {
    const { server } = this.loopback
    const send = server.send.bind(server)
    const sent: SentPacket[] = []
    this.beginTick()
    this.replicate()
    server.send = (peer, channel, bytes, length) => {
      sent.push({ peer, channel, bytes: bytes.slice(0, length) })
      return send(peer, channel, bytes, length)
    }
    this.send()
    server.send = send
    return sent
  }

  /** Sends packets again, as they are: what sending alone costs. The clients drop them as doubles. */
  sendBare(packets: readonly SentPacket[]): number {
    const { server } = this.loopback
    for (let i = 0; i < packets.length; i++) {
      const { peer, channel, bytes } = packets[i]!
      server.send(peer, channel, bytes, bytes.length)
    }
    return packets.length
  }
}
