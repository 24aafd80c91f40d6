// Keeps all inbound queues of one side, and reads the sections that fill them.
import { Connection } from '../../components/connection.js'
import { isThenable } from '../protocol/thenable.js'
import type { Counters } from '../connection/counters.js'
import type { ErrorLog } from '../connection/error-log.js'
import type { ByteReader } from '../protocol/bytes.js'
import { type Definition, isEarly } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import { makeNetId, MAX_GENERATION, readNetId } from '../protocol/net-id.js'
import { SectionKind } from '../protocol/packet.js'
import type { Protocol } from '../protocol/protocol.js'
import { LAST_REPLY_STATUS, ReplyStatus } from '../protocol/reply-status.js'
import { SlotSet } from '../replication/slot-set.js'
import { CallFault, type CallFaults } from './call-faults.js'
import { makePlainId, type Side } from './call-id.js'
import type { CallEntities } from './call-entities.js'
import { CallOrder } from './call-order.js'
import { CallQueue, type CallView, type QueueListener } from './call-queue.js'
import { MergedCalls } from './merged-calls.js'
import { NamedEntities } from './named-entities.js'
import type { OpenRequests } from './open-requests.js'
import type { OutgoingCalls } from './outgoing-calls.js'

/** Bytes of the longest head of a call, after its kind, in which no number takes more than two bytes. */
const MAX_SHORT_HEAD = 8

/** Limit for remembered lists of definitions that are drained together: more than a game has. */
const MAX_MERGED = 64

/** For sections without a definition. */
const NO_DEFINITION = 0xffffffff

/** A section of a call, message, request, reply or cancel, as read; reused. The payload is `bytes[start .. end)`. */
export class CallSection {
  netId = 0
  id = 0
  /** The number of a request; 0 in a call or message. */
  request = 0
  /** The status of a reply. */
  status: ReplyStatus = ReplyStatus.Ok
  start = 0
  end = 0

  /**
   * Reads a section whose kind byte has been read; `call` distinguishes a call from a message. Leaves the reader after
   * it.
   */
  read(reader: ByteReader, call: boolean): void {
    if (reader.end - reader.offset < MAX_SHORT_HEAD || !this.readShort(reader, call)) this.readAny(reader, call)
  }

  /**
   * Reads a section in which no number takes more than two bytes, as in nearly all, without a bounds check for each
   * byte. Returns false, with nothing read, for other sections.
   */
  private readShort(reader: ByteReader, call: boolean): boolean {
    const { bytes } = reader
    let at = reader.offset
    let netId = 0
    if (call) {
      let slot = bytes[at++]!
      if (slot >= 0x80) slot = (slot & 0x7f) | (bytes[at++]! << 7)
      let generation = bytes[at++]!
      if (generation >= 0x80) generation = (generation & 0x7f) | (bytes[at++]! << 7)
      if (slot === 0 || slot >= 0x4000 || generation > MAX_GENERATION) return false
      netId = makeNetId(slot, generation)
    }
    let id = bytes[at++]!
    if (id >= 0x80) id = (id & 0x7f) | (bytes[at++]! << 7)
    let length = bytes[at++]!
    if (length >= 0x80) length = (length & 0x7f) | (bytes[at++]! << 7)
    const end = at + length
    if (id >= 0x4000 || length >= 0x4000 || end > reader.end) return false
    this.netId = netId
    this.id = id
    this.request = 0
    this.start = at
    this.end = end
    reader.offset = end
    return true
  }

  private readAny(reader: ByteReader, call: boolean): void {
    this.netId = call ? readNetId(reader) : 0
    this.id = reader.varint()
    this.request = 0
    this.readPayload(reader)
    if (call && this.netId === 0) reader.fail()
  }

  readRequest(reader: ByteReader): void {
    this.netId = readNetId(reader)
    this.id = reader.varint()
    this.readRequestNumber(reader)
    this.readPayload(reader)
    if (this.netId === 0) reader.fail()
  }

  readReply(reader: ByteReader): void {
    this.id = NO_DEFINITION
    this.readRequestNumber(reader)
    const status = reader.u8()
    this.readPayload(reader)
    if (status > LAST_REPLY_STATUS) reader.fail()
    // Answers of the library itself have no payload.
    if (status > ReplyStatus.Refused && this.end > this.start) reader.fail()
    this.status = status as ReplyStatus
  }

