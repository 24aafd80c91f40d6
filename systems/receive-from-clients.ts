// The first system of a server's tick: counts the tick, and takes in what arrived.
import type { World } from 'bitecs'
import { serverRole } from '../src/world/state.js'

/** The first system of a server's tick: counts the tick, and takes in what arrived. */
export function receiveFromClients(world: World): void {
  serverRole(world).receive()
}
