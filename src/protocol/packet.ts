// Packets: what stands before the sections of a data packet, and the control packets around a session.
//
// docs/protocol.md shows every byte. A data packet is: kind, flags, what the flags announce, tick, structure tick, then
// sections to its end, each with a section kind of its own.
import type { ByteReader, ByteWriter } from './bytes.js'
import { MAX_KEPT_MS, MAX_REASON_BYTES } from './limits.js'
import { PacketKind } from './packet-kind.js'
import { Acknowledgement, type ReceiveWindow } from './sequence.js'

/** Bits of a data packet's second byte. */
export const PacketFlag = {
  /** A sequence number follows: the packet wants to be acknowledged. Unreliable channel only. */
  Sequenced: 1,
  /** An acknowledgement follows. */
  Acknowledges: 2,
  /** With this packet, every structural change up to its tick has been sent. Reliable channel only. */
  Structure: 4,
} as const
const KNOWN_FLAGS = 7

/** The first byte of a section. */
export const SectionKind = {
  /** Server: entities that begin to exist for this client, with their values. */
  Spawn: 1,
  /** Server: an entity that ends, destroyed or hidden. */
  Despawn: 2,
  /** Server: components added to an entity, with their values. */
  AddComponents: 3,
  /** Server: components removed from an entity. */
  RemoveComponents: 4,
  /** Server: this client becomes, or is no longer, the owner of an entity. */
  Ownership: 5,
  /** Server: the entity that stands for this client. */
  Player: 6,
  /** A command, client RPC or target RPC. */
  Call: 7,
  Message: 8,
  /** Server: values of many entities, in columns. */
  Update: 9,
  /** Client: whether it takes part. */
  Ready: 10,
  /** A command or target RPC that wants an answer. Reliable channel only, as are its answer and its end. */
  Request: 11,
  /** The answer to a request. */
  Reply: 12,
  /** A request that nobody waits for any more. */
  Cancel: 13,
  /** Server: the scenes of this client change. Always the first section of its packet. */
  Scene: 14,
  /** Client: how far it is with a change of scenes. */
  SceneProgress: 15,
  /** A piece of a message that is too large for one packet. */
  MessagePart: 16,
  /** Server: what was done to a synchronised collection. */
  Collection: 17,
  /** How many bytes of such pieces have been taken in. */
  PartsTaken: 18,
  /** Client: values of entities that it owns, in columns. */
  ClientUpdate: 19,
  /** Server: values of an entity that this client owns, or has just owned, as they are on the server. */
  Correction: 20,
  /** Server: a pair of a relation that an entity gains or loses. */
  Relation: 21,
  /** Server: how much of the world that it was promised this client still has to wait for. */
  JoinProgress: 22,
  /** Server: it lets nobody in any more, and closes soon. */
  Draining: 23,
  /** Server: an entity with a spawn key ended, whether this client had it or not. */
  KeyEnded: 24,
  /** Server: an entity that will be spawned; what follows names it already. */
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
   * whose structural changes it has applied.
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

/** The longest token a client may present, in bytes. */
export const MAX_TOKEN_BYTES = 4096
/** The longest protocol description that travels, in bytes; a longer one is cut, and so are the differences named. */
export const MAX_DESCRIPTION_BYTES = 11_000

/** What a client says first. */
export interface Hello {
  wireVersion: number
  hashHigh: number
  hashLow: number
  token: string
  description: string
  /** The client would like to resume the session if the line breaks, or resumes one now. Default: neither. */
  resume?: 'may' | { token: string; received: number }
}

/** How a hello ends, and a welcome. */
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

/** What a server answers when the session is open. */
export interface Welcome {
  /** The client's number on this server; never used twice while the server runs. */
  connectionId: number
  /** Ticks per second, in thousandths. */
  milliTicksPerSecond: number
  tick: number
  /**
   * What names the session if the line breaks, and how long the server keeps it then, in milliseconds; or, in answer to a
   * client that resumes, how many of its reliable data packets have arrived. Default: it cannot be resumed.
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

/** Set in the last number of a ping: for the sender the link is interrupted. */
const INTERRUPTED_BIT = 0x8000_0000

/**
 * Writes a heartbeat; `clock` is the sender's, in milliseconds, and wraps at 2^32. `received`: the reliable data packets
 * that it has received, where the session can be resumed. `isInterrupted`: it has not heard the peer for its time-out.
 */
export function writePing(writer: ByteWriter, clock: number, tick: number, received = 0, isInterrupted = false): void {
  writer.u8(PacketKind.Ping)
  writer.u32(clock >>> 0)
  writer.u32(tick >>> 0)
  writer.u32(isInterrupted ? (received | INTERRUPTED_BIT) >>> 0 : received)
}

/** A ping as read, by the one who times it no further: what the transport has answered is left out. */
export class PingBody {
  /** The server's tick; from a client, how often its game has ticked. */
  tick = 0
  /** Reliable data packets of ours that have arrived. */
  received = 0
  /** For the peer the link is interrupted: what this side sends does not reach it. */
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

/** The longest beginning of `text` that takes at most `limit` bytes of UTF-8. */
export function truncateUtf8(text: string, limit: number): string {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= limit) return text
  let end = limit
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return new TextDecoder().decode(bytes.subarray(0, end))
}
