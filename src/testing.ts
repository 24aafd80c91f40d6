// Creates a server and clients in one process, as "bitecs-net/testing", over a network in memory and with a test clock.
//
// Nothing here runs by itself: `tick` moves the clock and runs every pipeline once. With a seed, a run under loss and
// jitter can be repeated exactly.
import { createEntityIndex } from 'bitecs'
import { Connection } from '../components/connection.js'
import type { CloseReason } from './connection/close-reason.js'
import { checkInteger, checkObject, namesOf } from './protocol/check-options.js'
import { UsageError } from './protocol/errors.js'
import type { Protocol } from './protocol/protocol.js'
import { type ConditionedTransport, condition, type Conditions } from './transport/conditioner.js'
import type { InterestPolicy } from './replication/interest/policies.js'
import { createLoopback } from './transport/loopback.js'
import type { Transport } from './transport/transport.js'
import { createClientWorld, createHostWorld, createServerWorld } from './verbs/create.js'
import { joinLocally } from './world/host/join-locally.js'
import { beginSession } from './verbs/client-session.js'
import { connectionOf } from './verbs/lookup.js'
import type { System } from './world/loop.js'
import { requireSharedIndex } from './world/shared-stores.js'
import type { JoinOptions } from './world/client/join-options.js'
import { startServing } from './world/server/start-serving.js'
import { SERVE_GROUPS, type ServeOptions } from './world/server/serve-options.js'
import { clientState, type ClientWorld, type HostWorld, serverState, type ServerWorld } from './world/state.js'
import {
  clientReceive,
  clientSend,
  hostFrame,
  hostTick,
  runSystems,
  serverReceive,
  serverSend,
} from '../systems/index.js'

/** Options of {@link createTestNetwork}. */
export interface TestNetworkOptions extends ServeOptions {
  /** Makes the server's world a host's: it has its own client, in addition to the `clients` others. Default false. */
  host?: boolean
  /** Number of clients that are connected and ready when this returns. Default 1. */
  clients?: number
  /** Ticks per second. Default 20. */
  tickRate?: number
  /** How often each client runs per tick of the server, evenly spread. Default 1. */
  framesPerTick?: number
  /** The test's own entity index, for worlds that it makes itself. Default: a new one. */
  entityIndex?: ReturnType<typeof createEntityIndex>
  /** What the network does to packets, in both directions. Default: nothing. */
  conditions?: Partial<Conditions>
  /** Which entities each client sees. Default `everyone()`. */
  interest?: InterestPolicy
  /** Seed of everything random. Default 1. */
  seed?: number
  /** The server's systems, run in every tick. */
  serverSystems?: readonly System<ServerWorld>[]
  /** Every client's systems. */
  clientSystems?: readonly System<ClientWorld>[]
  /** The protocol of the clients; default: the server's. Use another to test what happens when they differ. */
  clientProtocol?: Protocol
}

/** One client of a test network. */
export interface TestClient {
  readonly world: ClientWorld
  /** Its connection entity in the server's world, or 0 while there is none. */
  readonly connection: number
  /** Why it is no longer connected, or was refused. */
  readonly reason: CloseReason | undefined
  /** Changes what the network does to packets from this client, on all links that it has now or opens later. */
  setConditions(conditions: Partial<Conditions>): void
  /**
   * Cuts all of its links: packets in flight are lost, and both sides notice at once. The client may resume over
   * another link.
   */
  cut(): void
  /** Runs the client's pipelines once. */
  step(): void
  /** While false, `tick` skips this client, as if its frames had stopped. */
  running: boolean
}

