// Decides which received calls and messages reach their queues. Refused ones are counted and reported.
import { Networked } from '../../../components/networked.js'
import type { Violation } from '../../connection/server/client-limits.js'
import type { Command, Definition } from '../../protocol/definitions.js'
import { slotOf } from '../../protocol/net-id.js'
import { ReplyStatus } from '../../protocol/reply-status.js'
import { CallFault } from '../../remote/call-faults.js'
import { Channel } from '../../transport/transport.js'
import { mayHold } from './change-scenes.js'
import { sessionsOf } from './connections.js'
import { PeerLimit, type ServerPeer } from './server-peer.js'
import type { ServerPacket } from './server-packet.js'

/** The answer to a request that is dropped, by `CallFault`. */
const STATUS_OF_FAULT = {
  [CallFault.NotReady]: ReplyStatus.NotReady,
  [CallFault.NotOwner]: ReplyStatus.NotOwner,
  // For this client the entity is gone. It must not learn whether it lives on where the client does not see it.
  [CallFault.NotObserved]: ReplyStatus.Despawned,
  [CallFault.UnknownEntity]: ReplyStatus.Despawned,
  [CallFault.OverRate]: ReplyStatus.OverRate,
  [CallFault.Late]: ReplyStatus.Despawned,
} as const

/** Counts something that no honest client sends against the sender's error budget. */
export function weigh({ server, session }: ServerPacket, kind: Violation, text: string): void {
  sessionsOf(server, session)?.weigh(session, kind, text)
}

/** Whether a definition is sent on the channel of the packet. */
export function travelsOn(definition: Definition, channel: Channel): boolean {
  return (definition.channel === 'reliable') === (channel === Channel.Reliable)
}

/** Takes the call in `section` from the sender's general rate limits, unless the whole packet was taken from them. */
export function takesCall(packet: ServerPacket): boolean {
  if (packet.isWithinLimits) return true
  const { peer, now, section } = packet
  const bytes = section.end - section.start
  if (
    peer === undefined ||
    (peer.limits.take(PeerLimit.Calls, now) && (bytes === 0 || peer.limits.take(PeerLimit.CallBytes, now, bytes)))
  ) {
    return true
  }
  drop(packet, CallFault.OverRate)
  weigh(packet, 'call-flood', 'more calls than any honest client sends')
  return false
}

/** Whether the sender may send the command in `section`: `Ok`, or the answer to a request that is refused. */
export function checkCommand(packet: ServerPacket, definition: Command): ReplyStatus {
  const { session, peer, section } = packet
  if (!session.ready || peer === undefined) return refuse(packet, CallFault.NotReady)
  // Most commands of a packet are on one entity, and nothing changes while it is read.
  if (section.netId !== packet.passedNetId || (definition.requiresAuthority && packet.passedOwner !== session.entity)) {
    const status = checkEntity(packet, peer, definition)
    if (status !== ReplyStatus.Ok) return status
  }
  if (peer.rates.take(section.id, packet.now)) return ReplyStatus.Ok
  return refuse(packet, CallFault.OverRate, packet.passedEntity)
}

/**
 * Whether the sender may send a command on the entity in `section`: it must see it, and own it where that is required.
 */
function checkEntity(packet: ServerPacket, peer: ServerPeer, definition: Command): ReplyStatus {
  const { server, session } = packet
  const { netId } = packet.section
  const { entities } = server.replication
  const eid = entities.entityOf(netId)
  if (eid === 0) {
    if (entities.wasIssued(netId)) return refuse(packet, CallFault.Late)
    weigh(packet, 'unknown-entity', 'a command on an entity that was never spawned for it')
    return refuse(packet, CallFault.UnknownEntity)
  }
  if (!peer.observer.sees(slotOf(netId))) return refuse(packet, CallFault.NotObserved, eid)
  const owner = Networked.owner[eid]!
  if (definition.requiresAuthority && owner !== session.entity) return refuse(packet, CallFault.NotOwner, eid)
  packet.passedNetId = netId
  packet.passedEntity = eid
  packet.passedOwner = owner
  return ReplyStatus.Ok
}

/** Drops the command in `section`. Returns the answer to a request. */
function refuse(packet: ServerPacket, fault: keyof typeof STATUS_OF_FAULT, eid = 0): ReplyStatus {
  drop(packet, fault, eid)
  return STATUS_OF_FAULT[fault]
}

/** Counts and reports a call that is dropped. */
export function drop(
  { server, session, peer, section }: ServerPacket,
  fault: CallFault,
  eid = 0,
  id = section.id,
): void {
  // A connection that opened in this receive has no entity yet, and one that ended has none any longer.
  const isKnown = peer !== undefined
  server.faults.add(fault, isKnown ? session.connectionId : 0, isKnown ? session.entity : 0, eid, id)
}

/** Drops a call or message that no client may send. */
export function refuseUnknown(packet: ServerPacket, id: number): void {
  const { server, session } = packet
  drop(packet, CallFault.UnknownDefinition, 0, id)
  const text = 'a call or message that no client may send'
  if (server.closesUnknown) sessionsOf(server, session)?.close(session, 'unknown-call', text)
  else weigh(packet, 'unknown-call', text)
}

/** Drops the call in `section`, whose arguments are malformed. */
export function refuseMalformed(packet: ServerPacket): void {
  drop(packet, CallFault.MalformedCall)
  weigh(packet, 'malformed-call', 'a call whose arguments are not what its definition says')
}

/** Adds the call or message in `section` to its queue. */
export function queueCall(packet: ServerPacket, bytes: Uint8Array): void {
  const { inbound, tick } = packet.server
  if (inbound.paused && !mayWait(packet)) return
  if (!inbound.push(packet.section, bytes, packet.session.entity, tick)) refuseMalformed(packet)
}

/** Whether the call in `section` may wait while the server loads a scene. A client with too many waiting is closed. */
export function mayWait({ server, session, peer, section }: ServerPacket): boolean {
  if (peer !== undefined && mayHold(peer, section.end - section.start)) return true
  const text = 'more calls than the server keeps while it loads a scene'
  sessionsOf(server, session)?.close(session, 'overflow', text)
  return false
}
