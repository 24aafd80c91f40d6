// Compares a store's memory with a copy of its last content, element by element, as bits.
//
// There is one loop for each width of element, on plain arguments. V8 compiles a loop that has only ever met one kind
// of array several times better than one that meets many. Four elements are compared at a time, because a branch for
// each costs more than the comparison. A difference sets the bit of its entity id.
import type { Members } from './component-members.js'

/** A store's memory, one element for each entity: as whole numbers, or 64-bit floats. */
export type RawArray = Uint8Array | Uint16Array | Uint32Array | Float64Array

/**
 * Compares the elements of `members` with `shadow`, an array of the same kind. Copies those that differ into it, and
 * sets their bits in `hits`. Bits of others than members may be set too. Returns whether any bit was set.
 */
export function scanRaw(raw: RawArray, shadow: RawArray, members: Members, hits: Uint32Array): boolean {
  const { runs, runCount, sparse, sparseCount } = members
  let found = false
  for (let r = 0; r < runCount; r++) if (scanRun(raw, shadow, runs[r * 2]!, runs[r * 2 + 1]!, hits)) found = true
  for (let i = 0; i < sparseCount; i++) {
    const eid = sparse[i]!
    const now = raw[eid]!
    if (Object.is(now, shadow[eid])) continue
    shadow[eid] = now
    hits[eid >>> 5]! |= 1 << (eid & 31)
    found = true
  }
  return found
}

function scanRun(raw: RawArray, shadow: RawArray, from: number, to: number, hits: Uint32Array): boolean {
  if (raw instanceof Uint32Array) return scanWords(raw, shadow as Uint32Array, from, to, hits)
  if (raw instanceof Uint16Array) return scanHalves(raw, shadow as Uint16Array, from, to, hits)
  if (raw instanceof Float64Array) return scanDoubles(raw, shadow as Float64Array, from, to, hits)
  return scanBytes(raw, shadow as Uint8Array, from, to, hits)
}

function scanWords(raw: Uint32Array, shadow: Uint32Array, from: number, to: number, hits: Uint32Array): boolean {
  let found = false
  for (let i = from; i < to; i += 4) {
    const a = raw[i]!
    const b = raw[i + 1]!
    const c = raw[i + 2]!
    const d = raw[i + 3]!
    const da = a ^ shadow[i]!
    const db = b ^ shadow[i + 1]!
    const dc = c ^ shadow[i + 2]!
    const dd = d ^ shadow[i + 3]!
    if ((da | db | dc | dd) === 0) continue
    shadow[i] = a
    shadow[i + 1] = b
    shadow[i + 2] = c
    shadow[i + 3] = d
    const bits = (da === 0 ? 0 : 1) | (db === 0 ? 0 : 2) | (dc === 0 ? 0 : 4) | (dd === 0 ? 0 : 8)
    hits[i >>> 5]! |= bits << (i & 31)
    found = true
  }
  return found
}

function scanHalves(raw: Uint16Array, shadow: Uint16Array, from: number, to: number, hits: Uint32Array): boolean {
  let found = false
  for (let i = from; i < to; i += 4) {
    const a = raw[i]!
    const b = raw[i + 1]!
    const c = raw[i + 2]!
    const d = raw[i + 3]!
    const da = a ^ shadow[i]!
    const db = b ^ shadow[i + 1]!
    const dc = c ^ shadow[i + 2]!
    const dd = d ^ shadow[i + 3]!
    if ((da | db | dc | dd) === 0) continue
    shadow[i] = a
    shadow[i + 1] = b
    shadow[i + 2] = c
    shadow[i + 3] = d
    const bits = (da === 0 ? 0 : 1) | (db === 0 ? 0 : 2) | (dc === 0 ? 0 : 4) | (dd === 0 ? 0 : 8)
    hits[i >>> 5]! |= bits << (i & 31)
    found = true
  }
  return found
}

function scanBytes(raw: Uint8Array, shadow: Uint8Array, from: number, to: number, hits: Uint32Array): boolean {
  let found = false
  for (let i = from; i < to; i += 4) {
    const a = raw[i]!
    const b = raw[i + 1]!
    const c = raw[i + 2]!
    const d = raw[i + 3]!
    const da = a ^ shadow[i]!
    const db = b ^ shadow[i + 1]!
    const dc = c ^ shadow[i + 2]!
    const dd = d ^ shadow[i + 3]!
    if ((da | db | dc | dd) === 0) continue
    shadow[i] = a
    shadow[i + 1] = b
    shadow[i + 2] = c
    shadow[i + 3] = d
    const bits = (da === 0 ? 0 : 1) | (db === 0 ? 0 : 2) | (dc === 0 ? 0 : 4) | (dd === 0 ? 0 : 8)
    hits[i >>> 5]! |= bits << (i & 31)
    found = true
  }
  return found
}

function scanDoubles(raw: Float64Array, shadow: Float64Array, from: number, to: number, hits: Uint32Array): boolean {
  let found = false
  for (let i = from; i < to; i++) {
    const now = raw[i]!
    // Zeros may differ in their sign, and NaN is equal to nothing.
    if (now === shadow[i]! && now !== 0) continue
    if (Object.is(now, shadow[i]!)) continue
    shadow[i] = now
    hits[i >>> 5]! |= 1 << (i & 31)
    found = true
  }
  return found
}
