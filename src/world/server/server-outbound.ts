// What the server sends in a tick, client by client: structure, calls, despawns, then values.
import { Connection } from '../../../components/connection.js'
import { MAX_SCENE_OVERHEAD, PART_WINDOW } from '../../protocol/limits.js'
import { slotOf } from '../../protocol/net-id.js'
import { ReplyStatus } from '../../protocol/reply-status.js'
import type { PacketBuilder, Session } from '../../connection/session.js'
import { CallFault } from '../../remote/call-faults.js'
import { MAX_WAITING_PARTS, mustWait } from '../../remote/message-parts.js'
import { CallCursor } from '../../remote/call-cursor.js'
import { Audience, type OutgoingCalls } from '../../remote/outgoing-calls.js'
import { writeScene } from '../../remote/scene-section.js'
import { Channel } from '../../transport/transport.js'
import { writeBuffered } from './buffered-rpcs.js'
import { PeerLimit } from './peer-limit.js'
import type { ServerPeer } from './server-peer.js'
import type { ServerRole } from './server-role.js'

const reliableCalls = new CallCursor()
const unreliableCalls = new CallCursor()

/** Sends everything of this tick to every client. */
export function sendTick(role: ServerRole): void {
  // First of all, since it runs code of the game, which may call, kick or close.
  const own = role.local && role.peerOfConnection.get(role.local.connection)
  if (own !== undefined) {
    role.replication.admission.admitAll(own.observer)
    showLocally(role, own)
  } else role.local?.view.begin(undefined)
  role.retirement?.advance(role)
  for (const peer of role.peers) if (peer.session.state === 'open') sendToPeer(role, peer)
  for (const peer of role.authenticating.values()) if (peer.session.state !== 'closed') sendEarly(role, peer)
  countUnsent(role)
  role.outgoing.clear()
  role.groups.finishTick()
  role.buffered.finishTick()
  role.replication.finishTick()
}

/** Sends the reliable calls and messages of this tick to a client whose session is about to be closed. */
export function sendLastCalls(role: ServerRole, session: Session): void {
  const peer = role.peerOf(session)
  // While its packets are being filled it is too late: the client is closed because it takes too little of them.
  if (peer === undefined || role.reliable.isBusy) return
  role.callsBeforeEnd.set(session.entity, role.outgoing.count)
  sendReliableCalls(role, peer)
  reportUnspawned(role, peer)
}

/**
 * Reports calls on entities that spawned in this tick, for a client that is about to lose its session or its scenes: it does
 * not get the spawn any more, and so not the call. One to it alone is reported where it is written.
 */
export function reportUnspawned(role: ServerRole, peer: ServerPeer): void {
  const { outgoing, faults } = role
  const { entity, connectionId, ready } = peer.session
  const { entities } = role.replication
  reliableCalls.start(outgoing, entity, Channel.Reliable, 0)
  for (; reliableCalls.call >= 0; reliableCalls.next(outgoing)) {
    const { call, isToOne } = reliableCalls
    const eid = entities.entityOf(outgoing.netIdOf(call))
    if (isToOne || eid === 0 || entities.spawned[entities.slotOfEntity(eid)] === 1) continue
    if (!isAmong(outgoing, peer, call, ready)) continue
    faults.add(CallFault.NotShown, connectionId, entity, eid, outgoing.definitionOf(call))
  }
}

function sendReliableCalls(role: ServerRole, peer: ServerPeer): void {
  const { reliable, outgoing } = role
  const { unsent, wasReady } = peer.scenes
  const ready = peer.session.ready || (unsent.length > 0 && wasReady)
  reliable.start(peer.session, role.tick, role.options.now(), role.tickMs)
  writeCalls(role, peer, Channel.Reliable, reliable, 0, outgoing.count, ready)
  if (peer.outgoingParts.busy) peer.outgoingParts.write(reliable)
  reliable.finish()
}

