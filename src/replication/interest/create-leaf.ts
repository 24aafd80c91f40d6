// Makes the leaf of a policy of cells.
import { type GridContext, GridLeaf } from './grid.js'
import { RoomsLeaf } from './rooms.js'
import type { LeafFactory } from './visibility.js'

/** Returns the function that makes the leaves of one world. */
export function createLeaf(context: GridContext): LeafFactory {
  return (policy, index, words, listener) => {
    if (policy.kind === 'rooms') return new RoomsLeaf(policy, index, words, listener)
    return new GridLeaf(policy, index, words, listener, context)
  }
}
