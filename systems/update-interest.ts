// Finds what changed since the last tick, and which entities each client starts and stops seeing.
import type { World } from 'bitecs'
import { serverRole } from '../src/world/state.js'

/**
 * Reads what the game's systems did to the world, and updates which entities each client sees. What the game does after
 * this system leaves with the next tick.
 */
export function updateInterest(world: World): void {
  const { replication, tick } = serverRole(world)
  const { tracker, authority, visibility, observers, added, removed } = replication
  replication.startTick(tick)
  replication.followStores()
  replication.placeSlotless()
  // Structure: entities that began, components that were added and removed, owners that changed.
  replication.takeOverSpawns()
  replication.takeOverComponents()
  replication.takeOverOwners()
  // Values: compares replicated columns with the values of the last tick, and reads what owners wrote.
  tracker.scan(tick)
  authority.gather(tick)
  visibility.update(tick, observers, added, removed)
  replication.releaseSlots()
}
