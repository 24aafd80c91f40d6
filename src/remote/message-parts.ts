// Messages too large for one packet: cut into parts on the reliable channel, paced by the receiver, put together again.
//
// A part says which message it is of, how large that is, and where the part belongs. The receiver reports how many bytes
// it has taken in, and never more than a window of them is under way: a megabyte neither fills its inbox nor holds up the
// structure and calls that share the channel. Messages that follow wait behind it, so that messages keep their order.
import { PacketQueue } from '../connection/client/packet-queue.js'
import type { PacketBuilder } from '../connection/session.js'
import { ByteReader, ByteWriter, varintBytes } from '../protocol/bytes.js'
import {
  MAX_CALL_OVERHEAD,
  MAX_HEADER,
  MAX_LARGE_PAYLOAD,
  MAX_RELIABLE_PACKET,
  PART_WINDOW,
} from '../protocol/limits.js'
import { SectionKind } from '../protocol/packet.js'
import type { OutgoingCalls } from './outgoing-calls.js'

/** The most bytes of one part: with its header it fills a packet. */
const MAX_PART = MAX_RELIABLE_PACKET - MAX_HEADER - 24
/** A part smaller than this waits for more of the window, unless it is the last. */
const SMALLEST_PART = 1024

/** What a message that waits takes besides its bytes, at most. */
const MESSAGE_OVERHEAD = 128
/** The same for a message in one piece, which is kept in a buffer with others. */
const FOLLOWER_OVERHEAD = 32

/** What may wait for one connection, in bytes with what keeping them costs: two of the largest. */
export const MAX_WAITING_PARTS = 2 * (MAX_LARGE_PAYLOAD + MAX_CALL_OVERHEAD + MESSAGE_OVERHEAD)

/** A message on its way in parts. */
export interface PartProgress {
  /** The definition's number. */
  readonly id: number
  /** Bytes sent, or received, and how many there are. */
  readonly done: number
  readonly total: number
}

interface LargeMessage {
  /** The message's section, as it would travel in one piece. */
  readonly section: Uint8Array
  /** Where its payload begins. */
  readonly payload: number
  readonly id: number
  sent: number
  /** Messages in one piece that follow it, to keep their order. */
  followers: number
}

/** What one side has yet to send to the other in parts, and the messages that wait behind it. */
export class OutgoingParts {
  private readonly queue: LargeMessage[] = []
  /** Messages that travel in one piece, and only wait for their turn. */
  private readonly followers = new PacketQueue()
  private readonly reader = new ByteReader()
  /** Bytes of parts that were sent since the session began, and that the other side has received. */
  sent = 0
  taken = 0
  /** Bytes that wait, and what keeping them costs. */
  waiting = 0

  /** Whether messages have to wait for their turn. */
  get busy(): boolean {
    return this.queue.length > 0
  }

  /** Appends a message, which is a call of this tick. */
  add(calls: OutgoingCalls, call: number): void {
    const start = calls.startOf(call)
    const length = calls.endOf(call) - start
    const last = this.queue.at(-1)
    if (last !== undefined && fitsPacket(length)) {
      last.followers++
      this.followers.push(calls.writer.bytes.subarray(start, start + length), length, 0)
      this.waiting += length + FOLLOWER_OVERHEAD
      return
    }
    const section = calls.sectionOf(call)
    this.waiting += length + MESSAGE_OVERHEAD
    const { reader } = this
    reader.reset(section, 0, section.length)
    reader.u8()
    const id = reader.varint()
    reader.varint()
    this.queue.push({ section, payload: reader.offset, id, sent: 0, followers: 0 })
  }

  /** Writes what may leave now. */
  write(packet: PacketBuilder): void {
    while (this.queue.length > 0) {
      const message = this.queue[0]!
      if (!this.writeParts(message, packet)) return
      this.waiting -= message.section.length + MESSAGE_OVERHEAD
      this.queue.shift()
      this.writeFollowers(message.followers, packet)
    }
    this.followers.free()
  }

  private writeFollowers(count: number, packet: PacketBuilder): void {
    const { followers } = this
    for (let i = 0; i < count; i++) {
      const { start, end } = followers
      packet.fit(end - start)
      packet.writer.copy(followers.bytes, start, end)
      this.waiting -= end - start + FOLLOWER_OVERHEAD
      followers.shift()
    }
  }

  /** The other side has received `count` bytes in all, which wraps at 2^32; false when it cannot have. */
  acknowledge(count: number): boolean {
    if ((this.sent - count) >>> 0 > PART_WINDOW) return false
    const more = (count - this.taken) >>> 0
    if (more <= PART_WINDOW) this.taken += more
    return true
  }

  /** The message that is being cut, if any is. */
  get progress(): PartProgress | undefined {
    const first = this.queue[0]
    return first && { id: first.id, done: first.sent, total: first.section.length - first.payload }
  }

  /** Messages that wait. */
  get count(): number {
    return this.queue.length + this.followers.count
  }

