// Finds what changed since the last tick, and encodes it once for all clients.
import type { World } from 'bitecs'
import { serverRole } from '../src/world/state.js'

/** Finds what changed since the last tick, and encodes it once for all clients. */
export function replicateState(world: World): void {
  const role = serverRole(world)
  role.replication.replicate(role.tick)
}
