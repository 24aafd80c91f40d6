// Collects the outgoing calls and messages of a tick, in the order in which the game made them.
//
// A call is encoded once, when it is made, as the section that will be sent. Its receivers are determined when the tick
// is sent: only then are the observers of the entity known, including those for whom it has just spawned. Calls to one
// connection are chained by that connection, so that writing one client's packets never visits calls to others.
import type { Answers } from '../protocol/answers.js'
import { ByteReader, ByteWriter, MAX_VARINT_BYTES, putVarint, varintBytes } from '../protocol/bytes.js'
import type { Definition } from '../protocol/definitions.js'
import { type EntityMapper, NotedNames } from '../protocol/entity-mapper.js'
import { generationOf, readNetId, slotOf } from '../protocol/net-id.js'
import { SectionKind } from '../protocol/packet.js'
import type { RecordCodec } from '../protocol/types/record.js'
import { ReplyStatus } from '../protocol/reply-status.js'
import { Channel } from '../transport/transport.js'
import { growTo } from '../replication/slot-set.js'
import { CallChains } from './call-chains.js'

/** Bytes of memory that are kept from one tick to the next. */
const LARGEST_KEPT = 1 << 20

const NO_NAMES: readonly number[] = []

/** The receivers of a call. */
export const Audience = {
  /** Every client that observes the entity. */
  Observers: 0,
  /** One connection. */
  One: 1,
  /** Every open connection. */
  All: 2,
  /** Every ready connection. */
  Ready: 3,
  /** The connections of its list, including those that are being authenticated. */
  List: 4,
} as const
export type Audience = (typeof Audience)[keyof typeof Audience]

/** The audiences of {@link OutgoingCalls.toMany}. */
export type ManyAudience = typeof Audience.All | typeof Audience.Ready | typeof Audience.List

// A call is one row: its numbers are adjacent in memory.
const START = 0
const END = 1
/** The channel, and above it the audience. */
const ROUTE = 2
/** The net id of the entity that the call is on, or 0. */
const NET_ID = 3
/** For {@link Audience.One} the connection entity; otherwise a connection that is left out, or 0. */
const CONNECTION = 4
/** The connection entity of the entity's owner at the time of the call, if the owner is left out; else 0. */
const EXCLUDED_OWNER = 5
/** The number of the request, or 0 for a call that is none. */
const REQUEST = 6
/** The next call of its chain, counted from 1; 0 ends it. */
const NEXT = 7
/** Index of the call's names in the list of names, counted from 1; 0 when it names no entity. */
const NAMES = 8
const ROW = 9

/** Bytes of the longest head of a section: kind, net id, definition, request, length of the payload. */
const MAX_HEAD = 1 + 5 * MAX_VARINT_BYTES

export class OutgoingCalls {
  readonly writer = new ByteWriter(1024)
  private readonly reader = new ByteReader()
  count = 0
  private rows = new Uint32Array(16 * ROW)
  /** By connection and channel: the first and last call to it alone. By channel: those to several. */
  private readonly chainsToOne = [new CallChains(), new CallChains()] as const
  private readonly chainsToSeveral = new CallChains()
  /** Calls that have been chained. */
  private chained = 0
  /** By call: the connections that it is limited to, or undefined, and several that are left out. */
  readonly lists: (ReadonlySet<number> | undefined)[] = []
  readonly exceptions: (ReadonlySet<number> | undefined)[] = []
  private holdsLists = false
  private readonly sections: Uint8Array[] = []
  /** The end of the last call. */
  private end = 0
  /** Offset of the payload of the call added last, which ends the buffer. */
  payloadStart = 0
  // The section written last, until it is added.
  /** Index of its first name; see {@link NAMES}. */
  private firstName = 0
  private channel: Channel = Channel.Reliable
  private netId = 0
  private request = 0

  /** The net ids that the calls name, if noted; a 0 ends those of each call. */
  private readonly names: NotedNames | undefined

  /** `notesNames`: notes the names of each call for `firstNameOf`. */
  constructor(
    private readonly entities: EntityMapper,
    notesNames = false,
  ) {
    this.names = notesNames ? new NotedNames(entities) : undefined
    this.writer.entities = entities
  }

