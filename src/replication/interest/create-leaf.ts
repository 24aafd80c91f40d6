// Makes the leaf of a policy of cells.
import { RoomsLeaf } from './rooms.js'
import type { LeafFactory } from './visibility.js'

/** What leaves are made of in one world. */
export function createLeaf(): LeafFactory {
  return (policy, index, words, listener) => new RoomsLeaf(policy, index, words, listener)
}
