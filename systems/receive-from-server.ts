// Starts a client's frame: counts the frame, and receives packets from the server.
import type { World } from 'bitecs'
import { markDrained } from '../src/world/client/read-packet.js'
import { clientState } from '../src/world/state.js'

/**
 * The first system of a client's frame: counts the frame, notes that the game had its chance to drain what arrived
 * before, and receives packets. Data packets wait in queues until `applyReplication`. Others, such as the welcome and
 * the close, change the session at once.
 */
export function receiveFromServer(world: World): void {
  const client = clientState(world)
  client.frame++
  client.lastFrameAt = client.options.now()
  markDrained(client)
  client.session?.receive()
}
