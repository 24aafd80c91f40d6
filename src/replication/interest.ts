// Interest: which entities each client sees. A policy says so; this keeps each client's view in step with it, tick by
// tick, and knows nothing of packets.
import type { Observer } from './observer.js'
import type { ServerEntities } from './server-entities.js'
import { LeaveReason } from './view-changes.js'

/**
 * Every ready client sees every networked entity. Costs what changes: a new entity once for each client, a new client
 * once for each entity. `added` are the slots taken since the last tick, some of which may be empty again; `removed`
 * those that ended since.
 */
export function updateEveryone(
  observers: readonly Observer[],
  entities: ServerEntities,
  added: readonly number[],
  removed: readonly number[],
): void {
  for (const observer of observers) {
    for (const slot of removed) leave(observer, entities, slot, LeaveReason.Destroyed)
    if (!observer.session.ready) {
      if (observer.joined) leaveAll(observer, entities)
    } else if (!observer.joined) {
      observer.joined = true
      observer.fresh = true
      for (let slot = 1; slot < entities.slots; slot++) if (entities.eidOf[slot] !== 0) enter(observer, entities, slot)
    } else {
      for (const slot of added) if (entities.eidOf[slot] !== 0) enter(observer, entities, slot)
    }
  }
}

function enter(observer: Observer, entities: ServerEntities, slot: number): void {
  if (!observer.known.add(slot)) return
  observer.entering.push(entities.netIds[slot]!)
  observer.enteringSet.add(slot)
}

function leave(observer: Observer, entities: ServerEntities, slot: number, reason: LeaveReason): void {
  if (!observer.known.delete(slot)) return
  observer.owed.strikeAll(slot)
  observer.leaving.push(entities.netIds[slot]!, reason)
  observer.leavingSet.add(slot)
}

/** A client that takes no part any more keeps nothing: everything is hidden from it. */
function leaveAll(observer: Observer, entities: ServerEntities): void {
  observer.joined = false
  for (let slot = observer.known.next(0); slot >= 0; slot = observer.known.next(slot + 1)) {
    leave(observer, entities, slot, LeaveReason.Hidden)
  }
}