function sendToPeer(role: ServerRole, peer: ServerPeer): void {
  const { reliable, unreliable, replication, tick, tickMs } = role
  const { session, observer } = peer
  const now = role.options.now()

  // Structure first, since calls may be about entities that have just spawned; despawns last, since calls may be about
  // entities that have just ended.
  reliable.start(session, tick, now, tickMs)
  const local = role.isLocal(peer)
  observer.unconfirmed.acknowledge(session.structureAcknowledged)
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
  const callsWritten = unsent.length > 0 ? writeParting(role, peer, callsBefore) : callsBefore
  writeParts(role, peer)
  if (!local && replication.structure.writeDespawns(observer, reliable)) structure = true
  // Behind the despawns: one of them may hide what ended right after.
  if (observer.joined && !local) replication.endedKeys.write(observer, reliable)
  if (structure) {
    if (session.structureTick === 0) session.structureSince = tick
    session.structureTick = tick
    reliable.completeStructure()
  }
  if (unsent.length > 0) writeScenes(role, peer, callsWritten)
  reliable.finish()

  unreliable.start(session, tick, now, tickMs)
  writeCalls(role, peer, Channel.Unreliable, unreliable, 0, role.outgoing.count)
  if (observer.joined && !local) replication.writeUpdates(observer, unreliable)
  unreliable.finish()
}

/** Spawns ahead of their turn the entities that wait and that reliable calls to this client are on, or name. */
function promoteCalled(role: ServerRole, peer: ServerPeer): void {
  const { outgoing } = role
  const { entity, ready } = peer.session
  reliableCalls.start(outgoing, entity, Channel.Reliable, 0)
  for (; reliableCalls.call >= 0; reliableCalls.next(outgoing)) {
    const { call } = reliableCalls
    if (reliableCalls.isToOne || isAmong(outgoing, peer, call, ready)) promoteFor(role, peer, call)
  }
}

function promoteFor(role: ServerRole, peer: ServerPeer, call: number): void {
  const { outgoing } = role
  promote(role, peer, outgoing.netIdOf(call))
  for (let at = outgoing.firstNameOf(call); at >= 0 && outgoing.named[at] !== 0; at++) {
    promote(role, peer, outgoing.named[at]!)
  }
}

function promote({ replication }: ServerRole, { observer }: ServerPeer, netId: number): void {
  const slot = slotOf(netId)
  if (netId !== 0 && replication.entities.netIds[slot] === netId) replication.promote(observer, slot)
}

/** The host's own client is in the same world: all that it has to be shown is what it sees, and its player among that. */
function showLocally(role: ServerRole, { session, observer }: ServerPeer): void {
  const player = Connection.player[session.entity]!
  const seen = observer.known.has(role.replication.entities.slotOfEntity(player))
  if (!seen) role.guard(() => role.local?.hidePlayer(observer))
  role.local?.showView(observer)
  if (seen) role.showLocalPlayer(player)
  role.local?.view.end(observer)
}

/** Messages to a client that is being authenticated, and acknowledgements. */
function sendEarly(role: ServerRole, peer: ServerPeer): void {
  sendReliableCalls(role, peer)
  role.unreliable.start(peer.session, role.tick, role.options.now(), role.tickMs)
  writeCalls(role, peer, Channel.Unreliable, role.unreliable, 0, role.outgoing.count)
  role.unreliable.finish()
}

/**
 * Writes, ahead of the despawns, calls that were made after a change of scenes: up to the last one on an entity that the
 * client loses with this tick. After the change there is no such entity to deliver it with. Returns where it stopped.
 */
function writeParting(role: ServerRole, peer: ServerPeer, from: number): number {
  const { outgoing, reliable } = role
  if (peer.observer.leaving.count === 0) return from
  let to = from
  const { entity, ready } = peer.session
  reliableCalls.start(outgoing, entity, Channel.Reliable, from)
  for (; reliableCalls.call >= 0; reliableCalls.next(outgoing)) {
    const { call, isToOne } = reliableCalls
    if (isParting(outgoing, peer, call) && (isToOne || isAmong(outgoing, peer, call, ready))) to = call + 1
  }
  writeCalls(role, peer, Channel.Reliable, reliable, from, to)
  return to
}

/** Whether a call is on an entity that the client loses with this tick. Of what an answer is on, nothing is known. */
function isParting(outgoing: OutgoingCalls, { observer }: ServerPeer, call: number): boolean {
  const netId = outgoing.netIdOf(call)
  return netId === 0 ? !outgoing.isMessage(call) : observer.leavingSet.has(slotOf(netId))
}

/**
 * Changes of scenes, each at the head of a packet, and behind each the calls that were made after it, from `from` on: a
 * client reads on only when it has loaded. What was sent before is complete, structure included, so that it can be
 * acknowledged.
 */
function writeScenes(role: ServerRole, peer: ServerPeer, from: number): void {
  const { reliable, outgoing } = role
  const { unsent } = peer.scenes
  let written = from
  for (let i = 0; i < unsent.length; i++) {
    const { number, action, id, args } = unsent[i]!
    reliable.flush()
    reliable.fit(args.length + MAX_SCENE_OVERHEAD)
    writeScene(reliable.writer, number, action, id, args)
    const callsUntil = i + 1 < unsent.length ? unsent[i + 1]!.callsBefore : outgoing.count
    if (callsUntil <= written) continue
    writeCalls(role, peer, Channel.Reliable, reliable, written, callsUntil)
    written = callsUntil
  }
  unsent.length = 0
}

