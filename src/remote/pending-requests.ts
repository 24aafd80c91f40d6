// Keeps the requests that this side made of one connection until they are answered.
//
// Answers are read as they arrive, and promises settle at one point of the tick. There an answer takes precedence over
// anything else that may have ended the request meanwhile.
import { Networked } from '../../components/networked.js'
import type { Counters } from '../connection/counters.js'
import { ByteReader } from '../protocol/bytes.js'
import type { Command, TargetRpc } from '../protocol/definitions.js'
import type { EntityMapper } from '../protocol/entity-mapper.js'
import {
  RequestAbortedError,
  RequestDespawnedError,
  RequestDisconnectedError,
  type RequestError,
  RequestLostAuthorityError,
  RequestRefusedError,
  RequestRejectedError,
  RequestTimedOutError,
  UsageError,
} from '../protocol/errors.js'
import { MAX_OPEN_REQUESTS } from '../protocol/limits.js'
import { ReplyStatus } from '../protocol/reply-status.js'
import type { CallSection } from './inbound-calls.js'
import type { OutgoingCalls } from './outgoing-calls.js'

type Value = Record<string, unknown>

/** The arguments of a request. */
export interface RequestInput {
  readonly definition: Command | TargetRpc
  readonly name: string
  readonly netId: number
  /** The owner that the request depends on, or 0. */
  readonly owner: number
  /** Milliseconds until it times out. */
  readonly timeout: number
  readonly signal: AbortSignal | undefined
}

/** The result of reading an answer. */
export const ReplyFate = { Taken: 0, Late: 1, Unknown: 2, Malformed: 3 } as const
export type ReplyFate = (typeof ReplyFate)[keyof typeof ReplyFate]

class PendingRequest {
  /** The error or the value that it will settle with. */
  error: RequestError | undefined
  value: Value | undefined
  /** The answer has arrived but waits for a scene to load. It is in time, and read when the scene has loaded. */
  hasArrived = false
  onAbort: (() => void) | undefined
  readonly promise: Promise<Value>
  resolve!: (value: Value) => void
  reject!: (error: RequestError) => void

  constructor(
    readonly id: number,
    readonly input: RequestInput,
    readonly deadline: number,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  get isAnswered(): boolean {
    return this.error !== undefined || this.value !== undefined
  }
}

export class PendingRequests {
  /** By number, in the order in which they were made. */
  private readonly waiting = new Map<number, PendingRequest>()
  private readonly reader = new ByteReader()
  private lastId = 0

  constructor(
    /** The connection that receives them. */
    private readonly connection: number,
    private readonly entities: EntityMapper,
    private readonly outgoing: OutgoingCalls,
    private readonly counters: Counters,
  ) {
    this.reader.entities = entities
  }

  get size(): number {
    return this.waiting.size
  }

  /**
   * Returns the number of the next request; `add` follows when it has been sent.
   *
   * @throws UsageError when too many are open.
   */
  nextId(name: string): number {
    if (this.waiting.size >= MAX_OPEN_REQUESTS || this.lastId === 0xffffffff) {
      const problem = `${MAX_OPEN_REQUESTS} requests of this connection wait for an answer; await some first`
      throw new UsageError('too-many-requests', `${name}: ${problem}`)
    }
    return this.lastId + 1
  }

  /** Waits for the answer to the request with the number that `nextId` returned. */
  add(input: RequestInput, now: number): Promise<Value> {
    const pending = new PendingRequest(++this.lastId, input, now + input.timeout)
    this.waiting.set(pending.id, pending)
    const { signal } = input
    if (signal !== undefined) {
      pending.onAbort = () => this.giveUp(pending, new RequestAbortedError(input.name, signal.reason))
      signal.addEventListener('abort', pending.onAbort)
    }
    return pending.promise
  }

  /** The net id of an open request's entity; 0 when the request is not open. */
  netIdOf(id: number): number {
    return this.waiting.get(id)?.input.netId ?? 0
  }

