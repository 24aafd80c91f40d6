// What the server sends in a tick, client by client: structure, calls, despawns, then values.
import { Connection } from '../../components/connection.js'
import { MAX_SCENE_OVERHEAD, PART_WINDOW } from '../protocol/limits.js'
import { slotOf } from '../protocol/net-id.js'
import { ReplyStatus } from '../protocol/reply-status.js'
import type { PacketBuilder } from '../connection/session.js'
import { MAX_WAITING_PARTS, mustWait } from '../remote/message-parts.js'
import { Audience, type OutgoingCalls } from '../remote/outgoing-calls.js'
import { writeScene } from '../remote/scene-section.js'
import { Channel } from '../transport/transport.js'
import { writeBuffered } from './buffered-rpcs.js'
import { PeerLimit } from './peer-limit.js'
import type { ServerPeer } from './server-peer.js'
import type { ServerRole } from './server-role.js'

/** Sends everything of this tick to every client. */
export function sendTick(role: ServerRole): void {
  // First of all, since it runs code of the game, which may call, kick or close.
  const own = role.local && role.peerOfConnection.get(role.local.connection)
  if (own !== undefined) {
    role.replication.admitAll(own.observer)
    showLocally(role, own)
  }
  role.retirement?.advance(role)
  for (const peer of role.peers) sendToPeer(role, peer)
  for (const peer of role.authenticating.values()) sendEarly(role, peer)
  countUnsent(role)
  role.outgoing.clear()
  role.groups.finishTick()
  role.buffered.finishTick()
  role.replication.finishTick()
}

/** Sends the reliable calls and messages of this tick to a client that is about to be closed. */
export function sendCallsNow(role: ServerRole, peer: ServerPeer): void {
  role.reliable.start(peer.session, role.tick, role.options.now(), role.tickMs)
  writeCalls(role, peer, Channel.Reliable, role.reliable, 0, role.outgoing.count)
  role.reliable.finish()
}

function sendToPeer(role: ServerRole, peer: ServerPeer): void {
  const { reliable, unreliable, replication, tick, tickMs } = role
  const { session, observer } = peer
  const now = role.options.now()

  // Structure first, since calls may be about entities that have just spawned; despawns last, since calls may be about
  // entities that have just ended.
  reliable.start(session, tick, now, tickMs)
  const local = role.isLocal(peer)
  let structure = false
  if (observer.joined && !local) {
    const player = Connection.player[session.entity]!
    if (observer.pending.size > 0) promoteCalled(role, peer)
    replication.admit(observer, player)
    structure = replication.structure.write(observer, reliable, player)
  }
  if (!local) role.retirement?.write(session, reliable, now)
  writeBuffered(role, peer)
  const { unsent, wasReady } = peer.scenes
  const callsBefore = unsent.length > 0 ? unsent[0]!.callsBefore : role.outgoing.count
  writeCalls(role, peer, Channel.Reliable, reliable, 0, callsBefore, session.ready || (unsent.length > 0 && wasReady))
  writeParts(role, peer)
  if (!local && replication.structure.writeDespawns(observer, reliable)) structure = true
  // Behind the despawns: one of them may hide what ended right after.
  if (observer.joined && !local) replication.endedKeys.write(observer, reliable)
  if (structure) {
    if (session.structureTick === 0) session.structureSince = tick
    session.structureTick = tick
    reliable.completeStructure()
  }
  if (unsent.length > 0) writeScenes(role, peer)
  reliable.finish()

  unreliable.start(session, tick, now, tickMs)
  writeCalls(role, peer, Channel.Unreliable, unreliable, 0, role.outgoing.count)
  if (observer.joined && !local) replication.writeUpdates(observer, unreliable)
  unreliable.finish()
}

