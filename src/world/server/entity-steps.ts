// Changes the owner of an entity, and ends an entity, step by step. Every step runs the game's observers: one that
// throws is reported and stops nothing. Otherwise an entity could keep the id of an owner that is gone, and the next
// client with that id would command it.
import { addComponent, entityExists, hasComponent, removeComponent } from 'bitecs'
import { LocalPlayer, Networked, Owned } from '../../../components/networked.js'
import { heldIdsOf } from '../../replication/held-ids.js'
import type { ServerState } from './server-state.js'

/** More observers than any game has on one entity's components. */
const MAX_ATTEMPTS = 256

/** Moves ownership. `Owned` is removed before it is added, so it is there exactly while the entity has an owner. */
export function moveOwner(server: ServerState, eid: number, connection: number): void {
  const { world, replication, guarded } = server
  const former = Networked.owner[eid]!
  if (former === connection) return
  const netId = replication.entities.netIdOf(eid)
  if (former !== 0) guarded.make(() => removeComponent(world, eid, Owned))
  // An observer may have ended the entity, or given it to another client. That decision is the later one.
  if (replication.entities.netIdOf(eid) !== netId || Networked.owner[eid] !== former) return
  Networked.owner[eid] = connection
  replication.touchOwner(eid)
  if (connection !== 0) guarded.make(() => addComponent(world, eid, Owned))
}

/** Removes an entity in the reverse order of its spawn. Its values are readable at every step. */
export function endEntity(server: ServerState, eid: number): void {
  const { world, replication, guarded } = server
  // An observer may end another entity meanwhile.
  const outer = replication.despawning
  replication.despawning = eid
  if (hasComponent(world, eid, Networked)) Networked.reason[eid] = 'destroyed'
  for (const component of [LocalPlayer, Owned, Networked]) {
    guarded.make(() => {
      if (hasComponent(world, eid, component)) removeComponent(world, eid, component)
    })
  }
  replication.despawning = outer
  removeWholly(server, eid)
}

/**
 * Removes an entity even if observers throw. bitECS stops where one throws, and continues after it when asked again.
 */
export function removeWholly(server: ServerState, eid: number): void {
  const { world, guarded } = server
  const held = heldIdsOf(world)
  for (let i = 0; i < MAX_ATTEMPTS && entityExists(world, eid); i++) guarded.make(() => held.remove(eid))
}
