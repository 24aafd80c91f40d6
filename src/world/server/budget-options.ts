// Checks and applies the budget options of `listen`.
import {
  ConductRules,
  type ErrorBudget,
  type InboundLimits,
  VIOLATIONS,
} from '../../connection/server/client-limits.js'
import { DEFAULT_BYTES_PER_SECOND, DEFAULT_SPAWN_BYTES_PER_TICK } from '../../replication/server/send-budget.js'
import type { ServerReplication } from '../../replication/server/server-replication.js'
import { checkInteger, checkNumber, checkObject, checkOneOf } from '../check-options.js'
import type { ServeOptions } from './serve-options.js'

const LEAST_BYTES_PER_SECOND = 1000
const MOST_BYTES_PER_SECOND = 1_000_000_000
const LEAST_SPAWN_BYTES = 256
const LEAST_PACKETS_PER_SECOND = 10
const MILLION = 1_000_000

/** @throws UsageError when `bytesPerSecond` is given and out of range. */
export function checkBytesPerSecond(name: string, bytesPerSecond: number | undefined): void {
  checkNumber(name, bytesPerSecond, LEAST_BYTES_PER_SECOND, MOST_BYTES_PER_SECOND, 'bytes per second')
}

/** @throws UsageError when an option is out of range. */
export function checkBudgets({ maxBytesPerSecond, spawnBytesPerTick, inbound, errorBudget }: ServeOptions): void {
  checkBytesPerSecond('maxBytesPerSecond', maxBytesPerSecond)
  checkInteger('spawnBytesPerTick', spawnBytesPerTick, LEAST_SPAWN_BYTES, MOST_BYTES_PER_SECOND)
  checkObject('inbound', inbound, ['packetsPerSecond', 'bytesPerSecond', 'callsPerSecond', 'callBytesPerSecond'])
  checkObject('errorBudget', errorBudget, ['burst', 'perSecond', 'weights'])
  checkInbound(inbound)
  checkErrorBudget(errorBudget)
}

function checkInbound(inbound: InboundLimits = {}): void {
  const { packetsPerSecond, bytesPerSecond, callsPerSecond, callBytesPerSecond } = inbound
  checkNumber('inbound.packetsPerSecond', packetsPerSecond, LEAST_PACKETS_PER_SECOND, MILLION)
  checkBytesPerSecond('inbound.bytesPerSecond', bytesPerSecond)
  checkNumber('inbound.callsPerSecond', callsPerSecond, 1, MILLION)
  checkBytesPerSecond('inbound.callBytesPerSecond', callBytesPerSecond)
  // Otherwise a client that sends as many calls as allowed would be closed for it.
  const rules = new ConductRules(inbound)
  checkNumber('inbound.bytesPerSecond', rules.bytesPerSecond, rules.callBytesPerSecond, MOST_BYTES_PER_SECOND)
}

function checkErrorBudget({ burst, perSecond, weights = {} }: ErrorBudget = {}): void {
  checkNumber('errorBudget.burst', burst, 1, MILLION, 'points')
  checkNumber('errorBudget.perSecond', perSecond, 0, MILLION, 'points')
  const rules = new ConductRules(undefined, { burst })
  for (const [kind, weight] of Object.entries(weights)) {
    checkOneOf('a kind in errorBudget.weights', kind, VIOLATIONS)
    checkNumber(`errorBudget.weights['${kind}']`, weight, 0, rules.errorBurst, 'points')
  }
}

/**
 * Applies the budget options to replication.
 *
 * @throws UsageError when an option is out of range.
 */
export function useBudgets(replication: ServerReplication, options: ServeOptions): void {
  checkBudgets(options)
  replication.bytesPerSecond = options.maxBytesPerSecond ?? DEFAULT_BYTES_PER_SECOND
  replication.admission.bytesPerTick = options.spawnBytesPerTick ?? DEFAULT_SPAWN_BYTES_PER_TICK
}
