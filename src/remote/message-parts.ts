// Splits messages too large for one packet into parts on the reliable channel, paced by the receiver, and joins them
// again.
//
// Each part contains the id of its message, the message's size, and its own offset. The receiver reports how many bytes
// it has read, and never more than a window of them is in flight. So a megabyte neither fills its inbox nor delays the
// structure and calls on the same channel. Later messages wait behind it, so that messages keep their order.
import { PacketQueue } from '../connection/client/packet-queue.js'
import type { PacketBuilder } from '../connection/session.js'
import { ByteReader, ByteWriter, varintBytes } from '../protocol/bytes.js'
import {
  MAX_CALL_OVERHEAD_BYTES,
  MAX_HEADER,
  MAX_LARGE_PAYLOAD_BYTES,
  MAX_RELIABLE_PACKET,
  PART_WINDOW_BYTES,
} from '../protocol/limits.js'
import { SectionKind } from '../protocol/packet.js'
import type { OutgoingCalls } from './outgoing-calls.js'

/** The largest part in bytes: with its header it fills a packet. */
const MAX_PART = MAX_RELIABLE_PACKET - MAX_HEADER - 24
/** A smaller part waits until the window has more room, unless it is the last. */
const SMALLEST_PART_BYTES = 1024

/** Memory that a queued message needs besides its bytes, at most. */
const MESSAGE_OVERHEAD_BYTES = 128
/** The same for a message in one piece, which shares a buffer with others. */
const FOLLOWER_OVERHEAD_BYTES = 32

/** Limit for the queued messages of one connection, in bytes including their overhead: two of the largest. */
export const MAX_WAITING_PARTS = 2 * (MAX_LARGE_PAYLOAD_BYTES + MAX_CALL_OVERHEAD_BYTES + MESSAGE_OVERHEAD_BYTES)

/** A message that is being sent in parts. */
export interface PartProgress {
  /** The definition's number. */
  readonly id: number
  /** Bytes sent or received so far, and in total. */
  readonly done: number
  readonly total: number
}

interface LargeMessage {
  /** The message's section, as it would be sent in one piece. */
  readonly section: Uint8Array
  /** Offset of its payload. */
  readonly payload: number
  readonly id: number
  sent: number
  /** Number of messages in one piece that wait behind it, to keep their order. */
  followers: number
}

/** The messages that one side still has to send in parts, and the messages that wait behind them. */
export class OutgoingParts {
  private readonly queue: LargeMessage[] = []
  /** Messages that are sent in one piece, and only wait for their turn. */
  private readonly followers = new PacketQueue()
  private readonly reader = new ByteReader()
  /** Bytes of parts that were sent since the session began, and that the receiver has reported as read. */
  sent = 0
  taken = 0
  /** Queued bytes, including overhead. */
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
      this.waiting += length + FOLLOWER_OVERHEAD_BYTES
      return
    }
    const section = calls.sectionOf(call)
    this.waiting += length + MESSAGE_OVERHEAD_BYTES
    const { reader } = this
    reader.reset(section, 0, section.length)
    reader.u8()
    const id = reader.varint()
    reader.varint()
    this.queue.push({ section, payload: reader.offset, id, sent: 0, followers: 0 })
  }

  /** Writes the parts that may be sent now. */
  write(packet: PacketBuilder): void {
    while (this.queue.length > 0) {
      const message = this.queue[0]!
      if (!this.writeParts(message, packet)) return
      this.waiting -= message.section.length + MESSAGE_OVERHEAD_BYTES
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
      this.waiting -= end - start + FOLLOWER_OVERHEAD_BYTES
      followers.shift()
    }
  }

  /** The receiver has read `count` bytes in total, which wraps at 2^32. Returns false when that is impossible. */
  acknowledge(count: number): boolean {
    if ((this.sent - count) >>> 0 > PART_WINDOW_BYTES) return false
    const more = (count - this.taken) >>> 0
    if (more <= PART_WINDOW_BYTES) this.taken += more
    return true
  }

  /** The message that is being split, if any. */
  get progress(): PartProgress | undefined {
    const first = this.queue[0]
    return first && { id: first.id, done: first.sent, total: first.section.length - first.payload }
  }

  /** Number of queued messages. */
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

  /** Writes parts of one message until the window is full. Returns true when it is finished. */
  private writeParts(message: LargeMessage, packet: PacketBuilder): boolean {
    const total = message.section.length - message.payload
    while (message.sent < total) {
      const room = PART_WINDOW_BYTES - (this.sent - this.taken)
      const left = total - message.sent
      const size = Math.min(left, room, MAX_PART)
      if (size < left && size < SMALLEST_PART_BYTES) return false
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

/** Whether a section fits into one packet. */
function fitsPacket(sectionBytes: number): boolean {
  return sectionBytes <= MAX_RELIABLE_PACKET - MAX_HEADER
}

/** A part as read; reused. Its bytes are `bytes[start .. end)` of the packet. */
export class PartSection {
  id = 0
  total = 0
  offset = 0
  start = 0
  end = 0

  /** Reads a section whose kind byte has been read. The reader fails when it is malformed. */
  read(reader: ByteReader): void {
    this.id = reader.varint()
    this.total = reader.varint()
    this.offset = reader.varint()
    const size = reader.varint()
    this.start = reader.offset
    reader.skip(size)
    this.end = reader.offset
    if (size === 0 || this.total > MAX_LARGE_PAYLOAD_BYTES || this.offset + size > this.total) reader.fail()
  }
}

/** The result of reading a part. */
export const PartResult = {
  /** More parts must follow. */
  Taken: 0,
  /** The message is complete: it is in `payload`. */
  Whole: 1,
  /** It is not the expected part, or exceeds the window. */
  Refused: 2,
} as const
export type PartResult = (typeof PartResult)[keyof typeof PartResult]

/** The message that one side is receiving in parts, one at a time. Its memory grows only with the received bytes. */
export class IncomingParts {
  private readonly received = new ByteWriter(0)
  private id = -1
  private total = 0
  private offset = 0
  /** The message was refused: its parts are read and discarded. */
  private unwanted = false
  /** Bytes received since the session began. */
  private taken = 0
  /** Received bytes that were not reported to the sender yet. */
  unreported = 0

  /** Whether this part would begin a message. */
  begins(part: PartSection): boolean {
    return this.id < 0 && part.offset === 0
  }

  /** Discards the message that this part begins. */
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
    if (!expected || this.unreported + size > PART_WINDOW_BYTES) {
      this.forget()
      return PartResult.Refused
    }
    this.offset += size
    this.unreported += size
    this.taken += size
    if (!this.unwanted) this.received.copy(bytes, part.start, part.end)
    if (this.offset < this.total) return PartResult.Taken
    const wanted = !this.unwanted
    this.id = -1
    this.unwanted = false
    return wanted ? PartResult.Whole : PartResult.Taken
  }

  /** The complete message, until `release`. */
  get payload(): ByteWriter {
    return this.received
  }

  /** Frees the memory of a message. */
  release(): void {
    this.received.free()
  }

  /** Reports to the sender how many bytes were read. */
  write(packet: PacketBuilder): void {
    // On the wire it wraps.
    const taken = this.taken >>> 0
    packet.fit(1 + varintBytes(taken))
    packet.writer.u8(SectionKind.PartsTaken)
    packet.writer.varint(taken)
    this.unreported = 0
  }

  /** Bytes of the current message that were received, and its size. */
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
    this.unreported = 0
  }

  private forget(): void {
    this.id = -1
    this.unwanted = false
    this.release()
  }
}
