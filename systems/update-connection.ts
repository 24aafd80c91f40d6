// Shows that the session has opened, keeps it alive, and finds it dead.
import type { World } from 'bitecs'
import { clientRole } from '../src/world/state.js'

/** Shows that the session has opened, keeps it alive, and finds it dead. */
export function updateConnection(world: World): void {
  clientRole(world).updateConnection()
}
