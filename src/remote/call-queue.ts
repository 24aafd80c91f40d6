// Inbound calls of one definition: bytes that wait until a system drains them.
//
// A call is validated when it arrives and decoded when it is drained, into one view that is used again and again; so a
// call costs no object, however many arrive.
import type { Definition } from '../protocol/definitions.js'
import { type ByteReader, ByteReader as Reader, ByteWriter } from '../protocol/bytes.js'
import { FixedRecordView } from '../protocol/types/fixed-record.js'
import { ReplyStatus } from '../protocol/reply-status.js'
import type { RecordView } from '../protocol/types/record.js'
import { growTo } from '../replication/slot-set.js'
import { type CallEntities, targetOf } from './call-entities.js'
import { wasAwaited } from './call-id.js'
import type { CallOrder } from './call-order.js'
import { FormerEntities, type NamedEntities } from './named-entities.js'
import { QueueShares } from './queue-shares.js'

/** Calls that may wait in one queue, and bytes. Above it each sender has its share alone: see `QueueShares`. */
const MAX_WAITING = 8192
const MAX_WAITING_BYTES = 1 << 20

// A call that waits is one row: what is known of it stands side by side in memory.
const NET_ID = 0
const SENDER = 1
/** The sender's place in the table of shares. */
const SEAT = 2
const ID = 3
/** The tick in which it arrived. */
const TICK = 4
/** The lower 32 bits of its arrival number. */
const ORDER = 5
/** Where its payload begins and ends. */
const START = 6
const END = 7
const ROW = 8

/** What a system sees of one call. Valid until the next iteration. */
export interface CallView {
  /** The entity it is addressed to, in this world; 0 for a message. */
  readonly entity: number
  /** The connection entity that sent it. */
  readonly sender: number
  /** Tells the calls of this side apart; a later answer refers to it. */
  readonly id: number
  /** Its arrival number: it rises over all calls and messages of this side. */
  readonly order: number
  readonly definition: Definition
  readonly args: Readonly<Record<string, unknown>>
}

interface MutableView {
  entity: number
  sender: number
  id: number
  order: number
  readonly definition: Definition
  args: Record<string, unknown>
}

/** Counts what a queue drops. */
export interface QueueListener {
  /** `count` calls were dropped because nobody drained `queue`. */
  undrained(queue: CallQueue, count: number): void
  /** A call of `sender` was dropped: the queue is full, and the sender's share of it is used up. */
  overShare(queue: CallQueue, entity: number, sender: number): void
  /** A call's entity or sender went away between arrival and drain. `entity` and `sender` are 0 where they are gone. */
  stale(queue: CallQueue, entity: number, sender: number): void
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
  /** Where in `rows` the next call that arrives will begin. */
  private tail = 0
  /** The arrival number of the last call that the loop under way may see. */
  private until = 0
  private readonly shares: QueueShares
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
  /** The bytes of a payload of which the number is all that there is to check; -1 where there is more. */
  private readonly exactBytes: number
  /** Its definition has `returns`. */
  readonly answerable: boolean
  /** Runs for each call in place of a system that drains; see `InboundCalls.setHandler`. */
  handler: ((call: CallView) => unknown) | undefined
  /** Nobody wants them: they are checked, and dropped without a report. */
  ignored = false
  /** Calls that arrive wait, and nothing is drained. The code that pauses a queue limits what each sender may add to it. */
  paused = false

  constructor(
    readonly definition: Definition,
    readonly name: string,
    private readonly entities: CallEntities,
    private readonly listener: QueueListener,
    /** The arrival numbers of this side. */
    private readonly order: CallOrder,
    /** Notes the entities that calls name as they arrive. */
    named?: NamedEntities,
  ) {
    this.arrival.entities = named ?? entities
    this.reader.entities = entities.formerOf === undefined ? entities : new FormerEntities(entities)
    const { codec } = definition
    const record = codec.createFixedView() ?? codec.createView()
    this.fixed = record instanceof FixedRecordView ? record : undefined
    this.record = record instanceof FixedRecordView ? undefined : record
    this.view = { entity: 0, sender: 0, id: 0, order: 0, definition, args: record.args }
    this.yielded = { done: false, value: this.view }
    this.scratch = codec.createView()
    this.exactBytes = codec.total && codec.minBytes === codec.maxBytes ? codec.minBytes : -1
    // Of large messages, a few of the largest.
    const byteLimit = Math.max(MAX_WAITING_BYTES, 4 * codec.maxBytes)
    this.shares = new QueueShares(MAX_WAITING, byteLimit, codec.maxBytes)
    this.answerable = 'answers' in definition && definition.answers !== undefined
  }

  get waiting(): number {
    return (this.tail - this.head) / ROW
  }