  /**
   * Encodes a call. With a `request` number it is a request, with a net id of 0 a message. It is only added by a
   * following `toOne`, `toObservers` or `toMany`: `outgoing.write(id, rpc, netId, args).toOne(connection)`.
   *
   * @throws ArgumentError when an argument cannot be sent; nothing was added then.
   */
  write(id: number, definition: Definition, netId: number, args: Readonly<Record<string, unknown>>, request = 0): this {
    const { writer } = this
    this.firstName = 0
    this.channel = definition.channel === 'reliable' ? Channel.Reliable : Channel.Unreliable
    this.netId = netId
    this.request = request
    let at = this.end
    writer.length = at
    writer.reserve(MAX_HEAD)
    const { bytes } = writer
    if (definition.kind === 'message') bytes[at++] = SectionKind.Message
    else {
      bytes[at++] = request === 0 ? SectionKind.Call : SectionKind.Request
      at = putVarint(bytes, at, slotOf(netId))
      at = putVarint(bytes, at, generationOf(netId))
    }
    at = putVarint(bytes, at, id)
    if (request !== 0) at = putVarint(bytes, at, request)
    writer.length = at
    this.writePayload(definition.codec, args)
    return this
  }

  /** Adds the call just written, for one connection. */
  toOne(connection: number): void {
    this.finish(Audience.One, connection, 0, undefined)
  }

  /**
   * Adds the call just written, for the observers of its entity, or those in `list` if given. It leaves out the
   * connection `except` and the entity's owner `excludedOwner`, unless these are 0.
   */
  toObservers(list: ReadonlySet<number> | undefined, except: number, excludedOwner: number): void {
    this.finish(Audience.Observers, except, excludedOwner, list)
  }

  /** Adds the call just written, for an audience of many; `list` is that of {@link Audience.List}. */
  toMany(audience: ManyAudience, list: ReadonlySet<number> | undefined, except: number): void {
    this.finish(audience, except, 0, list)
  }

  /**
   * Adds the answer to a request that `connection` made.
   *
   * @throws ArgumentError when the value cannot be sent; nothing was added then.
   */
  addReply(connection: number, request: number, answers: Answers, value: Readonly<Record<string, unknown>>): void {
    this.beginAnswer(request, ReplyStatus.Ok)
    this.writePayload(answers.codec, value)
    this.toOne(connection)
  }

  /** Adds the refusal of a request. `reason` has been checked. */
  addRefusal(connection: number, request: number, answers: Answers, reason: string): void {
    this.beginAnswer(request, ReplyStatus.Refused)
    const start = this.beginPayload()
    answers.writeReason(this.writer, reason)
    this.endPayload(start)
    this.toOne(connection)
  }

  /** Adds an answer of the library itself. */
  addStatus(connection: number, request: number, status: ReplyStatus): void {
    this.beginAnswer(request, status)
    this.writer.varint(0)
    this.toOne(connection)
  }

  /** Notifies `connection` that this side no longer waits for the answer to a request. */
  addCancel(connection: number, request: number): void {
    this.rewind()
    this.writer.u8(SectionKind.Cancel)
    this.writer.varint(request)
    this.toOne(connection)
  }

  /** Begins a section after the last one added. It overwrites a section whose encoding threw halfway. */
  private rewind(): void {
    this.writer.length = this.end
    this.firstName = 0
    this.channel = Channel.Reliable
    this.netId = 0
    this.request = 0
  }

  private beginAnswer(request: number, status: ReplyStatus): void {
    this.rewind()
    this.writer.u8(SectionKind.Reply)
    this.writer.varint(request)
    this.writer.u8(status)
  }

  private writePayload(codec: RecordCodec, args: Readonly<Record<string, unknown>>): void {
    const { writer, names } = this
    if (names === undefined || !codec.namesEntities) return this.encodePayload(codec, args)
    const { netIds } = names
    const before = netIds.length
    writer.entities = names
    try {
      this.encodePayload(codec, args)
    } finally {
      writer.entities = this.entities
    }
    if (netIds.length === before) return
    netIds.push(0)
    this.firstName = before + 1
  }

