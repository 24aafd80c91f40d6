// Starts a server's tick: counts the tick, and reads the received packets into queues.
import type { World } from 'bitecs'
import type { ServerSessions } from '../src/connection/server/server-sessions.js'
import { authenticateClients } from '../src/world/server/authentication.js'
import type { ServerState } from '../src/world/server/server-state.js'
import { stopListening } from '../src/world/server/stop-serving.js'
import { serverState } from '../src/world/state.js'

/**
 * The first system of a server's tick: counts the tick and reads the received packets. Calls and messages enter their
 * queues. Sessions that opened or ended are noted for `updateConnections`.
 */
export function receiveFromClients(world: World): void {
  const server = serverState(world)
  server.tick++
  if (server.transport?.hasEnded) stopWithTransport(server)
  receiveOwn(server, server.local?.sessions)
  receiveRemote(server, server.sessions)
}

/** The game closed its own HTTP server: closes the world, too. A host's own client plays on. */
function stopWithTransport(server: ServerState): void {
  const text = 'the HTTP server was closed'
  void (server.local?.sessions === undefined ? server.close(text) : stopListening(server, 'server-stopped', text))
}

/** Reads what the host's own client sent. */
function receiveOwn({ tick }: ServerState, sessions: ServerSessions | undefined): void {
  if (sessions === undefined) return
  sessions.tick = tick
  sessions.receive()
  sessions.maintain()
}

/** Reads what clients sent over the network, authenticates new clients, and detects those that no longer answer. */
function receiveRemote(server: ServerState, sessions: ServerSessions | undefined): void {
  if (sessions === undefined) return
  const { authentication } = server
  sessions.tick = server.tick
  sessions.receive()
  if (authentication !== undefined) authenticateClients(server, authentication)
  sessions.maintain()
}