/** A server and its clients in memory. They run only in `tick`. */
export interface TestNetwork {
  readonly server: ServerWorld
  /** With `host`: the own client of the server's world; `clients` are the others. It runs its frames before theirs. */
  readonly host?: LocalTestClient
  readonly clients: readonly TestClient[]
  /** Milliseconds since the network was created. */
  readonly now: number
  /** Moves the clock by a tick and runs all clients, then the server. Repeats that `count` times. */
  tick(count?: number): void
  /** Moves the clock without running anything, as if the machine or a debugger had stopped everything. */
  stall(milliseconds: number): void
  /**
   * Ticks until `condition` holds.
   *
   * @throws UsageError when it does not hold within `limit` ticks, default 200.
   */
  until(condition: () => boolean, limit?: number): void
  /** Changes what the network does to packets from the server to the clients. */
  setServerConditions(conditions: Partial<Conditions>): void
  /** Adds a client and ticks until it is connected, or refused. */
  connect(options?: TestClientOptions): TestClient
  /** Adds a client whose connection has only begun. */
  begin(options?: TestClientOptions): TestClient
}

/** How a client of a test network connects. */
export interface TestClientOptions extends Omit<JoinOptions, 'reopen'> {
  /** Its world, made with the `entityIndex` of the network. Default: a new one. */
  world?: ClientWorld
  /** The protocol of a new world. Default: that of the network's clients. */
  protocol?: Protocol
  /** The address that the server sees, for bans and limits by address. Default: unknown. */
  address?: string
  /** What it does when its link breaks, like the option of `connect`. Default `'resume'`. */
  reconnect?: 'resume' | 'never'
}

/** The own client of a host's world. No network lies between it and its server. */
export interface LocalTestClient extends Omit<TestClient, 'setConditions' | 'cut'> {
  readonly world: HostWorld
}

/** A test network whose server has its own client. */
export interface HostTestNetwork extends TestNetwork {
  readonly server: HostWorld
  readonly host: LocalTestClient
}

/** The names of the options of a test network that are not options of serving. */
const OPTIONS = namesOf<Omit<TestNetworkOptions, keyof ServeOptions>>({
  host: true,
  clients: true,
  tickRate: true,
  framesPerTick: true,
  entityIndex: true,
  conditions: true,
  interest: true,
  seed: true,
  serverSystems: true,
  clientSystems: true,
  clientProtocol: true,
})
const CLIENT_OPTIONS = namesOf<TestClientOptions>({
  world: true,
  protocol: true,
  address: true,
  reconnect: true,
  token: true,
  timeout: true,
  stalledAfter: true,
  autoReady: true,
})

/**
 * Makes a server and clients in memory. Their worlds share an entity index, because their components may live in the
 * same arrays. So an entity has a different id on every side.
 *
 * @throws UsageError when an option is unknown or out of range, or a client is not ready in time.
 */