/**
 * The calls and messages from `from` to `to`, in the order in which they were made, that this client gets. Among the reliable
 * ones are unreliable ones on entities, or with the names of entities, whose spawn the client may not have yet: on their own
 * channel they could be there before it.
 */
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
  const { entity } = peer.session
  const isReliable = channel === Channel.Reliable
  const isBehind = !peer.observer.unconfirmed.isEmpty
  const calls = isReliable ? reliableCalls : unreliableCalls
  calls.start(outgoing, entity, channel, from)
  if (isReliable) {
    if (isBehind) unreliableCalls.start(outgoing, entity, Channel.Unreliable, from)
    else unreliableCalls.clear()
  }
  for (;;) {
    const isMoved = isReliable && isFirst(unreliableCalls.call, reliableCalls.call)
    const cursor = isMoved ? unreliableCalls : calls
    const { call, isToOne } = cursor
    if (call < 0 || call >= to) return
    cursor.next(outgoing)
    if (isBehind && (isMoved || !isReliable) && isBehindSpawn(role, peer, call) !== isMoved) continue
    if (isToOne ? !mayReach(role, peer, call) : !isRecipient(role, peer, call, ready)) continue
    // It may be lost: better that than a wrong name, or entities sent ahead of their turn for it.
    if ((isMoved || !isReliable) && namesWaiting(role, peer, call)) continue
    writeCall(role, peer, channel, packet, call)
  }
}

/** Whether call `a` comes before call `b`; -1 stands for none. */
function isFirst(a: number, b: number): boolean {
  return a >= 0 && (b < 0 || a < b)
}

/** Whether a call is on an entity, or names one, whose spawn the client has not acknowledged. */
function isBehindSpawn({ outgoing }: ServerRole, { observer: { unconfirmed } }: ServerPeer, call: number): boolean {
  if (unconfirmed.has(slotOf(outgoing.netIdOf(call)))) return true
  for (let at = outgoing.firstNameOf(call); at >= 0 && outgoing.named[at] !== 0; at++) {
    if (unconfirmed.has(slotOf(outgoing.named[at]!))) return true
  }
  return false
}

/** Whether a call names an entity that this client is to see and has not been sent. */
function namesWaiting(
  { outgoing, replication }: ServerRole,
  { observer: { pending } }: ServerPeer,
  call: number,
): boolean {
  if (pending.size === 0) return false
  for (let at = outgoing.firstNameOf(call); at >= 0 && outgoing.named[at] !== 0; at++) {
    const netId = outgoing.named[at]!
    if (pending.waiting.has(slotOf(netId)) && replication.entities.netIds[slotOf(netId)] === netId) return true
  }
  return false
}

function writeCall(role: ServerRole, peer: ServerPeer, channel: Channel, packet: PacketBuilder, call: number): void {
  const { outgoing, counters } = role
  const isReliable = outgoing.channelOf(call) === Channel.Reliable
  if (isReliable && mustWait(outgoing, call, peer.outgoingParts)) {
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
  const netId = role.outgoing.netIdOf(call)
  if (netId === 0 || hasSpawned(role, peer, netId)) return true
  failUnseen(role, peer, call)
  return false
}

/** The client does not have the entity of a call: a request rejects, and a target RPC is reported. */
function failUnseen(
  { outgoing, faults, counters, protocol, replication }: ServerRole,
  peer: ServerPeer,
  call: number,
): void {
  const request = outgoing.requestOf(call)
  if (request !== 0) peer.requests.fail(request, ReplyStatus.NotObserved)
  const id = outgoing.definitionOf(call)
  // A client RPC goes to those of its receivers that observe the entity; none of them is no fault.
  if (request !== 0 || protocol.definitions[id]!.kind !== 'target-rpc') {
    counters.unsentCalls++
    return
  }
  const { entity, connectionId } = peer.session
  faults.add(CallFault.NotShown, connectionId, entity, replication.entities.entityOf(outgoing.netIdOf(call)), id)
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

/** Counts the calls to one connection that has ended, unless they left before its end. */
function countUnsent({ outgoing, counters, peerOfConnection, authenticating, callsBeforeEnd }: ServerRole): void {
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
