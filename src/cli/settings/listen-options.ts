// What `listen` is told of the settings: what the operator set, over what the game itself asks for.
import type { ErrorBudget, InboundLimits } from '../../connection/server/client-limits.js'
import type { ListenOptions } from '../../server.js'
import type { HandshakeLimits } from '../../transport/signalling/admission.js'
import { checkBudgets } from '../../world/server/budget-options.js'
import { firstLine, UserError } from '../user-error.js'
import type { SettingName, Settings } from './settings.js'

// What `listen` takes and no operator sets is the game's to know: its own server, the functions that decide, the property that
// tells users apart, the weights of what is wrong.

/** The settings that `listen` takes as they are. */
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
 * What `listen` is told: what the operator set, over what the game itself asks for.
 *
 * @throws UserError when settings do not fit each other, or what the game asks for.
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

/** Each is right by itself; whether they are together, or with the game's, `listen` knows, and tells in its own words. */
function checkTogether(settings: Settings, parts: Readonly<Record<string, string>>, options: ListenOptions): void {
  try {
    checkBudgets(options)
  } catch (error) {
    const names = setNames(settings, parts).join(', ')
    throw new UserError(`these settings contradict each other (${names}): ${firstLine(error)}`, { cause: error })
  }
}