  readCancel(reader: ByteReader): void {
    this.id = NO_DEFINITION
    this.readRequestNumber(reader)
    this.start = this.end = reader.offset
  }

  private readRequestNumber(reader: ByteReader): void {
    this.request = reader.varint()
    if (this.request === 0) reader.fail()
  }

  private readPayload(reader: ByteReader): void {
    const length = reader.varint()
    this.start = reader.offset
    reader.skip(length)
    this.end = reader.offset
  }

  /** Describes a message whose payload is in a separate buffer, from 0 to `length`. */
  become(id: number, length: number): void {
    this.netId = 0
    this.id = id
    this.start = 0
    this.end = length
  }
}

/** Whether the rest of a packet only has messages that are allowed before the client is authenticated. */
export function hasOnlyEarlyMessages(reader: ByteReader, section: CallSection, protocol: Protocol): boolean {
  while (reader.left > 0) {
    if (reader.u8() !== SectionKind.Message) return false
    section.read(reader, false)
    if (reader.failed || !isEarly(protocol.definitions[section.id])) return false
  }
  return true
}

/** What the received calls of one side need. */
export interface InboundOptions {
  readonly protocol: Protocol
  readonly entities: CallEntities
  readonly requests: OpenRequests
  readonly counters: Counters
  readonly errors: ErrorLog
  readonly faults: CallFaults
  readonly side: Side
}

export class InboundCalls implements QueueListener {
  /** By definition id. */
  readonly queues: readonly CallQueue[]
  /** On a client: slots of entities that a call is on, or names, and that no system has had the chance to drain. */
  readonly called = new SlotSet()
  private readonly own = new CallSection()
  private readonly order = new CallOrder()
  /** The queues with handlers. */
  private readonly handled = new MergedCalls([], this.order)
  private readonly merged: MergedCalls[] = []
  private calls = 0

  private readonly protocol: Protocol
  private readonly requests: OpenRequests
  private readonly counters: Counters
  private readonly errors: ErrorLog
  private readonly faults: CallFaults

  constructor({ protocol, entities, requests, counters, errors, faults, side }: InboundOptions) {
    this.protocol = protocol
    this.requests = requests
    this.counters = counters
    this.errors = errors
    this.faults = faults
    const named = side === 'client' ? new NamedEntities(entities, this.called) : undefined
    const surroundings = { entities, listener: this, order: this.order, named }
    this.queues = protocol.definitions.map(
      (definition, id) => new CallQueue(definition, protocol.definitionNames[id]!, surroundings),
    )
  }

  queueOf(definition: Definition): CallQueue {
    const id = this.protocol.ids.get(definition)
    if (id === undefined)
      throw new UsageError('not-listed', 'this definition is not listed in the protocol of this world')
    return this.queues[id]!
  }

  /** The calls of several definitions, in their order of arrival. */
  mergedOf(definitions: readonly Definition[]): MergedCalls {
    const known = this.merged.find(({ queues }) => isOf(queues, definitions))
    if (known !== undefined) return known
    const made = new MergedCalls(
      definitions.map((definition) => this.queueOf(definition)),
      this.order,
    )
    if (this.merged.push(made) > MAX_MERGED) this.merged.shift()
    return made
  }

  /** Sets the handler of a queue, or removes it. */
  setHandler(queue: CallQueue, handler: CallQueue['handler']): void {
    const { queues } = this.handled
    if (queue.handler === undefined && handler !== undefined) queues.push(queue)
    else if (queue.handler !== undefined && handler === undefined) queues.splice(queues.indexOf(queue), 1)
    queue.handler = handler
    this.handled.changed()
  }

  owns(queue: CallQueue): boolean {
    return this.queues.includes(queue)
  }

  /** Queues a section's payload. Returns false when its arguments do not match the definition. */
  push(section: CallSection, bytes: Uint8Array, sender: number, tick: number): boolean {
    const queue = this.queues[section.id]!
    // A call that may be answered has an id for it even if it was not a request.
    const id = queue.answerable ? this.requests.nextId() : makePlainId(++this.calls)
    return queue.push(bytes, section.start, section.end, section.netId, sender, id, tick)
  }

