// The stores of hand-typed code: constants, as a game's are, that the compiler knows by address.
//
// This is what makes hand-typed code fast: V8 checks one bound for all stores and keeps no pointer to any of them,
// which is worth a factor of up to four over the same loop on arrays that are fields of an object. It does so only
// where a function is made once in a process. So each of the limits is a module that makes its functions once, over
// stores of its own.
import { Stores } from '../workload.js'

/** Room for the largest workload: 10,000 entities of the sender, and as many of the receiver, from 1 on. */
export const HAND_TYPED_ENTITIES = 10_000
export const HAND_TYPED_CAPACITY = 2 * HAND_TYPED_ENTITIES + 1

/** What the scenarios need of a hand-typed codec. Entities are numbered from 1 on. */
export interface HandTyped {
  /** What is sent, and what is received into. */
  readonly source: Stores
  readonly target: Stores
  /** What `encode` wrote. */
  readonly bytes: Uint8Array
  /** Encodes the first `movers` and `hurts` entities of the two lists. Returns the number of bytes. */
  encode(moved: Uint32Array, movers: number, hurt: Uint32Array, hurts: number): number
  /** Writes what `bytes` holds into `target`. `eidOf` is by the sender's entity. Returns the number of records. */
  decode(eidOf: Uint32Array): number
}

export function handTypedStores(): Stores {
  return new Stores(HAND_TYPED_CAPACITY)
}

/** @throws Error when a workload has more entities than the stores. */
export function requireRoom(entities: number): void {
  if (entities > HAND_TYPED_ENTITIES) throw new Error(`hand-typed stores hold ${HAND_TYPED_ENTITIES} entities`)
}
