// The verbs that ask: net ids, ticks, statistics.
import { hasComponent } from 'bitecs'
import { Networked, Owned } from '../../components/networked.js'
import type { Counters } from '../connection/counters.js'
import { UsageError } from '../protocol/errors.js'
import { createTransportCounters, type TransportCounters } from '../transport/transport.js'
import type { ClientRole } from './client-role.js'
import type { ServerRole } from './server-role.js'
import { isHost, lifecycleOf, type SideOptions, sideOf } from './sides.js'
import {
  clientRole,
  type ClientWorld,
  type HostWorld,
  type Network,
  networkOf,
  type NetworkWorld,
  type Side,
} from './state.js'

function anyRole(world: NetworkWorld): ServerRole | ClientRole {
  const network = networkOf(world)
  const role = network?.server ?? network?.client
  if (role === undefined)
    throw new UsageError('wrong-side', 'this world has no network; make it with createServerWorld')
  return role
}

/** The name that both sides know an entity by, or 0 when it is not networked. */
export function netIdOf(world: NetworkWorld, entity: number): number {
  return anyRole(world).replication.entities.netIdOf(entity)
}

/** The entity of this world that a net id names, or 0 when there is none (any more). */
export function entityOf(world: NetworkWorld, netId: number): number {
  return anyRole(world).replication.entities.entityOf(netId)
}

/** The server's tick: on the server the one that runs, on a client the newest one heard of. */
export function serverTick(world: NetworkWorld): number {
  const network = networkOf(world)
  return network?.server?.tick ?? network?.client?.session?.clock.latest ?? 0
}

/** What one side counted since its world was made. */
export interface NetworkStats {
  /** Open connections. */
  readonly connections: number
  /** Networked entities. */
  readonly entities: number
  /** Errors that nobody drained, and events of a world that did not tick: lost beyond what is kept. */
  readonly lostReports: number
  /** Drops and repairs, by reason. */
  readonly counters: Readonly<Counters>
  /** Packets and bytes of the current transport. */
  readonly transport: Readonly<TransportCounters>
}

/**
 * A copy of the counters of this world's side. In a host's world those of `side`, or of the side whose systems run; when
 * neither is said, the server's connections and entities, and everything counted on either side added up.
 */
export function stats(world: NetworkWorld): NetworkStats
export function stats(world: HostWorld, options: SideOptions): NetworkStats
export function stats(world: NetworkWorld, { side }: SideOptions = {}): NetworkStats {
  anyRole(world)
  const network = networkOf(world)!
  if (isHost(network) && side === undefined && network.side === undefined) {
    return addStats(statsOf(network, 'server'), statsOf(network, 'client'))
  }
  return statsOf(network, sideOf(network, 'stats', side))
}

function statsOf(network: Network, side: Side): NetworkStats {
  const role = network[side]!
  const { server, client } = network
  const transport = { ...(role.transport?.counters ?? createTransportCounters()) }
  const local = side === 'server' ? server!.local?.sessions?.transport : undefined
  const ofObservers = side === 'server' ? server!.replication.observerEvents.dropped : 0
  return {
    connections: side === 'server' ? server!.peers.length : client!.session?.state === 'open' ? 1 : 0,
    entities: (server ?? client)!.replication.entities.alive,
    lostReports:
      role.errors.dropped +
      lifecycleOf(network, side).dropped +
      role.replication.changes.dropped +
      role.replication.collections.queues.dropped +
      role.scenes.events.dropped +
      ofObservers,
    counters: { ...role.counters },
    transport: local === undefined ? transport : addCounts(transport, local.counters),
  }
}

function addStats(server: NetworkStats, client: NetworkStats): NetworkStats {
  return {
    connections: server.connections,
    entities: server.entities,
    lostReports: server.lostReports + client.lostReports,
    counters: addCounts(server.counters, client.counters),
    transport: addCounts(server.transport, client.transport),
  }
}

function addCounts<T extends Counters | TransportCounters>(a: Readonly<T>, b: Readonly<T>): T {
  const sum = { ...a }
  for (const key of Object.keys(b) as (keyof T)[]) (sum[key] as number) = Number(a[key]) + Number(b[key])
  return sum
}

/** The one connection entity of a client's world; in a host's world that of its own client, which carries `LocalConnection`. */
export function connectionOf(world: ClientWorld): number {
  return clientRole(world).connection
}

/**
 * Whether the client of this world owns an entity: it may call the entity's commands. In a client's world that is what
 * `Owned` says; in a host's world `Owned` only says that someone is.
 */
export function hasAuthority(world: ClientWorld, entity: number): boolean {
  const { connection } = clientRole(world)
  return hasComponent(world, entity, Owned) && Networked.owner[entity] === connection
}
