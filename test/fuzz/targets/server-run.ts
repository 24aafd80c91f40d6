// Runs a server with honest clients and hostile connections: checks rules in every tick and at the end.
import { query } from 'bitecs'
import { stats } from 'bitecs-net/stats'
import { Connection, Networked } from 'bitecs-net/components'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { type Hello, writeHello } from '../../../src/protocol/packet.js'
import { WIRE_VERSION } from '../../../src/protocol/protocol.js'
import { MAX_WAITING_PARTS } from '../../../src/remote/message-parts.js'
import { Channel, type Transport } from '../../../src/transport/transport.js'
import type { ServeOptions } from '../../../src/world/server/serve-options.js'
import { serverState } from '../../../src/world/state.js'
import { transportOf } from '../../unit/world/tap.js'
import { Accounting } from '../engine/accounting.js'
import { type Allowance, type Census, growth, takeCensus } from '../engine/census.js'
import { watchMemory } from '../engine/memory.js'
import { Escape, type Step } from '../engine/steps.js'
import { FuzzGame, protocol } from '../game.js'
import { RawLine } from './raw-line.js'
import type { TargetRun } from './target.js'

/** The resume time: interrupted sessions of hostile clients are kept for ten ticks. */
const sessions = { resumeTime: 500, timeout: 1000, handshakeTimeout: 1500 }
const users = { authenticationTimeout: 1500 }
/** The time after which nothing of a hostile client may be left, also of a silent one. */
const QUIET_TICKS = 60
/** Servers of several kinds; the seed of a run chooses. */
const KINDS: readonly ServeOptions[] = [
  { sessions, users },
  { sessions, users: { ...users, authenticate: 'by-messages', userKey: 'id', duplicateUsers: 'close-old' } },
  { sessions, users, limits: { unknownCalls: 'close', spawnBytesPerTick: 512, maxConnections: 5 } },
]
/** Steps of the game before the first census: queues and tables have their sizes then. */
const WARM_UP = 25

/** State that may grow through hostile clients: pools and logs with their own limits. */
const ALLOWANCE: Allowance = {
  elements: 24,
  bytes: 4 << 20,
  named: {
    // End reasons, for clients that resume too late.
    '.interrupted.ends': 256,
    // Spawn keys of despawned entities: 1,024, and as many removed ones.
    '.endedKeys.log': 2048,
    '.endedKeys.byKey': 1024,
    // Slots that wait for acknowledgements; reused ones are cleared by the thousand.
    '.entities.waiting': 2000,
    // Tables by component set, which are limited by the combinations that occur.
    '.plans': 512,
    '.plans[].columns': 8192,
    // Closed peers of the conditioner.
    '.gone': 1024,
  },
}

/** The two ends of a network in memory, as the server's transport has them. */
interface Network {
  readonly inner: { connect(): Transport; cut(line: Transport): void; readonly inbox: { readonly waiting: number } }
}

export class ServerRun implements TargetRun {
  readonly game: FuzzGame
  readonly lines = new Map<number, RawLine>()
  private readonly network: Network['inner']
  private readonly accounting: Accounting
  private readonly before: Census
  private readonly entitiesBefore: number
  private lineCount = 0

  constructor(seed: number) {
    this.game = new FuzzGame(seed, 2, KINDS[seed % KINDS.length])
    const { server } = this.game.net
    const role = serverState(server)
    this.network = (transportOf(server, 'server') as unknown as Network).inner
    this.accounting = new Accounting(role.counters)
    this.accounting.watch(role.sessions!)
    this.warmUp()
    this.before = takeCensus(role)
    this.entitiesBefore = query(server, [Networked]).length
  }

  /** Includes a few honest visitors, who disconnect again. */
  private warmUp(): void {
    const visitors = [0, 1].map(() => this.game.net.begin())
    for (let i = 0; i < WARM_UP; i++) this.game.step()
    for (const visitor of visitors) {
      visitor.running = false
      void transportOf(visitor.world, 'client').close()
    }
    for (let i = 0; i < QUIET_TICKS; i++) this.game.step()
  }

