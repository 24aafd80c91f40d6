// Writes the calls and messages of a tick into one client's packets, now or when its session is about to close.
import type { PacketBuilder, Session } from '../../connection/session.js'
import { slotOf } from '../../protocol/net-id.js'
import { ReplyStatus } from '../../protocol/reply-status.js'
import { CallCursor } from '../../remote/call-cursor.js'
import { CallFault } from '../../remote/call-faults.js'
import { mustWait } from '../../remote/message-parts.js'
import { Audience, type OutgoingCalls } from '../../remote/outgoing-calls.js'
import { Channel } from '../../transport/transport.js'
import type { ServerPeer } from './server-peer.js'
import type { ServerState } from './server-state.js'

/** Scratch. */
const reliableCalls = new CallCursor()
const unreliableCalls = new CallCursor()

/**
 * Writes the reliable calls and messages from `from` to `to` that this client gets, in the order in which they were
 * made. Unreliable ones on entities, or with the names of entities, whose spawn the client may not have yet are among
 * them: on their own channel they could overtake the spawn.
 */
export function writeReliableCalls(
  server: ServerState,
  peer: ServerPeer,
  from: number,
  to: number,
  ready = peer.session.ready,
): void {
  const { outgoing, reliable } = server
  const { entity } = peer.session
  reliableCalls.start(outgoing, entity, Channel.Reliable, from)
  if (!peer.observer.unconfirmed.isEmpty) {
    unreliableCalls.start(outgoing, entity, Channel.Unreliable, from)
    return writeBothCalls(server, peer, to, ready)
  }
  for (;;) {
    const { call, isToOne } = reliableCalls
    if (call < 0 || call >= to) return
    reliableCalls.next(outgoing)
    if (goesTo(server, peer, call, isToOne, ready)) writeCall(server, peer, reliable, call)
  }
}

/** Writes the reliable calls up to `to`, and the unreliable ones that depend on a spawn, from both cursors. */
function writeBothCalls(server: ServerState, peer: ServerPeer, to: number, ready: boolean): void {
  const { outgoing, reliable } = server
  for (;;) {
    const isMoved = isFirst(unreliableCalls.call, reliableCalls.call)
    const cursor = isMoved ? unreliableCalls : reliableCalls
    const { call, isToOne } = cursor
    if (call < 0 || call >= to) return
    cursor.next(outgoing)
    if (isMoved && !isBehindSpawn(server, peer, call)) continue
    if (!goesTo(server, peer, call, isToOne, ready)) continue
    if (!isMoved || !namesWaiting(server, peer, call)) writeCall(server, peer, reliable, call)
  }
}

/**
 * Writes the unreliable calls and messages of this tick that this client gets and that the reliable packets do not
 * have.
 */
export function writeUnreliableCalls(server: ServerState, peer: ServerPeer): void {
  const { outgoing } = server
  const { entity, ready } = peer.session
  const hasUnconfirmed = !peer.observer.unconfirmed.isEmpty
  unreliableCalls.start(outgoing, entity, Channel.Unreliable, 0)
  for (;;) {
    const { call, isToOne } = unreliableCalls
    if (call < 0) return
    unreliableCalls.next(outgoing)
    if (hasUnconfirmed && isBehindSpawn(server, peer, call)) continue
    if (!goesTo(server, peer, call, isToOne, ready)) continue
    if (!namesWaiting(server, peer, call)) writeCall(server, peer, server.unreliable, call)
  }
}

/** Sends the reliable calls and messages of this tick to a client whose session is about to be closed. */
export function sendLastCalls(server: ServerState, session: Session): void {
  const peer = server.peerOfSession.get(session)
  // While its packets are being filled it is too late: the client is closed because it reads too few of them.
  if (peer === undefined || server.reliable.isBusy) return
  server.callsBeforeEnd.set(session.entity, server.outgoing.count)
  sendReliableCalls(server, peer)
  reportUnspawned(server, peer)
}

/** Sends the reliable calls and messages of this tick to a client, without any structure. */
export function sendReliableCalls(server: ServerState, peer: ServerPeer): void {
  const { reliable, outgoing } = server
  const { unsent, wasReady } = peer.scenes
  const ready = peer.session.ready || (unsent.length > 0 && wasReady)
  reliable.start(peer.session, server.tick, server.options.now(), server.tickMs)
  writeReliableCalls(server, peer, 0, outgoing.count, ready)
  if (peer.outgoingParts.busy) peer.outgoingParts.write(reliable)
  reliable.finish()
}

