// The verbs of what clients are sent and when: bytes per second, and which entities matter more.
import { Conduct, type Violation } from '../connection/server/client-limits.js'
import { checkBytesPerSecond } from '../world/server/budget-options.js'
import { checkNumber } from '../world/check-options.js'
import { requireOpen, requireSlot } from './ownership.js'
import { serverRole, type ServerWorld } from '../world/state.js'

const LEAST_PRIORITY = 0.001
const MOST_PRIORITY = 1000

/**
 * Says how much one client may be sent: see `maxBytesPerSecond` of `listen`. A game that lets its players choose, or
 * measures their lines, calls it at any time. For a connection that has ended in this tick nothing happens.
 *
 * @throws UsageError when `connection` is not an open connection, or `bytesPerSecond` is not from 1,000 to 1,000,000,000.
 */
export function setMaxBytesPerSecond(world: ServerWorld, connection: number, bytesPerSecond: number): void {
  const role = serverRole(world)
  checkBytesPerSecond('bytesPerSecond', bytesPerSecond)
  requireOpen(role, connection)
  const peer = role.peerOfConnection.get(connection)
  if (peer !== undefined) peer.observer.budget.rate = bytesPerSecond
}

/**
 * How often one client has sent what no honest client sends, by kind, since its session began: a copy, with 0 for each
 * kind that did not come. `stats(world).violations` has the sums of all clients.
 *
 * @throws UsageError when `connection` is not an open connection.
 */
export function violationsOf(world: ServerWorld, connection: number): Record<Violation, number> {
  const role = serverRole(world)
  requireOpen(role, connection)
  const peer = role.peerOfConnection.get(connection)
  return (peer?.session.conduct ?? new Conduct()).violations()
}

/**
 * Says how important a networked entity is, where not everything can be sent at once: with 2 its values go out twice as
 * often as those of others, and it counts as half as far away. 1 for every entity at first. Where everything fits, nothing
 * changes.
 *
 * @throws UsageError when the entity is not networked, or `priority` is not from 0.001 to 1,000.
 */
export function setPriority(world: ServerWorld, entity: number, priority: number): void {
  const role = serverRole(world)
  checkNumber('priority', priority, LEAST_PRIORITY, MOST_PRIORITY)
  const slot = requireSlot(role, entity)
  if (slot !== 0) role.replication.priorities.set(slot, priority)
}
