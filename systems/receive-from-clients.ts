// The first system of a server's tick: counts the tick, and takes in what arrived.
import type { World } from 'bitecs'
import { serverRole } from '../src/world/state.js'

/** The first system of a server's tick: counts the tick, and takes in what arrived. */
export function receiveFromClients(world: World): void {
  const role = serverRole(world)
  role.tick++
  if (role.transport?.hasEnded) void role.stop('server-stopped', 'the HTTP server was closed')
  const { sessions } = role
  if (sessions === undefined) return
  sessions.tick = role.tick
  sessions.receive()
  sessions.maintain()
}
