// Numbers tuples of integers: a tuple keeps its number while it is in use.
//
// It is a hash table with chains, in typed arrays, so that entities that move from cell to cell allocate nothing.
import { growTo } from '../slot-set.js'

const NONE = 0

export class TupleTable {
  /** The tuple to look up: fill it in, then call `find` or `intern`. */
  readonly key: Int32Array
  /** One past the highest number in use. */
  end: number
  private values: Int32Array
  private next = new Uint32Array(16)
  private hashes = new Uint32Array(16)
  private buckets = new Uint32Array(32)
  private count = 0
  /** Released numbers. */
  private free = new Uint32Array(16)
  private freeCount = 0

  /** Tuples of `width` integers, numbered from `first` (at least 1) on. */
  constructor(
    readonly width: number,
    private readonly first = 1,
  ) {
    this.key = new Int32Array(width)
    this.values = new Int32Array(16 * width)
    this.end = first
  }

  /** The integer at `index` of a tuple in use. */
  at(id: number, index: number): number {
    return this.values[id * this.width + index]!
  }

  /** The number of the tuple in `key`, or 0. */
  find(): number {
    return this.lookUp(this.hash())
  }

  /** The number of the tuple in `key`, a new one if it had none. */
  intern(): number {
    const hash = this.hash()
    const known = this.lookUp(hash)
    if (known !== NONE) return known
    if (this.count * 2 >= this.buckets.length) this.rehash()
    const { width, key } = this
    const id = this.freeCount > 0 ? this.free[--this.freeCount]! : this.end++
    this.values = growTo(this.values, (id + 1) * width)
    this.next = growTo(this.next, id + 1)
    this.hashes = growTo(this.hashes, id + 1)
    for (let i = 0; i < width; i++) this.values[id * width + i] = key[i]!
    const bucket = hash & (this.buckets.length - 1)
    this.hashes[id] = hash
    this.next[id] = this.buckets[bucket]!
    this.buckets[bucket] = id
    this.count++
    return id
  }

  /** Releases a number. */
  release(id: number): void {
    const bucket = this.hashes[id]! & (this.buckets.length - 1)
    let at = this.buckets[bucket]!
    if (at === id) this.buckets[bucket] = this.next[id]!
    else {
      while (this.next[at] !== id) at = this.next[at]!
      this.next[at] = this.next[id]!
    }
    this.count--
    this.free = growTo(this.free, this.freeCount + 1)
    this.free[this.freeCount++] = id
  }

  private lookUp(hash: number): number {
    const { width, key, values } = this
    for (let id = this.buckets[hash & (this.buckets.length - 1)]!; id !== NONE; id = this.next[id]!) {
      let i = 0
      while (i < width && values[id * width + i] === key[i]) i++
      if (i === width) return id
    }
    return NONE
  }

  /** Neighbours differ by one in one place; multiplying spreads them over all bits (Knuth, TAOCP vol. 3, 6.4). */
  private hash(): number {
    let hash = 0
    for (let i = 0; i < this.width; i++) hash = Math.imul(hash ^ this.key[i]!, 0x9e3779b1) ^ (hash >>> 15)
    // 30 bits make a small integer in every engine, which allocates nothing.
    return (hash ^ (hash >>> 16)) & 0x3fffffff
  }

  private rehash(): void {
    const before = this.buckets
    this.buckets = new Uint32Array(before.length * 2)
    const mask = this.buckets.length - 1
    for (let b = 0; b < before.length; b++) {
      for (let id = before[b]!; id !== NONE;) {
        const next = this.next[id]!
        const bucket = this.hashes[id]! & mask
        this.next[id] = this.buckets[bucket]!
        this.buckets[bucket] = id
        id = next
      }
    }
  }
}
