// Ends a world's network: announced with a grace time, or at once.
import { endConnections } from '../../systems/end-connections.js'
import { updateConnections } from '../../systems/update-connections.js'
import { UsageError } from '../protocol/errors.js'
import { checkNumber } from '../protocol/check-options.js'
import { showDraining } from '../world/connection-entity.js'
import { LONGEST_GRACE_MS } from '../world/server/left-behind.js'
import { Retirement } from '../world/server/retirement.js'
import { heldIdsOf } from '../replication/held-ids.js'
import type { ServerState } from '../world/server/server-state.js'
import { hasStopped, stopServing } from '../world/server/stop-serving.js'
import { networkOf, type NetworkWorld, serverState, type ServerWorld } from '../world/state.js'
import { closeSession } from './client-session.js'

/**
 * Ends the connections of a world and tells the other side why. On the server every client gets the reason. On a client
 * every entity ends, in reverse order, before this returns. Resolves when nothing of the network is left open. The
 * world itself lives on, and may listen or connect again. Does nothing when nothing is open.
 */
export async function close(world: NetworkWorld, text?: string): Promise<void> {
  const network = networkOf(world)
  const client = network?.client && closeSession(network.client, 'client-closed', text ?? 'the client left')
  const server = network?.server?.close(text ?? 'the server stopped')
  // The world may never tick again.
  if (network !== undefined) heldIdsOf(world).releaseAll()
  await Promise.all([client, server])
}

/**
 * Closes every session of a server, and runs the systems that show it: the world may never tick again. `close` calls
 * it through the server's state, so that a browser that only joins does not load these systems.
 */
export function closeServer(server: ServerState, text: string): Promise<void> {
  const { world, guarded, outgoing } = server
  const closed = stopServing(server, 'server-stopped', text)
  if (!hasStopped(server)) return closed
  updateConnections(world)
  guarded.endEntities(() => endConnections(world))
  outgoing.clear()
  return closed
}

/** How a server retires; see {@link retire}. */
export interface RetireOptions {
  /** Milliseconds that connected clients may play on, from 0 to 86,400,000 (a day). */
  grace: number
  /** Why, for connected players and for those that try to connect. Default: that the server is about to close. */
  text?: string
}

/**
 * Announces that a server will close, without closing it. From now on it admits no new clients: `connect` fails with
 * the code `draining` and `text`. Every client's connection, and the network entity of this world, gets `Draining`, so
 * that a game can count down, start no new match, and save. Interrupted sessions may still resume.
 *
 * Resolves, within a tick, when the last client has left, the time is over, or the world was closed. Then `close` it. A
 * second call changes the time and text, and every client is notified again. A host's own client does not count here;
 * it finds `Draining` on the network entity.
 *
 * ```ts
 * await retire(world, { grace: 60_000, text: 'a new version comes in a minute' })
 * await close(world, 'a new version')
 * ```
 *
 * @throws UsageError when the world does not listen, or `grace` is out of range.
 */
export function retire(world: ServerWorld, options: RetireOptions): Promise<void> {
  const server = serverState(world)
  const { grace, text = 'the server is about to close' } = options
  checkNumber('grace', grace, 0, LONGEST_GRACE_MS, 'milliseconds')
  if (server.sessions === undefined)
    throw new UsageError('not-listening', 'this world does not listen, so there is no client to notify')
  const retirement = (server.retirement ??= new Retirement())
  retirement.set(server.options.now() + grace, text)
  server.sessions.stopJoins(text)
  server.guarded.make(() => showDraining(world, server.networkEntity, retirement.endsAt, text))
  return retirement.over
}
