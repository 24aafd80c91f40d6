// Combines the operator's settings and the game's own options to the options of `listen`.
import type { ListenOptions } from '../../server.js'
import { checkLimits } from '../../world/server/check-serve-options.js'
import { firstLine, UserError } from '../user-error.js'
import type { SettingName, Settings } from './settings.js'

type Single = string | number | boolean | readonly unknown[] | ((...args: never[]) => unknown)

/** The options of a group and of the groups in it, as in `limits.inbound.bytesPerSecond`. */
type PathOf<T> = {
  [Name in keyof T & string]-?: NonNullable<T[Name]> extends Single
    ? Name
    : Name | `${Name}.${PathOf<NonNullable<T[Name]>>}`
}[keyof T & string]

/**
 * Which option of `listen` each setting sets. The other options only the game sets: its own server, functions that
 * decide, the property that identifies users, the weights of violations.
 */
const PATHS = {
  timeout: 'sessions.timeout',
  stalledAfter: 'sessions.stalledAfter',
  resumeTime: 'sessions.resumeTime',
  handshakeTimeout: 'sessions.handshakeTimeout',
  sceneTimeout: 'sessions.sceneTimeout',
  maxConnections: 'limits.maxConnections',
  interruptedPerAddress: 'limits.interruptedPerAddress',
  maxBytesPerSecond: 'limits.maxBytesPerSecond',
  spawnBytesPerTick: 'limits.spawnBytesPerTick',
  unknownCalls: 'limits.unknownCalls',
  inboundPacketsPerSecond: 'limits.inbound.packetsPerSecond',
  inboundBytesPerSecond: 'limits.inbound.bytesPerSecond',
  inboundCallsPerSecond: 'limits.inbound.callsPerSecond',
  inboundCallBytesPerSecond: 'limits.inbound.callBytesPerSecond',
  errorBudgetBurst: 'limits.errorBudget.burst',
  errorBudgetPerSecond: 'limits.errorBudget.perSecond',
  authenticationTimeout: 'users.authenticationTimeout',
  duplicateUsers: 'users.duplicateUsers',
  corsOrigin: 'network.cors.origin',
  authorizationTimeout: 'network.authorizationTimeout',
  trustProxy: 'network.trustProxy',
  handshakesPerSecond: 'network.handshakes.perSecond',
  maxConnecting: 'network.handshakes.connecting',
  addressPerSecond: 'network.handshakes.addressPerSecond',
  addressBurst: 'network.handshakes.addressBurst',
  addressConnecting: 'network.handshakes.addressConnecting',
  addressClients: 'network.handshakes.addressClients',
  candidates: 'network.candidates',
  iceServers: 'network.iceServers',
  portRange: 'network.portRange',
  bindAddress: 'network.bindAddress',
} as const satisfies Partial<Record<SettingName, PathOf<ListenOptions>>>

type Group = Record<string, unknown>

/**
 * Makes the options of `listen`. The operator's settings override the game's own options.
 *
 * @throws UserError when settings do not fit each other, or the game's options.
 */
export function listenOptions(settings: Settings, own: ListenOptions = {}): ListenOptions {
  const options: ListenOptions = { ...own }
  for (const [name, path] of Object.entries(PATHS)) {
    const value = settings[name as SettingName]
    if (value !== undefined) put(options as Group, path.split('.'), value)
  }
  const { inbound, errorBudget } = options.limits ?? {}
  checkTogether(settings, 'limits.inbound.', { inbound })
  checkTogether(settings, 'limits.errorBudget.', { errorBudget })
  return options
}

/** Sets an option in copies of its groups: the game's own objects stay as they are. */
function put(group: Group, [name, ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) group[name!] = value
  else put((group[name!] = { ...(group[name!] as Group | undefined) }), rest, value)
}

/**
 * Each setting is valid by itself. `listen` checks them together, and with the game's, and reports it in its own
 * words.
 */
function checkTogether(settings: Settings, prefix: string, limits: ListenOptions['limits']): void {
  const set = Object.entries(PATHS).filter(([name, path]) => {
    return path.startsWith(prefix) && settings[name as SettingName] !== undefined
  })
  if (set.length === 0) return
  try {
    checkLimits(limits)
  } catch (error) {
    const names = set.map(([name]) => name).join(', ')
    throw new UserError(`these settings contradict each other (${names}): ${firstLine(error)}`, { cause: error })
  }
}
