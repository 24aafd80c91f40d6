// Ends a world's network, on either side.
import { retireConnections } from '../../systems/retire-connections.js'
import { updateConnections } from '../../systems/update-connections.js'
import { heldIdsOf } from '../replication/held-ids.js'
import type { ServerState } from '../world/server/server-state.js'
import { hasStopped, stopServing } from '../world/server/stop-serving.js'
import { networkOf, type NetworkWorld } from '../world/state.js'
import { closeSession } from './client-session.js'

/**
 * Ends the connections of a world and tells the other side why. On the server every client gets the reason. On a client
 * every entity ends, in reverse order, before this returns. Resolves when nothing of the network is left open. The
 * world itself lives on, and may listen or connect again. Does nothing when nothing is open.
 */
export async function close(world: NetworkWorld, text?: string): Promise<void> {
  const network = networkOf(world)
  const client = network?.client && closeSession(network.client, 'client-closed', text ?? 'the client left')
  const server = network?.server && closeServer(network.server, text ?? 'the server stopped')
  // The world may never tick again.
  if (network !== undefined) heldIdsOf(world).releaseAll()
  await Promise.all([client, server])
}

/** Closes every session, and runs the systems that show it: the world may never tick again. */
function closeServer(server: ServerState, text: string): Promise<void> {
  const { world, guarded, outgoing } = server
  const closed = stopServing(server, 'server-stopped', text)
  if (!hasStopped(server)) return closed
  updateConnections(world)
  guarded.endEntities(() => retireConnections(world))
  outgoing.clear()
  return closed
}