export function createTestNetwork(protocol: Protocol, options: TestNetworkOptions & { host: true }): HostTestNetwork
export function createTestNetwork(protocol: Protocol, options?: TestNetworkOptions): TestNetwork
export function createTestNetwork(protocol: Protocol, options: TestNetworkOptions = {}): TestNetwork {
  const { clients: count = 1, tickRate = 20, framesPerTick = 1, conditions = {}, seed = 1 } = options
  const { serverSystems = [], clientSystems = [], clientProtocol = protocol } = options
  checkObject('the options of createTestNetwork', options, [...Object.keys(SERVE_GROUPS), ...OPTIONS])
  checkInteger('clients', count, 0)
  checkInteger('framesPerTick', framesPerTick, 1)
  let time = 0
  const now = (): number => time
  const { entityIndex = createEntityIndex() } = options
  const loopback = createLoopback({ now })
  const worldOptions = { entityIndex, tickRate, now, interest: options.interest }
  const hostWorld = options.host ? createHostWorld(protocol, worldOptions) : undefined
  const server = hostWorld ?? createServerWorld(protocol, worldOptions)
  const serverTransport = condition(loopback.server, { ...conditions, seed, now })
  startServing(serverState(server), serverTransport, options)
  const clients: TestClient[] = []
  const serverPipeline = [...serverReceive, ...serverSystems, ...serverSend] as System<ServerWorld>[]
  const clientPipeline = [...clientReceive, ...clientSystems, ...clientSend] as System<ClientWorld>[]
  const host = hostWorld && joinHost(hostWorld, hostFrame(clientSystems))
  const hostServerPipeline = hostTick(serverSystems)

  function begin(joinOptions: TestClientOptions = {}): TestClient {
    checkObject('the options of a test client', joinOptions, CLIENT_OPTIONS)
    const { world: given, protocol: own = clientProtocol, reconnect = 'resume', address, ...join } = joinOptions
    const world = given ?? createClientWorld(own, { entityIndex, now })
    const ownSeed = seed + clients.length + 1
    let current: Partial<Conditions> = { ...conditions }
    // A client that resumes over another link has two. It may continue on either.
    let links: { inner: Transport; transport: ConditionedTransport }[] = []
    const open = (): Transport => {
      links = links.filter(({ inner }) => loopback.isOpen(inner))
      const inner = loopback.connect(address)
      const transport = condition(inner, { ...current, seed: ownSeed, now })
      links.push({ inner, transport })
      return transport
    }
    const state = clientState(world)
    requireSharedIndex(server, protocol, world, state.protocol)
    beginSession(state, open(), { ...join, reopen: reconnect === 'never' ? undefined : open })
    const session = state.session!
    const client: TestClient = {
      world,
      get connection() {
        const id = session.session?.connectionId ?? 0
        return serverState(server).peers.find((peer) => peer.session.connectionId === id)?.session.entity ?? 0
      },
      get reason() {
        return session.reason
      },
      setConditions(changed) {
        current = { ...current, ...changed }
        for (const { transport } of links) transport.set(changed)
      },
      cut() {
        for (const { inner } of links) loopback.cut(inner)
      },
      step: () => runSystems(world, clientPipeline),
      running: true,
    }
    clients.push(client)
    return client
  }

  function tick(times = 1): void {
    for (let i = 0; i < times; i++) {
      for (let frame = 0; frame < framesPerTick; frame++) {
        time += 1000 / tickRate / framesPerTick
        if (host?.running) host.step()
        for (const client of clients) if (client.running) client.step()
      }
      if (hostWorld === undefined) runSystems(server, serverPipeline)
      else runSystems(hostWorld, hostServerPipeline)
    }
  }

  function until(holds: () => boolean, limit = 200): void {
    for (let i = 0; i < limit; i++) {
      if (holds()) return
      tick()
    }
    if (!holds()) throw new UsageError('time-out', `the condition did not hold within ${limit} ticks`)
  }

  function connect(joinOptions?: TestClientOptions): TestClient {
    const client = begin(joinOptions)
    const autoReady = joinOptions?.autoReady ?? true
    const settled = (): boolean => {
      if (client.reason !== undefined) return true
      const peer = serverState(server).peers.find(({ session }) => session.entity === client.connection)
      return peer !== undefined && (peer.observer.joined || !autoReady)
    }
    until(settled)
    // One more tick applies what the server sent when they joined.
    tick()
    return client
  }

  if (host !== undefined)
    until(() => serverState(server).peerOfConnection.get(host.connection)?.observer.joined ?? false)
  for (let i = 0; i < count; i++) connect()
  return {
    server,
    host,
    clients,
    get now() {
      return time
    },
    tick,
    stall(milliseconds) {
      time += milliseconds
    },
    until,
    setServerConditions: (changed) => serverTransport.set(changed),
    connect,
    begin,
  }
}

/** Begins the session of a host's own client. */
function joinHost(world: HostWorld, frame: readonly System<HostWorld>[]): LocalTestClient {
  joinLocally(world)
  const connection = connectionOf(world)
  return {
    world,
    get connection() {
      return serverState(world).peerOfConnection.has(connection) ? connection : 0
    },
    get reason() {
      return Connection.reason[connection] as CloseReason | undefined
    },
    step: () => runSystems(world, frame),
    running: true,
  }
}

export { createRandom } from './transport/random.js'
export type { Conditions } from './transport/conditioner.js'
