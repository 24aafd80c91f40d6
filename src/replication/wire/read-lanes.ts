// Reads lanes into scratch memory, or straight into stores whose elements match the lanes. The reader fails when a lane
// is incomplete, and then nothing is read.
import type { ByteReader } from '../../protocol/bytes.js'
import type { ColumnSpec } from '../../protocol/types/schema.js'
import { laneBytes } from './lanes.js'

/** The most bits of a value that lies within four bytes, wherever it begins. */
const NARROW_BITS = 25

/** Reads `count` values into `out[0 .. count)`. The reader fails when they are incomplete. */
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
  } else if (bits <= NARROW_BITS) {
    readNarrow(view, at, bits, out, count)
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

// Loops handle four at a time; array-loops.ts explains why.

/** Reads a lane as wide as the array's elements into `out[ids[i]]`. The reader fails when it is incomplete. */
export function readIntoStore(
  reader: ByteReader,
  out: Uint8Array | Uint16Array | Uint32Array,
  ids: Uint32Array,
  count: number,
): void {
  const offset = takeBytes(reader, count * out.BYTES_PER_ELEMENT)
  if (offset < 0) return
  const { view } = reader
  if (out instanceof Uint32Array) readWordsInto(view, offset, out, ids, count)
  else if (out instanceof Uint16Array) readHalvesInto(view, offset, out, ids, count)
  else for (let i = 0; i < count; i++) out[ids[i]!] = view.getUint8(offset + i)
}

/** Skips bytes. Returns where they begin. When they are incomplete it returns -1, and the reader fails. */
function takeBytes(reader: ByteReader, size: number): number {
  if (reader.left < size) {
    reader.fail()
    return -1
  }
  const { offset } = reader
  reader.offset = offset + size
  return offset
}

/** Reads several consecutive lanes of 32 bits into an array each. Several at once cost little more than one. */
export function readWordsInto2(
  reader: ByteReader,
  a: Uint32Array,
  b: Uint32Array,
  ids: Uint32Array,
  count: number,
): void {
  const size = count * 4
  let at = takeBytes(reader, 2 * size)
  if (at < 0) return
  const { view } = reader
  const fours = count - 3
  let i = 0
  for (; i < fours; i += 4, at += 16) {
    const p = ids[i]!
    const q = ids[i + 1]!
    const r = ids[i + 2]!
    const s = ids[i + 3]!
    a[p] = view.getUint32(at, true)
    a[q] = view.getUint32(at + 4, true)
    a[r] = view.getUint32(at + 8, true)
    a[s] = view.getUint32(at + 12, true)
    const second = at + size
    b[p] = view.getUint32(second, true)
    b[q] = view.getUint32(second + 4, true)
    b[r] = view.getUint32(second + 8, true)
    b[s] = view.getUint32(second + 12, true)
  }
  for (; i < count; i++, at += 4) {
    const id = ids[i]!
    a[id] = view.getUint32(at, true)
    b[id] = view.getUint32(at + size, true)
  }
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
  let at = takeBytes(reader, 3 * size)
  if (at < 0) return
  const { view } = reader
  const fours = count - 3
  let i = 0
  for (; i < fours; i += 4, at += 16) {
    const p = ids[i]!
    const q = ids[i + 1]!
    const r = ids[i + 2]!
    const s = ids[i + 3]!
    a[p] = view.getUint32(at, true)
    a[q] = view.getUint32(at + 4, true)
    a[r] = view.getUint32(at + 8, true)
    a[s] = view.getUint32(at + 12, true)
    const second = at + size
    b[p] = view.getUint32(second, true)
    b[q] = view.getUint32(second + 4, true)
    b[r] = view.getUint32(second + 8, true)
    b[s] = view.getUint32(second + 12, true)
    const third = second + size
    c[p] = view.getUint32(third, true)
    c[q] = view.getUint32(third + 4, true)
    c[r] = view.getUint32(third + 8, true)
    c[s] = view.getUint32(third + 12, true)
  }
  for (; i < count; i++, at += 4) {
    const id = ids[i]!
    a[id] = view.getUint32(at, true)
    b[id] = view.getUint32(at + size, true)
    c[id] = view.getUint32(at + 2 * size, true)
  }
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
  let at = takeBytes(reader, 4 * size)
  if (at < 0) return
  const { view } = reader
  const fours = count - 3
  let i = 0
  for (; i < fours; i += 4, at += 16) {
    const p = ids[i]!
    const q = ids[i + 1]!
    const r = ids[i + 2]!
    const s = ids[i + 3]!
    a[p] = view.getUint32(at, true)
    a[q] = view.getUint32(at + 4, true)
    a[r] = view.getUint32(at + 8, true)
    a[s] = view.getUint32(at + 12, true)
    const second = at + size
    b[p] = view.getUint32(second, true)
    b[q] = view.getUint32(second + 4, true)
    b[r] = view.getUint32(second + 8, true)
    b[s] = view.getUint32(second + 12, true)
    const third = second + size
    c[p] = view.getUint32(third, true)
    c[q] = view.getUint32(third + 4, true)
    c[r] = view.getUint32(third + 8, true)
    c[s] = view.getUint32(third + 12, true)
    const fourth = third + size
    d[p] = view.getUint32(fourth, true)
    d[q] = view.getUint32(fourth + 4, true)
    d[r] = view.getUint32(fourth + 8, true)
    d[s] = view.getUint32(fourth + 12, true)
  }
  for (; i < count; i++, at += 4) {
    const id = ids[i]!
    a[id] = view.getUint32(at, true)
    b[id] = view.getUint32(at + size, true)
    c[id] = view.getUint32(at + 2 * size, true)
    d[id] = view.getUint32(at + 3 * size, true)
  }
}

function readWordsInto(view: DataView, offset: number, out: Uint32Array, ids: Uint32Array, count: number): void {
  const fours = count - (count & 3)
  let at = offset
  let i = 0
  // Four at a time: the loop itself is most of the cost of a value.
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

/**
 * Returns how many of `count` values of at most 25 bits, from `offset` on, can be read four bytes at a time. Reads may
 * touch up to three bytes after the lane, which are masked away, so only the end of the memory itself limits them.
 */
function narrowCount(view: DataView, offset: number, bits: number, count: number): number {
  const room = view.byteLength - 4 - offset
  return room < 0 ? 0 : Math.min(count, Math.floor((room * 8 + 7) / bits) + 1)
}

/** The value at bit `bit` after `offset`. */
function narrowAt(view: DataView, offset: number, bit: number, mask: number): number {
  return (view.getInt32(offset + (bit >>> 3), true) >>> (bit & 7)) & mask
}

/** Reads values of at most 25 bits. The caller has checked that they are there. */
function readNarrow(view: DataView, offset: number, bits: number, out: Uint32Array, count: number): void {
  const mask = (1 << bits) - 1
  const whole = narrowCount(view, offset, bits, count)
  const fours = whole - 3
  let bit = 0
  let i = 0
  for (; i < fours; i += 4, bit += 4 * bits) {
    out[i] = narrowAt(view, offset, bit, mask)
    out[i + 1] = narrowAt(view, offset, bit + bits, mask)
    out[i + 2] = narrowAt(view, offset, bit + 2 * bits, mask)
    out[i + 3] = narrowAt(view, offset, bit + 3 * bits, mask)
  }
  for (; i < whole; i++, bit += bits) out[i] = narrowAt(view, offset, bit, mask)
  for (; i < count; i++, bit += bits) out[i] = readBits(view, offset * 8 + bit, bits)
}

/** Skips a lane of at most 25 bits; the reader fails when it is short, or a value is above `largest`. */
export function checkNarrow(reader: ByteReader, bits: number, count: number, largest: number): void {
  const offset = takeBytes(reader, laneBytes(bits, count))
  if (offset < 0) return
  const { view } = reader
  const mask = (1 << bits) - 1
  const whole = narrowCount(view, offset, bits, count)
  const fours = whole - 3
  let bit = 0
  let i = 0
  // A value above `largest` leaves its sign bit.
  let signs = 0
  for (; i < fours; i += 4, bit += 4 * bits) {
    signs |=
      (largest - narrowAt(view, offset, bit, mask)) |
      (largest - narrowAt(view, offset, bit + bits, mask)) |
      (largest - narrowAt(view, offset, bit + 2 * bits, mask)) |
      (largest - narrowAt(view, offset, bit + 3 * bits, mask))
  }
  for (; i < whole; i++, bit += bits) signs |= largest - narrowAt(view, offset, bit, mask)
  for (; i < count; i++, bit += bits) signs |= largest - readBits(view, offset * 8 + bit, bits)
  if (signs < 0) reader.fail()
}

/** Returns whether `readQuantized` and `checkNarrow` support lanes of this many bits. */
export function isNarrow(bits: number): boolean {
  return bits <= NARROW_BITS
}

/** Reads a lane of steps, of at most 25 bits each, into `out[ids[i]]` as the numbers that they stand for. */
export function readQuantized(
  reader: ByteReader,
  { bits, min, max, step }: ColumnSpec,
  out: Float32Array,
  ids: Uint32Array,
  count: number,
): void {
  const offset = takeBytes(reader, laneBytes(bits, count))
  if (offset < 0) return
  const { view } = reader
  const mask = (1 << bits) - 1
  const whole = narrowCount(view, offset, bits, count)
  const fours = whole - 3
  let bit = 0
  let i = 0
  for (; i < fours; i += 4, bit += 4 * bits) {
    out[ids[i]!] = Math.min(max, min + narrowAt(view, offset, bit, mask) * step)
    out[ids[i + 1]!] = Math.min(max, min + narrowAt(view, offset, bit + bits, mask) * step)
    out[ids[i + 2]!] = Math.min(max, min + narrowAt(view, offset, bit + 2 * bits, mask) * step)
    out[ids[i + 3]!] = Math.min(max, min + narrowAt(view, offset, bit + 3 * bits, mask) * step)
  }
  for (; i < whole; i++, bit += bits) out[ids[i]!] = Math.min(max, min + narrowAt(view, offset, bit, mask) * step)
  for (; i < count; i++, bit += bits) {
    out[ids[i]!] = Math.min(max, min + readBits(view, offset * 8 + bit, bits) * step)
  }
}

/** Reads one value at the very end of the memory, bit by bit. */
function readBits(view: DataView, from: number, bits: number): number {
  let value = 0
  for (let i = 0; i < bits; i++) {
    const bit = from + i
    value |= ((view.getUint8(bit >>> 3) >>> (bit & 7)) & 1) << i
  }
  return value
}
