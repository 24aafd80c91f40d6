// Ends a server's tick: fills and sends every client's packets.
import type { World } from 'bitecs'
import { Connection } from '../components/connection.js'
import { MAX_SCENE_OVERHEAD_BYTES, PART_WINDOW_BYTES } from '../src/protocol/limits.js'
import { slotOf } from '../src/protocol/net-id.js'
import { CallCursor } from '../src/remote/call-cursor.js'
import { MAX_WAITING_PARTS } from '../src/remote/message-parts.js'
import { Audience, type OutgoingCalls } from '../src/remote/outgoing-calls.js'
import { writeScene } from '../src/remote/scene-section.js'
import { Channel } from '../src/transport/transport.js'
import { showLocalPlayer } from '../src/world/host/local-player.js'
import { writeBuffered } from '../src/world/server/buffered-rpcs.js'
import { isLocal, sessionsOf } from '../src/world/server/connections.js'
import { PeerLimit, type ServerPeer } from '../src/world/server/server-peer.js'
import type { ServerState } from '../src/world/server/server-state.js'
import {
  isAmong,
  sendReliableCalls,
  writeReliableCalls,
  writeUnreliableCalls,
} from '../src/world/server/write-calls.js'
import { serverState } from '../src/world/state.js'

/** Scratch. */
const calls = new CallCursor()

/** The last system of a server's tick: fills and sends every client's packets. */
export function sendToClients(world: World): void {
  const server = serverState(world)
  // First, because it runs code of the game, which may call, kick or close.
  showOwnClient(server)
  checkRetirement(server)
  for (const peer of server.peers) if (peer.session.state === 'open') sendToPeer(server, peer)
  for (const peer of server.authenticating.values()) if (peer.session.state !== 'closed') sendEarly(server, peer)
  countUnsent(server)
  server.outgoing.clear()
  server.groups.finishTick()
  server.buffered.finishTick()
  server.replication.finishTick()
}

/**
 * Shows the host's own client, which is in the same world, what it observes from this tick on, including its player.
 */
function showOwnClient(server: ServerState): void {
  const { local, peerOfConnection, replication, guarded } = server
  if (local === undefined) return
  const own = peerOfConnection.get(local.connection)
  if (own === undefined) return local.view.begin(undefined)
  const { session, observer } = own
  replication.admission.admitAll(observer)
  const player = Connection.player[session.entity]!
  const isSeen = observer.known.has(replication.entities.slotOfEntity(player))
  if (!isSeen) guarded.make(() => local.hidePlayer(observer))
  local.showView(observer)
  if (isSeen) showLocalPlayer(server, player)
  local.view.end(observer)
}

/**
 * Ends the wait of `retire` when the last client has left or the time is over. The host's own client does not count.
 */
function checkRetirement(server: ServerState): void {
  const { retirement, peers, options } = server
  if (retirement === undefined) return
  let remote = 0
  for (let i = 0; i < peers.length; i++) if (!isLocal(server, peers[i]!)) remote++
  if (remote === 0 || options.now() >= retirement.endsAt) retirement.finish()
}

/** Sends a connected client its packets of this tick. */
function sendToPeer(server: ServerState, peer: ServerPeer): void {
  const { reliable, unreliable, replication, tick, tickMs } = server
  const { session, observer } = peer
  const now = server.options.now()

  // Structure first, because calls may be on entities that have just spawned. Despawns last, because calls may be on
  // entities that have just ended.
  reliable.start(session, tick, now, tickMs)
  const isOwn = isLocal(server, peer)
  observer.unconfirmed.acknowledge(session.structureAcknowledged)
  let structure = false
  if (observer.joined && !isOwn) {
    const player = Connection.player[session.entity]!
    if (observer.pending.size > 0) promoteCalled(server, peer)
    replication.admit(observer, player)
    structure = replication.structure.write(observer, reliable, player)
  }
  if (!isOwn) server.retirement?.write(session, reliable, now)
  writeBuffered(server, peer)
  const { unsent, wasReady } = peer.scenes
  const callsBefore = unsent.length > 0 ? unsent[0]!.callsBefore : server.outgoing.count
  writeReliableCalls(server, peer, 0, callsBefore, session.ready || (unsent.length > 0 && wasReady))
  const callsWritten = unsent.length > 0 ? writeParting(server, peer, callsBefore) : callsBefore
  writeParts(server, peer)
  if (!isOwn && replication.structure.writeDespawns(observer, reliable)) structure = true
  // After the despawns: one of them may hide an entity that ended right after.
  if (observer.joined && !isOwn) replication.endedKeys.write(observer, reliable)
  if (structure) {
    if (session.structureTick === 0) session.structureSince = tick
    session.structureTick = tick
    reliable.completeStructure()
  }
  if (unsent.length > 0) writeScenes(server, peer, callsWritten)
  reliable.finish()

  unreliable.start(session, tick, now, tickMs)
  writeUnreliableCalls(server, peer)
  if (observer.joined && !isOwn) replication.writeUpdates(observer, unreliable)
  unreliable.finish()
}

/** Spawns waiting entities early when reliable calls to this client are on them or name them. */
function promoteCalled(server: ServerState, peer: ServerPeer): void {
  const { outgoing } = server
  const { entity, ready } = peer.session
  calls.start(outgoing, entity, Channel.Reliable, 0)
  for (; calls.call >= 0; calls.next(outgoing)) {
    const { call } = calls
    if (calls.isToOne || isAmong(outgoing, peer, call, ready)) promoteFor(server, peer, call)
  }
}

