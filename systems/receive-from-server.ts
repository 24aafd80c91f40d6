// Receives packets from the server. Data packets wait in queues until `applyReplication`.
import type { World } from 'bitecs'
import { clientState } from '../src/world/state.js'

/**
 * The first system of a client's frame: receives packets from the server. Data packets wait in queues until
 * `applyReplication`. Others, such as the welcome and the close, change the session at once.
 */
export function receiveFromServer(world: World): void {
  const { session } = clientState(world)
  if (session === undefined) return
  session.receive()
}
