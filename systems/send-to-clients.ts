// The last system of a server's tick: fills and sends every client's packets.
import type { World } from 'bitecs'
import { sendTick } from '../src/world/server/server-outbound.js'
import { serverRole } from '../src/world/state.js'

/** The last system of a server's tick: fills and sends every client's packets. */
export function sendToClients(world: World): void {
  sendTick(serverRole(world))
}
