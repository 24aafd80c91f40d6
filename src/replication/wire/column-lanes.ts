// Reads the lanes of a component's columns straight into its stores. Neighbours of 32 bits are read together, up to
// four at once.
import type { ByteReader } from '../../protocol/bytes.js'
import type { ClientColumn } from '../client/client-column.js'
import { readIntoStore, readWordsInto2, readWordsInto3, readWordsInto4 } from './read-lanes.js'

/** The store's memory, if its lane holds a word for each entity. */
function storedWords(column: ClientColumn | undefined): Uint32Array | undefined {
  return column !== undefined && column.raw instanceof Uint32Array ? column.raw : undefined
}

/**
 * Reads the lane of column `at`, and those of neighbours of the same kind, straight into the stores of `count`
 * entities. Returns how many were read: 0 where the store does not hold the integers of the wire. The reader fails when
 * one is short.
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
