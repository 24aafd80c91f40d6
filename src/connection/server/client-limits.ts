// Limits what one client may send: rates per channel, and an error budget for each kind of violation.
//
// Token buckets limit the rates before a packet is read. Each kind of violation has its own budget, so the reason of a
// close names the kind. An error that an honest client can cause by a race is no violation: it is only counted.
import { Channel } from '../../transport/transport.js'
import { TokenBuckets } from '../token-bucket.js'

/** The kinds of violations, in the order of their buckets. */
export const VIOLATIONS = [
  'malformed-packet',
  'unauthenticated-packet',
  'unknown-call',
  'unknown-entity',
  'malformed-call',
  'call-flood',
  'value-flood',
  'malformed-reply',
  'unknown-reply',
  'false-part',
  'false-report',
] as const

/**
 * A kind of violation: something that no honest client sends.
 *
 * - `malformed-packet`: a malformed packet.
 * - `unauthenticated-packet`: a packet that may only be sent after authentication.
 * - `unknown-call`: a call or message that no client may send.
 * - `unknown-entity`: a command or value of an entity that never existed.
 * - `malformed-call`: arguments that do not match the definition.
 * - `call-flood`: a call beyond `callsPerSecond` or `callBytesPerSecond`.
 * - `value-flood`: more values than a client sends.
 * - `malformed-reply`, `unknown-reply`: a reply that does not match the definition, or to no request.
 * - `false-part`: a part of a message out of order, or a report of parts that were never sent.
 * - `false-report`: a report about a change of scenes that was never made.
 */
export type Violation = (typeof VIOLATIONS)[number]

/**
 * The rate limits of one client. Twice a second's amount may arrive at once, and never less than the defaults' burst.
 */
export interface InboundLimits {
  /** Packets per second on each channel, from 10 to 1,000,000. Default 2,000; at least 4,096 may arrive at once. */
  packetsPerSecond?: number
  /**
   * Bytes per second on each channel, from 1,000 to 1,000,000,000, and at least `callBytesPerSecond`. Default 1 MiB;
   * at least 2 MiB may arrive at once.
   */
  bytesPerSecond?: number
  /** Calls and messages per second, from 1 to 1,000,000. Default 2,000; at least 4,096 may arrive at once. */
  callsPerSecond?: number
  /**
   * Bytes of calls and messages per second, from 1,000 to 1,000,000,000. Default 128 KiB; at least 256 KiB may arrive
   * at once.
   */
  callBytesPerSecond?: number
}

/** How many violations end a connection. Each kind has its own budget. */
export interface ErrorBudget {
  /** Points of each kind at the start, and at most, from 1 to 1,000,000. Default 16. */
  burst?: number
  /** Points of each kind that are restored per second, from 0 to 1,000,000. Default 1. */
  perSecond?: number
  /**
   * Points that one violation of a kind costs, from 0 to `burst`. A kind that costs 0 is counted and never ends a
   * connection. Default 1, but 2 for kinds that are forged on purpose: `unauthenticated-packet`, `unknown-entity`,
   * `unknown-reply`, `false-part`, `false-report`.
   */
  weights?: Partial<Readonly<Record<Violation, number>>>
}

const PACKETS_PER_SECOND = 2000
/** More than a client at 240 frames a second sends at once after ten seconds without a link. */
const PACKET_BURST = 4096
/** Eight times the limit of calls, and eight times that of values, each on its channel. */
const BYTES_PER_SECOND = 1 << 20
const BYTES_BURST = 1 << 21
/** Calls and messages of one client. A client that sends more crowds out the others. */
const CALLS_PER_SECOND = 2000
/** Two seconds of a busy client, which arrive at once after the server was blocked. */
const CALL_BURST = 4096
const CALL_BYTES_PER_SECOND = 131_072
const CALL_BYTES_BURST = 262_144

const ERROR_BURST = 16
const ERRORS_PER_SECOND = 1
const FORGED_WEIGHT = 2
const FORGED: ReadonlySet<Violation> = new Set<Violation>([
  'unauthenticated-packet',
  'unknown-entity',
  'unknown-reply',
  'false-part',
  'false-report',
])

const INDEX = Object.fromEntries(VIOLATIONS.map((kind, index) => [kind, index])) as Record<Violation, number>

