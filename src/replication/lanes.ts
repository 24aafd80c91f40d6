// Lanes: columns of packed values. A lane is a stream of bits, lowest first, padded to a whole byte at its end; for 8, 16
// and 32 bits that is the same as little-endian integers, which the fast loops write.
import type { ByteReader, ByteWriter } from '../protocol/bytes.js'
import { gatherWords } from './word-loops.js'

/** Bytes of a lane of `count` values. */
export function laneBytes(bits: number, count: number): number {
  return (bits * count + 7) >> 3
}

/** Writes `values[ids[i]]` for each of `count` ids. Arrays of 8 and of 16 bits are for lanes of as many. */
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

// One loop for each kind of array: V8 compiles a loop that has only ever met one several times better. Words go through an
// array and not through a view, since V8 takes any write to a view for one that may change every array it knows of.

/** Whether a word in memory begins with its lowest byte, as it does on the wire. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Makes room for words behind what was written. Returns where in `words` they go: from there `settleWords` takes them. */
function roomForWords(writer: ByteWriter, count: number): number {
  writer.reserve(count * 4 + 3)
  return (writer.length + 3) >> 2
}

/** Adds the words from `first` on to what was written, where they may not begin on a whole word. */
function settleWords(writer: ByteWriter, first: number, count: number): void {
  const { bytes, length } = writer
  const from = first * 4
  if (!IS_LITTLE_ENDIAN)
    for (let i = first; i < first + count; i++) writer.view.setUint32(i * 4, writer.words[i]!, true)
  if (from !== length) bytes.copyWithin(length, from, from + count * 4)
  writer.length = length + count * 4
}

/** Lanes of 32 bits. */
export function writeWords(writer: ByteWriter, values: Uint32Array, ids: Uint32Array, count: number): void {
  const first = roomForWords(writer, count)
  gatherWords(writer.words, first, values, ids, 0, count)
  settleWords(writer, first, count)
}

/** Two lanes of 32 bits, one behind the other. Several at once cost little more than one. */
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

/** Any number of bits below 32. */
function writePacked(writer: ByteWriter, bits: number, values: Uint32Array, ids: Uint32Array, count: number): void {
  const size = laneBytes(bits, count)
  writer.reserve(size + 4)
  const { view, length } = writer
  let at = length
  // `waiting` holds the lowest `held` bits that no whole word was made of yet.
  let waiting = 0
  let held = 0
  for (let i = 0; i < count; i++) {
    const value = values[ids[i]!]!
    waiting |= value << held
    held += bits
    if (held < 32) continue
    view.setUint32(at, waiting, true)
    at += 4
    held -= 32
    // Shifting by `bits`, when nothing is left over, leaves 0: no value has more bits.
    waiting = value >>> (bits - held)
  }
  // The rest, and bytes behind the lane that the next one overwrites.
  view.setUint32(at, waiting, true)
  writer.length = length + size
}

/** Reads `count` values into `out[0 .. count)`. The reader fails when they are not all there. */
export function readLane(reader: ByteReader, bits: number, out: Uint32Array, count: number): void {
  const size = laneBytes(bits, count)
  if (reader.left < size) {
    reader.fail()
    return
  }
  const { bytes, view } = reader
  let at = reader.offset
  if (bits === 32) {
    for (let i = 0; i < count; i++, at += 4) out[i] = view.getUint32(at, true)
  } else if (bits === 16) {
    for (let i = 0; i < count; i++, at += 2) out[i] = view.getUint16(at, true)
  } else if (bits === 8) {
    for (let i = 0; i < count; i++) out[i] = bytes[at++]!
  } else if (bits <= 25) {
    readNarrow(reader, bits, out, count)
  } else {
    const low = Math.min(bits, 16)
    const high = bits - low
    const lowMask = (1 << low) - 1
    const highMask = (1 << high) - 1
    let waiting = 0
    let held = 0
    for (let i = 0; i < count; i++) {
      while (held < low) {
        waiting |= bytes[at++]! << held
        held += 8
      }
      let value = waiting & lowMask
      waiting >>>= low
      held -= low
      if (high > 0) {
        while (held < high) {
          waiting |= bytes[at++]! << held
          held += 8
        }
        value |= (waiting & highMask) << 16
        waiting >>>= high
        held -= high
      }
      out[i] = value
    }
  }
  reader.offset += size
}

/**
 * Reads a lane as wide as the array's elements into `out[ids[i]]`. The reader fails when it is not all there.
 */
