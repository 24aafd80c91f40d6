// Ends the entities, then the connection entities, of clients that left in this tick.
import { removeComponent, type World } from 'bitecs'
import { Connection, Listening } from '../components/connection.js'
import { forgetConnection, isServing } from '../src/world/server/connections.js'
import { removeWholly } from '../src/world/server/entity-steps.js'
import { endAllGraces, endExpiredGraces } from '../src/world/server/left-behind.js'
import { hasStopped } from '../src/world/server/stop-serving.js'
import { serverState } from '../src/world/state.js'

/**
 * Ends the entities, then the connection entities, of clients that left in this tick. It runs after the game's systems,
 * so they still find both in the tick in which `Connected` is removed. It also ends entities whose grace is over, and
 * all entities in grace once the server has stopped; then it removes `Listening`.
 */
export function endConnections(world: World): void {
  const server = serverState(world)
  const { endedSessions, local, networkEntity, guarded } = server
  while (endedSessions.length > 0) {
    const connection = endedSessions.shift()!.entity
    forgetConnection(server, connection)
    // The host's own connection entity waits for the next session.
    if (connection === local?.connection) Connection.player[connection] = 0
    else removeWholly(server, connection)
  }
  if (isServing(server)) endExpiredGraces(server)
  else endAllGraces(server)
  if (hasStopped(server)) guarded.make(() => removeComponent(server.world, networkEntity, Listening))
}
