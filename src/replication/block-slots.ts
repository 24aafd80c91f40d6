// Slots as they are read: one, which names an entity, or those at the head of a block, which ascend.
import type { ByteReader } from '../protocol/bytes.js'
import { MAX_SLOT } from '../protocol/net-id.js'

/** The most entities that one block may name: none holds more entities than bytes. */
export const MAX_BLOCK_ENTITIES = 2048

/** Reads one slot; the reader fails when it is none. */
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
  for (let i = 0; i < count; i++) {
    // Most distances take one byte; the reader takes the others, and misses what is not there.
    let step = at < end ? bytes[at]! : 0x80
    if (step < 0x80) at++
    else {
      reader.offset = at
      step = reader.varint()
      at = reader.offset
    }
    slot += step
    if (step === 0 || slot > MAX_SLOT) return reader.fail()
    out[i] = slot
  }
  reader.offset = at
  return count
}