/** Lets in ahead of their turn the entities that wait for their spawn and that reliable calls to this client are about. */
function promoteCalled(role: ServerRole, peer: ServerPeer): void {
  const { outgoing } = role
  const { entity, ready } = peer.session
  const toOne = outgoing.firstToOne(entity, Channel.Reliable)
  for (let call = toOne; call >= 0; call = outgoing.after(call)) promoteFor(role, peer, call)
  const toSeveral = outgoing.firstToSeveral(Channel.Reliable)
  for (let call = toSeveral; call >= 0; call = outgoing.after(call)) {
    if (isAmong(outgoing, peer, call, ready)) promoteFor(role, peer, call)
  }
}

function promoteFor({ outgoing, replication }: ServerRole, { observer }: ServerPeer, call: number): void {
  const netId = outgoing.netIdOf(call)
  const slot = slotOf(netId)
  if (netId !== 0 && replication.entities.netIds[slot] === netId) replication.promote(observer, slot)
}

/** The host's own client is in the same world: all that it has to be shown is what it sees, and its player among that. */
function showLocally(role: ServerRole, { session, observer }: ServerPeer): void {
  const player = Connection.player[session.entity]!
  const seen = observer.known.has(role.replication.entities.slotOfEntity(player))
  if (!seen) role.showLocalPlayer(0)
  role.local?.showView(observer)
  if (seen) role.showLocalPlayer(player)
}

/** Messages to a client that is being authenticated, and acknowledgements of its own. */
function sendEarly(role: ServerRole, peer: ServerPeer): void {
  sendCallsNow(role, peer)
  role.unreliable.start(peer.session, role.tick, role.options.now(), role.tickMs)
  writeCalls(role, peer, Channel.Unreliable, role.unreliable, 0, role.outgoing.count)
  role.unreliable.finish()
}

/**
 * Changes of scenes, each at the head of a packet, and behind each the calls that were made after it: a client reads on
 * only when it has loaded. What was sent before it is complete, structure included, so that it can be acknowledged.
 */
function writeScenes(role: ServerRole, peer: ServerPeer): void {
  const { reliable, outgoing } = role
  const { unsent } = peer.scenes
  for (let i = 0; i < unsent.length; i++) {
    const { number, action, id, args, callsBefore } = unsent[i]!
    reliable.flush()
    reliable.fit(args.length + MAX_SCENE_OVERHEAD)
    writeScene(reliable.writer, number, action, id, args)
    const callsUntil = i + 1 < unsent.length ? unsent[i + 1]!.callsBefore : outgoing.count
    writeCalls(role, peer, Channel.Reliable, reliable, callsBefore, callsUntil)
  }
  unsent.length = 0
}

/** The calls and messages from `from` to `to`, in the order in which they were made, that this client gets. */
export function writeCalls(
  role: ServerRole,
  peer: ServerPeer,
  channel: Channel,
  packet: PacketBuilder,
  from: number,
  to: number,
  ready = peer.session.ready,
): void {
  const { outgoing } = role
  let one = skip(outgoing, outgoing.firstToOne(peer.session.entity, channel), from)
  let several = skip(outgoing, outgoing.firstToSeveral(channel), from)
  for (;;) {
    // Two chains, each in order: whichever goes on first.
    const isOne = one >= 0 && (several < 0 || one < several)
    const call = isOne ? one : several
    if (call < 0 || call >= to) return
    if (isOne) one = outgoing.after(one)
    else several = outgoing.after(several)
    if (isOne ? mayReach(role, peer, call) : isRecipient(role, peer, call, ready)) {
      writeCall(role, peer, channel, packet, call)
    }
  }
}

/** The first call of a chain that is not before `from`. */
function skip(outgoing: OutgoingCalls, first: number, from: number): number {
  let call = first
  while (call >= 0 && call < from) call = outgoing.after(call)
  return call
}

function writeCall(role: ServerRole, peer: ServerPeer, channel: Channel, packet: PacketBuilder, call: number): void {
  const { outgoing, counters } = role
  if (channel === Channel.Reliable && mustWait(outgoing, call, peer.outgoingParts)) {
    peer.outgoingParts.add(outgoing, call)
    return
  }
  const start = outgoing.startOf(call)
  const end = outgoing.endOf(call)
  if (packet.fit(end - start)) packet.writer.copyFrom(outgoing.writer, start, end)
  else counters.windowDroppedCalls++
}

