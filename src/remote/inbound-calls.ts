// All inbound queues of one side, and the sections that fill them.
import type { Counters } from '../connection/counters.js'
import type { ErrorLog } from '../connection/error-log.js'
import type { ByteReader } from '../protocol/bytes.js'
import type { Definition } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import type { EntityMapper } from '../protocol/entity-mapper.js'
import { readNetId } from '../protocol/net-id.js'
import type { Protocol } from '../protocol/protocol.js'
import { CallQueue, type CallView, type QueueListener } from './call-queue.js'

/** A call or message section as read; reused. The payload is `bytes[start .. end)`. */
export class CallSection {
  netId = 0
  id = 0
  start = 0
  end = 0

  /** Reads a section whose kind byte has been read; `call` tells a call from a message. Leaves the reader behind it. */
  read(reader: ByteReader, call: boolean): void {
    this.netId = call ? readNetId(reader) : 0
    this.id = reader.varint()
    const length = reader.varint()
    this.start = reader.offset
    reader.skip(length)
    this.end = reader.offset
    if (call && this.netId === 0) reader.fail()
  }

  /** Stands for a message whose payload lies by itself, from 0 to `length`. */
  become(id: number, length: number): void {
    this.netId = 0
    this.id = id
    this.start = 0
    this.end = length
  }
}

export class InboundCalls implements QueueListener {
  /** By definition id. */
  readonly queues: readonly CallQueue[]
  private nextId = 1

  constructor(
    private readonly protocol: Protocol,
    entities: EntityMapper,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {
    this.queues = protocol.definitions.map(
      (definition, id) => new CallQueue(definition, protocol.definitionNames[id]!, entities, this),
    )
  }

  queueOf(definition: Definition): CallQueue {
    const id = this.protocol.ids.get(definition)
    if (id === undefined)
      throw new UsageError('not-listed', 'this definition is not listed in the protocol of this world')
    return this.queues[id]!
  }

  /** Queues a section's payload; false when its arguments are not what the definition says. */
  push(section: CallSection, bytes: Uint8Array, sender: number, tick: number): boolean {
    const queue = this.queues[section.id]!
    return queue.push(bytes, section.start, section.end, section.netId, sender, this.nextId++ >>> 0, tick)
  }

  /** Drops what has waited since before `tick`. */
  expire(tick: number): void {
    for (const queue of this.queues) queue.expire(tick)
  }

  /** Runs the handlers; one that throws is reported and stops nothing. */
  runHandlers(): void {
    for (const queue of this.queues) if (queue.handler !== undefined) this.runHandler(queue, queue.handler)
  }

  clear(): void {
    for (const queue of this.queues) queue.clear()
  }

  undrained(queue: CallQueue, count: number): void {
    this.counters.undrainedCalls += count
    const message = `${queue.name}: calls arrive that nobody drains; they are dropped. Drain it, or give it a handler`
    this.errors.once('undrained', queue.name, message)
  }

  stale(): void {
    this.counters.staleCalls++
  }

  private runHandler(queue: CallQueue, handler: (call: CallView) => void): void {
    for (const call of queue) {
      const { entity, sender: connection } = call
      try {
        handler(call)
      } catch (cause) {
        this.counters.handlerErrors++
        const message = `the handler of ${queue.name} threw: ${cause instanceof Error ? cause.message : String(cause)}`
        this.errors.push('handler-threw', message, { entity, connection, name: queue.name, cause })
      }
    }
  }
}
