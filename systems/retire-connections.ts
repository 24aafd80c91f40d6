// Ends what clients that left in this tick leave behind: their entities, then their connection entities.
import type { World } from 'bitecs'
import { serverRole } from '../src/world/state.js'

/** Ends what clients that left in this tick leave behind: their entities, then their connection entities. */
export function retireConnections(world: World): void {
  serverRole(world).retireConnections()
}