  /** Queues a call that this side makes for itself: the one just added to the outgoing calls. */
  pushOwn(id: number, netId: number, { writer, payloadStart }: OutgoingCalls, sender: number, tick: number): void {
    const { own } = this
    own.become(id, writer.length)
    own.start = payloadStart
    own.netId = netId
    this.push(own, writer.bytes, sender, tick)
  }

  /** Opens a request and queues its payload. If that fails, it is answered at once with the reason. */
  pushRequest(section: CallSection, bytes: Uint8Array, sender: number, tick: number): ReplyStatus {
    const { netId, id: definition, request, start, end } = section
    const id = this.requests.open(sender, request, definition)
    if (id === 0) {
      this.counters.overloadedRequests++
      this.requests.endUnopened(sender, request, ReplyStatus.Overloaded)
      return ReplyStatus.Overloaded
    }
    if (this.queues[definition]!.push(bytes, start, end, netId, sender, id, tick)) return ReplyStatus.Ok
    this.requests.end(id, ReplyStatus.MalformedCall)
    return ReplyStatus.MalformedCall
  }

  /** Begins a tick: drops calls that were undrained for more than `most` ticks. */
  expire(tick: number, most: number): void {
    for (let i = 0; i < this.queues.length; i++) this.queues[i]!.expire(tick, most)
  }

  /** Whether calls and messages must wait, as while the server loads a scene. */
  paused = false

  pause(): void {
    this.paused = true
    for (const queue of this.queues) queue.paused = true
  }

  resume(tick: number): void {
    this.paused = false
    for (const queue of this.queues) queue.resume(tick)
  }

  /** Runs the handlers in the order in which their calls arrived. One that throws is reported and stops nothing. */
  runHandlers(): void {
    const { handled } = this
    for (const call of handled) this.runHandler(handled.current!, call)
  }

  /** The sender has ended: removes its queued calls. */
  dropFrom(sender: number): void {
    for (const queue of this.queues) queue.dropFrom(sender)
  }

  clear(): void {
    for (const queue of this.queues) queue.clear()
  }

  undrained(queue: CallQueue, count: number): void {
    this.counters.undrainedCalls += count
    const message = `${queue.name}: calls arrive that nobody drains; they are dropped. Drain it, or give it a handler`
    this.errors.once('undrained', queue.name, message)
  }

  overShare({ definition }: CallQueue, entity: number, sender: number): void {
    const id = this.protocol.ids.get(definition)!
    this.faults.add(CallFault.OverShare, Connection.id[sender] ?? 0, sender, entity, id)
  }

  stale({ definition }: CallQueue, entity: number, sender: number): void {
    const id = this.protocol.ids.get(definition)!
    this.faults.add(CallFault.Late, sender === 0 ? 0 : (Connection.id[sender] ?? 0), sender, entity, id)
  }

  isCancelled(id: number): boolean {
    if (this.requests.isWaiting(id)) return false
    this.counters.cancelledCalls++
    return true
  }

  unanswered(id: number, status: ReplyStatus): void {
    this.requests.end(id, status)
  }

  private runHandler({ name, handler }: CallQueue, call: CallView): void {
    const { entity, sender: connection, id } = call
    try {
      // A handler may be an async function, and its errors must not become unhandled rejections.
      const result = handler!(call)
      if (isThenable(result)) {
        result.then(undefined, (cause: unknown) => this.handlerThrew(name, cause, entity, connection, id))
      }
    } catch (cause) {
      this.handlerThrew(name, cause, entity, connection, id)
    }
  }

  private handlerThrew(name: string, cause: unknown, entity: number, connection: number, id: number): void {
    this.counters.handlerErrors++
    this.requests.end(id, ReplyStatus.HandlerThrew)
    const message = `the handler of ${name} threw: ${cause instanceof Error ? cause.message : String(cause)}`
    this.errors.push('handler-threw', message, { entity, connection, name, cause })
  }
}

function isOf(queues: readonly CallQueue[], definitions: readonly Definition[]): boolean {
  if (queues.length !== definitions.length) return false
  for (let i = 0; i < queues.length; i++) if (queues[i]!.definition !== definitions[i]) return false
  return true
}
