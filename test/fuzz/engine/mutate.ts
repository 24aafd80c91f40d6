// Damages packets: changes single fields, whole sections or bytes, each drawn at random.
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { MAX_RELIABLE_PACKET } from '../../../src/protocol/limits.js'
import { PacketFlag } from '../../../src/protocol/packet.js'
import { oneOf, pick, type Random, randomBytes } from '../generate.js'
import { join, type Piece, type Role, sectionStarts } from './pieces.js'

/** The state of the attacked session, so that a packet passes the first checks. */
export interface Live {
  readonly tick: number
  /** The newest structure tick that the sender received or sent. */
  readonly structureTick: number
  /** An unused sequence number. */
  readonly sequence: number
  /** The newest received sequence number; below 0 without one. */
  readonly newest: number
  /** Existing net ids, as slot and generation. */
  readonly netIds: readonly (readonly [slot: number, generation: number])[]
  /** Numbers of pending requests of the other side. */
  readonly requests: readonly number[]
}

/** Numbers at which formats change size, overflow or end. */
const NUMBERS = [
  0,
  1,
  2,
  3,
  7,
  8,
  31,
  32,
  63,
  64,
  127,
  128,
  255,
  256,
  1023,
  1024,
  2047,
  2048,
  2049,
  4096,
  16_383,
  16_384,
  32_767,
  32_768,
  65_535,
  65_536,
  2 ** 20 - 1,
  2 ** 20,
  2 ** 24,
  2 ** 28 - 1,
  2 ** 28,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
]
const BYTES = [0, 1, 2, 0x7f, 0x80, 0xc0, 0xf8, 0xff]
const FLOATS = [0, -0, 1, -1, NaN, Infinity, -Infinity, 1e-45, 3.4e38, 1e308, 2 ** 31, 2 ** 53]

const writer = new ByteWriter(64)

function written(write: (to: ByteWriter) => void): Uint8Array {
  writer.clear()
  write(writer)
  return writer.bytes.slice(0, writer.length)
}

export function varintOf(value: number): Uint8Array {
  return written((to) => to.varint(value))
}

/** Encodes a number in the form of the piece. */
function inFormOf({ role, bytes }: Piece, value: number): Uint8Array {
  if (role === 'fixed' || role === 'sequence' || role === 'newest' || role === 'kind' || role === 'section') {
    return Uint8Array.from(bytes, (_, i) => Math.floor(value / 256 ** i) & 0xff)
  }
  return varintOf(value)
}

/** The value of a piece that is a number. */
function valueOf({ bytes }: Piece): number {
  let value = 0
  for (let i = 0; i < Math.min(5, bytes.length); i++) value += (bytes[i]! & 0x7f) * 128 ** i
  return value
}

type Change = (random: Random, pieces: Piece[], others: readonly Piece[]) => void

function somewhere(random: Random, pieces: readonly Piece[]): number {
  return pick(random, pieces.length)
}

function replace(pieces: Piece[], at: number, bytes: Uint8Array): void {
  pieces[at] = { role: pieces[at]!.role, bytes }
}

/** Writes an unusual float into a blob, as of columns. */
function putFloat(random: Random, pieces: Piece[], at: number): void {
  const bytes = Uint8Array.from(pieces[at]!.bytes)
  const float = written((to) => to.f32(oneOf(random, FLOATS)))
  bytes.set(float, pick(random, bytes.length - 3))
  replace(pieces, at, bytes)
}

/** Replaces the value of a field: by an extreme one, a neighbour, or a random one of its size. */
const changeValue: Change = (random, pieces) => {
  const at = somewhere(random, pieces)
  const piece = pieces[at]!
  if (piece.role === 'float') {
    const value = oneOf(random, FLOATS)
    return replace(
      pieces,
      at,
      written((to) => (piece.bytes.length === 4 ? to.f32(value) : to.f64(value))),
    )
  }
  if (piece.role === 'blob' && piece.bytes.length >= 4 && random() < 0.3) return putFloat(random, pieces, at)
  if (piece.role === 'blob' || piece.role === 'mask' || piece.role === 'set') {
    return replace(
      pieces,
      at,
      Uint8Array.from(piece.bytes, () => oneOf(random, BYTES)),
    )
  }
  const near = Math.max(0, valueOf(piece) + oneOf(random, [-1, 1, -2, 2, 16]))
  const value = oneOf(random, [oneOf(random, NUMBERS), near, pick(random, 2 ** oneOf(random, [4, 8, 16, 32]))])
  replace(pieces, at, inFormOf(piece, value % 2 ** 32))
}

