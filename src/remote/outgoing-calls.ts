// Outgoing calls and messages of a tick, in the order in which the game made them.
//
// A call is encoded once, when it is made, as the section that will travel. Who gets it is decided when the tick is sent:
// only then is it known who observes the entity, those for whom it has just spawned included.
import type { Answers } from '../protocol/answers.js'
import { ByteWriter, varintBytes } from '../protocol/bytes.js'
import type { Definition } from '../protocol/definitions.js'
import type { EntityMapper } from '../protocol/entity-mapper.js'
import { writeNetId } from '../protocol/net-id.js'
import { SectionKind } from '../protocol/packet.js'
import type { RecordCodec } from '../protocol/record.js'
import { ReplyStatus } from '../protocol/reply-status.js'
import { Channel } from '../transport/transport.js'
import { growTo } from '../replication/slot-set.js'

/** Bytes of memory that a tick's calls leave for the next tick's. */
const LARGEST_KEPT = 1 << 20

/** Whom a call goes to. */
export const Audience = {
  /** Everyone that has the entity spawned. */
  Observers: 0,
  /** One connection. */
  One: 1,
  /** Every open connection. */
  All: 2,
  /** Every connection that takes part. */
  Ready: 3,
  /** The connections of its list, those that are being authenticated too. */
  List: 4,
} as const
export type Audience = (typeof Audience)[keyof typeof Audience]

export class OutgoingCalls {
  readonly writer = new ByteWriter(1024)
  count = 0
  starts = new Uint32Array(17)
  channels = new Uint8Array(16)
  audiences = new Uint8Array(16)
  /** The net id of the entity a call is on, or 0. */
  netIds = new Uint32Array(16)
  /** For {@link Audience.One} the connection entity; otherwise a connection left out, or 0. */
  connections = new Uint32Array(16)
  /** 1 when the entity's owner is left out; the owner is the one of the moment of the call. */
  excludedOwners = new Uint32Array(16)
  /** The number of the request that a call is, or 0. */
  requests = new Uint32Array(16)
  /** The connections that it is limited to, unless undefined, and more that are left out. */
  readonly lists: (ReadonlySet<number> | undefined)[] = []
  readonly exceptions: (ReadonlySet<number> | undefined)[] = []
  private holdsLists = false
  private readonly sections: Uint8Array[] = []
  /** Where the payload of the call added last begins; it is the last thing written. */
  payloadStart = 0

  constructor(entities: EntityMapper) {
    this.writer.entities = entities
  }

  /**
   * Adds a call, with a `request` number a request, or, with a net id of 0, a message.
   *
   * @throws ArgumentError when an argument cannot be sent; nothing was added then.
   */
  add(
    id: number,
    definition: Definition,
    netId: number,
    args: Readonly<Record<string, unknown>>,
    audience: Audience,
    connection: number,
    excludedOwner: number,
    list: ReadonlySet<number> | undefined,
    request = 0,
  ): void {
    const { writer } = this
    this.rewind()
    if (definition.kind === 'message') writer.u8(SectionKind.Message)
    else {
      writer.u8(request === 0 ? SectionKind.Call : SectionKind.Request)
      writeNetId(writer, netId)
    }
    writer.varint(id)
    if (request !== 0) writer.varint(request)
    this.writePayload(definition.codec, args)
    const channel = definition.channel === 'reliable' ? Channel.Reliable : Channel.Unreliable
    this.finish(channel, netId, audience, connection, excludedOwner, list, request)
  }

  /**
   * Adds the answer to a request that `connection` made.
   *
   * @throws ArgumentError when the value cannot be sent; nothing was added then.
   */
  addReply(connection: number, request: number, answers: Answers, value: Readonly<Record<string, unknown>>): void {
    this.beginAnswer(request, ReplyStatus.Ok)
    this.writePayload(answers.codec, value)
    this.finish(Channel.Reliable, 0, Audience.One, connection, 0, undefined, 0)
  }

  /** Adds the refusal of a request. `reason` has been checked. */
  addRefusal(connection: number, request: number, answers: Answers, reason: string): void {
    this.beginAnswer(request, ReplyStatus.Refused)
    const start = this.beginPayload()
    answers.writeReason(this.writer, reason)
    this.endPayload(start)
    this.finish(Channel.Reliable, 0, Audience.One, connection, 0, undefined, 0)
  }

