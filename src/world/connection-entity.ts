// Resets the entity of a connection, and shows on it that the server is about to close.
import { addComponent, type World } from 'bitecs'
import { Connection, Draining } from '../../components/connection.js'
import { put } from '../replication/slot-set.js'

/**
 * Clears the stores of values that an earlier entity with this id left. `id`: the connection's number, 0 while unknown.
 */
export function resetConnection(eid: number, id = 0): void {
  put(Connection.id, eid, id, 0)
  put(Connection.roundTrip, eid, 0, 0)
  put(Connection.player, eid, 0, 0)
  put(Connection.progress, eid, 0, 0)
  put(Connection.user, eid, undefined, undefined)
  put(Connection.reason, eid, undefined, undefined)
}

/** Shows on an entity that the server is about to close, or that time or text have changed. */
export function showDraining(world: World, entity: number, endsAt: number, text: string): void {
  put(Draining.endsAt, entity, endsAt, 0)
  put(Draining.text, entity, text, '')
  addComponent(world, entity, Draining)
}