const COUNTING = new Set<Role>(['length', 'count', 'slot', 'definition', 'request', 'generation', 'section'])

/** As before, but of lengths, counts and ids. */
const changeGuide: Change = (random, pieces) => {
  const guides = pieces.flatMap(({ role }, i) => (COUNTING.has(role) ? [i] : []))
  if (guides.length === 0) return changeValue(random, pieces, [])
  const at = oneOf(random, guides)
  const piece = pieces[at]!
  const near = Math.max(0, valueOf(piece) + oneOf(random, [-1, 1]))
  replace(pieces, at, inFormOf(piece, random() < 0.5 ? near : oneOf(random, NUMBERS)))
}

/** Encodes a varint with more bytes than needed or allowed. */
const padNumber: Change = (random, pieces) => {
  const at = somewhere(random, pieces)
  const { bytes } = pieces[at]!
  if (bytes.length === 0) return
  const padded = [...bytes.subarray(0, -1), bytes.at(-1)! | 0x80]
  const groups = 1 + pick(random, 5)
  for (let i = 0; i < groups; i++) padded.push(i + 1 < groups ? 0x80 : oneOf(random, [0, 0, 1, 0x0f, 0x10]))
  replace(pieces, at, Uint8Array.from(padded))
}

/** Replaces a field by another field of this or another packet. */
const borrowValue: Change = (random, pieces, others) => {
  const at = somewhere(random, pieces)
  const { role } = pieces[at]!
  const like = [...pieces, ...others].filter((piece) => piece.role === role)
  replace(pieces, at, oneOf(random, like).bytes)
}

const dropPiece: Change = (random, pieces) => void pieces.splice(somewhere(random, pieces), 1 + pick(random, 3))

const repeatPiece: Change = (random, pieces) => {
  const at = somewhere(random, pieces)
  pieces.splice(at, 0, pieces[at]!)
}

const swapPieces: Change = (random, pieces) => {
  const a = somewhere(random, pieces)
  const b = somewhere(random, pieces)
  const piece = pieces[a]!
  pieces[a] = pieces[b]!
  pieces[b] = piece
}

/** One section of a packet, or no pieces if it has none. */
function aSection(random: Random, pieces: readonly Piece[]): readonly Piece[] {
  const starts = sectionStarts(pieces)
  if (starts.length === 0) return []
  const which = pick(random, starts.length - 1)
  return pieces.slice(starts[which], starts[which + 1])
}

/** The positions where a section may begin. */
function aBorder(random: Random, pieces: readonly Piece[]): number {
  const starts = sectionStarts(pieces)
  return starts.length === 0 ? pieces.length : oneOf(random, starts)
}

const repeatSection: Change = (random, pieces) => {
  const section = aSection(random, pieces)
  const size = section.reduce((sum, { bytes }) => sum + bytes.length, 0)
  // Sometimes as often as a packet has room for.
  const room = Math.floor(MAX_RELIABLE_PACKET / Math.max(8, size))
  const times = random() < 0.05 ? Math.min(room, 2000) : 1 + pick(random, 3)
  const at = aBorder(random, pieces)
  for (let i = 0; i < times; i++) pieces.splice(at, 0, ...section)
}

const dropSection: Change = (random, pieces) => {
  const starts = sectionStarts(pieces)
  if (starts.length === 0) return
  const which = pick(random, starts.length - 1)
  pieces.splice(starts[which]!, starts[which + 1]! - starts[which]!)
}

/** Reorders the sections. */
const moveSection: Change = (random, pieces) => {
  const section = aSection(random, pieces)
  dropSection(random, pieces, [])
  pieces.splice(aBorder(random, pieces), 0, ...section)
}

/** Inserts a section of another packet. */
const insertSection: Change = (random, pieces, others) => {
  pieces.splice(aBorder(random, pieces), 0, ...aSection(random, others))
}

/** Joins the beginning of this packet and the end of another. */
const crossOver: Change = (random, pieces, others) => {
  const at = somewhere(random, pieces)
  pieces.splice(at, pieces.length, ...others.slice(pick(random, others.length + 1)))
}

