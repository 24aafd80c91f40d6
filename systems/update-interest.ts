// Brings every client's view in step with the world: which entities it begins and ceases to see.
import type { World } from 'bitecs'
import { serverRole } from '../src/world/state.js'

/** Brings every client's view in step with the world: which entities it begins and ceases to see. */
export function updateInterest(world: World): void {
  const role = serverRole(world)
  role.replication.updateInterest(role.tick)
}
