// Queues received calls of one definition, as bytes, until a system drains them.
//
// A call is checked when it arrives and decoded when it is drained, into one view that is reused. So a call allocates
// no object, however many arrive.
import type { Definition } from '../protocol/definitions.js'
import { type ByteReader, ByteReader as Reader, ByteWriter } from '../protocol/bytes.js'
import { FixedRecordView } from '../protocol/types/fixed-record.js'
import { ReplyStatus } from '../protocol/reply-status.js'
import type { RecordView } from '../protocol/types/record.js'
import { growTo } from '../replication/slot-set.js'
import { type CallEntities, calledEntity } from './call-entities.js'
import { wasAwaited } from './call-id.js'
import type { CallOrder } from './call-order.js'
import { FormerEntities, type NamedEntities } from './named-entities.js'
import { QueueShares } from './queue-shares.js'

/** Calls, and bytes, that may wait in one queue. Above that each sender only has its share: see `QueueShares`. */
const MAX_WAITING = 8192
const MAX_WAITING_BYTES = 1 << 20

// A queued call is one row: its numbers are adjacent in memory.
const NET_ID = 0
const SENDER = 1
const ID = 2
/** The tick in which it arrived. */
const TICK = 3
/** The lower 32 bits of its arrival number. */
const ORDER = 4
/** Where its payload begins and ends. */
const START = 5
const END = 6
const ROW = 8

/** A call as a system sees it. Valid until the next iteration. */
export interface CallView {
  /** The entity it is addressed to, in this world; 0 for a message. */
  readonly entity: number
  /** The connection entity that sent it. */
  readonly sender: number
  /** Identifies the call on this side; a later answer refers to it. */
  readonly id: number
  /** Its arrival number, which increases over all calls and messages of this side. */
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

/** Notified of the calls that a queue drops. */
export interface QueueListener {
  /** `count` calls were dropped because no system drained `queue`. */
  undrained(queue: CallQueue, count: number): void
  /** A call of `sender` was dropped: the queue is full, and the sender's share of it is used up. */
  overShare(queue: CallQueue, entity: number, sender: number): void
  /** A call's entity or sender ended between arrival and drain. `entity` and `sender` are 0 if they have ended. */
  stale(queue: CallQueue, entity: number, sender: number): void
  /** Whether the sender of this request no longer waits for the answer. The call is then dropped. */
  isCancelled(id: number): boolean
  /** A request is dropped. */
  unanswered(id: number, status: ReplyStatus): void
}

/** What all call queues of one side share. */
export interface QueueSurroundings {
  readonly entities: CallEntities
  readonly listener: QueueListener
  /** The arrival numbers of this side. */
  readonly order: CallOrder
  /** Notes the entities that calls name as they arrive. */
  readonly named?: NamedEntities
}

export class CallQueue implements IterableIterator<CallView> {
  private readonly bytes = new ByteWriter(256)
  private rows = new Uint32Array(16 * ROW)
  /** Index in `rows` of the first queued call. */
  private head = 0
  /** Index in `rows` of the next call to arrive. */
  private tail = 0
  /** The arrival number of the last call that the current loop may see. */
  private until = 0
  private readonly byteLimit: number
  private readonly shares: QueueShares
  /** Whether `shares` counts what the queue has: since it was full, until it is empty. */
  private isShared = false
  // A separate reader for each memory: a reader that switches between two would create a view each time.
  private readonly arrival: ByteReader = new Reader()
  private readonly reader: ByteReader = new Reader()
  private readonly view: MutableView
  /** Receives a call's arguments when all of them have fixed offsets; otherwise `reader` reads them. */
  private readonly fixed: FixedRecordView | undefined
  private readonly record: RecordView | undefined
  private readonly yielded: IteratorYieldResult<CallView>
  private readonly ended: IteratorReturnResult<undefined> = { done: true, value: undefined }
  private readonly scratch: RecordView
  /** The size of a payload that needs no other check; -1 when it needs more. */
  private readonly exactBytes: number
  /** Whether its definition has `returns`. */
  readonly answerable: boolean
  /** Runs for each call instead of a system that drains; see `InboundCalls.setHandler`. */
  handler: ((call: CallView) => unknown) | undefined
  /** The game ignores these calls: they are checked, and dropped without a report. */
  ignored = false
  /**
   * Received calls stay queued, and nothing is drained. The code that pauses a queue limits what each sender may add to
   * it.
   */
  paused = false

  private readonly entities: CallEntities
  private readonly listener: QueueListener
  private readonly order: CallOrder

  constructor(
    readonly definition: Definition,
    readonly name: string,
    { entities, listener, order, named }: QueueSurroundings,
  ) {
    this.entities = entities
    this.listener = listener
    this.order = order
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
    // Room for a few of the largest messages.
    this.byteLimit = Math.max(MAX_WAITING_BYTES, 4 * codec.maxBytes)
    this.shares = new QueueShares(MAX_WAITING, this.byteLimit, codec.maxBytes)
    this.answerable = 'answers' in definition && definition.answers !== undefined
  }

