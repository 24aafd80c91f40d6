// Keeps received requests until this side answers them.
//
// A request is a row of numbers until it is answered or cancelled, or its connection ends. Rows are found by the id of
// the call, and the rows of one connection are a linked list. A request allocates nothing except when the table grows.
import { MAX_OPEN_REQUESTS } from '../protocol/limits.js'
import type { Answers } from '../protocol/answers.js'
import { UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import type { ReplyStatus } from '../protocol/reply-status.js'
import { growTo } from '../replication/slot-set.js'
import { isAnswerable, makeCallId, type Side, sideOfId } from './call-id.js'
import { NumberIndex } from './number-index.js'
import type { OutgoingCalls } from './outgoing-calls.js'

/** Remembers this many answers, to distinguish a second answer from a late one. */
const REMEMBERED = 1024
/** The limit of the count in an id. */
const MAX_COUNT = 2 ** 29 - 1

export class OpenRequests {
  private readonly index = new NumberIndex(3)
  // By row; row 0 is none.
  private ids = new Uint32Array(16)
  private connections = new Uint32Array(16)
  private requestIds = new Uint32Array(16)
  private definitions = new Uint32Array(16)
  /** The neighbours in the connection's list; `after` also links the free rows. */
  private before = new Uint32Array(16)
  private after = new Uint32Array(16)
  private free = 0
  /** One past the highest row ever used. */
  private rows = 1
  /** By connection entity: its newest row, and the number of its rows. */
  private newest = new Uint32Array(16)
  private counts = new Uint32Array(16)
  /** The ids that the game answered last, in a ring buffer. */
  private readonly answered = new Uint32Array(REMEMBERED)
  private answeredAt = 0
  private count = 0

  constructor(
    private readonly side: Side,
    private readonly protocol: Protocol,
    private readonly outgoing: OutgoingCalls,
  ) {}

  /** Number of open requests. */
  get size(): number {
    return this.index.size
  }

  /** An id for a call that may be answered but was not a request. */
  nextId(): number {
    this.advance()
    return makeCallId(this.count, this.side, false)
  }

  /** Opens a request and returns the id of its call, or 0 when too many of its connection are open. */
  open(connection: number, requestId: number, definition: number): number {
    this.newest = growTo(this.newest, connection + 1)
    this.counts = growTo(this.counts, connection + 1)
    if (this.counts[connection]! >= MAX_OPEN_REQUESTS) return 0
    this.advance()
    const id = makeCallId(this.count, this.side, true)
    const row = this.takeRow()
    this.ids[row] = id
    this.connections[row] = connection
    this.requestIds[row] = requestId
    this.definitions[row] = definition
    this.link(row, connection)
    this.index.set(id, row)
    return id
  }

  /** Whether the sender still waits for the answer to this call. */
  isWaiting(id: number): boolean {
    return this.index.get(id) !== 0
  }

  /**
   * Answers with a value. Returns false when the sender no longer waits.
   *
   * @throws UsageError when the id does not belong to a call that may be answered, or it was answered already.
   * @throws ArgumentError when the value does not match the definition; the request stays open.
   */
  reply(id: number, value: Readonly<Record<string, unknown>>): boolean {
    const row = this.rowToAnswer(id)
    if (row !== 0) {
      this.outgoing.addReply(this.connections[row]!, this.requestIds[row]!, this.answersOf(row), value)
    }
    return this.answer(id, row)
  }

  /**
   * Refuses with a reason. Returns false when the sender no longer waits.
   *
   * @throws as `reply` does.
   */
  refuse(id: number, reason: string): boolean {
    const row = this.rowToAnswer(id)
    if (row !== 0) {
      const answers = this.answersOf(row)
      answers.checkReason(reason)
      this.outgoing.addRefusal(this.connections[row]!, this.requestIds[row]!, answers, reason)
    }
    return this.answer(id, row)
  }

  /** Ends an open request with an answer of the library itself. Does nothing when it is not open. */
  end(id: number, status: ReplyStatus): void {
    const row = this.index.get(id)
    if (row === 0) return
    this.endUnopened(this.connections[row]!, this.requestIds[row]!, status)
    this.close(row)
  }

  /** Answers a request that was never opened. */
  endUnopened(connection: number, requestId: number, status: ReplyStatus): void {
    this.outgoing.addStatus(connection, requestId, status)
  }

  /** The sender no longer waits. Returns false when there is no such request, or it was answered meanwhile. */
  cancel(connection: number, requestId: number): boolean {
    for (let row = this.newest[connection] ?? 0; row !== 0; row = this.after[row]!) {
      if (this.requestIds[row] !== requestId) continue
      this.close(row)
      return true
    }
    return false
  }

  /** The connection ended, so its requests need no answer. */
  forget(connection: number): void {
    for (let row = this.newest[connection] ?? 0; row !== 0; row = this.newest[connection]!) this.close(row)
  }

  private answersOf(row: number): Answers {
    const definition = this.protocol.definitions[this.definitions[row]!]!
    return ('answers' in definition ? definition.answers : undefined)!
  }

  /** The row of a request that the game is about to answer; 0 when the sender no longer waits. */
  private rowToAnswer(id: number): number {
    const row = this.index.get(id)
    if (row !== 0) return row
    if (!Number.isInteger(id) || !isAnswerable(id) || sideOfId(id) !== this.side) {
      throw new UsageError('not-a-request', `call.id ${String(id)} cannot be answered: its definition needs returns`)
    }
    if (this.answered.includes(id)) {
      throw new UsageError('answered', `call.id ${id} was answered already: answer each call once`)
    }
    return 0
  }

  private answer(id: number, row: number): boolean {
    this.answered[this.answeredAt] = id
    this.answeredAt = (this.answeredAt + 1) % REMEMBERED
    if (row === 0) return false
    this.close(row)
    return true
  }

  private advance(): void {
    do this.count = this.count === MAX_COUNT ? 1 : this.count + 1
    // After half a billion calls the count starts again, and one of the first requests may still be open.
    while (this.isWaiting(makeCallId(this.count, this.side, true)))
  }

  private takeRow(): number {
    const row = this.free
    if (row !== 0) {
      this.free = this.after[row]!
      return row
    }
    const size = this.rows + 1
    this.ids = growTo(this.ids, size)
    this.connections = growTo(this.connections, size)
    this.requestIds = growTo(this.requestIds, size)
    this.definitions = growTo(this.definitions, size)
    this.before = growTo(this.before, size)
    this.after = growTo(this.after, size)
    return this.rows++
  }

  private link(row: number, connection: number): void {
    const next = this.newest[connection]!
    this.before[row] = 0
    this.after[row] = next
    if (next !== 0) this.before[next] = row
    this.newest[connection] = row
    this.counts[connection]!++
  }

  private close(row: number): void {
    const connection = this.connections[row]!
    const before = this.before[row]!
    const after = this.after[row]!
    if (before === 0) this.newest[connection] = after
    else this.after[before] = after
    if (after !== 0) this.before[after] = before
    this.counts[connection]!--
    this.index.delete(this.ids[row]!)
    this.after[row] = this.free
    this.free = row
  }
}
