// What one client may send a server: how much, and how often what no honest client sends.
//
// How much is a matter of token buckets that are looked at before a packet is read. What is wrong has a kind; each kind
// has a budget of its own, so that the reason of a close says which one it was. What an honest client can cause by a
// race has no kind: it is counted elsewhere, and costs nothing.
import { Channel } from '../../transport/transport.js'
import { TokenBuckets } from '../token-bucket.js'

/** Kinds of what no honest client sends, in the order of their buckets. */
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
 * A kind of what no honest client sends. `malformed-packet`: a packet that is not what it claims; `unauthenticated-packet`:
 * one that may only come later; `unknown-call`: a call or message that no client may send; `unknown-entity`: a command
 * or value of an entity that never was; `malformed-call`: arguments that are not what the definition says; `call-flood`:
 * a call beyond `callsPerSecond` or `callBytesPerSecond`; `value-flood`: more values than a client sends;
 * `malformed-reply` and `unknown-reply`: answers that are not what the definition says, or to no request; `false-part`: a part of
 * a message that is not its next, or a report of parts never sent; `false-report`: one of a change of scenes never made.
 */
export type Violation = (typeof VIOLATIONS)[number]

/** The most that one client may send. Twice as much as a second's worth may come at once, and never less than the defaults' burst. */
export interface InboundLimits {
  /** Packets per second on each channel, from 10 to 1,000,000. Default 2,000; at least 4,096 may come at once. */
  packetsPerSecond?: number
  /**
   * Bytes per second on each channel, from 1,000 to 1,000,000,000, and no fewer than `callBytesPerSecond`. Default 1 MiB; at
   * least 2 MiB may come at once.
   */
  bytesPerSecond?: number
  /** Calls and messages per second, from 1 to 1,000,000. Default 2,000; at least 4,096 may come at once. */
  callsPerSecond?: number
  /** Bytes of calls and messages per second, from 1,000 to 1,000,000,000. Default 128 KiB; at least 256 KiB may come at once. */
  callBytesPerSecond?: number
}

/** How much of what no honest client sends ends a connection. Each kind has a budget of its own. */
export interface ErrorBudget {
  /** Points of each kind at first, and at most, from 1 to 1,000,000. Default 16. */
  burst?: number
  /** Points of each kind that come back per second, from 0 to 1,000,000. Default 1. */
  perSecond?: number
  /**
   * Points that one of a kind costs, from 0 to `burst`; 0: it is counted, and never ends a connection. Default 1, but 2 for
   * what is forged on purpose: `unauthenticated-packet`, `unknown-entity`, `unknown-reply`, `false-part`, `false-report`.
   */
  weights?: Partial<Readonly<Record<Violation, number>>>
}

const PACKETS_PER_SECOND = 2000
/** What a client sends at once that was away for ten seconds and plays at 240 frames a second, and more. */
const PACKET_BURST = 4096
/** Eight times what calls may be, and eight times what values may be, each on its channel. */
const BYTES_PER_SECOND = 1 << 20
const BYTES_BURST = 1 << 21
/** Calls and messages of one client: one that sends more crowds out the others. */
const CALLS_PER_SECOND = 2000
/** What two seconds of a busy client are, which arrive at once when the server stood still. */
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

/** How many may come at once where so many may come per second. */
function burstOf(perSecond: number, least: number): number {
  return Math.max(least, 2 * perSecond)
}

/** The same for every client of a server: worked out once, and shared. */
export class ConductRules {
  /** Packets and bytes of the one channel, then of the other. */
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
  /** Points that a violation costs, by the place of its kind. */
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

const DEFAULT_RULES = new ConductRules()

/** What one client has left of what it may send. */
export class Conduct {
  /** Violations so far, by the place of their kind. */
  private readonly counts = new Float64Array(VIOLATIONS.length)
  private readonly arrivals: TokenBuckets
  private readonly budgets: TokenBuckets

  constructor(readonly rules: ConductRules = DEFAULT_RULES) {
    this.arrivals = new TokenBuckets(rules.arrivalRates, rules.arrivalBursts)
    this.budgets = new TokenBuckets(rules.errorRates, rules.errorBursts)
  }

  /**
   * Takes a packet of so many bytes from what may come on its channel; false takes nothing. `time` is when it arrived, in
   * milliseconds: what waited for a server that stood still did not come all at once.
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

  /** Counts a violation, and takes its weight from the budget of its kind; false when that is used up. */
  spend(kind: Violation, now: number): boolean {
    const index = INDEX[kind]
    this.counts[index]! += 1
    const weight = this.rules.weights[index]!
    return weight === 0 || this.budgets.take(index, now, weight)
  }

  /** How many violations there were so far, by kind; a copy. */
  violations(): Record<Violation, number> {
    const entries = VIOLATIONS.map((kind, index) => [kind, this.counts[index]!])
    return Object.fromEntries(entries) as Record<Violation, number>
  }
}
