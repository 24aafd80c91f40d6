// Looks up net ids, ticks, connections and authority.
import { hasComponent } from 'bitecs'
import { Networked, Owned } from '../../components/networked.js'
import type { ClientState } from '../world/client/client-state.js'
import type { ServerState } from '../world/server/server-state.js'
import { requireNetwork } from '../world/inbound-queue.js'
import { clientState, type ClientWorld, type NetworkWorld } from '../world/state.js'

function anyState(world: NetworkWorld): ServerState | ClientState {
  const { server, client } = requireNetwork(world)
  return (server ?? client)!
}

/** The id by which both sides know the entity, or 0 when it is not networked. */
export function netIdOf(world: NetworkWorld, entity: number): number {
  return anyState(world).replication.entities.netIdOf(entity)
}

/** The entity of this world with a net id, or 0 when there is none. */
export function entityOf(world: NetworkWorld, netId: number): number {
  return anyState(world).replication.entities.entityOf(netId)
}

/** The server's tick: on the server the current one, on a client the newest one received. */
export function serverTick(world: NetworkWorld): number {
  const { server, client } = requireNetwork(world)
  return server?.tick ?? client?.session?.clock.latest ?? 0
}

/**
 * The one connection entity of a client's world. In a host's world that of its own client, which has `LocalConnection`.
 */
export function connectionOf(world: ClientWorld): number {
  return clientState(world).connection
}

/**
 * Whether the client of this world owns an entity, and so may send its commands. In a client's world that equals
 * `Owned`. In a host's world `Owned` only means that some client owns it.
 */
export function hasAuthority(world: ClientWorld, entity: number): boolean {
  const { connection } = clientState(world)
  if (!hasComponent(world, entity, Networked)) return false
  return hasComponent(world, entity, Owned) && Networked.owner[entity] === connection
}