  /**
   * Queues the payload `bytes[start .. end)`. Returns false when it is not what the definition says; nothing is kept then.
   * `seat` is the sender's place among those who share the queues.
   */
  push(
    bytes: Uint8Array,
    start: number,
    end: number,
    netId: number,
    sender: number,
    seat: number,
    id: number,
    tick: number,
  ): boolean {
    const { arrival, bytes: kept, shares } = this
    const size = end - start
    if (size !== this.exactBytes) {
      arrival.reset(bytes, start, end)
      if (!this.definition.codec.validate(arrival, this.scratch)) return false
    } else if (bytes !== arrival.bytes) arrival.reset(bytes, start, end)
    if (this.ignored) {
      this.drop(id, ReplyStatus.Undrained)
      return true
    }
    if (this.head > 0) this.compact()
    if (!shares.mayAdd(seat, size) && !this.paused) {
      this.drop(id, ReplyStatus.Overloaded)
      this.listener.overShare(this, netId === 0 ? 0 : Math.max(0, targetOf(this.entities, netId)), sender)
      return true
    }
    shares.add(seat, size)
    const at = this.tail
    if (at >= this.rows.length) this.rows = growTo(this.rows, at + ROW)
    const { rows } = this
    this.tail = at + ROW
    rows[at + NET_ID] = netId
    rows[at + SENDER] = sender
    rows[at + SEAT] = seat
    rows[at + ID] = id
    rows[at + TICK] = tick
    rows[at + ORDER] = this.order.next()
    rows[at + START] = kept.length
    kept.copyView(arrival.view, start, end)
    rows[at + END] = kept.length
    return true
  }

  /** Goes on after a pause: what waited counts as arrived at `tick`. */
  resume(tick: number): void {
    this.paused = false
    for (let at = this.head; at < this.tail; at += ROW) this.rows[at + TICK] = tick
  }

  /** Begins a tick: drops the calls that arrived more than `most` ticks ago, and makes room when nothing waits. */
  expire(tick: number, most: number): void {
    if (this.paused) return
    let dropped = 0
    while (this.head < this.tail && this.rows[this.head + TICK]! < tick - most) {
      this.drop(this.rows[this.head + ID]!, ReplyStatus.Undrained)
      this.pass()
      dropped++
    }
    if (dropped > 0) this.listener.undrained(this, dropped)
    this.compact()
  }

  /** The sender has ended, and its entity's id may be another's next: its calls are removed. */
  dropFrom(sender: number): void {
    const { rows, bytes: kept, shares, tail } = this
    let to = this.head
    let end = to < tail ? rows[to + START]! : 0
    for (let at = this.head; at < tail; at += ROW) {
      const start = rows[at + START]!
      const size = rows[at + END]! - start
      if (rows[at + SENDER] === sender) {
        shares.remove(rows[at + SEAT]!, size)
        const netId = rows[at + NET_ID]!
        this.drop(rows[at + ID]!, ReplyStatus.Despawned)
        this.listener.stale(this, netId === 0 ? 0 : Math.max(0, targetOf(this.entities, netId)), 0)
        continue
      }
      if (to !== at) {
        rows.copyWithin(to, at, at + ROW)
        kept.bytes.copyWithin(end, start, start + size)
        rows[to + START] = end
        rows[to + END] = end + size
      }
      to += ROW
      end += size
    }
    if (to === tail) return
    this.tail = to
    kept.length = end
  }

  clear(): void {
    while (this.head < this.tail) this.pass()
    this.compact()
  }

  /** Begins a loop, which sees what waits by now: calls that it makes for itself are for the next. */
  [Symbol.iterator](): this {
    this.until = this.order.last
    return this
  }

  next(): IteratorResult<CallView, undefined> {
    return this.orderOfNext(this.until) === Infinity ? this.ended : this.take()
  }

  /**
   * Passes over what cannot be shown any more. Returns the arrival number of the first call that can be, or Infinity when
   * there is none up to number `until`.
   */
  orderOfNext(until: number): number {
    while (this.head < this.tail && !this.paused) {
      const { rows, head: at } = this
      const order = this.order.of(rows[at + ORDER]!)
      if (order > until) return Infinity
      const netId = rows[at + NET_ID]!
      const id = rows[at + ID]!
      if (netId !== 0 && targetOf(this.entities, netId) < 0) {
        this.drop(id, ReplyStatus.Despawned)
        this.listener.stale(this, 0, rows[at + SENDER]!)
      } else if (!wasAwaited(id) || !this.listener.isCancelled(id)) return order
      this.pass()
    }
    if (!this.paused) this.compact()
    return Infinity
  }

  /** Shows the call that `orderOfNext` has found, and passes it. */
  take(): IteratorYieldResult<CallView> {
    const { rows, view, fixed, head: at } = this
    const netId = rows[at + NET_ID]!
    view.entity = netId === 0 ? 0 : targetOf(this.entities, netId)
    view.sender = rows[at + SENDER]!
    view.id = rows[at + ID]!
    view.order = this.order.of(rows[at + ORDER]!)
    this.pass()
    if (fixed !== undefined) fixed.copy(this.bytes.view, rows[at + START]!)
    else this.readArguments(rows[at + START]!, rows[at + END]!)
    return this.yielded
  }

  private readArguments(start: number, end: number): void {
    this.reader.reset(this.bytes.bytes, start, end)
    this.definition.codec.read(this.reader, this.record!)
  }

  private pass(): void {
    const { rows, head: at } = this
    this.shares.remove(rows[at + SEAT]!, rows[at + END]! - rows[at + START]!)
    this.head = at + ROW
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
    if (this.rows.length > MAX_WAITING * ROW) this.rows = new Uint32Array(16 * ROW)
    if (this.bytes.bytes.length > MAX_WAITING_BYTES) this.bytes.free()
    this.bytes.clear()
  }
}
