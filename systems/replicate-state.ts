// Encodes changes once for all clients that observe them.
import type { World } from 'bitecs'
import { serverState } from '../src/world/state.js'

/** Encodes the changes that `updateInterest` found, once for all clients that observe them. */
export function replicateState(world: World): void {
  const { replication, tick } = serverState(world)
  const { relations, structure, audience, tracker, shared, visibility, observers } = replication
  // Structure: relations and operations on collections.
  relations.takeOver()
  structure.addOperations()
  // Values: those that only owners see are separated, the others are encoded in blocks, and each client notes its
  // blocks.
  audience.claim(tracker, tick)
  shared.encode(tracker.dirty, tracker.changed, tick, visibility.blockClassOf)
  visibility.deal(observers, shared.count, shared.classes)
}