  /** Reads a received answer; its promise settles with `settle`. */
  take(section: CallSection, bytes: Uint8Array): ReplyFate {
    const { request, status, start, end } = section
    const pending = this.waiting.get(request)
    if (pending === undefined || pending.isAnswered) {
      const unknown = request > this.lastId
      if (unknown) this.counters.unknownReplies++
      else this.counters.lateReplies++
      return unknown ? ReplyFate.Unknown : ReplyFate.Late
    }
    this.reader.reset(bytes, start, end)
    if (status === ReplyStatus.Ok) pending.value = pending.input.definition.answers!.readValue(this.reader)
    else pending.error = this.errorOf(pending.input, status)
    if (pending.isAnswered) return ReplyFate.Taken
    this.counters.malformedReplies++
    pending.error = new RequestRejectedError(
      'malformed-reply',
      pending.input.name,
      'the answer is not what the definition says',
    )
    return ReplyFate.Malformed
  }

  /** The request could not be sent. */
  fail(id: number, status: ReplyStatus): void {
    const pending = this.waiting.get(id)
    if (pending !== undefined && !pending.isAnswered) pending.error = this.errorOf(pending.input, status)
  }

  /** An answer has arrived that cannot be read yet: the request no longer times out. */
  noteArrived(id: number): void {
    const pending = this.waiting.get(id)
    if (pending !== undefined) pending.hasArrived = true
  }

  /** Settles answered requests, and gives up those that can no longer be answered. */
  settle(now: number): void {
    if (this.waiting.size === 0) return
    for (const pending of this.waiting.values()) this.settleOne(pending, now)
  }

  /** The connection ended; `why` is a human-readable text. */
  end(why: string): void {
    for (const pending of this.waiting.values()) {
      if (!pending.isAnswered) pending.error = new RequestDisconnectedError(pending.input.name, why)
      this.finish(pending)
    }
  }

  private settleOne(pending: PendingRequest, now: number): void {
    const { name, netId, owner, timeout } = pending.input
    const entity = this.entities.entityOf(netId)
    if (pending.isAnswered) this.finish(pending)
    else if (pending.hasArrived) return
    else if (entity === 0) this.giveUp(pending, new RequestDespawnedError(name))
    else if (owner !== 0 && Networked.owner[entity] !== owner) this.giveUp(pending, new RequestLostAuthorityError(name))
    else if (now >= pending.deadline) this.giveUp(pending, new RequestTimedOutError(name, timeout))
  }

  /** Ends a request from this side, and notifies the other side so that it can stop working on it. */
  private giveUp(pending: PendingRequest, error: RequestError): void {
    if (!this.waiting.has(pending.id)) return
    // An answer that has already arrived counts, even if this side has aborted the request since.
    if (!pending.isAnswered) {
      pending.error = error
      this.outgoing.addCancel(this.connection, pending.id)
    }
    this.finish(pending)
  }

  private finish(pending: PendingRequest): void {
    this.waiting.delete(pending.id)
    if (pending.onAbort !== undefined) pending.input.signal!.removeEventListener('abort', pending.onAbort)
    if (pending.error === undefined) return pending.resolve(pending.value!)
    // An ignored promise must not end a server's process when a client refuses the request.
    pending.promise.catch(() => undefined)
    pending.reject(pending.error)
  }

  /** The error for an answer without a value; undefined when the answer is malformed. */
  private errorOf({ definition, name }: RequestInput, status: ReplyStatus): RequestError | undefined {
    const rejected = (code: string, problem: string): RequestError => new RequestRejectedError(code, name, problem)
    switch (status) {
      case ReplyStatus.Refused: {
        const reason = definition.answers!.readReason(this.reader)
        return reason === undefined ? undefined : new RequestRefusedError(name, reason, definition)
      }
      case ReplyStatus.NotReady:
        return rejected('not-ready', 'this client does not take part yet; wait for Ready')
      case ReplyStatus.NotOwner:
        return new RequestLostAuthorityError(name)
      case ReplyStatus.Despawned:
        return new RequestDespawnedError(name)
      case ReplyStatus.NotObserved:
        return rejected('not-observed', 'the client does not have the entity in sight')
      case ReplyStatus.OverRate:
        return rejected('over-rate', 'more often than its definition allows')
      case ReplyStatus.MalformedCall:
        return rejected('malformed-call', 'the other side could not read its arguments')
      case ReplyStatus.Undrained:
        return rejected('undrained', 'no system of the other side drained it')
      case ReplyStatus.Overloaded:
        return rejected('overloaded', 'too many requests or calls of this connection wait on the other side')
      default:
        return rejected('handler-threw', 'the handler of the other side threw')
    }
  }
}
