// Lanes: columns of packed values. A lane is a stream of bits, lowest first, padded to a whole byte at its end; for 8, 16
// and 32 bits that is the same as little-endian integers, which the fast loops write.
import type { ByteReader, ByteWriter } from '../protocol/bytes.js'

/** Bytes of a lane of `count` values. */
export function laneBytes(bits: number, count: number): number {
  return (bits * count + 7) >> 3
}

/** Writes `values[slots[i]]` for each of `count` slots. */
export function writeLane(
  writer: ByteWriter,
  bits: number,
  values: Uint32Array,
  slots: Uint32Array,
  start: number,
  count: number,
): void {
  const size = laneBytes(bits, count)
  writer.reserve(size + 4)
  const { bytes, view } = writer
  let at = writer.length
  const end = start + count
  if (bits === 32) {
    for (let i = start; i < end; i++, at += 4) view.setUint32(at, values[slots[i]!]!, true)
  } else if (bits === 16) {
    for (let i = start; i < end; i++, at += 2) view.setUint16(at, values[slots[i]!]!, true)
  } else if (bits === 8) {
    for (let i = start; i < end; i++) bytes[at++] = values[slots[i]!]!
  } else if (bits <= 24) {
    // At most 7 bits wait and 24 are added, so the accumulator never passes 31 bits.
    let waiting = 0
    let held = 0
    for (let i = start; i < end; i++) {
      waiting |= values[slots[i]!]! << held
      held += bits
      while (held >= 8) {
        bytes[at++] = waiting & 0xff
        waiting >>>= 8
        held -= 8
      }
    }
    if (held > 0) bytes[at++] = waiting & 0xff
  } else {
    // At most 7 bits wait and 16 are added at a time, so the accumulator never passes 23 bits.
    const low = Math.min(bits, 16)
    const high = bits - low
    const lowMask = (1 << low) - 1
    let waiting = 0
    let held = 0
    for (let i = start; i < end; i++) {
      const value = values[slots[i]!]!
      waiting |= (value & lowMask) << held
      held += low
      while (held >= 8) {
        bytes[at++] = waiting & 0xff
        waiting >>>= 8
        held -= 8
      }
      if (high > 0) {
        waiting |= (value >>> 16) << held
        held += high
        while (held >= 8) {
          bytes[at++] = waiting & 0xff
          waiting >>>= 8
          held -= 8
        }
      }
    }
    if (held > 0) bytes[at++] = waiting & 0xff
  }
  writer.length += size
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