  private encodePayload(codec: RecordCodec, args: Readonly<Record<string, unknown>>): void {
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

  /** Reserves a byte for the length. Returns the offset of the payload. */
  private beginPayload(): number {
    this.writer.u8(0)
    return this.writer.length
  }

  /** Writes the length before the payload, which is moved when the length needs more than the reserved byte. */
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

  /** Adds the section just written to the calls of this tick. */
  private finish(
    audience: Audience,
    connection: number,
    excludedOwner: number,
    list: ReadonlySet<number> | undefined,
  ): void {
    const call = this.count++
    const at = call * ROW
    if (at >= this.rows.length) this.rows = growTo(this.rows, at + ROW)
    const { rows } = this
    rows[at + START] = this.end
    rows[at + END] = this.end = this.writer.length
    rows[at + ROUTE] = (audience << 1) | this.channel
    rows[at + NET_ID] = this.netId
    rows[at + CONNECTION] = connection
    rows[at + EXCLUDED_OWNER] = excludedOwner
    rows[at + REQUEST] = this.request
    rows[at + NAMES] = this.firstName
    if (list === undefined) return
    this.lists[call] = list
    this.holdsLists = true
  }

  /** The offsets at which the section of call `i` begins and ends in `writer`. */
  startOf(i: number): number {
    return this.rows[i * ROW + START]!
  }

  endOf(i: number): number {
    return this.rows[i * ROW + END]!
  }

  channelOf(i: number): Channel {
    return (this.rows[i * ROW + ROUTE]! & 1) as Channel
  }

  audienceOf(i: number): Audience {
    return (this.rows[i * ROW + ROUTE]! >>> 1) as Audience
  }

  /** The net id of the entity that call `i` is on, or 0. */
  netIdOf(i: number): number {
    return this.rows[i * ROW + NET_ID]!
  }

  /** For {@link Audience.One} the connection entity; otherwise a connection that is left out, or 0. */
  connectionOf(i: number): number {
    return this.rows[i * ROW + CONNECTION]!
  }

  excludedOwnerOf(i: number): number {
    return this.rows[i * ROW + EXCLUDED_OWNER]!
  }

  /** The number of the request that call `i` is, or 0. */
  requestOf(i: number): number {
    return this.rows[i * ROW + REQUEST]!
  }

  /** Index in `named` of the net ids that call `i` names, which end with a 0; -1 when it names none. */
  firstNameOf(i: number): number {
    return this.rows[i * ROW + NAMES]! - 1
  }

  /** The net ids that calls name; see `firstNameOf`. */
  get named(): readonly number[] {
    return this.names?.netIds ?? NO_NAMES
  }

  /** The definition of call `i`, which is a call or a request. */
  definitionOf(i: number): number {
    const { reader } = this
    reader.reset(this.writer.bytes, this.startOf(i) + 1, this.endOf(i))
    readNetId(reader)
    return reader.varint()
  }

  /** The first call on a channel to this connection alone; -1 when there is none. */
  firstToOne(connection: number, channel: Channel): number {
    if (this.chained < this.count) this.chain()
    return this.chainsToOne[channel].first(connection)
  }

  /** The first call on a channel that may go to several; -1 when there is none. */
  firstToSeveral(channel: Channel): number {
    if (this.chained < this.count) this.chain()
    return this.chainsToSeveral.first(channel)
  }

  /** Chains the calls added since the last time. On a client all calls go to one server, so this never runs. */
  private chain(): void {
    const { rows } = this
    for (let i = this.chained; i < this.count; i++) {
      const route = rows[i * ROW + ROUTE]!
      const channel = (route & 1) as Channel
      const previous =
        route >>> 1 === Audience.One
          ? this.chainsToOne[channel].append(rows[i * ROW + CONNECTION]!, i)
          : this.chainsToSeveral.append(channel, i)
      rows[i * ROW + NEXT] = 0
      if (previous >= 0) rows[previous * ROW + NEXT] = i + 1
    }
    this.chained = this.count
  }

  /** The call that follows call `i` in its chain; -1 when there is none. */
  after(i: number): number {
    return this.rows[i * ROW + NEXT]! - 1
  }

  /** Leaves connections out of the call added last. */
  leaveOut(connections: ReadonlySet<number>): void {
    this.exceptions[this.count - 1] = connections
    this.holdsLists = true
  }

  /** Whether the lists of call `i` allow a connection. */
  lets(connection: number, i: number): boolean {
    if (!this.holdsLists) return true
    const list = this.lists[i]
    if (list !== undefined && !list.has(connection)) return false
    const exceptions = this.exceptions[i]
    return exceptions === undefined || !exceptions.has(connection)
  }

  /** Whether call `i` is a message. */
  isMessage(i: number): boolean {
    return this.writer.bytes[this.startOf(i)] === SectionKind.Message
  }

  /** A copy of the section of call `i`; the same copy throughout a tick. */
  sectionOf(i: number): Uint8Array {
    return (this.sections[i] ??= this.writer.bytes.slice(this.startOf(i), this.endOf(i)))
  }

  clear(): void {
    this.sections.length = 0
    if (this.names !== undefined) this.names.netIds.length = 0
    // Frees the memory of a large message, which small ones do not need.
    if (this.writer.bytes.length > LARGEST_KEPT) {
      this.writer.free()
    }
    this.writer.clear()
    // Clears their contents and keeps their size: growing them again would allocate memory for every call.
    if (this.holdsLists) {
      this.lists.fill(undefined)
      this.exceptions.fill(undefined)
    }
    this.holdsLists = false
    for (let i = 0; i < this.chained; i++) {
      if (this.audienceOf(i) === Audience.One) this.chainsToOne[this.channelOf(i)].forget(this.connectionOf(i))
    }
    this.chainsToSeveral.forget(Channel.Unreliable)
    this.chainsToSeveral.forget(Channel.Reliable)
    this.count = 0
    this.chained = 0
    this.end = 0
  }
}
