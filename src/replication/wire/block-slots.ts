// Reads slots: a single one that names an entity, or the ascending slots at the head of a block.
import type { ByteReader } from '../../protocol/bytes.js'
import { MAX_SLOT } from '../../protocol/net-id.js'

/** The most entities that one block may name. No block holds more entities than bytes. */
export const MAX_BLOCK_ENTITIES = 2048

/** Reads one slot; the reader fails when it is not valid. */
export function readSlot(reader: ByteReader): number {
  const slot = reader.varint()
  return slot === 0 || slot > MAX_SLOT ? reader.fail() : slot
}

/** Reads a block's slots into `out`, and returns how many there are; the reader fails when they are not well formed. */
export function readSlots(reader: ByteReader, out: Uint32Array): number {
  const count = reader.varint()
  if (count === 0 || count > MAX_BLOCK_ENTITIES || count > reader.left) return reader.fail()
  const { bytes, end } = reader
  let at = reader.offset
  let slot = 0
  let i = 0
  while (i < count) {
    // The loop handles four at a time where each distance takes one byte, as most do.
    for (; i + 4 <= count && at + 4 <= end; i += 4, at += 4) {
      const a = bytes[at]!
      const b = bytes[at + 1]!
      const c = bytes[at + 2]!
      const d = bytes[at + 3]!
      // None may be 0, which would leave its sign bit, or continue in a second byte.
      if (((a - 1) | (b - 1) | (c - 1) | (d - 1)) < 0 || (a | b | c | d) >= 0x80) break
      out[i] = slot + a
      out[i + 1] = slot + a + b
      out[i + 2] = slot + a + b + c
      slot += a + b + c + d
      out[i + 3] = slot
    }
    if (i === count) break
    reader.offset = at
    const step = reader.varint()
    at = reader.offset
    slot += step
    if (step === 0 || slot > MAX_SLOT) return reader.fail()
    out[i++] = slot
  }
  reader.offset = at
  return slot > MAX_SLOT ? reader.fail() : count
}