/** Messages too large for a packet, in parts, and what is to be said of those that arrive. */
function writeParts(role: ServerRole, peer: ServerPeer): void {
  const { reliable } = role
  const { session, outgoingParts, incomingParts, limits } = peer
  if (outgoingParts.busy) outgoingParts.write(reliable)
  if (outgoingParts.waiting > MAX_WAITING_PARTS) {
    outgoingParts.clear()
    role.sessionsOf(session)?.close(session, 'overflow', 'messages wait for this client faster than it takes them in')
  }
  // What has been reported may follow at once, so a client that is over its rate waits for its report; and everyone does
  // while calls and messages wait for a scene of the server's.
  const { untold } = incomingParts
  const mayReport = untold > 0 && !role.inbound.paused
  if (mayReport && limits.take(PeerLimit.CallBytes, role.options.now(), untold)) incomingParts.write(reliable)
  checkParts(role, peer)
}

/** Large messages take memory until they are whole: a client must take what it is sent, and send what it began. */
function checkParts(role: ServerRole, peer: ServerPeer): void {
  const { session, outgoingParts, incomingParts } = peer
  if (role.isLocal(peer) || session.state !== 'open') return
  const now = role.options.now()
  const { arrived, left, untold } = incomingParts
  // It may not send while its report is held back.
  if (untold > 0 || role.inbound.paused) session.uploadWork.forget()
  const isSlow =
    session.isOverdue(session.partsWork, outgoingParts.taken, outgoingParts.sent, now) ||
    session.isOverdue(session.uploadWork, arrived, arrived + Math.min(left, PART_WINDOW / 2), now, PART_WINDOW)
  if (!isSlow) return
  const text = 'parts of a large message were not acknowledged, or not sent'
  role.sessionsOf(session)?.close(session, 'stalled', text)
}

/** Whether a call to this client alone goes to it: it must have the entity. */
function mayReach(role: ServerRole, peer: ServerPeer, call: number): boolean {
  const { outgoing } = role
  const netId = outgoing.netIdOf(call)
  if (netId === 0 || hasSpawned(role, peer, netId)) return true
  role.counters.unsentCalls++
  peer.requests.fail(outgoing.requestOf(call), ReplyStatus.NotObserved)
  return false
}

/** Whether a call to several goes to this client. */
function isRecipient(role: ServerRole, peer: ServerPeer, call: number, ready: boolean): boolean {
  if (!isAmong(role.outgoing, peer, call, ready)) return false
  const netId = role.outgoing.netIdOf(call)
  return netId === 0 || hasSpawned(role, peer, netId)
}

/** Whether a call to several is for this client, as far as that does not depend on what it sees. */
function isAmong(outgoing: OutgoingCalls, peer: ServerPeer, call: number, ready: boolean): boolean {
  const { entity, state } = peer.session
  if (outgoing.connectionOf(call) === entity || outgoing.excludedOwnerOf(call) === entity) return false
  if (!outgoing.lets(entity, call)) return false
  const audience = outgoing.audienceOf(call)
  if (audience === Audience.Ready && !ready) return false
  return audience !== Audience.All || state !== 'authenticating'
}

function hasSpawned(role: ServerRole, peer: ServerPeer, netId: number): boolean {
  const slot = slotOf(netId)
  return role.replication.entities.netIds[slot] === netId && peer.observer.sees(slot)
}

/** Counts the calls to one connection that is gone. */
function countUnsent(role: ServerRole): void {
  const { outgoing, counters } = role
  for (let i = 0; i < outgoing.count; i++) {
    if (outgoing.audienceOf(i) !== Audience.One) continue
    const to = outgoing.connectionOf(i)
    if (!role.peerOfConnection.has(to) && !role.authenticating.has(to)) counters.unsentCalls++
  }
}
