// Inbound calls of one definition: bytes that wait until a system drains them.
//
// A call is validated when it arrives and decoded when it is drained, into one view that is used again and again; so a
// call costs no object, however many arrive.
import { Connection } from '../../components/connection.js'
import type { Definition } from '../protocol/definitions.js'
import { type ByteReader, ByteReader as Reader, ByteWriter } from '../protocol/bytes.js'
import { FixedRecordView } from '../protocol/fixed-record.js'
import { ReplyStatus } from '../protocol/reply-status.js'
import type { RecordView } from '../protocol/record.js'
import { growTo, SlotSet } from '../replication/slot-set.js'
import { type CallEntities, targetOf } from './call-entities.js'
import { wasAwaited } from './call-id.js'
import { FormerEntities, MissingEntities } from './missing-entities.js'

/** Calls that may wait in one queue, and bytes; what is over it is dropped and counted as undrained. */
const MAX_WAITING = 8192
const MAX_WAITING_BYTES = 1 << 20

// A call that waits is one row: what is known of it stands side by side in memory.
const NET_ID = 0
const SENDER = 1
/** The number of the sender's connection: its entity's id may be another's by the time a call is drained. */
const CONNECTION_ID = 2
const ID = 3
/** The tick in which it arrived. */
const TICK = 4
/** The net id of an entity that the call waits for, or 0. */
const MISSING_ID = 5
/** Where its payload begins and ends. */
const START = 6
const END = 7
const ROW = 8

/** In place of the number of a connection that has been ended: no connection has it. */
const ENDED = 0xffffffff

/** What a system sees of one call. Valid until the next iteration. */
export interface CallView {
  /** The entity it is addressed to, in this world; 0 for a message. */
  readonly entity: number
  /** The connection entity that sent it. */
  readonly sender: number
  /** Tells the calls of this side apart; a later answer refers to it. */
  readonly id: number
  readonly args: Readonly<Record<string, unknown>>
}

interface MutableView {
  entity: number
  sender: number
  id: number
  args: Record<string, unknown>
}

/** Counts what a queue drops. */
export interface QueueListener {
  /** `count` calls were dropped because nobody drained `queue`. */
  undrained(queue: CallQueue, count: number): void
  /**
   * A call's entity or sender went away between arrival and drain. `entity`, `sender` and the number of its connection are
   * 0 where they are gone.
   */
  stale(queue: CallQueue, entity: number, sender: number, connectionId: number): void
  /** Whether nobody waits any more for the answer to this call, which was requested; it is dropped then. */
  isCancelled(id: number): boolean
  /** A call that was requested is dropped. */
  unanswered(id: number, status: ReplyStatus): void
}

export class CallQueue implements IterableIterator<CallView> {
  private readonly bytes = new ByteWriter(256)
  private rows = new Uint32Array(16 * ROW)
  /** Where in `rows` the first call that waits begins. */
  private head = 0
  /** Calls that the loop under way may still see. */
  private left = 0
  /** Where in `rows` the next call that arrives will begin. */
  private tail = 0
  // One for each memory that is read: a reader that changes between two makes a view each time.
  private readonly arrival: ByteReader = new Reader()
  private readonly reader: ByteReader = new Reader()
  private readonly view: MutableView
  /** What a call's arguments are read into: where all have their fixed places, the first. */
  private readonly fixed: FixedRecordView | undefined
  private readonly record: RecordView | undefined
  private readonly yielded: IteratorYieldResult<CallView>
  private readonly ended: IteratorReturnResult<undefined> = { done: true, value: undefined }
  private readonly scratch: RecordView
  private readonly byteLimit: number
  /** The bytes of a payload of which the number is all that there is to check; -1 where there is more. */
  private readonly exactBytes: number
  /** Present when calls wait for the entities that they name. */
  private readonly missing: MissingEntities | undefined
  /** The tick that runs, and the one in which calls behind one that waited went on. */
  private tick = 0
  private wentOnAt = 0
  /** Its definition has `returns`. */
  readonly answerable: boolean
  /** Runs for each call in place of a system that drains; set by `handle`. */
  handler: ((call: CallView) => unknown) | undefined
  /** Nobody wants them: they are checked, and dropped without a report. */
  ignored = false
  /** What arrives waits, and nothing is drained. Whoever says so sees to it that not too much arrives. */
  paused = false