/**
 * Reports calls on entities that spawned in this tick, for a client that is about to lose its session or its scenes.
 * It no longer gets the spawn, and so not the call. A call to it alone is reported where it is written.
 */
export function reportUnspawned(server: ServerState, peer: ServerPeer): void {
  const { outgoing, faults } = server
  const { entity, connectionId, ready } = peer.session
  const { entities } = server.replication
  reliableCalls.start(outgoing, entity, Channel.Reliable, 0)
  for (; reliableCalls.call >= 0; reliableCalls.next(outgoing)) {
    const { call, isToOne } = reliableCalls
    const eid = entities.entityOf(outgoing.netIdOf(call))
    if (isToOne || eid === 0 || entities.spawned[entities.slotOfEntity(eid)] === 1) continue
    if (!isAmong(outgoing, peer, call, ready)) continue
    faults.add(CallFault.NotShown, connectionId, entity, eid, outgoing.definitionOf(call))
  }
}

/** Whether call `a` comes before call `b`; -1 stands for none. */
function isFirst(a: number, b: number): boolean {
  return a >= 0 && (b < 0 || a < b)
}

/** Whether a call is on an entity, or names one, whose spawn the client has not acknowledged. */
function isBehindSpawn({ outgoing }: ServerState, { observer: { unconfirmed } }: ServerPeer, call: number): boolean {
  if (unconfirmed.has(slotOf(outgoing.netIdOf(call)))) return true
  for (let at = outgoing.firstNameOf(call); at >= 0 && outgoing.named[at] !== 0; at++) {
    if (unconfirmed.has(slotOf(outgoing.named[at]!))) return true
  }
  return false
}

/**
 * Whether a call names an entity that this client will observe and has not been sent. An unreliable one may get lost:
 * that is better than a wrong name, or than spawning entities early for it.
 */
function namesWaiting(
  { outgoing, replication }: ServerState,
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

function writeCall(server: ServerState, peer: ServerPeer, packet: PacketBuilder, call: number): void {
  const { outgoing, counters } = server
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

/** Whether this client gets a call. */
function goesTo(server: ServerState, peer: ServerPeer, call: number, isToOne: boolean, ready: boolean): boolean {
  return isToOne ? mayReach(server, peer, call) : isRecipient(server, peer, call, ready)
}

/** Whether a call to this client alone reaches it: it must have the entity. */
function mayReach(server: ServerState, peer: ServerPeer, call: number): boolean {
  const netId = server.outgoing.netIdOf(call)
  if (netId === 0 || hasSpawned(server, peer, netId)) return true
  failUnseen(server, peer, call)
  return false
}

/** Rejects the request, or reports the target RPC, whose entity the client does not have. */
function failUnseen(
  { outgoing, faults, counters, protocol, replication }: ServerState,
  peer: ServerPeer,
  call: number,
): void {
  const request = outgoing.requestOf(call)
  if (request !== 0) peer.requests.fail(request, ReplyStatus.NotObserved)
  const id = outgoing.definitionOf(call)
  // A client RPC goes to those of its receivers that observe the entity, which may be none.
  if (request !== 0 || protocol.definitions[id]!.kind !== 'target-rpc') {
    counters.unsentCalls++
    return
  }
  const { entity, connectionId } = peer.session
  faults.add(CallFault.NotShown, connectionId, entity, replication.entities.entityOf(outgoing.netIdOf(call)), id)
}

/** Whether a call to several goes to this client. */
function isRecipient(server: ServerState, peer: ServerPeer, call: number, ready: boolean): boolean {
  if (!isAmong(server.outgoing, peer, call, ready)) return false
  const netId = server.outgoing.netIdOf(call)
  return netId === 0 || hasSpawned(server, peer, netId)
}

/** Whether a call to several is for this client, regardless of what it sees. */
export function isAmong(outgoing: OutgoingCalls, peer: ServerPeer, call: number, ready: boolean): boolean {
  const { entity, state } = peer.session
  if (outgoing.connectionOf(call) === entity || outgoing.excludedOwnerOf(call) === entity) return false
  if (!outgoing.lets(entity, call)) return false
  const audience = outgoing.audienceOf(call)
  if (audience === Audience.Ready && !ready) return false
  return audience !== Audience.All || state !== 'authenticating'
}

function hasSpawned(server: ServerState, peer: ServerPeer, netId: number): boolean {
  const slot = slotOf(netId)
  return server.replication.entities.netIds[slot] === netId && peer.observer.sees(slot)
}
