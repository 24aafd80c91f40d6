// How an entity of the server's changes its owner and how it ends, step by step. Every step runs observers, which are the
// game's: one that throws is reported and stops nothing. Were the rest left undone, an entity would keep the id of an owner
// that is gone, and the next client with that id would command it.
import { addComponent, entityExists, hasComponent, removeComponent, type World } from 'bitecs'
import { LocalPlayer, Networked, Owned } from '../../../components/networked.js'
import { heldIdsOf } from '../../replication/held-ids.js'
import type { ServerReplication } from '../../replication/server/server-replication.js'

/** More observers than any game has on one entity's components. */
const MAX_ATTEMPTS = 256

/** What the steps need of the server's role. */
export interface StepContext {
  readonly world: World
  readonly replication: ServerReplication
  /** Runs what may call observers of the game; one that throws is reported. */
  guard(change: () => void): void
}

/** Moves ownership: `Owned` is removed before it is added, so it is there exactly while someone owns the entity. */
export function moveOwner(context: StepContext, eid: number, connection: number): void {
  const { world, replication } = context
  const former = Networked.owner[eid]!
  if (former === connection) return
  const netId = replication.entities.netIdOf(eid)
  if (former !== 0) context.guard(() => removeComponent(world, eid, Owned))
  // An observer may have ended the entity, or given it to somebody else: that was decided later, so it stands.
  if (replication.entities.netIdOf(eid) !== netId || Networked.owner[eid] !== former) return
  Networked.owner[eid] = connection
  replication.touchOwner(eid)
  if (connection !== 0) context.guard(() => addComponent(world, eid, Owned))
}

/** Removes an entity in the reverse order of its spawn, its values readable at every step. */
export function endEntity(context: StepContext, eid: number): void {
  const { world, replication } = context
  // An observer may end another entity meanwhile.
  const outer = replication.despawning
  replication.despawning = eid
  if (hasComponent(world, eid, Networked)) Networked.reason[eid] = 'destroyed'
  for (const component of [LocalPlayer, Owned, Networked]) {
    context.guard(() => {
      if (hasComponent(world, eid, component)) removeComponent(world, eid, component)
    })
  }
  replication.despawning = outer
  removeWholly(context, eid)
}

/** bitECS stops removing an entity where an observer throws, and goes on after that observer when asked again. */
export function removeWholly(context: StepContext, eid: number): void {
  const { world } = context
  const held = heldIdsOf(world)
  for (let i = 0; i < MAX_ATTEMPTS && entityExists(world, eid); i++) context.guard(() => held.remove(eid))
}