  constructor(
    readonly definition: Definition,
    readonly name: string,
    private readonly entities: CallEntities,
    private readonly listener: QueueListener,
    /** Ticks that a call waits for an entity that it names, where its definition says so. */
    private readonly waitTicks = 0,
    /** Where the slots of entities are noted that calls name as they arrive. */
    named = new SlotSet(),
  ) {
    const arriving = entities.mayArrive === undefined ? undefined : new MissingEntities(entities, named)
    this.missing = definition.unknownEntities === 'wait' ? arriving : undefined
    this.arrival.entities = arriving ?? entities
    this.reader.entities = entities.formerOf === undefined ? entities : new FormerEntities(entities)
    const { codec } = definition
    const record = codec.createFixedView() ?? codec.createView()
    this.fixed = record instanceof FixedRecordView ? record : undefined
    this.record = record instanceof FixedRecordView ? undefined : record
    this.view = { entity: 0, sender: 0, id: 0, args: record.args }
    this.yielded = { done: false, value: this.view }
    this.scratch = codec.createView()
    this.exactBytes = codec.total && codec.minBytes === codec.maxBytes ? codec.minBytes : -1
    // Of large messages, a few of the largest.
    this.byteLimit = Math.max(MAX_WAITING_BYTES, 4 * definition.codec.maxBytes)
    this.answerable = 'answers' in definition && definition.answers !== undefined
  }

  get waiting(): number {
    return (this.tail - this.head) / ROW
  }

  /**
   * Takes in the payload `bytes[start .. end)`. Returns false when it is not what the definition says; nothing is kept
   * then.
   */
  push(
    bytes: Uint8Array,
    start: number,
    end: number,
    netId: number,
    sender: number,
    id: number,
    tick: number,
  ): boolean {
    const { missing, arrival, bytes: kept } = this
    if (end - start !== this.exactBytes) {
      if (!this.isValid(bytes, start, end)) return false
    } else if (bytes !== arrival.bytes) arrival.reset(bytes, start, end)
    if (this.ignored) {
      this.drop(id, ReplyStatus.Undrained)
      return true
    }
    if (this.head > 0) this.compact()
    const full = this.tail - this.head >= MAX_WAITING * ROW || kept.length + (end - start) > this.byteLimit
    if (full && !this.paused) {
      this.drop(id, ReplyStatus.Undrained)
      this.listener.undrained(this, 1)
      return true
    }
    const at = this.tail
    if (at >= this.rows.length) this.rows = growTo(this.rows, at + ROW)
    const { rows } = this
    this.tail = at + ROW
    rows[at + NET_ID] = netId
    rows[at + SENDER] = sender
    rows[at + CONNECTION_ID] = Connection.id[sender] ?? 0
    rows[at + ID] = id
    rows[at + TICK] = tick
    rows[at + MISSING_ID] = missing === undefined ? 0 : missing.first
    rows[at + START] = kept.length
    kept.copyView(arrival.view, start, end)
    rows[at + END] = kept.length
    return true
  }

  private isValid(bytes: Uint8Array, start: number, end: number): boolean {
    const { missing, arrival } = this
    if (missing !== undefined) missing.first = 0
    arrival.reset(bytes, start, end)
    return this.definition.codec.validate(arrival, this.scratch)
  }

  /** Goes on after a pause: what waited counts as arrived at `tick`. */
  resume(tick: number): void {
    this.paused = false
    for (let at = this.head; at < this.tail; at += ROW) this.rows[at + TICK] = tick
  }

  /** Begins a tick: drops the calls that arrived more than `most` ticks ago, and makes room when nothing waits. */
  expire(tick: number, most: number): void {
    this.tick = tick
    if (this.paused) return
    let dropped = 0
    while (this.head < this.tail && !this.waitsForEntity(this.head)) {
      // What stood behind a call that waited could not be drained before.
      if (Math.max(this.rows[this.head + TICK]!, this.wentOnAt) >= tick - most) break
      this.drop(this.rows[this.head + ID]!, ReplyStatus.Undrained)
      this.head += ROW
      dropped++
    }
    if (dropped > 0) this.listener.undrained(this, dropped)
    this.compact()
  }

  /** The sender has been ended: nothing of what waits from it is shown any more. */
  dropFrom(sender: number): void {
    const { rows } = this
    for (let at = this.head; at < this.tail; at += ROW) {
      if (rows[at + SENDER] === sender) rows[at + CONNECTION_ID] = ENDED
    }
  }