  get waiting(): number {
    return (this.tail - this.head) / ROW
  }

  /**
   * Queues the payload `bytes[start .. end)`. Returns false, and keeps nothing, when it does not match the definition.
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
    const { arrival, bytes: kept } = this
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
    const isNearlyFull = this.tail - this.head >= MAX_WAITING * ROW || kept.length + size > this.byteLimit
    if (isNearlyFull && !this.paused && !this.hasRoom(sender, size)) {
      this.drop(id, ReplyStatus.Overloaded)
      this.listener.overShare(this, netId === 0 ? 0 : Math.max(0, calledEntity(this.entities, netId)), sender)
      return true
    }
    if (this.isShared) this.shares.add(sender, size)
    const at = this.tail
    if (at >= this.rows.length) this.rows = growTo(this.rows, at + ROW)
    const { rows } = this
    this.tail = at + ROW
    rows[at + NET_ID] = netId
    rows[at + SENDER] = sender
    rows[at + ID] = id
    rows[at + TICK] = tick
    rows[at + ORDER] = this.order.next()
    rows[at + START] = kept.length
    kept.copyView(arrival.view, start, end)
    rows[at + END] = kept.length
    return true
  }

  /** Whether a sender may add a call of `size` bytes: the queue has room, or the sender has some of its share left. */
  private hasRoom(sender: number, size: number): boolean {
    const { rows, head, tail, shares } = this
    const waitingBytes = head < tail ? this.bytes.length - rows[head + START]! : 0
    if (this.waiting < MAX_WAITING && waitingBytes + size <= this.byteLimit) return true
    if (!this.isShared) {
      this.isShared = true
      for (let at = head; at < tail; at += ROW) shares.add(rows[at + SENDER]!, rows[at + END]! - rows[at + START]!)
    }
    return shares.mayAdd(sender, size)
  }

  /** Continues after a pause: queued calls count as arrived at `tick`. */
  resume(tick: number): void {
    this.paused = false
    for (let at = this.head; at < this.tail; at += ROW) this.rows[at + TICK] = tick
  }

  /**
   * Begins a tick: drops the calls that arrived more than `most` ticks ago, and frees memory when nothing is queued.
   */
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

  /** The sender has ended, and another may get its entity's id: removes its calls. */
  dropFrom(sender: number): void {
    const { rows, bytes: kept, tail } = this
    let to = this.head
    let end = to < tail ? rows[to + START]! : 0
    for (let at = this.head; at < tail; at += ROW) {
      const start = rows[at + START]!
      const size = rows[at + END]! - start
      if (rows[at + SENDER] === sender) {
        if (this.isShared) this.shares.remove(sender, size)
        const netId = rows[at + NET_ID]!
        this.drop(rows[at + ID]!, ReplyStatus.Despawned)
        this.listener.stale(this, netId === 0 ? 0 : Math.max(0, calledEntity(this.entities, netId)), 0)
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
    this.head = this.tail
    this.compact()
  }

  /** Begins a loop over the calls queued now. Calls that the loop makes for its own side are for the next one. */
  [Symbol.iterator](): this {
    this.until = this.order.last
    return this
  }

  next(): IteratorResult<CallView, undefined> {
    return this.orderOfNext(this.until) < 0 ? this.ended : this.take()
  }

  /**
   * Skips calls that can no longer be shown. Returns the arrival number of the first call that can, or -1 when there is
   * none up to number `until`.
   */
  orderOfNext(until: number): number {
    while (this.head < this.tail && !this.paused) {
      const { rows, view, head: at } = this
      const order = this.order.of(rows[at + ORDER]!)
      if (order > until) return -1
      const netId = rows[at + NET_ID]!
      const id = rows[at + ID]!
      const entity = netId === 0 ? 0 : calledEntity(this.entities, netId)
      if (entity < 0) {
        this.drop(id, ReplyStatus.Despawned)
        this.listener.stale(this, 0, rows[at + SENDER]!)
      } else if (!wasAwaited(id) || !this.listener.isCancelled(id)) {
        view.entity = entity
        view.order = order
        return order
      }
      this.pass()
    }
    if (!this.paused) this.compact()
    return -1
  }

  /** Shows the call that `orderOfNext` has just found, and moves past it. */
  take(): IteratorYieldResult<CallView> {
    const { rows, view, fixed, head: at } = this
    view.sender = rows[at + SENDER]!
    view.id = rows[at + ID]!
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
    if (this.isShared) this.shares.remove(rows[at + SENDER]!, rows[at + END]! - rows[at + START]!)
    this.head = at + ROW
  }

  private drop(id: number, status: ReplyStatus): void {
    if (wasAwaited(id)) this.listener.unanswered(id, status)
  }

  /** Frees drained rows: at once when nothing is queued, else when they are most of the memory. */
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
    if (this.isShared) this.shares.clear()
    this.isShared = false
    if (this.rows.length > MAX_WAITING * ROW) this.rows = new Uint32Array(16 * ROW)
    if (this.bytes.bytes.length > MAX_WAITING_BYTES) this.bytes.free()
    this.bytes.clear()
  }
}
