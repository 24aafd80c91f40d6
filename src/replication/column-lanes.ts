// The lanes of a component's columns, one behind the other. Neighbours of 32 bits are written, and read, together: up to
// four at once.
import type { ByteReader, ByteWriter } from '../protocol/bytes.js'
import type { ClientColumn } from './client-column.js'
import type { Column } from './columns.js'
import { readIntoStore, readWordsInto2, readWordsInto3, readWordsInto4 } from './lanes.js'
import { writeLane, writeWords, writeWords2, writeWords3, writeWords4 } from './lanes.js'

/** What a column's lane is made of, when that is a word for each entity and it has no second lane. */
function wordsOf(column: Column | undefined): Uint32Array | undefined {
  if (column === undefined || column.spec.bits !== 32 || column.spec.lanes !== 1) return undefined
  return column.wire as Uint32Array
}

/** Writes the lanes of `count` entities. */
export function writeColumns(writer: ByteWriter, columns: readonly Column[], eids: Uint32Array, count: number): void {
  let at = 0
  while (at < columns.length) {
    const a = wordsOf(columns[at])
    if (a === undefined) writeColumn(writer, columns[at++]!, eids, count)
    else at += writeNeighbours(writer, columns, at, a, eids, count)
  }
}

function writeColumn(writer: ByteWriter, { spec, wire, wireHigh }: Column, eids: Uint32Array, count: number): void {
  if (spec.lanes > 0) writeLane(writer, spec.bits, wire, eids, count)
  if (spec.lanes === 2) writeLane(writer, spec.bits, wireHigh, eids, count)
}

/** Writes the column `at`, which is made of the words `a`, and its neighbours of words. Returns how many were written. */
function writeNeighbours(
  writer: ByteWriter,
  columns: readonly Column[],
  at: number,
  a: Uint32Array,
  eids: Uint32Array,
  count: number,
): number {
  const b = at + 1 < columns.length ? wordsOf(columns[at + 1]) : undefined
  if (b === undefined) {
    writeWords(writer, a, eids, count)
    return 1
  }
  const c = at + 2 < columns.length ? wordsOf(columns[at + 2]) : undefined
  if (c === undefined) {
    writeWords2(writer, a, b, eids, count)
    return 2
  }
  const d = at + 3 < columns.length ? wordsOf(columns[at + 3]) : undefined
  if (d === undefined) {
    writeWords3(writer, a, b, c, eids, count)
    return 3
  }
  writeWords4(writer, a, b, c, d, eids, count)
  return 4
}

/** The store's memory, where its lane holds a word for each entity. */
function storedWords(column: ClientColumn | undefined): Uint32Array | undefined {
  return column !== undefined && column.raw instanceof Uint32Array ? column.raw : undefined
}

/**
 * Reads the lane of column `at`, and those of its neighbours that are alike, straight into the stores of `count` entities.
 * Returns how many were read: 0 where the store does not hold what the wire does. The reader fails when one is short.
 */
export function readIntoStores(
  reader: ByteReader,
  columns: readonly ClientColumn[],
  at: number,
  eids: Uint32Array,
  count: number,
): number {
  const { raw } = columns[at]!
  if (raw === undefined) return 0
  const a = storedWords(columns[at])
  const b = a === undefined || at + 1 >= columns.length ? undefined : storedWords(columns[at + 1])
  if (a === undefined || b === undefined) {
    readIntoStore(reader, raw, eids, count)
    return 1
  }
  const c = at + 2 < columns.length ? storedWords(columns[at + 2]) : undefined
  if (c === undefined) {
    readWordsInto2(reader, a, b, eids, count)
    return 2
  }
  const d = at + 3 < columns.length ? storedWords(columns[at + 3]) : undefined
  if (d === undefined) {
    readWordsInto3(reader, a, b, c, eids, count)
    return 3
  }
  readWordsInto4(reader, a, b, c, d, eids, count)
  return 4
}
