// Packs net ids, by which the two sides name the same entity: a slot, and a generation that distinguishes its
// successive entities.
//
// A net id has 30 bits, so that it is a small integer in every JavaScript engine. Bits 0–19 are the slot (1 …
// 1,048,575; slot 0 is "no entity"), bits 20–29 the generation (0 … 1,023, then 0 again). A slot is reused only after
// every client has acknowledged the despawn of its last entity, and first in, first out. So a generation that wraps
// meets no older entity on the wire. Update blocks name slots alone; the tick of the packet decides which entity is
// meant.
import type { ByteReader, ByteWriter } from './bytes.js'

export const SLOT_BITS = 20
export const GENERATION_BITS = 10
export const MAX_SLOT = (1 << SLOT_BITS) - 1
export const MAX_GENERATION = (1 << GENERATION_BITS) - 1
/** Bits of a whole net id. */
export const NET_ID_BITS = SLOT_BITS + GENERATION_BITS

/** "No entity". */
export const NO_NET_ID = 0

export function makeNetId(slot: number, generation: number): number {
  return (generation << SLOT_BITS) | slot
}

export function slotOf(netId: number): number {
  return netId & MAX_SLOT
}

export function generationOf(netId: number): number {
  return netId >>> SLOT_BITS
}

/** Writes slot and generation as two varints: low slots and early generations take two bytes. */
export function writeNetId(writer: ByteWriter, netId: number): void {
  writer.varint(netId & MAX_SLOT)
  if ((netId & MAX_SLOT) !== 0) writer.varint(netId >>> SLOT_BITS)
}

export function readNetId(reader: ByteReader): number {
  const slot = reader.varint()
  if (slot === 0) return NO_NET_ID
  const generation = reader.varint()
  if (slot > MAX_SLOT || generation > MAX_GENERATION) return reader.fail()
  return makeNetId(slot, generation)
}
