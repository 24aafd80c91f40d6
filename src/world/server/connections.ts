// Finds, makes and forgets what the server keeps of a connection.
import { hasComponent } from 'bitecs'
import { Connection } from '../../../components/connection.js'
import type { ServerSessions } from '../../connection/server/server-sessions.js'
import type { Session } from '../../connection/session.js'
import { PendingRequests } from '../../remote/pending-requests.js'
import { heldIdsOf } from '../../replication/held-ids.js'
import { resetConnection } from '../connection-entity.js'
import { leaveAllBehind } from './left-behind.js'
import { ServerPeer } from './server-peer.js'
import type { ServerState } from './server-state.js'

/** Whether the server listens, or its own client plays. */
export function isServing({ sessions, local }: ServerState): boolean {
  return sessions !== undefined || local?.sessions !== undefined
}

/** The session of a connection, also of one that has just ended. */
export function sessionOf(server: ServerState, connection: number): Session | undefined {
  const peer = server.peerOfConnection.get(connection) ?? server.authenticating.get(connection)
  return peer?.session ?? server.endedSessions.find(({ entity }) => entity === connection)
}

/** The sessions that a session belongs to: those over the network, or that of the host's own client. */
export function sessionsOf({ sessions, local }: ServerState, session: Session): ServerSessions | undefined {
  const own = local?.sessions
  return own !== undefined && session.transport === own.transport ? own : sessions
}

/** Whether a connection has just ended. Its entity, and those it leaves behind, go at the end of this tick. */
export function isLeaving(server: ServerState, connection: number): boolean {
  if (!hasComponent(server.world, connection, Connection) || !Connection.id[connection]) return false
  return !server.peerOfConnection.has(connection) && !server.authenticating.has(connection)
}

/** Whether a client is the host's own. */
export function isLocal({ local }: ServerState, { session }: ServerPeer): boolean {
  return local !== undefined && session.entity === local.connection
}

/** Makes the connection entity of a client, without any component yet. */
export function makePeer(server: ServerState, session: Session): ServerPeer {
  const { world, local, replication, outgoing, counters } = server
  const isOwn = local !== undefined && session.transport === local.sessions?.transport
  const eid = isOwn ? local.connection : heldIdsOf(world).add()
  session.entity = eid
  if (isOwn) session.user = local.user
  resetConnection(eid, session.connectionId)
  const requests = new PendingRequests(eid, replication.entities, outgoing, counters)
  const peer = new ServerPeer(session, replication.addObserver(session), requests, server.protocol)
  server.peerOfSession.set(session, peer)
  return peer
}

/** Forgets a client whose session has ended, or whose connection entity is gone. */
export function forgetPeer(server: ServerState, peer: ServerPeer, eid: number): void {
  const index = server.peers.indexOf(peer)
  if (index >= 0) server.peers.splice(index, 1)
  server.authenticating.delete(eid)
  server.peerOfSession.delete(peer.session)
  server.peerOfConnection.delete(eid)
  server.replication.removeObserver(peer.observer)
  peer.requests.end(peer.session.reason?.text ?? 'the game removed the connection')
  server.openRequests.forget(eid)
  server.counters.unsentCalls += peer.outgoingParts.count
  peer.outgoingParts.clear()
}

/** Forgets what a client owned and sent. bitECS reuses the entity's id, and the next client must not inherit it. */
export function forgetConnection(server: ServerState, eid: number): void {
  leaveAllBehind(server, eid)
  server.groups.leaveAll(eid)
  server.inbound.dropFrom(eid)
  server.faults.forget(Connection.id[eid]!)
  Connection.id[eid] = 0
  Connection.user[eid] = undefined
}

/** Closes the session of a connection entity that the game removed. bitECS may reuse the id at once. */
export function connectionRemoved(server: ServerState, eid: number): void {
  const peer = server.peerOfConnection.get(eid) ?? server.authenticating.get(eid)
  if (peer === undefined) return
  server.errors.push('connection-removed', 'a connection entity was removed by the game; use kick', { connection: eid })
  forgetPeer(server, peer, eid)
  forgetConnection(server, eid)
  sessionsOf(server, peer.session)?.close(peer.session, 'kicked', 'the game removed the connection')
}
