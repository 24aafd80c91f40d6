// Encodes a pair of one subject as a small integer: the relation and the target's slot.
import { MAX_SLOT, SLOT_BITS } from '../../protocol/net-id.js'

/** Relations have 10 bits, so the key has 30 bits. */
export function pairKey(relation: number, target: number): number {
  return (relation << SLOT_BITS) | target
}

export function relationOf(key: number): number {
  return key >>> SLOT_BITS
}

export function pairTarget(key: number): number {
  return key & MAX_SLOT
}
