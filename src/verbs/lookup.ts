// The verbs that ask: net ids, ticks, who is whose.
import { hasComponent } from 'bitecs'
import { Networked, Owned } from '../../components/networked.js'
import type { ClientState } from '../world/client/client-state.js'
import type { ServerState } from '../world/server/server-state.js'
import { requireNetwork } from '../world/inbound-queue.js'
import { clientRole, type ClientWorld, type NetworkWorld } from '../world/state.js'

function anyRole(world: NetworkWorld): ServerState | ClientState {
  const { server, client } = requireNetwork(world)
  return (server ?? client)!
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
  const { server, client } = requireNetwork(world)
  return server?.tick ?? client?.session?.clock.latest ?? 0
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
  if (!hasComponent(world, entity, Networked)) return false
  return hasComponent(world, entity, Owned) && Networked.owner[entity] === connection
}
