// Sets and removes the player of a connection, on the server.
import { hasComponent, removeComponent } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { Networked, Owned } from '../../components/networked.js'
import { UsageError } from '../protocol/errors.js'
import { badOption } from '../protocol/check-options.js'
import { hideLocalPlayer } from '../world/host/local-player.js'
import { endEntity, moveOwner } from '../world/server/entity-steps.js'
import { graceOf } from '../world/server/left-behind.js'
import { requireOpen, requireSlot, setOwner, type SetOwnerOptions } from './ownership.js'
import type { ServerState } from '../world/server/server-state.js'
import { serverState, type ServerWorld } from '../world/state.js'

/**
 * What happens to an entity that is no longer the player.
 *
 * - `keep`: the connection still owns it.
 * - `release`: it lives on without an owner.
 * - `unspawn`: it loses `Networked`, and lives on only in the server's world.
 * - `despawn`: it ends.
 */
export type FormerPlayer = 'keep' | 'release' | 'unspawn' | 'despawn'

/** Options of {@link removePlayer}. */
export interface RemovePlayerOptions {
  /** What happens to the entity that was the player. Default `keep`. */
  former?: FormerPlayer
}

/** Options of {@link setPlayer}. */
export interface SetPlayerOptions extends SetOwnerOptions, RemovePlayerOptions {}

const FORMER: ReadonlySet<unknown> = new Set(['keep', 'release', 'unspawn', 'despawn'])

/**
 * Makes a networked entity the player of a connection, and the connection its owner. The client's world removes
 * `LocalPlayer` from the player before, then adds it to this one. `former` says what happens to the player before.
 * `entity` 0 removes the player, as {@link removePlayer} does. To hand over the player of another client, remove it
 * there first: `removePlayer(world, other, { former: 'release' })`.
 *
 * @throws UsageError when the entity is not networked or another client owns it, `connection` is not an open
 * connection, or an option has no documented value.
 */
export function setPlayer(
  world: ServerWorld,
  connection: number,
  entity: number,
  options: SetPlayerOptions = {},
): void {
  const server = serverState(world)
  requireOpen(server, connection)
  if (entity !== 0) requireOwn(server, entity, connection)
  requireFormer(options.former)
  graceOf(options.onLeave)
  const former = Connection.player[connection]!
  if (former !== entity) hideLocalPlayer(server, connection)
  if (entity !== 0) {
    for (const { session } of server.peers) {
      if (session.entity !== connection && Connection.player[session.entity] === entity) {
        hideLocalPlayer(server, session.entity)
      }
    }
    setOwner(world, entity, connection, options)
    for (const { session } of server.peers) {
      if (Connection.player[session.entity] === entity) Connection.player[session.entity] = 0
    }
  }
  Connection.player[connection] = entity
  if (former !== 0 && former !== entity) endFormer(server, connection, former, options.former)
}

/**
 * Removes the player of a connection: the client's world removes `LocalPlayer` from it. Does nothing when the
 * connection has no player.
 *
 * @throws UsageError when `connection` is not an open connection, or `former` has no documented value.
 */
export function removePlayer(world: ServerWorld, connection: number, options: RemovePlayerOptions = {}): void {
  const server = serverState(world)
  requireOpen(server, connection)
  requireFormer(options.former)
  const former = Connection.player[connection]!
  hideLocalPlayer(server, connection)
  Connection.player[connection] = 0
  if (former !== 0) endFormer(server, connection, former, options.former)
}

/** @throws UsageError when the entity is not networked, or another open connection owns it. */
function requireOwn(server: ServerState, entity: number, connection: number): void {
  requireSlot(server, entity)
  const owner = Networked.owner[entity]!
  if (owner === connection || !server.peerOfConnection.has(owner)) return
  const text =
    `entity ${entity} belongs to connection ${owner}: take it away there first, with clearOwner or with ` +
    "removePlayer and { former: 'release' }"
  throw new UsageError('not-owner', text)
}

function requireFormer(former: unknown): void {
  if (former === undefined || FORMER.has(former)) return
  throw badOption('former', "'keep', 'release', 'unspawn' or 'despawn'", former)
}

function endFormer(server: ServerState, connection: number, eid: number, former: FormerPlayer = 'keep'): void {
  // An entity that belongs to another client by now must not be changed.
  const isTheirs = hasComponent(server.world, eid, Owned) && Networked.owner[eid] === connection
  if (former === 'keep' || !isTheirs) return
  if (former === 'despawn') return endEntity(server, eid)
  moveOwner(server, eid, 0)
  if (former === 'unspawn') server.guarded.make(() => removeComponent(server.world, eid, Networked))
}