  clear(): void {
    this.queue.length = 0
    this.followers.free()
    this.waiting = 0
    this.sent = 0
    this.taken = 0
  }

  /** Writes parts of one message until the window is full; true when it is finished. */
  private writeParts(message: LargeMessage, packet: PacketBuilder): boolean {
    const total = message.section.length - message.payload
    while (message.sent < total) {
      const room = PART_WINDOW - (this.sent - this.taken)
      const left = total - message.sent
      const size = Math.min(left, room, MAX_PART)
      if (size < left && size < SMALLEST_PART) return false
      const { id, sent } = message
      packet.fit(1 + varintBytes(id) + varintBytes(total) + varintBytes(sent) + varintBytes(size) + size)
      const { writer } = packet
      writer.u8(SectionKind.MessagePart)
      writer.varint(id)
      writer.varint(total)
      writer.varint(sent)
      writer.varint(size)
      writer.copy(message.section, message.payload + sent, message.payload + sent + size)
      message.sent += size
      this.sent += size
    }
    return true
  }
}

/** Whether a reliable call is a message that is too large for a packet, or that must not overtake one. */
export function mustWait(calls: OutgoingCalls, i: number, parts: OutgoingParts): boolean {
  return (parts.busy || !fitsPacket(calls.endOf(i) - calls.startOf(i))) && calls.isMessage(i)
}

/** Whether a section may travel in one piece. */
function fitsPacket(sectionBytes: number): boolean {
  return sectionBytes <= MAX_RELIABLE_PACKET - MAX_HEADER
}

/** A part as read; reused. The bytes are `bytes[start .. end)` of the packet. */
export class PartSection {
  id = 0
  total = 0
  offset = 0
  start = 0
  end = 0

  /** Reads a section whose kind byte has been read; the reader fails when it is malformed. */
  read(reader: ByteReader): void {
    this.id = reader.varint()
    this.total = reader.varint()
    this.offset = reader.varint()
    const size = reader.varint()
    this.start = reader.offset
    reader.skip(size)
    this.end = reader.offset
    if (size === 0 || this.total > MAX_LARGE_PAYLOAD || this.offset + size > this.total) reader.fail()
  }
}

/** What became of a part. */
export const PartResult = {
  /** More is to come. */
  Taken: 0,
  /** The message is whole: it is in `payload`. */
  Whole: 1,
  /** It is not the part that comes next, or more than may be under way. */
  Refused: 2,
} as const
export type PartResult = (typeof PartResult)[keyof typeof PartResult]

/** The message that one side receives in parts: one at a time. Memory grows with what has really arrived. */
export class IncomingParts {
  private readonly received = new ByteWriter(0)
  private id = -1
  private total = 0
  private offset = 0
  /** The message is not wanted: its parts are taken in, and forgotten. */
  private unwanted = false
  /** Bytes that have arrived since the session began. */
  private taken = 0
  /** Bytes that the other side has not been told of. */
  untold = 0

  /** Whether this part would begin a message. */
  begins(part: PartSection): boolean {
    return this.id < 0 && part.offset === 0
  }

  /** Lets the message that this part begins pass by. */
  refuse(): void {
    this.unwanted = true
  }

  take(part: PartSection, bytes: Uint8Array): PartResult {
    const size = part.end - part.start
    if (this.begins(part)) {
      this.id = part.id
      this.total = part.total
      this.offset = 0
    }
    const expected = part.id === this.id && part.total === this.total && part.offset === this.offset
    if (!expected || this.untold + size > PART_WINDOW) {
      this.forget()
      return PartResult.Refused
    }
    this.offset += size
    this.untold += size
    this.taken += size
    if (!this.unwanted) this.received.copy(bytes, part.start, part.end)
    if (this.offset < this.total) return PartResult.Taken
    const wanted = !this.unwanted
    this.id = -1
    this.unwanted = false
    return wanted ? PartResult.Whole : PartResult.Taken
  }

  /** The message that is whole, until `release`. */
  get payload(): ByteWriter {
    return this.received
  }

  /** Gives the memory of a message back. */
  release(): void {
    this.received.free()
  }

  /** Tells the other side how much has been taken in. */
  write(packet: PacketBuilder): void {
    // On the wire it wraps.
    const taken = this.taken >>> 0
    packet.fit(1 + varintBytes(taken))
    packet.writer.u8(SectionKind.PartsTaken)
    packet.writer.varint(taken)
    this.untold = 0
  }

  /** Bytes that have arrived since the session began, and how many the message under way still takes. */
  get arrived(): number {
    return this.taken
  }

  get left(): number {
    return this.id < 0 ? 0 : this.total - this.offset
  }

  get progress(): PartProgress | undefined {
    return this.id < 0 ? undefined : { id: this.id, done: this.offset, total: this.total }
  }

  clear(): void {
    this.forget()
    this.taken = 0
    this.untold = 0
  }

  private forget(): void {
    this.id = -1
    this.unwanted = false
    this.release()
  }
}