  /** Adds an answer in the library's own name. */
  addStatus(connection: number, request: number, status: ReplyStatus): void {
    this.beginAnswer(request, status)
    this.writer.varint(0)
    this.finish(Channel.Reliable, 0, Audience.One, connection, 0, undefined, 0)
  }

  /** Says that nobody waits any more for the answer to a request that was made of `connection`. */
  addCancel(connection: number, request: number): void {
    this.rewind()
    this.writer.u8(SectionKind.Cancel)
    this.writer.varint(request)
    this.finish(Channel.Reliable, 0, Audience.One, connection, 0, undefined, 0)
  }

  /** Begins a section: whatever one that threw has left behind it is overwritten. */
  private rewind(): void {
    this.writer.length = this.starts[this.count]!
  }

  private beginAnswer(request: number, status: ReplyStatus): void {
    this.rewind()
    this.writer.u8(SectionKind.Reply)
    this.writer.varint(request)
    this.writer.u8(status)
  }

  private writePayload(codec: RecordCodec, args: Readonly<Record<string, unknown>>): void {
    const { writer } = this
    if (codec.minBytes === codec.maxBytes) {
      writer.varint(codec.minBytes)
      this.payloadStart = writer.length
      codec.encode(writer, args)
    } else {
      const start = this.beginPayload()
      codec.encode(writer, args)
      this.endPayload(start)
    }
  }

  /** Leaves a byte for the length. Returns where the payload begins. */
  private beginPayload(): number {
    this.writer.u8(0)
    return this.writer.length
  }

  /** Writes the length before the payload, which moves up where that takes more than the byte that was left. */
  private endPayload(start: number): void {
    const { writer } = this
    const size = writer.length - start
    const more = varintBytes(size) - 1
    if (more > 0) {
      writer.reserve(more)
      writer.bytes.copyWithin(start + more, start, start + size)
    }
    writer.length = start - 1
    writer.varint(size)
    writer.length = start + more + size
    this.payloadStart = start + more
  }

  /** Takes the section just written among the tick's calls. */
  private finish(
    channel: Channel,
    netId: number,
    audience: Audience,
    connection: number,
    excludedOwner: number,
    list: ReadonlySet<number> | undefined,
    request: number,
  ): void {
    const at = this.count++
    if (at >= this.channels.length) this.grow()
    this.starts[at + 1] = this.writer.length
    this.channels[at] = channel
    this.audiences[at] = audience
    this.netIds[at] = netId
    this.connections[at] = connection
    this.excludedOwners[at] = excludedOwner
    this.requests[at] = request
    if (list === undefined) return
    this.lists[at] = list
    this.holdsLists = true
  }

  /** Leaves connections out of the call added last. */
  leaveOut(connections: ReadonlySet<number>): void {
    this.exceptions[this.count - 1] = connections
    this.holdsLists = true
  }

  /** Whether call `i` may go to a connection, as far as its lists say. */
  lets(connection: number, i: number): boolean {
    const list = this.lists[i]
    if (list !== undefined && !list.has(connection)) return false
    const exceptions = this.exceptions[i]
    return exceptions === undefined || !exceptions.has(connection)
  }

  /** Whether call `i` is a message. */
  isMessage(i: number): boolean {
    return this.writer.bytes[this.starts[i]!] === SectionKind.Message
  }

  /** A copy of the section of call `i`; the same one for each that asks in a tick. */
  sectionOf(i: number): Uint8Array {
    return (this.sections[i] ??= this.writer.bytes.slice(this.starts[i]!, this.starts[i + 1]!))
  }

  clear(): void {
    this.sections.length = 0
    // What a large message took is not kept for small ones.
    if (this.writer.bytes.length > LARGEST_KEPT) {
      this.writer.free()
    }
    this.writer.clear()
    // What they hold is let go, and they keep their size: growing again would cost memory for every call.
    if (this.holdsLists) {
      this.lists.fill(undefined)
      this.exceptions.fill(undefined)
    }
    this.holdsLists = false
    this.count = 0
  }

  private grow(): void {
    const size = this.count
    this.channels = growTo(this.channels, size)
    this.audiences = growTo(this.audiences, size)
    this.netIds = growTo(this.netIds, size)
    this.connections = growTo(this.connections, size)
    this.excludedOwners = growTo(this.excludedOwners, size)
    this.requests = growTo(this.requests, size)
    this.starts = growTo(this.starts, this.channels.length + 1)
  }
}
