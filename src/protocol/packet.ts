// Writes and reads the header of data packets, and the control packets of a session.
//
// docs/protocol.md shows every byte. A data packet consists of: kind, flags, the parts that the flags announce, tick,
// structure tick, then sections to its end, each with its own section kind.
import type { ByteReader, ByteWriter } from './bytes.js'
import { MAX_KEPT_MS, MAX_REASON_BYTES } from './limits.js'
import { PacketKind } from './packet-kind.js'
import { Acknowledgement, type ReceiveWindow } from './sequence.js'

/** Bits of a data packet's second byte. */
export const PacketFlag = {
  /** A sequence number follows: the packet must be acknowledged. Unreliable channel only. */
  Sequenced: 1,
  /** An acknowledgement follows. */
  Acknowledges: 2,
  /** With this packet, every structural change up to its tick has been sent. Reliable channel only. */
  Structure: 4,
} as const
const KNOWN_FLAGS = 7

/** The first byte of a section. */
export const SectionKind = {
  /** Server: entities that spawn for this client, with their values. */
  Spawn: 1,
  /** Server: an entity that despawns for this client, destroyed or hidden. */
  Despawn: 2,
  /** Server: components added to an entity, with their values. */
  AddComponents: 3,
  /** Server: components removed from an entity. */
  RemoveComponents: 4,
  /** Server: this client becomes, or is no longer, the owner of an entity. */
  Ownership: 5,
  /** Server: the client's player entity. */
  Player: 6,
  /** A command, client RPC or target RPC. */
  Call: 7,
  Message: 8,
  /** Server: values of many entities, in columns. */
  Update: 9,
  /** Client: whether it wants to be ready. */
  Ready: 10,
  /** A command or target RPC that expects an answer. Reliable channel only, as are its reply and its cancellation. */
  Request: 11,
  /** The answer to a request. */
  Reply: 12,
  /** Cancels a request whose answer is no longer needed. */
  Cancel: 13,
  /** Server: the scenes of this client change. Always the first section of its packet. */
  Scene: 14,
  /** Client: its progress with a change of scenes. */
  SceneProgress: 15,
  /** A part of a message that is too large for one packet. */
  MessagePart: 16,
  /** Server: an operation on a synchronised collection. */
  Collection: 17,
  /** How many bytes of message parts the sender of this section has received. */
  PartsTaken: 18,
  /** Client: values of entities that it owns, in columns. */
  ClientUpdate: 19,
  /** Server: the server's values of an entity that this client owns, or has just owned. */
  Correction: 20,
  /** Server: a pair of a relation that an entity gains or loses. */
  Relation: 21,
  /** Server: how much of the world this client still has to receive before it has joined. */
  JoinProgress: 22,
  /** Server: it is draining, and closes soon. */
  Draining: 23,
  /** Server: an entity with a spawn key was despawned, whether this client had it or not. */
  KeyEnded: 24,
  /** Server: an entity that will be spawned; later sections already name it. */
  Announce: 25,
} as const
export type SectionKind = (typeof SectionKind)[keyof typeof SectionKind]

/** A data packet's header as read; reused for every packet. */
export class DataHeader {
  flags = 0
  sequence = 0
  tick = 0
  /**
   * From the server: the newest tick whose structural changes were sent before this packet. From a client: the newest
   * tick whose structural changes it has applied.
   */
  structureTick = 0
  readonly ack = new Acknowledgement()

  get sequenced(): boolean {
    return (this.flags & PacketFlag.Sequenced) !== 0
  }

  get acknowledges(): boolean {
    return (this.flags & PacketFlag.Acknowledges) !== 0
  }

  get completesStructure(): boolean {
    return (this.flags & PacketFlag.Structure) !== 0
  }

  /** Reads a header whose kind byte has been read; the reader fails when it is malformed. */
  read(reader: ByteReader): void {
    this.flags = reader.u8()
    if ((this.flags & ~KNOWN_FLAGS) !== 0) reader.fail()
    this.sequence = this.sequenced ? reader.u16() : 0
    if (this.acknowledges) this.ack.read(reader)
    this.tick = reader.varint()
    this.structureTick = reader.varint()
  }
}

/**
 * Writes a data packet's header. `sequence` below 0 leaves it out; `received` is acknowledged when something was
 * received. Flags may still be set in the second byte until the packet is sent.
 */
export function writeDataHeader(
  writer: ByteWriter,
  sequence: number,
  received: ReceiveWindow,
  tick: number,
  structureTick: number,
): void {
  const acknowledges = !received.empty
  writer.u8(PacketKind.Data)
  writer.u8((sequence >= 0 ? PacketFlag.Sequenced : 0) | (acknowledges ? PacketFlag.Acknowledges : 0))
  if (sequence >= 0) writer.u16(sequence)
  if (acknowledges) received.write(writer)
  writer.varint(tick)
  writer.varint(structureTick)
}

/** The longest token of a client, in bytes. */
export const MAX_TOKEN_BYTES = 4096
/** The longest protocol description that is sent, in bytes. A longer one is cut, and so are the listed differences. */
export const MAX_DESCRIPTION_BYTES = 11_000

/** The first packet of a client. */
export interface Hello {
  wireVersion: number
  hashHigh: number
  hashLow: number
  token: string
  description: string
  /** Whether the client wants to be able to resume the session, or resumes one now. Default: neither. */
  resume?: 'may' | { token: string; received: number }
}

/** The last part of a hello, and of a welcome. */
const Resume = { No: 0, May: 1, Now: 2 } as const

/** A secret of 32 hexadecimal digits, as 16 bytes. */
const SECRET_BYTES = 16

function writeSecret(writer: ByteWriter, secret: string): void {
  for (let i = 0; i < SECRET_BYTES; i++) writer.u8(Number.parseInt(secret.slice(2 * i, 2 * i + 2), 16))
}

