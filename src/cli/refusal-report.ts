// Logs how many clients were refused and why. One line covers many refusals, since a flood causes nothing else.
import type { TransportCounters } from '../transport/transport.js'
import type { System } from '../world/loop.js'
import { serverState, type ServerWorld } from '../world/state.js'
import type { Log } from './log.js'

/** The time between two lines, in milliseconds. */
const PERIOD_MS = 10_000

/**
 * Refusals that players meet when a setting is wrong or too low. Malformed requests are counted in the metrics only.
 */
const REASONS = {
  rateLimitedRequests: 'from addresses above their limits (behind a proxy, set trustProxy)',
  overloadedRequests: 'because too many clients were connecting',
  foreignOrigins: 'from web origins other than corsOrigin',
  unauthorizedRequests: "by the game's authorize",
  refusedSockets: 'sockets from addresses above their limit',
  neverOpened: 'never opened their channels (can players reach the UDP port?)',
  signallingErrors: 'failed on this server (is a UDP port of portRange free?)',
} as const satisfies Partial<Record<keyof TransportCounters, string>>

type Reason = keyof typeof REASONS
const NAMES = Object.keys(REASONS) as Reason[]

/** Makes a system that logs how many clients were refused since its last line, if any. */
export function createRefusalReport(log: Log, now: () => number = () => performance.now()): System<ServerWorld> {
  const told: Record<Reason, number> = {
    rateLimitedRequests: 0,
    overloadedRequests: 0,
    foreignOrigins: 0,
    unauthorizedRequests: 0,
    refusedSockets: 0,
    neverOpened: 0,
    signallingErrors: 0,
  }
  let toldAt = -Infinity
  return function reportRefusals(world) {
    const counters = serverState(world).transport?.counters
    if (counters === undefined || now() - toldAt < PERIOD_MS) return
    const news = NAMES.filter((name) => counters[name] !== told[name])
    if (news.length === 0) return
    const refused = Object.fromEntries(news.map((name) => [name, counters[name] - told[name]]))
    const reasons = news.map((name) => `${refused[name]} ${REASONS[name]}`)
    for (const name of news) told[name] = counters[name]
    toldAt = now()
    log.warn({ refused }, `clients were refused: ${reasons.join(', ')}`)
  }
}