  /** The number of connections until now. */
  get opened(): number {
    return this.lineCount
  }

  apply(step: Step): void {
    if (step.kind === 'tick') return this.tick()
    if (step.kind === 'open') return this.open(step.line)
    const line = this.lines.get(step.line)
    if (step.kind === 'resume') this.resume(step.line, this.lines.get(step.from))
    else if (line === undefined) return
    else if (step.kind === 'packet') for (let i = step.times ?? 1; i > 0; i--) line.send(step.channel, step.bytes)
    else if (step.kind === 'hello') this.greet(line, 'may')
    else if (step.kind === 'mute') line.mute()
    else if (step.kind === 'cut') this.network.cut(line.transport as Transport)
    else void line.transport.close()
  }

  private open(number: number): void {
    this.lineCount++
    this.lines.set(number, new RawLine(this.network.connect()))
  }

  private resume(number: number, from: RawLine | undefined): void {
    this.open(number)
    const line = this.lines.get(number)!
    const token = from?.secret ?? '00'.repeat(16)
    line.secret = token
    this.greet(line, { token, received: 0 })
  }

  private greet(line: RawLine, resume: Hello['resume']): void {
    const { hashHigh, hashLow, description } = protocol
    const writer = new ByteWriter()
    writeHello(writer, { wireVersion: WIRE_VERSION, hashHigh, hashLow, token: '', description, resume })
    line.send(Channel.Reliable, writer.bytes.slice(0, writer.length))
  }

  private tick(): void {
    watchMemory('a tick', () => this.game.step())
    for (const line of this.lines.values()) line.listen()
    this.checkQueues()
    for (const { client } of this.game.honest) {
      if (client.reason !== undefined) throw new Escape(`an honest client was closed: ${client.reason.code}`)
    }
  }

  /** Checks the limits of queues, although the game drains everything in every tick. */
  private checkQueues(): void {
    const role = serverState(this.game.net.server)
    for (const { name, waiting } of role.inbound.queues) {
      if (waiting > 0) throw new Escape(`${waiting} calls of ${name} wait behind a drain`)
    }
    for (const { requests, outgoingParts, session } of role.peers) {
      if (requests.size > 256) throw new Escape(`${requests.size} requests wait for ${session.connectionId}`)
      if (outgoingParts.waiting > MAX_WAITING_PARTS) throw new Escape(`${outgoingParts.waiting} bytes of parts wait`)
    }
    const { waiting } = this.network.inbox
    // The answers to this tick's heartbeats may have arrived already.
    if (waiting > 2 * role.peers.length + 16) throw new Escape(`${waiting} packets wait behind a receive`)
  }

  finish(): void {
    const { game } = this
    const { server } = game.net
    const role = serverState(server)
    // They do not disconnect; the server must notice by timeout.
    for (const line of this.lines.values()) line.mute()
    for (let i = 0; i < QUIET_TICKS; i++) this.tick()
    for (const [number, { isClosed }] of this.lines) {
      if (!isClosed) throw new Escape(`line ${number} is silent, and still open`)
    }
    this.lines.clear()
    this.accounting.check('the server')
    this.checkTransport()
    const { handlerErrors } = stats(server).counters
    if (handlerErrors > 0) throw new Escape(`${handlerErrors} handlers or observers threw`)
    const connections = query(server, [Connection]).length
    if (connections !== game.honest.length) throw new Escape(`${connections} connection entities are left`)
    const entities = query(server, [Networked]).length
    if (entities !== this.entitiesBefore) throw new Escape(`${this.entitiesBefore} entities became ${entities}`)
    const grown = growth(this.before, takeCensus(role), ALLOWANCE)
    if (grown.length > 0) throw new Escape(`left behind: ${grown.join('; ')}`)
    const difference = game.difference()
    if (difference !== '') throw new Escape(difference)
  }

  /** Checks that the transport delivered every received packet, or counted it as dropped. */
  private checkTransport(): void {
    const { callbackErrors } = stats(this.game.net.server).transport
    if (callbackErrors > 0) throw new Escape(`${callbackErrors} callbacks threw`)
  }
}
