// Net ids: how the two sides name the same entity. A slot, and a generation that tells its tenants apart.
//
// 30 bits, so that a net id is a small integer in every JavaScript engine: bits 0–19 the slot (1 … 1,048,575; slot 0 is
// "no entity"), bits 20–29 the generation (0 … 1,023, then 0 again). A slot is given out again only after every client
// has acknowledged the despawn of its last tenant, and first in, first out; so a generation that wraps meets nothing of
// its former self on the wire. Update blocks name slots alone: there the tick of the packet tells tenants apart.
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

/** Slot and generation as two varints: low slots and young generations take two bytes. */
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