function readSecret(reader: ByteReader): string {
  let secret = ''
  for (let i = 0; i < SECRET_BYTES; i++) secret += reader.u8().toString(16).padStart(2, '0')
  return secret
}

export function writeHello(writer: ByteWriter, hello: Hello): void {
  writer.u8(PacketKind.Hello)
  writer.u16(hello.wireVersion)
  writer.u32(hello.hashHigh)
  writer.u32(hello.hashLow)
  writer.string(hello.token, MAX_TOKEN_BYTES)
  writer.string(truncateUtf8(hello.description, MAX_DESCRIPTION_BYTES), MAX_DESCRIPTION_BYTES)
  const { resume } = hello
  if (resume === undefined || resume === 'may') {
    writer.u8(resume === undefined ? Resume.No : Resume.May)
    return
  }
  writer.u8(Resume.Now)
  writeSecret(writer, resume.token)
  writer.u32(resume.received)
}

/** Reads a hello whose kind byte has been read. Bytes of a later wire version may follow and are ignored. */
export function readHello(reader: ByteReader): Hello {
  return {
    wireVersion: reader.u16(),
    hashHigh: reader.u32(),
    hashLow: reader.u32(),
    token: reader.string(MAX_TOKEN_BYTES),
    description: reader.string(MAX_DESCRIPTION_BYTES),
    resume: readResume(reader),
  }
}

function readResume(reader: ByteReader): Hello['resume'] {
  const kind = reader.u8()
  if (kind === Resume.May) return 'may'
  if (kind === Resume.Now) return { token: readSecret(reader), received: reader.u32() }
  if (kind !== Resume.No) reader.fail()
  return undefined
}

/** The server's answer that opens the session. */
export interface Welcome {
  /** The number of the client's connection on this server; never reused while the server runs. */
  connectionId: number
  /** Ticks per second, in thousandths. */
  milliTicksPerSecond: number
  tick: number
  /**
   * For a new session: its secret, and how long the server keeps it without a link, in milliseconds. For a resumed
   * one: how many of the client's reliable data packets have arrived. Default: it cannot be resumed.
   */
  resume?: { token: string; keptMs: number } | { received: number }
}

export function writeWelcome(writer: ByteWriter, welcome: Welcome): void {
  writer.u8(PacketKind.Welcome)
  writer.varint(welcome.connectionId)
  writer.u32(welcome.milliTicksPerSecond)
  writer.varint(welcome.tick)
  const { resume } = welcome
  if (resume === undefined) writer.u8(Resume.No)
  else if ('token' in resume) {
    writer.u8(Resume.May)
    writeSecret(writer, resume.token)
    writer.u32(resume.keptMs)
  } else {
    writer.u8(Resume.Now)
    writer.u32(resume.received)
  }
}

/** Reads a welcome whose kind byte has been read. */
export function readWelcome(reader: ByteReader): Welcome {
  const connectionId = reader.varint()
  const milliTicksPerSecond = reader.u32()
  const tick = reader.varint()
  const kind = reader.u8()
  if (kind === Resume.May) {
    const resume = { token: readSecret(reader), keptMs: reader.u32() }
    if (resume.keptMs > MAX_KEPT_MS) reader.fail()
    return { connectionId, milliTicksPerSecond, tick, resume }
  }
  if (kind === Resume.Now) return { connectionId, milliTicksPerSecond, tick, resume: { received: reader.u32() } }
  if (kind !== Resume.No) reader.fail()
  return { connectionId, milliTicksPerSecond, tick }
}

/** Writes the last packet of a session; a text that is too long is cut. */
export function writeClose(writer: ByteWriter, code: string, text: string): void {
  writer.u8(PacketKind.Close)
  writer.string(truncateUtf8(code, 64), 64)
  writer.string(truncateUtf8(text, MAX_REASON_BYTES), MAX_REASON_BYTES)
}

/** Reads a close whose kind byte has been read. */
export function readClose(reader: ByteReader): { code: string; text: string } {
  return { code: reader.string(64), text: reader.string(MAX_REASON_BYTES) }
}

/** Set in the last number of a ping: for its sender the link is interrupted. */
const INTERRUPTED_BIT = 0x8000_0000

/**
 * Writes a heartbeat; `clock` is the sender's, in milliseconds, and wraps at 2^32. `received`: the reliable data
 * packets that the sender received, if the session can be resumed. `isInterrupted`: it received no packets for its
 * timeout.
 */
export function writePing(writer: ByteWriter, clock: number, tick: number, received = 0, isInterrupted = false): void {
  writer.u8(PacketKind.Ping)
  writer.u32(clock >>> 0)
  writer.u32(tick >>> 0)
  writer.u32(isInterrupted ? (received | INTERRUPTED_BIT) >>> 0 : received)
}

/** A ping as the session reads it, without the part that the transport has already answered. */
export class PingBody {
  /** The server's tick; from a client, how often its game has ticked. */
  tick = 0
  /** Our reliable data packets that the sender has received. */
  received = 0
  /** The sender's link is interrupted: our packets do not reach it. */
  isInterrupted = false

  /** Reads a ping whose kind byte has been read; the reader fails when it is malformed. */
  read(reader: ByteReader): void {
    reader.u32()
    this.tick = reader.u32()
    const last = reader.u32()
    this.isInterrupted = last >= INTERRUPTED_BIT
    this.received = this.isInterrupted ? last - INTERRUPTED_BIT : last
  }
}

/** The longest prefix of `text` that takes at most `limit` bytes of UTF-8. */
export function truncateUtf8(text: string, limit: number): string {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= limit) return text
  let end = limit
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return new TextDecoder().decode(bytes.subarray(0, end))
}
