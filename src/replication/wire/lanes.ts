// Writes lanes: columns of packed values.
//
// A lane is a stream of bits, lowest first, padded to a whole byte at its end. For 8, 16 and 32 bits that is the same
// as little-endian integers, which the fast loops write.
import type { ByteWriter } from '../../protocol/bytes.js'
import { gatherWords } from './array-loops.js'

/** Bytes of a lane of `count` values. */
export function laneBytes(bits: number, count: number): number {
  return (bits * count + 7) >> 3
}

/** Writes `values[ids[i]]` for each of `count` ids. Arrays of 8 and of 16 bits are only for lanes of that width. */
export function writeLane(
  writer: ByteWriter,
  bits: number,
  values: Uint8Array | Uint16Array | Uint32Array,
  ids: Uint32Array,
  count: number,
): void {
  if (values instanceof Uint16Array) writeHalves(writer, values, ids, count)
  else if (values instanceof Uint8Array) writeBytes(writer, values, ids, count)
  else if (bits === 32) writeWords(writer, values, ids, count)
  else writePacked(writer, bits, values, ids, count)
}

// There is one loop for each kind of array, because V8 compiles a loop that has only met one kind several times better.
// Words are written through an array, not a view: V8 assumes that a write to a view may change every array it knows.

/** True where a word in memory begins with its lowest byte, as it does on the wire. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/**
 * Makes room for words after the written bytes. Returns their place in `words`, from which `settleWords` moves them.
 */
function roomForWords(writer: ByteWriter, count: number): number {
  writer.reserve(count * 4 + 3)
  return (writer.length + 3) >> 2
}

/** Adds the words from `first` on to the written bytes, where they may not begin on a whole word. */
function settleWords(writer: ByteWriter, first: number, count: number): void {
  const { bytes, length } = writer
  const from = first * 4
  if (!IS_LITTLE_ENDIAN)
    for (let i = first; i < first + count; i++) writer.view.setUint32(i * 4, writer.words[i]!, true)
  if (from !== length) bytes.copyWithin(length, from, from + count * 4)
  writer.length = length + count * 4
}

/** Writes lanes of 32 bits. */
export function writeWords(writer: ByteWriter, values: Uint32Array, ids: Uint32Array, count: number): void {
  const first = roomForWords(writer, count)
  gatherWords(writer.words, first, values, ids, 0, count)
  settleWords(writer, first, count)
}

/** Writes two consecutive lanes of 32 bits. Several at once cost little more than one. */
export function writeWords2(writer: ByteWriter, a: Uint32Array, b: Uint32Array, ids: Uint32Array, count: number): void {
  const first = roomForWords(writer, 2 * count)
  const { words } = writer
  const fours = count - 3
  let i = 0
  let to = first
  for (; i < fours; i += 4, to += 4) {
    const p = ids[i]!
    const q = ids[i + 1]!
    const r = ids[i + 2]!
    const s = ids[i + 3]!
    words[to] = a[p]!
    words[to + 1] = a[q]!
    words[to + 2] = a[r]!
    words[to + 3] = a[s]!
    const second = to + count
    words[second] = b[p]!
    words[second + 1] = b[q]!
    words[second + 2] = b[r]!
    words[second + 3] = b[s]!
  }
  for (; i < count; i++, to++) {
    const id = ids[i]!
    words[to] = a[id]!
    words[to + count] = b[id]!
  }
  settleWords(writer, first, 2 * count)
}

export function writeWords3(
  writer: ByteWriter,
  a: Uint32Array,
  b: Uint32Array,
  c: Uint32Array,
  ids: Uint32Array,
  count: number,
): void {
  const first = roomForWords(writer, 3 * count)
  const { words } = writer
  const fours = count - 3
  let i = 0
  let to = first
  for (; i < fours; i += 4, to += 4) {
    const p = ids[i]!
    const q = ids[i + 1]!
    const r = ids[i + 2]!
    const s = ids[i + 3]!
    words[to] = a[p]!
    words[to + 1] = a[q]!
    words[to + 2] = a[r]!
    words[to + 3] = a[s]!
    const second = to + count
    words[second] = b[p]!
    words[second + 1] = b[q]!
    words[second + 2] = b[r]!
    words[second + 3] = b[s]!
    const third = second + count
    words[third] = c[p]!
    words[third + 1] = c[q]!
    words[third + 2] = c[r]!
    words[third + 3] = c[s]!
  }
  for (; i < count; i++, to++) {
    const id = ids[i]!
    words[to] = a[id]!
    words[to + count] = b[id]!
    words[to + 2 * count] = c[id]!
  }
  settleWords(writer, first, 3 * count)
}

