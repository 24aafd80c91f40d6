// Lists the entities that have one component, laid out for scans.
//
// It keeps bits by entity id, and builds runs of ids from them, which a loop scans without testing membership. Ids are
// dense where games make many entities, so most of a scan is such loops.
import { growTo } from '../slot-set.js'

/** With this many members among 32 ids, comparing all 32 is cheaper than going from member to member. */
const DENSE = 8

/** The number of set bits in a word (Hacker's Delight, 5-1). */
function countBits(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555)
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333)
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

export class Members {
  count = 0
  /** One bit for each entity id. */
  words = new Uint32Array(2)
  /**
   * Ids to compare, members or not: pairs of a first id and the one after the last, multiples of 32. Set by `refresh`.
   */
  runs = new Uint32Array(16)
  runCount = 0
  /** The members outside the runs, ascending. Set by `refresh`. */
  sparse = new Uint32Array(16)
  sparseCount = 0
  private refreshedUpTo = -1

  has(eid: number): boolean {
    const word = eid >>> 5
    return word < this.words.length && (this.words[word]! & (1 << (eid & 31))) !== 0
  }

  /** The first member that is not below `from`, or -1. */
  next(from: number): number {
    const { words } = this
    for (let w = from >>> 5; w < words.length; w++) {
      const bits = w === from >>> 5 ? words[w]! & (-1 << (from & 31)) : words[w]!
      if (bits !== 0) return w * 32 + 31 - Math.clz32(bits & -bits)
    }
    return -1
  }

  add(eid: number): void {
    const word = eid >>> 5
    this.words = growTo(this.words, word + 1)
    this.words[word]! |= 1 << (eid & 31)
    this.count++
    this.refreshedUpTo = -1
  }

  remove(eid: number): void {
    this.words[eid >>> 5]! &= ~(1 << (eid & 31))
    this.count--
    this.refreshedUpTo = -1
  }

  /**
   * Updates the runs and the sparse members. No run extends beyond `capacity`, the ids that the arrays have room for.
   */
  refresh(capacity: number): void {
    if (this.refreshedUpTo === capacity) return
    this.refreshedUpTo = capacity
    this.runCount = 0
    this.sparseCount = 0
    const { words } = this
    for (let w = 0; w < words.length; w++) {
      const word = words[w]!
      if (word === 0) continue
      const first = w * 32
      if (first + 32 <= capacity && countBits(word) >= DENSE) this.addRun(first)
      else this.addSparse(first, word)
    }
  }

  private addRun(first: number): void {
    const last = this.runCount * 2 - 1
    if (last > 0 && this.runs[last] === first) {
      this.runs[last] = first + 32
      return
    }
    this.runs = growTo(this.runs, last + 3)
    this.runs[last + 1] = first
    this.runs[last + 2] = first + 32
    this.runCount++
  }

  private addSparse(first: number, word: number): void {
    this.sparse = growTo(this.sparse, this.sparseCount + 32)
    for (let bits = word; bits !== 0; bits &= bits - 1) {
      this.sparse[this.sparseCount++] = first + 31 - Math.clz32(bits & -bits)
    }
  }
}
