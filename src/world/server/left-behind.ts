// Despawns, keeps, or keeps for a while, each entity that a client owned when its connection ended.
import { addComponent, hasComponent, observe, onRemove, query, removeComponent, type World } from 'bitecs'
import { Networked, Owned } from '../../../components/networked.js'
import { growTo } from '../../replication/slot-set.js'
import { badOption, checkNumber } from '../../protocol/check-options.js'
import { endEntity, moveOwner } from './entity-steps.js'
import type { Graces, ServerState } from './server-state.js'

/**
 * What happens to an entity when its owner's connection ends. One without `Networked` only loses its owner.
 *
 * - `despawn`: it ends at the end of that tick.
 * - `keep`: it lives on without an owner.
 * - `{ graceMs }`: it lives on without an owner for that many milliseconds of the server's clock, then ends, unless
 *   `setOwner`, `setPlayer` or `clearOwner` decide about it before. One that is not networked at that moment is left to
 *   the game. All graces end when the server stops.
 */
export type OnLeave = 'despawn' | 'keep' | { readonly graceMs: number }

/** The longest grace that an option may give. */
export const LONGEST_GRACE_MS = 86_400_000
/** Stands for a grace that the game has not set: it depends on the entity. */
const UNSET = -1

/**
 * Milliseconds that an entity outlives its owner's connection; -1 when not set.
 *
 * @throws UsageError when it is not a value of {@link OnLeave}.
 */
export function graceOf(onLeave: OnLeave | undefined): number {
  if (onLeave === undefined) return UNSET
  if (onLeave === 'despawn') return 0
  if (onLeave === 'keep') return Infinity
  if (typeof onLeave !== 'object' || onLeave === null) {
    throw badOption('onLeave', "'despawn', 'keep' or { graceMs }", onLeave)
  }
  checkNumber('onLeave.graceMs', onLeave.graceMs ?? NaN, 0, LONGEST_GRACE_MS, 'milliseconds')
  return onLeave.graceMs
}

export function createGraces(world: World): Graces {
  const endsAt = new Map<number, number>()
  const InGrace = {}
  observe(world, onRemove(InGrace), (eid: number) => endsAt.delete(eid))
  return { milliseconds: new Float64Array(64), endsAt, InGrace }
}

/** Sets how long an entity outlives its owner's connection. */
export function setGrace({ graces }: ServerState, eid: number, milliseconds: number): void {
  graces.milliseconds = growTo(graces.milliseconds, eid + 1)
  graces.milliseconds[eid] = milliseconds
}

/** Ends the grace of an entity that the game decided about: the entity stays. */
export function cancelGrace({ world, graces }: ServerState, eid: number): void {
  if (graces.endsAt.has(eid)) removeComponent(world, eid, graces.InGrace)
}

/** Takes everything that a connection owned from it. */
export function leaveAllBehind(server: ServerState, connection: number): void {
  // A copy: despawning changes what the query shows.
  for (const eid of [...query(server.world, [Owned])]) {
    if (Networked.owner[eid] === connection && hasComponent(server.world, eid, Owned)) leaveBehind(server, eid)
  }
}

function leaveBehind(server: ServerState, eid: number): void {
  const { world, graces, replication, options } = server
  const { entities, origins } = replication
  const slot = entities.slotOfEntity(eid)
  // The game took it out of the network, so the game decides what happens to it.
  if (slot === 0) return moveOwner(server, eid, 0)
  const set = graces.milliseconds[eid]!
  // An entity of every client's map must not end with one client.
  const milliseconds = set === UNSET ? (origins.sceneKeyOf(eid) !== '' ? Infinity : 0) : set
  if (milliseconds === 0) return endEntity(server, eid)
  moveOwner(server, eid, 0)
  // An observer of the game may have given it away, or ended it.
  if (milliseconds === Infinity || entities.slotOfEntity(eid) !== slot) return
  graces.endsAt.set(eid, options.now() + milliseconds)
  addComponent(world, eid, graces.InGrace)
}

/** Ends the entities whose grace is over. Costs nothing while none is in grace. */
export function endExpiredGraces(server: ServerState): void {
  if (server.graces.endsAt.size > 0) endGracesUntil(server, server.options.now())
}

/** Ends every grace, and the entities that were in it. */
export function endAllGraces(server: ServerState): void {
  endGracesUntil(server, Infinity)
}

function endGracesUntil(server: ServerState, time: number): void {
  const { world, graces } = server
  for (const [eid, endsAt] of graces.endsAt) {
    if (endsAt > time) continue
    removeComponent(world, eid, graces.InGrace)
    // The game may have taken it out of the network meanwhile. Then the game decides.
    if (hasComponent(world, eid, Networked)) endEntity(server, eid)
  }
}