const cut: Change = (random, pieces) => {
  const at = somewhere(random, pieces)
  const { bytes } = pieces[at]!
  pieces.splice(at + 1)
  replace(pieces, at, bytes.slice(0, pick(random, bytes.length + 1)))
}

const extend: Change = (random, pieces) => {
  pieces.push({ role: 'blob', bytes: randomBytes(random, random() < 0.1 ? 4000 : 12) })
}

const flipBit: Change = (random, pieces) => {
  const at = somewhere(random, pieces)
  const bytes = Uint8Array.from(pieces[at]!.bytes)
  if (bytes.length > 0) bytes[pick(random, bytes.length)]! ^= 1 << pick(random, 8)
  replace(pieces, at, bytes)
}

const CHANGES: readonly Change[] = [
  changeValue,
  changeValue,
  changeGuide,
  changeGuide,
  changeGuide,
  padNumber,
  borrowValue,
  borrowValue,
  dropPiece,
  repeatPiece,
  swapPieces,
  repeatSection,
  dropSection,
  moveSection,
  insertSection,
  insertSection,
  crossOver,
  cut,
  extend,
  flipBit,
  flipBit,
]

/**
 * Applies up to three mutations to a packet; `others` are the fields of another packet. Sometimes nothing is changed:
 * an honest packet at another time, or repeated, is hostile too.
 */
export function mutate(
  random: Random,
  packet: readonly Piece[],
  others: readonly Piece[],
  unchanged = 0.1,
): Uint8Array {
  const pieces = [...packet]
  const changes = random() < unchanged ? 0 : 1 + Math.floor(random() ** 2 * 3)
  for (let i = 0; i < changes && pieces.length > 0; i++) oneOf(random, CHANGES)(random, pieces, others)
  return join(pieces).slice(0, MAX_RELIABLE_PACKET)
}

/** Acknowledges nothing, as if nothing had been received. */
function withoutAcknowledgement(packet: readonly Piece[]): readonly Piece[] {
  const newest = packet.findIndex(({ role }) => role === 'newest')
  const flags = packet.findIndex(({ role }) => role === 'flags')
  if (newest < 0 || flags < 0) return packet
  const mask = packet[newest + 2]?.role === 'mask' ? 1 : 0
  const pieces = [...packet]
  pieces.splice(newest, 2 + mask)
  pieces[flags] = { role: 'flags', bytes: Uint8Array.of(packet[flags]!.bytes[0]! & ~PacketFlag.Acknowledges) }
  return pieces
}

/**
 * Adapts a packet to the state of a session; `share` is the probability that a net id is replaced by an existing one.
 */
export function freshen(random: Random, packet: readonly Piece[], live: Live, share = 0.7): Piece[] {
  let generation: number | undefined
  const pieces = live.newest < 0 ? withoutAcknowledgement(packet) : packet
  return pieces.map((piece) => {
    switch (piece.role) {
      case 'tick':
        return { role: 'tick', bytes: varintOf(live.tick) }
      case 'structure':
        // Sometimes it depends on structure that is still in flight.
        return { role: 'structure', bytes: varintOf(live.structureTick + (random() < 0.1 ? 1 + pick(random, 3) : 0)) }
      case 'sequence':
        return { role: 'sequence', bytes: inFormOf(piece, live.sequence & 0xffff) }
      case 'newest':
        return { role: 'newest', bytes: inFormOf(piece, live.newest & 0xffff) }
      // Only the newest number was certainly sent.
      case 'mask':
        return { role: 'mask', bytes: piece.bytes.map((_, i) => (i === 0 ? 1 : 0)) }
      case 'slot': {
        generation = undefined
        if (live.netIds.length === 0 || random() >= share) return piece
        const [slot, own] = oneOf(random, live.netIds)
        generation = own
        return { role: 'slot', bytes: varintOf(slot) }
      }
      case 'request':
        if (live.requests.length === 0 || random() >= share) return piece
        return { role: 'request', bytes: varintOf(oneOf(random, live.requests)) }
      case 'generation':
        return generation === undefined ? piece : { role: 'generation', bytes: varintOf(generation) }
      default:
        return piece
    }
  })
}
