// Shows components with `interpolate` between two snapshots of the server, a fixed delay in the past.
import type { World } from 'bitecs'
import { clientState } from '../src/world/state.js'

/**
 * Shows components with `interpolate` between two snapshots of the server, a fixed delay in the past. In a host's world
 * they always have the server's values.
 */
export function interpolate(world: World): void {
  const { session, replication, options, isLocal } = clientState(world)
  if (session === undefined || isLocal) return
  const { components, entities } = replication
  // The shown tick has a fraction.
  const shownTick = session.clock.at(options.now()) - options.interpolationDelay
  for (let i = 0; i < components.length; i++) components[i]!.snapshots?.show(shownTick, entities.eidOf)
}