  clear(): void {
    this.head = this.tail
    this.compact()
  }

  /** Begins a loop, which sees what waits by now: calls that it makes for itself are for the next. */
  [Symbol.iterator](): this {
    this.left = this.waiting
    return this
  }

  next(): IteratorResult<CallView, undefined> {
    const at = this.advance()
    if (at < 0) return this.ended
    const { rows, fixed } = this
    if (fixed !== undefined) fixed.copy(this.bytes.view, rows[at + START]!)
    else this.readArguments(rows[at + START]!, rows[at + END]!)
    return this.yielded
  }

  /** Goes on to the next call that can be shown, and shows all but its arguments. Returns its row, or -1 at the end. */
  private advance(): number {
    while (this.head < this.tail && this.left > 0 && !this.paused) {
      const { rows, head: at, view } = this
      const sender = rows[at + SENDER]!
      // A client that has not been welcomed has no number yet; its one connection stays what it is.
      const connectionId = rows[at + CONNECTION_ID]!
      const isGone = connectionId !== 0 && (Connection.id[sender] ?? 0) !== connectionId
      const netId = rows[at + NET_ID]!
      const entity = netId === 0 ? 0 : targetOf(this.entities, netId)
      if (isGone || entity < 0) {
        this.passStale(at, entity, isGone)
        continue
      }
      // Those behind it wait too: calls keep their order.
      if (this.missing !== undefined && this.waitsForEntity(at)) return -1
      this.pass()
      const id = rows[at + ID]!
      // Whoever requested it has given up, and has been told that it did not happen in time.
      if (wasAwaited(id) && this.listener.isCancelled(id)) continue
      view.entity = entity
      view.sender = sender
      view.id = id
      return at
    }
    if (!this.paused) this.compact()
    return -1
  }

  /** Passes a call whose entity or sender has gone. */
  private passStale(at: number, entity: number, isSenderGone: boolean): void {
    const { rows } = this
    this.pass()
    this.drop(rows[at + ID]!, ReplyStatus.Despawned)
    const sender = isSenderGone ? 0 : rows[at + SENDER]!
    this.listener.stale(this, Math.max(0, entity), sender, isSenderGone ? 0 : rows[at + CONNECTION_ID]!)
  }

  private readArguments(start: number, end: number): void {
    this.reader.reset(this.bytes.bytes, start, end)
    this.definition.codec.read(this.reader, this.record!)
  }

  private pass(): void {
    this.head += ROW
    this.left--
  }

  /** Whether a call goes on waiting for an entity that it names. */
  private waitsForEntity(at: number): boolean {
    const { missing, rows } = this
    const netId = rows[at + MISSING_ID]!
    if (netId === 0 || missing === undefined) return false
    missing.first = 0
    if (this.tick < rows[at + TICK]! + this.waitTicks) {
      if (missing.entityOf(netId) === 0 && missing.first !== 0) return true
      // That one is settled; the next it names may be missing too.
      this.arrival.reset(this.bytes.bytes, rows[at + START]!, rows[at + END]!)
      this.definition.codec.validate(this.arrival, this.scratch)
    }
    rows[at + MISSING_ID] = missing.first
    if (missing.first !== 0) return true
    this.wentOnAt = this.tick
    return false
  }

  private drop(id: number, status: ReplyStatus): void {
    if (wasAwaited(id)) this.listener.unanswered(id, status)
  }

  /** Forgets what was drained: at once when nothing waits, else when it is most of what is kept. */
  private compact(): void {
    if (this.head < this.tail) {
      const { rows } = this
      const from = rows[this.head + START]!
      if (this.head < 1024 * ROW && (from < 4096 || from * 2 < this.bytes.length)) return
      rows.copyWithin(0, this.head, this.tail)
      this.tail -= this.head
      this.head = 0
      for (let at = 0; at < this.tail; at += ROW) {
        rows[at + START]! -= from
        rows[at + END]! -= from
      }
      this.bytes.bytes.copyWithin(0, from, this.bytes.length)
      this.bytes.length -= from
      return
    }
    this.head = 0
    this.tail = 0
    if (this.bytes.bytes.length > MAX_WAITING_BYTES) this.bytes.free()
    this.bytes.clear()
  }
}
