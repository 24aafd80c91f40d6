// Combines the operator's settings and the game's own options to the options of `listen`.
import type { ErrorBudget, InboundLimits } from '../../connection/server/client-limits.js'
import type { ListenOptions } from '../../server.js'
import type { HandshakeLimits } from '../../transport/signalling/admission.js'
import { checkBudgets } from '../../world/server/budget-options.js'
import { firstLine, UserError } from '../user-error.js'
import type { SettingName, Settings } from './settings.js'

// Options that only the game sets, not the operator: its own server, functions that decide, the property that
// identifies users, the weights of violations.

/** The settings that are passed to `listen` unchanged. */
const AS_THEY_ARE = [
  'maxConnections',
  'timeout',
  'stalledAfter',
  'resumeTime',
  'interruptedPerAddress',
  'handshakeTimeout',
  'authorizationTimeout',
  'authenticationTimeout',
  'sceneTimeout',
  'maxBytesPerSecond',
  'spawnBytesPerTick',
  'unknownCalls',
  'duplicateUsers',
  'portRange',
  'bindAddress',
  'iceServers',
  'trustProxy',
  'candidates',
] as const satisfies readonly (SettingName & keyof ListenOptions)[]

type Parts<T> = Partial<Record<SettingName, keyof T>>

const HANDSHAKES = {
  handshakesPerSecond: 'perSecond',
  maxConnecting: 'connecting',
  addressPerSecond: 'addressPerSecond',
  addressBurst: 'addressBurst',
  addressConnecting: 'addressConnecting',
  addressClients: 'addressClients',
} as const satisfies Parts<HandshakeLimits>

const INBOUND = {
  inboundPacketsPerSecond: 'packetsPerSecond',
  inboundBytesPerSecond: 'bytesPerSecond',
  inboundCallsPerSecond: 'callsPerSecond',
  inboundCallBytesPerSecond: 'callBytesPerSecond',
} as const satisfies Parts<InboundLimits>

const ERROR_BUDGET = {
  errorBudgetBurst: 'burst',
  errorBudgetPerSecond: 'perSecond',
} as const satisfies Parts<ErrorBudget>

/**
 * Makes the options of `listen`. The operator's settings override the game's own options.
 *
 * @throws UserError when settings do not fit each other, or the game's options.
 */
export function listenOptions(settings: Settings, own: ListenOptions = {}): ListenOptions {
  const given = AS_THEY_ARE.filter((name) => settings[name] !== undefined).map((name) => [name, settings[name]])
  const options: ListenOptions = { ...own, ...(Object.fromEntries(given) as ListenOptions) }
  if (settings.corsOrigin !== undefined) options.cors = { ...own.cors, origin: settings.corsOrigin }
  if (isAnySet(settings, HANDSHAKES)) options.handshakes = { ...own.handshakes, ...pick(settings, HANDSHAKES) }
  if (isAnySet(settings, INBOUND)) {
    options.inbound = { ...own.inbound, ...pick(settings, INBOUND) }
    checkTogether(settings, INBOUND, { inbound: options.inbound })
  }
  if (isAnySet(settings, ERROR_BUDGET)) {
    options.errorBudget = { ...own.errorBudget, ...pick(settings, ERROR_BUDGET) }
    checkTogether(settings, ERROR_BUDGET, { errorBudget: options.errorBudget })
  }
  return options
}

function setNames(settings: Settings, parts: Readonly<Record<string, string>>): SettingName[] {
  return (Object.keys(parts) as SettingName[]).filter((name) => settings[name] !== undefined)
}

function isAnySet(settings: Settings, parts: Readonly<Record<string, string>>): boolean {
  return setNames(settings, parts).length > 0
}

/** The settings that are parts of one option, by their names there. */
function pick(settings: Settings, parts: Readonly<Record<string, string>>): object {
  return Object.fromEntries(setNames(settings, parts).map((name) => [parts[name], settings[name]]))
}

/**
 * Each setting is valid by itself. `listen` checks them together, and with the game's, and reports it in its own
 * words.
 */
function checkTogether(settings: Settings, parts: Readonly<Record<string, string>>, options: ListenOptions): void {
  try {
    checkBudgets(options)
  } catch (error) {
    const names = setNames(settings, parts).join(', ')
    throw new UserError(`these settings contradict each other (${names}): ${firstLine(error)}`, { cause: error })
  }
}
