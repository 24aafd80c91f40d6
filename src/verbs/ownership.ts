// Changes owners, despawns entities and kicks clients on the server; sets the readiness of a client.
import { entityExists, hasComponent } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { Networked, Owned } from '../../components/networked.js'
import { UsageError } from '../protocol/errors.js'
import { slotOf } from '../protocol/net-id.js'
import { isLeaving, sessionsOf } from '../world/server/connections.js'
import { endEntity, moveOwner } from '../world/server/entity-steps.js'
import { cancelGrace, graceOf, type OnLeave, setGrace } from '../world/server/left-behind.js'
import type { ServerState } from '../world/server/server-state.js'
import { clientState, type ClientWorld, serverState, type ServerWorld } from '../world/state.js'

/** Options of {@link setOwner}. */
export interface SetOwnerOptions {
  /**
   * What happens to the entity when the owner's connection ends. Default: what was set when this connection became its
   * owner. For a new owner: `keep` when the entity has a spawn key of the kind `scene`, because it belongs to the map,
   * else `despawn`.
   */
  onLeave?: OnLeave
}

/**
 * Makes a connection the owner of a networked entity, which may then send commands on it. The former owner loses
 * `Owned` first. If the connection has ended in this tick, the entity is treated like the others that it owned.
 *
 * @throws UsageError when the entity is not networked, `connection` is not an open connection, or `onLeave` has no
 * documented value.
 */
export function setOwner(world: ServerWorld, entity: number, connection: number, options: SetOwnerOptions = {}): void {
  const server = serverState(world)
  requireSlot(server, entity)
  requireOpen(server, connection)
  const isNewOwner = Networked.owner[entity] !== connection
  if (isNewOwner || options.onLeave !== undefined) setGrace(server, entity, graceOf(options.onLeave))
  cancelGrace(server, entity)
  moveOwner(server, entity, connection)
}

/**
 * Removes the owner of an entity. The entity lives on, even if it was only kept for a grace time.
 *
 * @throws UsageError when the entity is neither networked nor owned.
 */
export function clearOwner(world: ServerWorld, entity: number): void {
  const server = serverState(world)
  // An entity keeps its owner while it is not networked.
  if (!hasComponent(world, entity, Owned)) requireSlot(server, entity)
  cancelGrace(server, entity)
  moveOwner(server, entity, 0)
}

/**
 * Removes an entity from the server's world and from every client's, in the reverse order of its spawn: `Owned`,
 * `Networked`, then the rest. Its values are readable at every step. An entity that is not networked is just removed;
 * one that no longer exists is ignored.
 *
 * @throws UsageError when it is a connection.
 */
export function despawn(world: ServerWorld, entity: number): void {
  const server = serverState(world)
  if (hasComponent(world, entity, Connection)) {
    throw new UsageError('a-connection', `entity ${entity} is a connection: end it with kick`)
  }
  if (entityExists(world, entity)) endEntity(server, entity)
}

/** The connection entities that observe an entity; empty when it is not networked. */
export function observersOf(world: ServerWorld, entity: number): number[] {
  const { replication, peers } = serverState(world)
  const slot = slotOf(replication.entities.netIdOf(entity))
  if (slot === 0) return []
  return peers.filter((peer) => peer.observer.sees(slot)).map((peer) => peer.session.entity)
}

/**
 * Ends a connection from the server, with a reason that the client can read. One that has ended in this tick is
 * ignored. When a system that drains a client's calls kicks it, its remaining calls are dropped.
 *
 * @throws UsageError when `connection` is not an open connection.
 */
export function kick(world: ServerWorld, connection: number, text = 'kicked', code = 'kicked'): void {
  const server = serverState(world)
  requireOpen(server, connection)
  const peer = server.peerOfConnection.get(connection)
  if (peer === undefined) return
  sessionsOf(server, peer.session)?.close(peer.session, code, text)
  server.inbound.dropFrom(connection)
}

/** Sets whether this client is ready. Without `autoReady: false` the library does it automatically. */
export function setReady(world: ClientWorld, ready: boolean): void {
  clientState(world).readyToSend = ready
}

/**
 * The slot of a networked entity. 0 while the world has no slot for it, which was reported: no verb throws for that.
 *
 * @throws UsageError when the entity is not networked.
 */
export function requireSlot(server: ServerState, entity: number): number {
  const slot = server.replication.entities.slotOfEntity(entity)
  if (slot === 0 && server.replication.isSlotless(entity)) return 0
  if (slot === 0 || !hasComponent(server.world, entity, Networked)) {
    throw new UsageError('not-networked', `entity ${entity} is not networked: add Networked first`)
  }
  return slot
}

/**
 * A client may leave in the tick in which its commands are drained. A game cannot know, so nothing throws for it.
 *
 * @throws UsageError when it is no connection.
 */
export function requireOpen(server: ServerState, connection: number): void {
  if (!server.peerOfConnection.has(connection) && !isLeaving(server, connection)) {
    throw new UsageError('not-a-connection', `entity ${connection} is not an open connection`)
  }
}
