// Encodes what changed, once for all clients who see it.
import type { World } from 'bitecs'
import { serverRole } from '../src/world/state.js'

/** Encodes what `updateInterest` has found to have changed, once for all clients who see it. */
export function replicateState(world: World): void {
  const role = serverRole(world)
  role.replication.replicate(role.tick)
}
