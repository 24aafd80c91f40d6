// Ending a world's network, on either side.
import { heldIdsOf } from '../replication/held-ids.js'
import { networkOf, type NetworkWorld } from '../world/state.js'
import { closeSession } from './client-session.js'

/**
 * Ends the connections of a world and tells the other side why. On the server every client gets the reason; on a client
 * every entity ends, in reverse order, before this returns. Resolves when nothing of the network is left open; the world
 * itself lives on, and may listen or connect again. Does nothing when nothing is open.
 */
export async function close(world: NetworkWorld, text?: string): Promise<void> {
  const network = networkOf(world)
  const client = network?.client && closeSession(network.client, 'client-closed', text ?? 'the client left')
  const server = network?.server?.stop('server-stopped', text ?? 'the server stopped')
  // The world may never tick again.
  if (network !== undefined) heldIdsOf(world).releaseAll()
  await Promise.all([client, server])
}
