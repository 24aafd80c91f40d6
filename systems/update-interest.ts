// Finds what changed since the last tick, and which entities each client starts and stops observing.
import type { World } from 'bitecs'
import { serverState } from '../src/world/state.js'

/**
 * Reads what the game's systems changed in the world, and updates which entities each client observes. Changes that the
 * game makes after this system are sent with the next tick.
 */
export function updateInterest(world: World): void {
  const { replication, tick } = serverState(world)
  const { tracker, authority, visibility, observers, added, removed } = replication
  replication.startTick(tick)
  replication.followStores()
  replication.placeSlotless()
  // Structure: entities that spawned, components that were added and removed, owners that changed.
  replication.takeOverSpawns()
  replication.takeOverComponents()
  replication.takeOverOwners()
  // Values: compares replicated columns with the values of the last tick, and reads what owners wrote.
  tracker.scan(tick)
  authority.gather(tick)
  visibility.update(tick, observers, added, removed)
  replication.releaseSlots()
}
