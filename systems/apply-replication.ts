// Applies what arrived, in order: structure and values to the world, calls and messages to their queues.
import type { World } from 'bitecs'
import { clientRole } from '../src/world/state.js'

/** Applies what arrived, in order: structure and values to the world, calls and messages to their queues. */
export function applyReplication(world: World): void {
  clientRole(world).applyArrived()
}
