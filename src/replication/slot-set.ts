// Keeps sets of slots as bits: small enough for every client, and iterated in ascending order.

/** A growing set of small integers. */
export class SlotSet {
  private words = new Uint32Array(32)
  /** One past the highest word that ever held a member. */
  private used = 0
  size = 0

  has(slot: number): boolean {
    const word = slot >>> 5
    return word < this.used && (this.words[word]! & (1 << (slot & 31))) !== 0
  }

  add(slot: number): boolean {
    const word = slot >>> 5
    if (word >= this.words.length) this.words = growTo(this.words, word + 1)
    if (word >= this.used) this.used = word + 1
    const bit = 1 << (slot & 31)
    if ((this.words[word]! & bit) !== 0) return false
    this.words[word]! |= bit
    this.size++
    return true
  }

  /** Adds the first `count` of `slots`, of which none is a member. */
  addAll(slots: Uint32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!
      const word = slot >>> 5
      if (word >= this.used) {
        this.words = growTo(this.words, word + 1)
        this.used = word + 1
      }
      this.words[word]! |= 1 << (slot & 31)
    }
    this.size += count
  }

  delete(slot: number): boolean {
    if (!this.has(slot)) return false
    this.words[slot >>> 5]! &= ~(1 << (slot & 31))
    this.size--
    return true
  }

  clear(): void {
    if (this.size > 0) this.words.fill(0, 0, this.used)
    this.size = 0
    this.used = 0
  }

  /** Writes all members, ascending, to `into`, which has room for `size`. */
  list(into: Uint32Array): void {
    const { words, used } = this
    let count = 0
    for (let w = 0; w < used; w++) {
      const first = w << 5
      if (words[w] === 0xffffffff) {
        // Slots that change all the time mostly have neighbours that do too.
        for (let slot = first; slot < first + 32; slot += 4, count += 4) {
          into[count] = slot
          into[count + 1] = slot + 1
          into[count + 2] = slot + 2
          into[count + 3] = slot + 3
        }
      } else
        for (let bits = words[w]!; bits !== 0; bits &= bits - 1) into[count++] = first + 31 - Math.clz32(bits & -bits)
    }
  }

  /** The smallest member from `slot` on, or -1. */
  next(slot: number): number {
    let word = slot >>> 5
    if (word >= this.used) return -1
    let bits = this.words[word]! & (-1 << (slot & 31))
    while (bits === 0) {
      if (++word >= this.used) return -1
      bits = this.words[word]!
    }
    return (word << 5) + (31 - Math.clz32(bits & -bits))
  }

  /** The smallest member from `slot` on that is in the other set too, or -1. */
  nextShared(other: SlotSet, slot: number): number {
    const used = Math.min(this.used, other.used)
    let word = slot >>> 5
    if (word >= used) return -1
    let bits = this.words[word]! & other.words[word]! & (-1 << (slot & 31))
    while (bits === 0) {
      if (++word >= used) return -1
      bits = this.words[word]! & other.words[word]!
    }
    return (word << 5) + (31 - Math.clz32(bits & -bits))
  }
}

type Growable = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array

/** The same array, or a copy at least `size` long, doubled so that growing is rare. */
export function growTo<T extends Growable>(array: T, size: number): T {
  if (size <= array.length) return array
  let length = Math.max(16, array.length)
  while (length < size) length *= 2
  const grown = new (array.constructor as new (length: number) => T)(length)
  grown.set(array)
  return grown
}

/**
 * Writes to one of the library's component stores, which are plain arrays. Fills gaps, so that no array turns into a
 * hash table.
 */
export function put<T>(store: T[], eid: number, value: T, empty: T): void {
  while (store.length <= eid) store.push(empty)
  store[eid] = value
}