function promoteFor(server: ServerState, peer: ServerPeer, call: number): void {
  const { outgoing } = server
  promote(server, peer, outgoing.netIdOf(call))
  for (let at = outgoing.firstNameOf(call); at >= 0 && outgoing.named[at] !== 0; at++) {
    promote(server, peer, outgoing.named[at]!)
  }
}

function promote({ replication }: ServerState, { observer }: ServerPeer, netId: number): void {
  const slot = slotOf(netId)
  if (netId !== 0 && replication.entities.netIds[slot] === netId) replication.promote(observer, slot)
}

/** Sends messages and acknowledgements to a client that is being authenticated. */
function sendEarly(server: ServerState, peer: ServerPeer): void {
  sendReliableCalls(server, peer)
  server.unreliable.start(peer.session, server.tick, server.options.now(), server.tickMs)
  writeUnreliableCalls(server, peer)
  server.unreliable.finish()
}

/**
 * Writes calls that were made after a change of scenes, before the despawns. It stops after the last one on an entity
 * that this tick removes from the client. After the change the entity is gone. Returns where it stopped.
 */
function writeParting(server: ServerState, peer: ServerPeer, from: number): number {
  const { outgoing } = server
  if (peer.observer.leaving.count === 0) return from
  let to = from
  const { entity, ready } = peer.session
  calls.start(outgoing, entity, Channel.Reliable, from)
  for (; calls.call >= 0; calls.next(outgoing)) {
    const { call, isToOne } = calls
    if (isParting(outgoing, peer, call) && (isToOne || isAmong(outgoing, peer, call, ready))) to = call + 1
  }
  writeReliableCalls(server, peer, from, to)
  return to
}

/**
 * Whether a call is on an entity that this tick removes from the client. A reply does not contain its entity, so it may
 * be.
 */
function isParting(outgoing: OutgoingCalls, { observer }: ServerPeer, call: number): boolean {
  const netId = outgoing.netIdOf(call)
  return netId === 0 ? !outgoing.isMessage(call) : observer.leavingSet.has(slotOf(netId))
}

/**
 * Writes changes of scenes, each at the start of a packet, and after each change the calls made after it, starting at
 * `from`. The client reads those only when it has loaded. Everything before is complete, structure included, so the
 * client can acknowledge it.
 */
function writeScenes(server: ServerState, peer: ServerPeer, from: number): void {
  const { reliable, outgoing } = server
  const { unsent } = peer.scenes
  let written = from
  for (let i = 0; i < unsent.length; i++) {
    const { number, action, id, args } = unsent[i]!
    reliable.flush()
    reliable.fit(args.length + MAX_SCENE_OVERHEAD_BYTES)
    writeScene(reliable.writer, number, action, id, args)
    const callsUntil = i + 1 < unsent.length ? unsent[i + 1]!.callsBefore : outgoing.count
    if (callsUntil <= written) continue
    writeReliableCalls(server, peer, written, callsUntil)
    written = callsUntil
  }
  unsent.length = 0
}

/** Writes parts of messages that are too large for a packet, and reports how many bytes of received parts were read. */
function writeParts(server: ServerState, peer: ServerPeer): void {
  const { reliable } = server
  const { session, outgoingParts, incomingParts, limits } = peer
  if (outgoingParts.busy) outgoingParts.write(reliable)
  if (outgoingParts.waiting > MAX_WAITING_PARTS) {
    outgoingParts.clear()
    sessionsOf(server, session)?.close(
      session,
      'overflow',
      'messages are queued for this client faster than it reads them',
    )
  }
  // A client may send as many further bytes as the server reports. So the report waits for a client that is over its
  // rate limit, and for all clients while the server loads a scene.
  const { unreported } = incomingParts
  const mayReport = unreported > 0 && !server.inbound.paused
  if (mayReport && limits.take(PeerLimit.CallBytes, server.options.now(), unreported)) incomingParts.write(reliable)
  checkParts(server, peer)
}

/**
 * Closes a client that does not acknowledge parts, or does not finish a message: both use memory until they are
 * complete.
 */
function checkParts(server: ServerState, peer: ServerPeer): void {
  const { session, outgoingParts, incomingParts } = peer
  if (isLocal(server, peer) || session.state !== 'open') return
  const now = server.options.now()
  const { arrived, left, unreported } = incomingParts
  // The client may not send while its report is withheld.
  if (unreported > 0 || server.inbound.paused) session.uploadWork.forget()
  const due = arrived + Math.min(left, PART_WINDOW_BYTES / 2)
  const isSlow =
    session.isOverdue(session.partsWork, outgoingParts.taken, outgoingParts.sent, now) ||
    session.isOverdue(session.uploadWork, arrived, due, now, PART_WINDOW_BYTES)
  if (!isSlow) return
  const text = 'parts of a large message were not acknowledged, or not sent'
  sessionsOf(server, session)?.close(session, 'stalled', text)
}

/** Counts the calls to a connection that has ended, unless they were sent before its end. */
function countUnsent({ outgoing, counters, peerOfConnection, authenticating, callsBeforeEnd }: ServerState): void {
  for (let i = 0; i < outgoing.count; i++) {
    if (outgoing.audienceOf(i) !== Audience.One) continue
    const to = outgoing.connectionOf(i)
    const peer = peerOfConnection.get(to) ?? authenticating.get(to)
    if (peer !== undefined && peer.session.state !== 'closed') continue
    const hasLeft = outgoing.channelOf(i) === Channel.Reliable && i < (callsBeforeEnd.get(to) ?? 0)
    if (!hasLeft) counters.unsentCalls++
  }
  if (callsBeforeEnd.size > 0) callsBeforeEnd.clear()
}
