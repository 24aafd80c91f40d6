// The first system of a client's frame: takes in what arrived, without applying it yet.
import type { World } from 'bitecs'
import { clientRole } from '../src/world/state.js'

/** The first system of a client's frame: takes in what arrived, without applying it yet. */
export function receiveFromServer(world: World): void {
  clientRole(world).session?.receive()
}
