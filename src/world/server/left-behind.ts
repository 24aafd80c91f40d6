// What a client leaves behind when it goes: each entity it owned is despawned, kept, or kept for a while.
import { addComponent, hasComponent, observe, onRemove, query, removeComponent, type World } from 'bitecs'
import { Networked, Owned } from '../../../components/networked.js'
import type { ServerEntities } from '../../replication/server/server-entities.js'
import { growTo } from '../../replication/slot-set.js'
import { badOption, checkNumber } from '../check-options.js'

/**
 * What becomes of an entity when its owner's connection ends; one without `Networked` only loses its owner. `despawn`: it ends at the end of that tick. `keep`: it lives
 * on without an owner. `{ graceMs }`: it lives on without an owner for so many milliseconds of the server's clock, then
 * ends, unless `setOwner`, `setPlayer` or `clearOwner` decide about it before; one that is not networked at that moment is
 * left to the game. When the server stops, so do all graces.
 */
export type OnLeave = 'despawn' | 'keep' | { readonly graceMs: number }

/** The longest grace that an option may give. */
export const LONGEST_GRACE_MS = 86_400_000
/** In place of a grace: the game has not said, so it depends on the entity. */
const UNSAID = -1

/**
 * How long an entity outlives its owner's connection, in milliseconds; -1 when nothing was said.
 *
 * @throws UsageError when it is no value that {@link OnLeave} names.
 */
export function graceOf(onLeave: OnLeave | undefined): number {
  if (onLeave === undefined) return UNSAID
  if (onLeave === 'despawn') return 0
  if (onLeave === 'keep') return Infinity
  if (typeof onLeave !== 'object' || onLeave === null) {
    throw badOption('onLeave', "'despawn', 'keep' or { graceMs }", onLeave)
  }
  checkNumber('onLeave.graceMs', onLeave.graceMs ?? NaN, 0, LONGEST_GRACE_MS, 'milliseconds')
  return onLeave.graceMs
}

/** What it does with an entity, which the server's role can. */
export interface LeftBehindActions {
  release(eid: number): void
  despawn(eid: number): void
  /** Whether entities of clients' scenes may stand for it. */
  isOfScenes(eid: number): boolean
}

export class LeftBehind {
  /** By entity: how long it outlives its owner's connection, in milliseconds; 0 and Infinity included. */
  private grace = new Float64Array(64)
  /** By entity: when its grace ends. */
  private readonly endsAt = new Map<number, number>()
  /**
   * Tag of what is in grace. It goes with the entity, whose id may be another's then, and stays when `Networked` goes and
   * comes again.
   */
  private readonly InGrace = {}

  constructor(
    private readonly world: World,
    private readonly entities: ServerEntities,
    private readonly now: () => number,
    private readonly actions: LeftBehindActions,
  ) {
    observe(world, onRemove(this.InGrace), (eid: number) => this.endsAt.delete(eid))
  }

  /** Says how long an entity outlives its owner's connection. */
  setGrace(eid: number, milliseconds: number): void {
    this.grace = growTo(this.grace, eid + 1)
    this.grace[eid] = milliseconds
  }

  /** Someone decided about an entity: a grace that runs is over, and it stays. */
  decide(eid: number): void {
    if (this.endsAt.has(eid)) removeComponent(this.world, eid, this.InGrace)
  }

  /** A connection has ended, and with it the ownership of all that it owned. */
  leaveAll(connection: number): void {
    // A copy: despawning changes what the query shows.
    for (const eid of [...query(this.world, [Owned])]) {
      if (Networked.owner[eid] === connection && hasComponent(this.world, eid, Owned)) this.leave(eid)
    }
  }

  private leave(eid: number): void {
    const { entities, actions } = this
    const slot = entities.slotOfEntity(eid)
    // What the game has taken out of the network is the game's.
    if (slot === 0) return actions.release(eid)
    const said = this.grace[eid]!
    // What belongs to every client's map must not end with one client.
    const milliseconds = said === UNSAID ? (actions.isOfScenes(eid) ? Infinity : 0) : said
    if (milliseconds === 0) return actions.despawn(eid)
    actions.release(eid)
    // An observer of the game may have given it away, or ended it.
    if (milliseconds === Infinity || entities.slotOfEntity(eid) !== slot) return
    this.endsAt.set(eid, this.now() + milliseconds)
    addComponent(this.world, eid, this.InGrace)
  }

  /** Ends the entities whose grace is over. Costs nothing while none is in grace. */
  expire(): void {
    if (this.endsAt.size > 0) this.endUntil(this.now())
  }

  /** Ends every grace, and the entities that were in it. */
  endAll(): void {
    this.endUntil(Infinity)
  }

  private endUntil(time: number): void {
    for (const [eid, endsAt] of this.endsAt) {
      if (endsAt > time) continue
      removeComponent(this.world, eid, this.InGrace)
      // One that the game has taken out of the network meanwhile is the game's.
      if (hasComponent(this.world, eid, Networked)) this.actions.despawn(eid)
    }
  }
}
