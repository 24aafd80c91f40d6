// Turns sessions that opened, changed or ended into connection entities and their components.
import { addComponent, removeComponent, type World } from 'bitecs'
import {
  Authenticating,
  Connected,
  Connection,
  Interrupted,
  Loading,
  Ready,
  Stalled,
} from '../components/connection.js'
import type { Session } from '../src/connection/session.js'
import { showLocalPlayer } from '../src/world/host/local-player.js'
import { type LinkTag, linkTagOf } from '../src/world/link-tags.js'
import { joinScenes } from '../src/world/server/change-scenes.js'
import { forgetPeer, makePeer } from '../src/world/server/connections.js'
import { PeerLimit, type ServerPeer } from '../src/world/server/server-peer.js'
import type { ServerState } from '../src/world/server/server-state.js'
import { serverState } from '../src/world/state.js'

/**
 * Turns sessions that opened, changed or ended since the last tick into connection entities, and adds and removes
 * `Authenticating`, `Connected`, `Ready`, `Interrupted` and `Stalled`. The entities of an ended connection stay until
 * `endConnections`.
 */
export function updateConnections(world: World): void {
  const server = serverState(world)
  const { greeting, joining, ending, peers } = server
  // Each step runs observers, which may close further connections. They are ended in the same tick.
  // Replaced sessions end first, so that both never exist at once.
  while (ending.length > 0) endConnection(server, ending.shift()!)
  while (greeting.length > 0) showAuthenticating(server, greeting.shift()!)
  while (joining.length > 0) addConnection(server, joining.shift()!)
  while (ending.length > 0) endConnection(server, ending.shift()!)
  for (const peer of peers) {
    Connection.roundTrip[peer.session.entity] = peer.session.roundTrip.smoothed
    followLink(server, peer)
    followReadiness(server, peer)
  }
}

function showAuthenticating({ world, peerOfSession, authenticating, guarded }: ServerState, session: Session): void {
  const peer = peerOfSession.get(session)
  if (session.state !== 'authenticating' || peer === undefined) return
  const eid = session.entity
  authenticating.set(eid, peer)
  guarded.make(() => addComponent(world, eid, Connection))
  // An observer may have closed everything.
  if (authenticating.get(eid) === peer) guarded.make(() => addComponent(world, eid, Authenticating))
}

function addConnection(server: ServerState, session: Session): void {
  const { world, peers, peerOfSession, peerOfConnection, authenticating, guarded } = server
  if (session.state !== 'open') return
  const peer = peerOfSession.get(session) ?? makePeer(server, session)
  const eid = session.entity
  peers.push(peer)
  peerOfConnection.set(eid, peer)
  Connection.user[eid] = session.user
  authenticating.delete(eid)
  guarded.make(() => removeComponent(world, eid, Authenticating))
  for (const component of [Connection, Connected]) {
    // An observer may have closed everything.
    if (peerOfConnection.get(eid) === peer) guarded.make(() => addComponent(world, eid, component))
  }
  if (peerOfConnection.get(eid) === peer) joinScenes(server, peer)
}

function endConnection(server: ServerState, session: Session): void {
  const { world, local, peerOfSession, endedSessions, guarded } = server
  const peer = peerOfSession.get(session)
  if (peer === undefined) return
  const eid = session.entity
  forgetPeer(server, peer, eid)
  Connection.reason[eid] = session.reason
  if (eid === local?.connection) {
    showLocalPlayer(server, 0, 'disconnected')
    local.endView()
  }
  for (const tag of [Ready, Loading, Interrupted, Stalled, Connected, Authenticating]) {
    guarded.make(() => removeComponent(world, eid, tag))
  }
  endedSessions.push(session)
}

/** Follows the state of a connection's link, and whether its client's game ticks. */
function followLink(server: ServerState, peer: ServerPeer): void {
  if (peer.session.state !== 'open') return
  const tag = linkTagOf(peer.session, server.stalledAfter)
  if (tag !== peer.linkTag) showLink(server, peer, tag)
}

function showLink({ world, guarded }: ServerState, peer: ServerPeer, tag: LinkTag | undefined): void {
  const { session, linkTag } = peer
  const { entity } = session
  peer.linkTag = tag
  if (linkTag !== undefined) guarded.make(() => removeComponent(world, entity, linkTag))
  // An observer may have ended the session.
  if (tag !== undefined && session.state === 'open') guarded.make(() => addComponent(world, entity, tag))
}

/**
 * Follows whether a client wants to be ready. A change may make the server send the whole world, so it is
 * rate-limited.
 */
function followReadiness(server: ServerState, { session, scenes, limits }: ServerPeer): void {
  if (session.wantsReady === session.ready || scenes.isReplacing || session.state !== 'open') return
  if (limits.take(PeerLimit.Readiness, server.options.now())) showReadiness(server, session)
}

function showReadiness({ world, guarded }: ServerState, session: Session): void {
  const { entity, wantsReady } = session
  session.ready = wantsReady
  guarded.make(() => (wantsReady ? addComponent : removeComponent)(world, entity, Ready))
}
