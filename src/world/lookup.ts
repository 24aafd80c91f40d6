// The verbs that ask: net ids, ticks, statistics.
import type { Counters } from '../connection/counters.js'
import { UsageError } from '../protocol/errors.js'
import { createTransportCounters, type TransportCounters } from '../transport/transport.js'
import type { ClientRole } from './client-role.js'
import type { ServerRole } from './server-role.js'
import { clientRole, type ClientWorld, networkOf, type NetworkWorld } from './state.js'

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

/** A copy of the counters of this world's side. */
export function stats(world: NetworkWorld): NetworkStats {
  const network = networkOf(world)
  const role = anyRole(world)
  return {
    connections: network?.server?.peers.length ?? (network?.client?.session?.state === 'open' ? 1 : 0),
    entities: role.replication.entities.alive,
    lostReports:
      role.errors.dropped +
      (network?.lifecycle.dropped ?? 0) +
      role.replication.changes.dropped +
      role.replication.collections.queues.dropped,
    counters: { ...role.counters },
    transport: { ...(role.transport?.counters ?? createTransportCounters()) },
  }
}

/** The one connection entity of a client's world. */
export function connectionOf(world: ClientWorld): number {
  return clientRole(world).connection
}