/** The burst that belongs to a rate. */
function burstOf(perSecond: number, least: number): number {
  return Math.max(least, 2 * perSecond)
}

/** The limits as numbers, made once and shared by every client of a server. */
export class LimitRules {
  /** Packets and bytes of the reliable channel, then of the unreliable one. */
  readonly arrivalRates: Float64Array
  readonly arrivalBursts: Float64Array
  readonly bytesPerSecond: number
  readonly callsPerSecond: number
  readonly callBurst: number
  readonly callBytesPerSecond: number
  readonly callBytesBurst: number
  readonly errorRates: Float64Array
  readonly errorBursts: Float64Array
  readonly errorBurst: number
  /** Points that a violation costs, by the index of its kind. */
  readonly weights: Float64Array

  constructor(inbound: InboundLimits = {}, budget: ErrorBudget = {}) {
    const { packetsPerSecond = PACKETS_PER_SECOND, bytesPerSecond = BYTES_PER_SECOND } = inbound
    const packetBurst = burstOf(packetsPerSecond, PACKET_BURST)
    this.bytesPerSecond = bytesPerSecond
    const bytesBurst = burstOf(bytesPerSecond, BYTES_BURST)
    this.arrivalRates = Float64Array.of(packetsPerSecond, bytesPerSecond, packetsPerSecond, bytesPerSecond)
    this.arrivalBursts = Float64Array.of(packetBurst, bytesBurst, packetBurst, bytesBurst)
    this.callsPerSecond = inbound.callsPerSecond ?? CALLS_PER_SECOND
    this.callBurst = burstOf(this.callsPerSecond, CALL_BURST)
    this.callBytesPerSecond = inbound.callBytesPerSecond ?? CALL_BYTES_PER_SECOND
    this.callBytesBurst = burstOf(this.callBytesPerSecond, CALL_BYTES_BURST)
    const { burst = ERROR_BURST, perSecond = ERRORS_PER_SECOND, weights = {} } = budget
    this.errorBurst = burst
    this.errorRates = new Float64Array(VIOLATIONS.length).fill(perSecond)
    this.errorBursts = new Float64Array(VIOLATIONS.length).fill(burst)
    const defaultOf = (kind: Violation): number => (FORGED.has(kind) ? Math.min(burst, FORGED_WEIGHT) : 1)
    this.weights = Float64Array.from(VIOLATIONS, (kind) => weights[kind] ?? defaultOf(kind))
  }
}

const DEFAULT_RULES = new LimitRules()

/** Keeps what one client has left of its rate limits and error budgets. */
export class ClientLimits {
  /** Violations so far, by the index of their kind. */
  private readonly counts = new Float64Array(VIOLATIONS.length)
  private readonly arrivals: TokenBuckets
  private readonly budgets: TokenBuckets

  constructor(readonly rules: LimitRules = DEFAULT_RULES) {
    this.arrivals = new TokenBuckets(rules.arrivalRates, rules.arrivalBursts)
    this.budgets = new TokenBuckets(rules.errorRates, rules.errorBursts)
  }

  /**
   * Charges a packet of `length` bytes to the rate limit of its channel; when it returns false, nothing is charged.
   * `time` is the packet's arrival in milliseconds: packets that waited for a blocked server did not arrive all at
   * once.
   */
  takesPacket(channel: Channel, length: number, time: number): boolean {
    const { arrivals } = this
    const packets = channel === Channel.Reliable ? 0 : 2
    const bytes = packets + 1
    if (!arrivals.has(packets, time, 1) || !arrivals.has(bytes, time, length)) return false
    arrivals.take(packets, time)
    arrivals.take(bytes, time, length)
    return true
  }

  /** Counts a violation and charges its weight to the budget of its kind. Returns false when that is used up. */
  spend(kind: Violation, now: number): boolean {
    const index = INDEX[kind]
    this.counts[index]! += 1
    const weight = this.rules.weights[index]!
    return weight === 0 || this.budgets.take(index, now, weight)
  }

  /** The number of violations so far, by kind; a copy. */
  violations(): Record<Violation, number> {
    const entries = VIOLATIONS.map((kind, index) => [kind, this.counts[index]!])
    return Object.fromEntries(entries) as Record<Violation, number>
  }
}
