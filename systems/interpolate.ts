// Shows components with `interpolate` between two states of the server, a fixed delay behind it.
import type { World } from 'bitecs'
import { clientRole } from '../src/world/state.js'

/**
 * Shows components with `interpolate` between two states of the server, a fixed delay behind it. In a host's world they are
 * what they are.
 */
export function interpolate(world: World): void {
  const { session, replication, options, isLocal } = clientRole(world)
  if (session !== undefined && !isLocal)
    replication.interpolate(session.clock.at(options.now()) - options.interpolationDelay)
}
