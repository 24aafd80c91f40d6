// Sets how much clients are sent: bytes per second, and the priority of entities. Reads their protocol violations.
import { ClientLimits, type Violation } from '../connection/server/client-limits.js'
import { checkBytesPerSecond } from '../world/server/check-serve-options.js'
import { checkNumber } from '../protocol/check-options.js'
import { requireOpen, requireSlot } from './ownership.js'
import { serverState, type ServerWorld } from '../world/state.js'

const LEAST_PRIORITY = 0.001
const MOST_PRIORITY = 1000

/**
 * Sets how many bytes per second one client may be sent: see `maxBytesPerSecond` of `listen`. Call it at any time, for
 * instance when players choose their rate or the game measures their connections. Does nothing for a connection that
 * has ended in this tick.
 *
 * @throws UsageError when `connection` is not an open connection, or `bytesPerSecond` is not from 1,000 to
 * 1,000,000,000.
 */
export function setMaxBytesPerSecond(world: ServerWorld, connection: number, bytesPerSecond: number): void {
  const server = serverState(world)
  checkBytesPerSecond('bytesPerSecond', bytesPerSecond)
  requireOpen(server, connection)
  const peer = server.peerOfConnection.get(connection)
  if (peer !== undefined) peer.observer.budget.rate = bytesPerSecond
}

/**
 * Counts, by kind, what one client has sent that no honest client sends, since its session began. Returns a copy, with
 * 0 for each kind that did not occur. `stats(world).violations` has the sums over all clients.
 *
 * @throws UsageError when `connection` is not an open connection.
 */
export function violationsOf(world: ServerWorld, connection: number): Record<Violation, number> {
  const server = serverState(world)
  requireOpen(server, connection)
  const peer = server.peerOfConnection.get(connection)
  return (peer?.session.clientLimits ?? new ClientLimits()).violations()
}

/**
 * Sets how important a networked entity is when not everything can be sent at once. With 2 its values are sent twice as
 * often as those of others, and it counts as half as far away. Every entity starts with 1. Where everything fits,
 * nothing changes.
 *
 * @throws UsageError when the entity is not networked, or `priority` is not from 0.001 to 1,000.
 */
export function setPriority(world: ServerWorld, entity: number, priority: number): void {
  const server = serverState(world)
  checkNumber('priority', priority, LEAST_PRIORITY, MOST_PRIORITY)
  const slot = requireSlot(server, entity)
  if (slot !== 0) server.replication.priorities.set(slot, priority)
}
