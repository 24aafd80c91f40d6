// Counts dropped calls and values that a server does not apply, and reports them by kind with a rate limit.
//
// The first of each connection, kind and definition is reported at once. After that at most one entry in five seconds
// reports how many more there were. A fault that is not reported separately costs an increment and no memory.
import type { Counters } from '../connection/counters.js'
import type { ErrorLog } from '../connection/error-log.js'
import type { Protocol } from '../protocol/protocol.js'

/** Why a call was dropped where it arrived. */
export const CallFault = {
  /** The sender is not ready. */
  NotReady: 0,
  NotOwner: 1,
  /** The entity exists, but the sender does not observe it. */
  NotObserved: 2,
  /** No client was ever sent this entity. */
  UnknownEntity: 3,
  /** The protocol does not list it, or not for this direction or channel. */
  UnknownDefinition: 4,
  OverRate: 5,
  MalformedCall: 6,
  /** Its entity or sender had ended before the call could run. */
  Late: 7,
  /** The queue is full, and the sender's share of it is used up. */
  OverShare: 8,
  /** The following are about values that a client wrote. */
  WriteNotReady: 9,
  WriteUnknownEntity: 10,
  WriteLate: 11,
  WriteNotOwner: 12,
  WriteNotFinite: 13,
  WriteRefused: 14,
  /** For a call that this side sends: its receiver does not have the entity. */
  NotShown: 15,
} as const
export type CallFault = (typeof CallFault)[keyof typeof CallFault]

interface FaultText {
  readonly counter: keyof Counters
  readonly code: string
  readonly text: string
}

/** By {@link CallFault}. */
const FAULTS: readonly FaultText[] = [
  { counter: 'notReadyCalls', code: 'not-ready', text: 'the sender is not ready' },
  { counter: 'unauthorizedCalls', code: 'not-owner', text: 'the sender does not own the entity' },
  { counter: 'staleCalls', code: 'not-observed', text: 'the sender does not have the entity, or not any more' },
  { counter: 'unknownEntities', code: 'unknown-entity', text: 'it names an entity that never existed' },
  { counter: 'unknownDefinitions', code: 'unknown-definition', text: 'nobody may send it this way' },
  { counter: 'rateLimitedCalls', code: 'over-rate', text: 'it is over its rate' },
  { counter: 'malformedCalls', code: 'malformed-call', text: 'its arguments are not what its definition says' },
  { counter: 'staleCalls', code: 'late', text: 'its entity or sender was gone before it could run' },
  {
    counter: 'overShareCalls',
    code: 'over-share',
    text: 'its queue is full, and the sender has more calls in it than its share',
  },
  { counter: 'staleWrites', code: 'not-ready', text: 'the sender is not ready' },
  { counter: 'unknownEntities', code: 'unknown-entity', text: 'it names an entity that never existed' },
  {
    counter: 'staleWrites',
    code: 'late',
    text: 'the sender had not received the latest state of the entity, or its end',
  },
  { counter: 'unauthorizedWrites', code: 'not-owner', text: 'the sender does not own the entity' },
  { counter: 'refusedWrites', code: 'not-finite', text: 'a value is not finite' },
  { counter: 'refusedWrites', code: 'refused-write', text: 'the check of the server refused it' },
  { counter: 'unsentCalls', code: 'not-observed', text: 'the client that it is for does not have the entity' },
]

/** Milliseconds between two entries about the same. */
const REPORT_INTERVAL_MS = 5000
/** Milliseconds between two searches for entries that are due. */
const FLUSH_INTERVAL_MS = 1000

/** Reports of one connection, by fault and definition. */
class Reports {
  readonly reportedAt: Float64Array
  /** Dropped since the last report. */
  readonly more: Uint32Array
  /** Whether some of `more` are not 0. */
  hasMore = false
  connection = 0

  constructor(size: number) {
    this.reportedAt = new Float64Array(size).fill(-Infinity)
    this.more = new Uint32Array(size)
  }
}

export class CallFaults {
  /** By the number of the connection; 0 stands for all that have no number or have ended. */
  private readonly byNumber = new Map<number, Reports>()
  /** One for each definition, '' for those that the protocol does not list, and one for each component. */
  private readonly names: readonly string[]
  private readonly width: number
  private readonly unlisted: number
  private flushAt = 0

  constructor(
    protocol: Protocol,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
    private readonly now: () => number,
  ) {
    this.unlisted = protocol.definitionNames.length
    this.names = [...protocol.definitionNames, '', ...protocol.componentNames]
    this.width = this.names.length
  }

  /** Number of connections with reports. */
  get size(): number {
    return this.byNumber.size
  }

  /**
   * Counts a dropped call, and reports it now or later. `number` and `connection` are the sender's connection and its
   * entity, both 0 when it has ended; `id` is the definition that the call claims.
   */
  add(fault: CallFault, number: number, connection: number, entity: number, id: number): void {
    this.count(fault, number, connection, entity, Math.min(id, this.unlisted))
  }

  /** The same for a value that a client wrote to a component, by its id. */
  addWrite(fault: CallFault, number: number, connection: number, entity: number, component: number): void {
    this.count(fault, number, connection, entity, this.unlisted + 1 + component)
  }

  private count(fault: CallFault, number: number, connection: number, entity: number, place: number): void {
    this.counters[FAULTS[fault]!.counter]++
    let reports = this.byNumber.get(number)
    if (reports === undefined) {
      reports = new Reports(FAULTS.length * this.width)
      this.byNumber.set(number, reports)
    }
    const at = fault * this.width + place
    reports.connection = connection
    reports.more[at]!++
    reports.hasMore = true
    if (this.now() - reports.reportedAt[at]! >= REPORT_INTERVAL_MS) this.report(reports, at, entity)
  }

  /** Reports entries that were held back and are due. Runs once per tick. */
  flush(): void {
    const now = this.now()
    if (now < this.flushAt) return
    this.flushAt = now + FLUSH_INTERVAL_MS
    for (const reports of this.byNumber.values()) if (reports.hasMore) this.flushOne(reports, now - REPORT_INTERVAL_MS)
  }

  /** The connection has ended: reports what was held back, and frees its memory. */
  forget(number: number): void {
    const reports = this.byNumber.get(number)
    if (reports === undefined) return
    this.flushOne(reports, Infinity)
    this.byNumber.delete(number)
  }

  private flushOne(reports: Reports, reportedBefore: number): void {
    reports.hasMore = false
    for (let at = 0; at < reports.more.length; at++) {
      if (reports.more[at] === 0) continue
      // The entity id of the call may belong to another entity by now.
      if (reports.reportedAt[at]! <= reportedBefore) this.report(reports, at, 0)
      else reports.hasMore = true
    }
  }

  private report(reports: Reports, at: number, entity: number): void {
    const { code, text } = FAULTS[Math.trunc(at / this.width)]!
    const name = this.names[at % this.width]!
    const count = reports.more[at]!
    reports.more[at] = 0
    reports.reportedAt[at] = this.now()
    const times = count === 1 ? '' : `, ${count} times`
    const message = `${name === '' ? 'a call that is not listed' : name}: dropped${times}; ${text}`
    this.errors.push(code, message, { connection: reports.connection, entity, name, count })
  }
}
