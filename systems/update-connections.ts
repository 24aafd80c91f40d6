// Turns sessions that opened, changed or ended into connection entities and their tags.
import type { World } from 'bitecs'
import { serverRole } from '../src/world/state.js'

/** Turns sessions that opened, changed or ended into connection entities and their tags. */
export function updateConnections(world: World): void {
  serverRole(world).updateConnections()
}
