// Checks the options of serving, before anything is started.
import { LimitRules, type ErrorBudget, type InboundLimits, VIOLATIONS } from '../../connection/server/client-limits.js'
import { UsageError } from '../../protocol/errors.js'
import { LEAST_STALLED_AFTER_MS, LONGEST_STALLED_AFTER_MS, MAX_KEPT_MS } from '../../protocol/limits.js'
import type { Protocol } from '../../protocol/protocol.js'
import {
  badOption,
  checkInteger,
  checkMilliseconds,
  checkNumber,
  checkObject,
  checkOneOf,
} from '../../protocol/check-options.js'
import { checkAuthentication } from './authentication.js'
import {
  type LimitOptions,
  SERVE_GROUPS,
  type ServeOptions,
  type SessionOptions,
  type UserOptions,
} from './serve-options.js'

const LEAST_BYTES_PER_SECOND = 1000
const MOST_BYTES_PER_SECOND = 1_000_000_000
const LEAST_SPAWN_BYTES = 256
const LEAST_PACKETS_PER_SECOND = 10
const MILLION = 1_000_000

/** @throws UsageError that names an option that is unknown, out of range, or contradicts another. */
export function checkServeOptions({ sessions, limits, users }: ServeOptions, protocol: Protocol): void {
  checkSessions(sessions)
  checkLimits(limits)
  checkUsers(users)
  checkAuthentication(users?.authenticate, users?.authenticationTimeout, protocol)
}

function checkSessions(sessions: SessionOptions = {}): void {
  checkObject('sessions', sessions, SERVE_GROUPS.sessions)
  checkMilliseconds('sessions.timeout', sessions.timeout)
  const { stalledAfter } = sessions
  checkNumber('sessions.stalledAfter', stalledAfter, LEAST_STALLED_AFTER_MS, LONGEST_STALLED_AFTER_MS, 'milliseconds')
  checkNumber('sessions.resumeTime', sessions.resumeTime, 0, MAX_KEPT_MS, 'milliseconds')
  checkMilliseconds('sessions.handshakeTimeout', sessions.handshakeTimeout)
  checkMilliseconds('sessions.sceneTimeout', sessions.sceneTimeout)
}

/** @throws UsageError when a limit is unknown or out of range. */
export function checkLimits(limits: LimitOptions = {}): void {
  checkObject('limits', limits, SERVE_GROUPS.limits)
  checkInteger('limits.maxConnections', limits.maxConnections, 1)
  checkInteger('limits.interruptedPerAddress', limits.interruptedPerAddress, 1)
  checkBytesPerSecond('limits.maxBytesPerSecond', limits.maxBytesPerSecond)
  checkInteger('limits.spawnBytesPerTick', limits.spawnBytesPerTick, LEAST_SPAWN_BYTES, MOST_BYTES_PER_SECOND)
  checkInbound(limits.inbound)
  checkErrorBudget(limits.errorBudget)
  checkOneOf('limits.unknownCalls', limits.unknownCalls, ['count', 'close'])
}

/** @throws UsageError when `bytesPerSecond` is given and out of range. */
export function checkBytesPerSecond(name: string, bytesPerSecond: number | undefined): void {
  checkNumber(name, bytesPerSecond, LEAST_BYTES_PER_SECOND, MOST_BYTES_PER_SECOND, 'bytes per second')
}

function checkInbound(inbound: InboundLimits = {}): void {
  const name = 'limits.inbound'
  checkObject(name, inbound, ['packetsPerSecond', 'bytesPerSecond', 'callsPerSecond', 'callBytesPerSecond'])
  const { packetsPerSecond, bytesPerSecond, callsPerSecond, callBytesPerSecond } = inbound
  checkNumber(`${name}.packetsPerSecond`, packetsPerSecond, LEAST_PACKETS_PER_SECOND, MILLION)
  checkBytesPerSecond(`${name}.bytesPerSecond`, bytesPerSecond)
  checkNumber(`${name}.callsPerSecond`, callsPerSecond, 1, MILLION)
  checkBytesPerSecond(`${name}.callBytesPerSecond`, callBytesPerSecond)
  // Otherwise a client that sends as many calls as allowed would be closed for it.
  const rules = new LimitRules(inbound)
  checkNumber(`${name}.bytesPerSecond`, rules.bytesPerSecond, rules.callBytesPerSecond, MOST_BYTES_PER_SECOND)
}

function checkErrorBudget(errorBudget: ErrorBudget = {}): void {
  const name = 'limits.errorBudget'
  checkObject(name, errorBudget, ['burst', 'perSecond', 'weights'])
  const { burst, perSecond, weights = {} } = errorBudget
  checkNumber(`${name}.burst`, burst, 1, MILLION, 'points')
  checkNumber(`${name}.perSecond`, perSecond, 0, MILLION, 'points')
  const rules = new LimitRules(undefined, { burst })
  for (const [kind, weight] of Object.entries(weights)) {
    checkOneOf(`a kind in ${name}.weights`, kind, VIOLATIONS)
    checkNumber(`${name}.weights['${kind}']`, weight, 0, rules.errorBurst, 'points')
  }
}

function checkUsers(users: UserOptions = {}): void {
  checkObject('users', users, SERVE_GROUPS.users)
  const { userKey, duplicateUsers, authenticate } = users
  if (userKey !== undefined && (typeof userKey !== 'string' || userKey === '')) {
    throw badOption('users.userKey', 'the name of a property of the user data', userKey)
  }
  if (userKey !== undefined && authenticate === undefined) {
    throw new UsageError('bad-option', 'users.userKey needs users.authenticate, which says who a user is')
  }
  checkOneOf('users.duplicateUsers', duplicateUsers, ['allow', 'refuse-new', 'close-old'])
  if (userKey !== undefined || duplicateUsers === undefined || duplicateUsers === 'allow') return
  const text = `users.duplicateUsers: '${duplicateUsers}' needs users.userKey, which tells users apart`
  throw new UsageError('bad-option', text)
}
