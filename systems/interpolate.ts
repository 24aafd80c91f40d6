// Shows components with `interpolate` between two states of the server, a fixed delay behind it.
import type { World } from 'bitecs'
import { clientRole } from '../src/world/state.js'

/** Shows components with `interpolate` between two states of the server, a fixed delay behind it. */
export function interpolate(world: World): void {
  const { session, replication, options } = clientRole(world)
  if (session !== undefined) replication.interpolate(session.clock.at(options.now()) - options.interpolationDelay)
}
