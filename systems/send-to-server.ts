// The last system of a client's frame: sends its calls and messages, and acknowledges what arrived.
import type { World } from 'bitecs'
import { clientRole } from '../src/world/state.js'

/** The last system of a client's frame: sends its calls and messages, and acknowledges what arrived. */
export function sendToServer(world: World): void {
  clientRole(world).send()
}