export function readIntoStore(
  reader: ByteReader,
  out: Uint8Array | Uint16Array | Uint32Array,
  ids: Uint32Array,
  count: number,
): void {
  const size = count * out.BYTES_PER_ELEMENT
  if (reader.left < size) {
    reader.fail()
    return
  }
  const { view, offset } = reader
  reader.offset += size
  if (out instanceof Uint32Array) readWordsInto(view, offset, out, ids, count)
  else if (out instanceof Uint16Array) readHalvesInto(view, offset, out, ids, count)
  else for (let i = 0; i < count; i++) out[ids[i]!] = view.getUint8(offset + i)
}

/** Reads several lanes of 32 bits, one behind the other, into an array each. Several at once cost little more than one. */
export function readWordsInto2(
  reader: ByteReader,
  a: Uint32Array,
  b: Uint32Array,
  ids: Uint32Array,
  count: number,
): void {
  const size = count * 4
  if (reader.left < 2 * size) {
    reader.fail()
    return
  }
  const { view, offset } = reader
  for (let i = 0, at = offset; i < count; i++, at += 4) {
    const id = ids[i]!
    a[id] = view.getUint32(at, true)
    b[id] = view.getUint32(at + size, true)
  }
  reader.offset = offset + 2 * size
}

export function readWordsInto3(
  reader: ByteReader,
  a: Uint32Array,
  b: Uint32Array,
  c: Uint32Array,
  ids: Uint32Array,
  count: number,
): void {
  const size = count * 4
  if (reader.left < 3 * size) {
    reader.fail()
    return
  }
  const { view, offset } = reader
  for (let i = 0, at = offset; i < count; i++, at += 4) {
    const id = ids[i]!
    a[id] = view.getUint32(at, true)
    b[id] = view.getUint32(at + size, true)
    c[id] = view.getUint32(at + 2 * size, true)
  }
  reader.offset = offset + 3 * size
}

export function readWordsInto4(
  reader: ByteReader,
  a: Uint32Array,
  b: Uint32Array,
  c: Uint32Array,
  d: Uint32Array,
  ids: Uint32Array,
  count: number,
): void {
  const size = count * 4
  if (reader.left < 4 * size) {
    reader.fail()
    return
  }
  const { view, offset } = reader
  for (let i = 0, at = offset; i < count; i++, at += 4) {
    const id = ids[i]!
    a[id] = view.getUint32(at, true)
    b[id] = view.getUint32(at + size, true)
    c[id] = view.getUint32(at + 2 * size, true)
    d[id] = view.getUint32(at + 3 * size, true)
  }
  reader.offset = offset + 4 * size
}

function readWordsInto(view: DataView, offset: number, out: Uint32Array, ids: Uint32Array, count: number): void {
  const fours = count - (count & 3)
  let at = offset
  let i = 0
  // Four at a time: a loop around one is most of its cost.
  for (; i < fours; i += 4, at += 16) {
    out[ids[i]!] = view.getUint32(at, true)
    out[ids[i + 1]!] = view.getUint32(at + 4, true)
    out[ids[i + 2]!] = view.getUint32(at + 8, true)
    out[ids[i + 3]!] = view.getUint32(at + 12, true)
  }
  for (; i < count; i++, at += 4) out[ids[i]!] = view.getUint32(at, true)
}

function readHalvesInto(view: DataView, offset: number, out: Uint16Array, ids: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) out[ids[i]!] = view.getUint16(offset + i * 2, true)
}

/** Values of at most 25 bits: each lies within four bytes, wherever it begins. The caller has checked that they are there. */
function readNarrow(reader: ByteReader, bits: number, out: Uint32Array, count: number): void {
  const { view, offset } = reader
  const mask = (1 << bits) - 1
  // Up to three bytes behind the lane are looked at and masked away; only the end of the memory itself is in the way.
  const last = view.byteLength - 4
  let bit = 0
  let i = 0
  for (; i < count; i++, bit += bits) {
    const at = offset + (bit >>> 3)
    if (at > last) break
    out[i] = (view.getInt32(at, true) >>> (bit & 7)) & mask
  }
  for (; i < count; i++, bit += bits) out[i] = readBits(view, offset * 8 + bit, bits)
}

/** One value at the very end of the memory, bit by bit. */
function readBits(view: DataView, from: number, bits: number): number {
  let value = 0
  for (let i = 0; i < bits; i++) {
    const bit = from + i
    value |= ((view.getUint8(bit >>> 3) >>> (bit & 7)) & 1) << i
  }
  return value
}
