// What the log tells of clients that do not get in: how many and why, in one line for many, since a flood is nothing else.
import type { TransportCounters } from '../transport/transport.js'
import type { System } from '../world/loop.js'
import { serverRole, type ServerWorld } from '../world/state.js'
import type { Log } from './log.js'

/** The time between two lines, in milliseconds. */
const PERIOD_MS = 10_000

/** What players meet when something is set wrong, or is too small; strangers' nonsense is in the metrics alone. */
const REASONS = {
  rateLimitedRequests: 'of addresses above their limits (behind a proxy, trustProxy must name it)',
  overloadedRequests: 'for want of room',
  foreignOrigins: 'from pages of other origins than corsOrigin',
  unauthorizedRequests: "by the game's authorize",
  refusedSockets: 'as sockets of addresses above their limit',
  neverOpened: 'begun and never opened (is UDP open to players?)',
  signallingErrors: 'failed here (is a UDP port of portRange free?)',
} as const satisfies Partial<Record<keyof TransportCounters, string>>

type Reason = keyof typeof REASONS
const NAMES = Object.keys(REASONS) as Reason[]

/** A system that logs how many did not get in since its last line, if any did not. */
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
    const counters = serverRole(world).transport?.counters
    if (counters === undefined || now() - toldAt < PERIOD_MS) return
    const news = NAMES.filter((name) => counters[name] !== told[name])
    if (news.length === 0) return
    const refused = Object.fromEntries(news.map((name) => [name, counters[name] - told[name]]))
    const reasons = news.map((name) => `${refused[name]} ${REASONS[name]}`)
    for (const name of news) told[name] = counters[name]
    toldAt = now()
    log.warn({ refused }, `clients did not get in: ${reasons.join(', ')}`)
  }
}
