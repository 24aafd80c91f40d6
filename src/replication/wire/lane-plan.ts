// Plans the consecutive lanes of a set of components, which a block holds for each of its entities. It decides once for
// each set, and not for each block, which lanes can be written at once.
import type { ByteWriter } from '../../protocol/bytes.js'
import type { Column } from './columns.js'
import { writeLane, writeWords, writeWords2, writeWords3, writeWords4 } from './lanes.js'

/** The most lanes of words that are written at once. */
const MOST_AT_ONCE = 4

/** Returns whether a column's lane has a word for each entity, and there is no second lane. */
function isWord({ spec }: Column): boolean {
  return spec.bits === 32 && spec.lanes === 1
}

export class LanePlan {
  /** The bits of one entity. */
  readonly bits: number
  readonly lanes: number
  /** The columns that have lanes. */
  private readonly columns: readonly Column[]
  /** By column: how many lanes of words, beginning with it, are written at once; 0 for a lane that is written alone. */
  private readonly wordsFrom: Uint8Array

  constructor(columns: readonly Column[]) {
    this.columns = columns.filter(({ spec }) => spec.lanes > 0)
    this.bits = columns.reduce((sum, { spec }) => sum + spec.bits * spec.lanes, 0)
    this.lanes = columns.reduce((sum, { spec }) => sum + spec.lanes, 0)
    this.wordsFrom = new Uint8Array(this.columns.length)
    for (let c = 0; c < this.columns.length;) {
      let end = c
      while (end < this.columns.length && isWord(this.columns[end]!)) end++
      // For five lanes, three and two are faster than four and one.
      const count = end - c === MOST_AT_ONCE + 1 ? MOST_AT_ONCE - 1 : Math.min(MOST_AT_ONCE, end - c)
      this.wordsFrom[c] = count
      c += Math.max(1, count)
    }
  }

  /** Writes the lanes of `count` entities. */
  write(writer: ByteWriter, eids: Uint32Array, count: number): void {
    const { columns, wordsFrom } = this
    for (let c = 0; c < columns.length;) {
      const words = wordsFrom[c]!
      if (words === 0) writeColumn(writer, columns[c]!, eids, count)
      else if (words === 1) writeWords(writer, wordsOf(columns, c), eids, count)
      else if (words === 2) writeWords2(writer, wordsOf(columns, c), wordsOf(columns, c + 1), eids, count)
      else if (words === 3) {
        writeWords3(writer, wordsOf(columns, c), wordsOf(columns, c + 1), wordsOf(columns, c + 2), eids, count)
      } else {
        const a = wordsOf(columns, c)
        const b = wordsOf(columns, c + 1)
        writeWords4(writer, a, b, wordsOf(columns, c + 2), wordsOf(columns, c + 3), eids, count)
      }
      c += words === 0 ? 1 : words
    }
  }
}

function wordsOf(columns: readonly Column[], index: number): Uint32Array {
  return columns[index]!.wire as Uint32Array
}

function writeColumn(writer: ByteWriter, { spec, wire, wireHigh }: Column, eids: Uint32Array, count: number): void {
  writeLane(writer, spec.bits, wire, eids, count)
  if (spec.lanes === 2) writeLane(writer, spec.bits, wireHigh, eids, count)
}