export function writeWords4(
  writer: ByteWriter,
  a: Uint32Array,
  b: Uint32Array,
  c: Uint32Array,
  d: Uint32Array,
  ids: Uint32Array,
  count: number,
): void {
  const first = roomForWords(writer, 4 * count)
  const { words } = writer
  const fours = count - 3
  let i = 0
  let to = first
  for (; i < fours; i += 4, to += 4) {
    const p = ids[i]!
    const q = ids[i + 1]!
    const r = ids[i + 2]!
    const s = ids[i + 3]!
    words[to] = a[p]!
    words[to + 1] = a[q]!
    words[to + 2] = a[r]!
    words[to + 3] = a[s]!
    const second = to + count
    words[second] = b[p]!
    words[second + 1] = b[q]!
    words[second + 2] = b[r]!
    words[second + 3] = b[s]!
    const third = second + count
    words[third] = c[p]!
    words[third + 1] = c[q]!
    words[third + 2] = c[r]!
    words[third + 3] = c[s]!
    const fourth = third + count
    words[fourth] = d[p]!
    words[fourth + 1] = d[q]!
    words[fourth + 2] = d[r]!
    words[fourth + 3] = d[s]!
  }
  for (; i < count; i++, to++) {
    const id = ids[i]!
    words[to] = a[id]!
    words[to + count] = b[id]!
    words[to + 2 * count] = c[id]!
    words[to + 3 * count] = d[id]!
  }
  settleWords(writer, first, 4 * count)
}

function writeHalves(writer: ByteWriter, values: Uint16Array, ids: Uint32Array, count: number): void {
  writer.reserve(count * 2)
  const { view, length } = writer
  for (let i = 0, at = length; i < count; i++, at += 2) view.setUint16(at, values[ids[i]!]!, true)
  writer.length = length + count * 2
}

function writeBytes(writer: ByteWriter, values: Uint8Array, ids: Uint32Array, count: number): void {
  writer.reserve(count)
  const { bytes, length } = writer
  for (let i = 0; i < count; i++) bytes[length + i] = values[ids[i]!]!
  writer.length = length + count
}

/** Writes any number of bits below 32, four values at a time, as array-loops.ts explains. */
function writePacked(writer: ByteWriter, bits: number, values: Uint32Array, ids: Uint32Array, count: number): void {
  const size = laneBytes(bits, count)
  const wholeWords = (size + 3) >> 2
  const first = roomForWords(writer, wholeWords)
  const { words } = writer
  const fours = count - 3
  let at = first
  // `waiting` holds the lowest `held` bits that are not part of a whole word yet. When a word is full, the value's
  // other bits wait. If there are none, shifting by `bits` leaves 0, because no value has more bits.
  let waiting = 0
  let held = 0
  let i = 0
  for (; i < fours; i += 4) {
    const a = values[ids[i]!]!
    const b = values[ids[i + 1]!]!
    const c = values[ids[i + 2]!]!
    const d = values[ids[i + 3]!]!
    waiting |= a << held
    held += bits
    if (held >= 32) {
      words[at++] = waiting
      held -= 32
      waiting = a >>> (bits - held)
    }
    waiting |= b << held
    held += bits
    if (held >= 32) {
      words[at++] = waiting
      held -= 32
      waiting = b >>> (bits - held)
    }
    waiting |= c << held
    held += bits
    if (held >= 32) {
      words[at++] = waiting
      held -= 32
      waiting = c >>> (bits - held)
    }
    waiting |= d << held
    held += bits
    if (held >= 32) {
      words[at++] = waiting
      held -= 32
      waiting = d >>> (bits - held)
    }
  }
  for (; i < count; i++) {
    const value = values[ids[i]!]!
    waiting |= value << held
    held += bits
    if (held < 32) continue
    words[at++] = waiting
    held -= 32
    waiting = value >>> (bits - held)
  }
  if (held > 0) words[at] = waiting
  const end = writer.length + size
  settleWords(writer, first, wholeWords)
  // The lane ends with the first bytes of the last word.
  writer.length = end
}
