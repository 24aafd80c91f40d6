// Creates networked worlds: bitECS worlds with the network's state under a symbol.
import { createWorld, type createEntityIndex, type World } from 'bitecs'
import { Draining, Joined } from '../../components/connection.js'
import { LocalPlayer, Networked, Owned } from '../../components/networked.js'
import { UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import { checkFunction, checkInteger, checkNumber, checkObject, namesOf } from '../protocol/check-options.js'
import { createClientState } from '../world/client/create-client-state.js'
import { HostEntities } from '../replication/client/host-entities.js'
import { everyone, type InterestPolicy, requirePolicy } from '../replication/interest/policies.js'
import { Lifecycle } from '../world/lifecycle.js'
import { LocalClient } from '../world/host/local-client.js'
import { LocalView } from '../world/host/local-view.js'
import { closeServer } from './close.js'
import { createServerState } from '../world/server/create-server-state.js'
import { requireOwnStores } from '../world/shared-stores.js'
import { withSide } from '../world/host/sides.js'
import {
  type ClientWorld,
  extendNetwork,
  type HostWorld,
  networkOf,
  type ServerWorld,
  type Side,
} from '../world/state.js'

/** Options of every networked world. */
export interface WorldOptions {
  /** The game's own world, which gets the network. Default: a new world. */
  world?: World
  /**
   * For a new world: an entity index shared with other worlds of this process, made by `createEntityIndex` of bitECS.
   * Worlds whose components live in the same arrays need one, so that no two of them use the same entity id. Otherwise
   * a second such world cannot open while the first is open.
   */
  entityIndex?: ReturnType<typeof createEntityIndex>
  /** A clock in milliseconds that never goes back. Default `performance.now`. */
  now?: () => number
  /** Ticks after which undrained calls are dropped, and reported once; at least 1. Default 120. */
  undrainedTicks?: number
}

/** Options of {@link createServerWorld}. */
export interface ServerWorldOptions extends WorldOptions {
  /** Ticks per second, from 1 to 1,000. The server sends it to clients. Default 20. */
  tickRate?: number
  /** Decides which entities each client observes; `setInterest` replaces it. Default `everyone()`. */
  interest?: InterestPolicy
}

/** Options of {@link createClientWorld}. */
export interface ClientWorldOptions extends WorldOptions {
  /** Interpolation delay of components with `interpolate`, in server ticks, from 0 to 6. Default 2. */
  interpolationDelay?: number
  /**
   * Limit for the bytes of reliable packets that wait while a scene is loading; more ends the session. Default 4 MiB.
   */
  maxWaitingBytes?: number
}

/** Options of {@link createHostWorld}. */
export type HostWorldOptions = ServerWorldOptions & Pick<ClientWorldOptions, 'maxWaitingBytes'>

const SERVER_OPTIONS = namesOf<ServerWorldOptions>({
  world: true,
  entityIndex: true,
  now: true,
  undrainedTicks: true,
  tickRate: true,
  interest: true,
})
const CLIENT_OPTIONS = namesOf<ClientWorldOptions>({
  world: true,
  entityIndex: true,
  now: true,
  undrainedTicks: true,
  interpolationDelay: true,
  maxWaitingBytes: true,
})
const DEFAULT_WAITING_BYTES = 1 << 22
/** Components that a server's world never has unless it has its own client. */
const OF_CLIENTS = new Set<object>([Joined, LocalPlayer])
/** Components whose lifecycle events a host's own client gets from its view. */
const OF_VIEW = new Set<object>([Networked, Owned, LocalPlayer])

function otherSide(side: Side): UsageError {
  return new UsageError('bad-option', `this world is a ${side} already; one that is both is made by createHostWorld`)
}

function baseWorld(options: WorldOptions): World {
  checkFunction('now', options.now)
  if (options.world !== undefined) return options.world
  return options.entityIndex === undefined ? createWorld() : createWorld(options.entityIndex)
}

/**
 * Creates a world of the server's side, or adds that side to the game's own world.
 *
 * @throws UsageError when the world has that side already, or an option is out of range. Also when an open world of
 * this process uses the same components and has another entity index (`separate-entity-index`).
 */
export function createServerWorld(protocol: Protocol, options: ServerWorldOptions = {}): ServerWorld {
  const { tickRate = 20, undrainedTicks = 120, now = () => performance.now(), interest = everyone() } = options
  checkObject('the options of createServerWorld', options, SERVER_OPTIONS)
  checkNumber('tickRate', tickRate, 1, 1000, 'ticks per second')
  checkInteger('undrainedTicks', undrainedTicks, 1)
  requirePolicy(interest)
  const world = baseWorld(options)
  if (networkOf(world)?.client !== undefined) throw otherSide('client')
  if (networkOf(world)?.server !== undefined) throw new UsageError('bad-option', 'this world is a server already')
  requireOwnStores(world, protocol)
  const server = createServerState(world, protocol, { tickRate, undrainedTicks, now })
  server.close = (text) => closeServer(server, text)
  server.replication.visibility.setPolicy(interest)
  extendNetwork(world, () => ({ lifecycle: new Lifecycle(world) })).server = server
  return world as ServerWorld
}

/**
 * Creates a world of the client's side, or adds that side to the game's own world.
 *
 * @throws UsageError when the world has that side already, or an option is out of range. Also when an open world of
 * this process uses the same components and has another entity index (`separate-entity-index`).
 */
export function createClientWorld(protocol: Protocol, options: ClientWorldOptions = {}): ClientWorld {
  const { interpolationDelay = 2, undrainedTicks = 120, now = () => performance.now() } = options
  const { maxWaitingBytes = DEFAULT_WAITING_BYTES } = options
  checkObject('the options of createClientWorld', options, CLIENT_OPTIONS)
  checkNumber('interpolationDelay', interpolationDelay, 0, 6, 'ticks')
  checkInteger('maxWaitingBytes', maxWaitingBytes, 1)
  checkInteger('undrainedTicks', undrainedTicks, 1)
  const world = baseWorld(options)
  if (networkOf(world)?.server !== undefined) throw otherSide('server')
  if (networkOf(world)?.client !== undefined) throw new UsageError('bad-option', 'this world is a client already')
  requireOwnStores(world, protocol)
  const client = createClientState(world, protocol, {
    interpolationDelay,
    undrainedTicks,
    maxWaitingBytes,
    now,
  })
  extendNetwork(world, () => ({ lifecycle: new Lifecycle(world) })).client = client
  return world as ClientWorld
}

/**
 * Creates a world that is server and client at once, or adds both sides to the game's own world. For a player who hosts
 * a game for others, and for playing alone. `startHost` lets its own client join.
 *
 * The client is a client like any other: its calls and messages travel in packets, are checked and queued, and are
 * drained in the same phases. State does not travel, because both sides have the same entities. So the client's
 * `connectionOf` is the server's connection entity for it. `Owned` means that an entity has any owner: ask
 * `hasAuthority` whether it is this client. Nothing is interpolated.
 *
 * Systems of either side run unchanged, wrapped by `serverSystems` and `clientSystems`.
 *
 * @throws UsageError when the world has a side already, or an option is out of range. Also when an open world of this
 * process uses the same components and has another entity index (`separate-entity-index`).
 */
export function createHostWorld(protocol: Protocol, options: HostWorldOptions = {}): HostWorld {
  checkObject('the options of createHostWorld', options, [...SERVER_OPTIONS, 'maxWaitingBytes'])
  const { maxWaitingBytes = DEFAULT_WAITING_BYTES, ...serverOptions } = options
  const world = createServerWorld(protocol, serverOptions) as HostWorld
  const network = networkOf(world)!
  const { server } = network
  const { undrainedTicks, now } = server!.options
  checkInteger('maxWaitingBytes', maxWaitingBytes, 1)
  const hostEntities = new HostEntities(world, server!.replication.entities)
  const clientOptions = {
    interpolationDelay: 0,
    undrainedTicks,
    maxWaitingBytes,
    now,
    hostEntities,
    hostTick: () => server!.tick,
  }
  network.client = createClientState(world, protocol, clientOptions)
  const asClient = (act: () => void): void => withSide(world, 'client', act)
  const { client } = network
  const { replication } = server!
  // Each side has the events that it would have in a separate world.
  network.lifecycle.sees = (component, eid) =>
    !OF_CLIENTS.has(component) && (component !== Draining || eid !== client.connection)
  const clientLifecycle = new Lifecycle(world)
  clientLifecycle.sees = (component, eid) => eid === client.connection && !OF_VIEW.has(component)
  const view = new LocalView(replication, client.replication, clientLifecycle, client.connection)
  const both = { server: replication, client: client.replication }
  server!.local = new LocalClient(world, client.connection, both, view, asClient)
  // A change of state happens once, and the systems of both sides get it.
  replication.changes.feed(client.replication.changes)
  const { collections } = client.replication
  if (collections !== undefined) replication.collections.queues.feed(collections.queues)
  network.clientLifecycle = clientLifecycle
  return world
}
