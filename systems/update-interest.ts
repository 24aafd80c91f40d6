// Finds what changed since the last tick, and which entities each client begins and ceases to see for it.
import type { World } from 'bitecs'
import { serverRole } from '../src/world/state.js'

/**
 * Takes over what the game's systems have done to the world, and brings every client's view in step with it: which entities
 * it begins and ceases to see. What is done behind it leaves with the next tick.
 */
export function updateInterest(world: World): void {
  const role = serverRole(world)
  role.replication.updateInterest(role.tick)
}
