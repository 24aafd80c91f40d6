// Lists the sections that a client may send: on which channel, how each is checked, and how it is applied.
import type { ByteReader } from '../../protocol/bytes.js'
import { SectionKind } from '../../protocol/packet.js'
import { ReplyStatus } from '../../protocol/reply-status.js'
import { CallFault } from '../../remote/call-faults.js'
import { PartResult } from '../../remote/message-parts.js'
import { ReplyFate } from '../../remote/pending-requests.js'
import { Channel } from '../../transport/transport.js'
import { SectionTable } from '../section-table.js'
import {
  checkCommand,
  drop,
  mayWait,
  queueCall,
  refuseMalformed,
  refuseUnknown,
  takesCall,
  travelsOn,
  weigh,
} from './call-checks.js'
import { noteReport } from './change-scenes.js'
import { PeerLimit } from './server-peer.js'
import type { ServerPacket } from './server-packet.js'

/** Every section that a client may send. */
export const serverSections = new SectionTable<ServerPacket>([
  { kind: SectionKind.Call, check: checkCall, apply: applyCall },
  { kind: SectionKind.Message, check: checkMessage, apply: applyMessage },
  { kind: SectionKind.Request, channel: Channel.Reliable, check: checkRequest, apply: applyRequest },
  { kind: SectionKind.Reply, channel: Channel.Reliable, check: checkReply, apply: applyReply },
  { kind: SectionKind.Cancel, channel: Channel.Reliable, check: checkCancel, apply: applyCancel },
  { kind: SectionKind.MessagePart, channel: Channel.Reliable, check: checkPart, apply: applyPart },
  { kind: SectionKind.PartsTaken, channel: Channel.Reliable, check: checkPartsTaken, apply: applyPartsTaken },
  { kind: SectionKind.Ready, check: checkReady, apply: applyReady },
  { kind: SectionKind.SceneProgress, channel: Channel.Reliable, check: checkSceneReport, apply: applySceneReport },
  { kind: SectionKind.ClientUpdate, channel: Channel.Unreliable, check: checkWrites, apply: applyWrites },
])

/** Counts the call that was just read against the general rate limits. */
function countCall(packet: ServerPacket): void {
  packet.calls++
  packet.callBytes += packet.section.end - packet.section.start
}

function checkCall(packet: ServerPacket, reader: ByteReader): void {
  packet.section.read(reader, true)
  countCall(packet)
}

function applyCall(packet: ServerPacket, reader: ByteReader): void {
  const { section } = packet
  section.read(reader, true)
  if (!takesCall(packet)) return
  const definition = packet.server.protocol.definitions[section.id]
  if (definition?.kind !== 'command' || !travelsOn(definition, packet.channel)) refuseUnknown(packet, section.id)
  else if (checkCommand(packet, definition) === ReplyStatus.Ok) queueCall(packet, reader.bytes)
}

function checkMessage(packet: ServerPacket, reader: ByteReader): void {
  packet.section.read(reader, false)
  countCall(packet)
}

function applyMessage(packet: ServerPacket, reader: ByteReader): void {
  const { section, peer } = packet
  section.read(reader, false)
  if (!takesCall(packet)) return
  const definition = packet.server.protocol.definitions[section.id]
  if (definition?.kind !== 'message' || definition.from === 'server' || !travelsOn(definition, packet.channel)) {
    refuseUnknown(packet, section.id)
  } else if (peer === undefined) {
    // An honest client waits for its welcome.
    drop(packet, CallFault.NotReady)
  } else if (!peer.rates.take(section.id, packet.now)) drop(packet, CallFault.OverRate)
  else queueCall(packet, reader.bytes)
}

function checkRequest(packet: ServerPacket, reader: ByteReader): void {
  packet.section.readRequest(reader)
  countCall(packet)
}

function applyRequest(packet: ServerPacket, reader: ByteReader): void {
  const { section, session } = packet
  const { inbound, openRequests, protocol, tick } = packet.server
  section.readRequest(reader)
  if (!takesCall(packet)) return
  const definition = protocol.definitions[section.id]
  if (definition?.kind !== 'command' || definition.answers === undefined) return refuseUnknown(packet, section.id)
  if (packet.peer === undefined) return drop(packet, CallFault.NotReady)
  const status = checkCommand(packet, definition)
  if (status !== ReplyStatus.Ok) openRequests.endUnopened(session.entity, section.request, status)
  else if (inbound.paused && !mayWait(packet)) return
  else if (inbound.pushRequest(section, reader.bytes, session.entity, tick) === ReplyStatus.MalformedCall) {
    refuseMalformed(packet)
  }
}

function checkReply(packet: ServerPacket, reader: ByteReader): void {
  packet.section.readReply(reader)
  countCall(packet)
}

function applyReply(packet: ServerPacket, reader: ByteReader): void {
  packet.section.readReply(reader)
  if (!takesCall(packet)) return
  const fate = packet.peer?.requests.take(packet.section, reader.bytes)
  if (fate === ReplyFate.Unknown) weigh(packet, 'unknown-reply', 'an answer to a request that was never made')
  if (fate === ReplyFate.Malformed) {
    weigh(packet, 'malformed-reply', 'an answer that is not what its definition says')
  }
}

function checkCancel(packet: ServerPacket, reader: ByteReader): void {
  packet.section.readCancel(reader)
  countCall(packet)
}

function applyCancel(packet: ServerPacket, reader: ByteReader): void {
  packet.section.readCancel(reader)
  if (takesCall(packet)) packet.server.openRequests.cancel(packet.session.entity, packet.section.request)
}

function checkPart(packet: ServerPacket, reader: ByteReader): void {
  packet.part.read(reader)
  packet.hasParts = true
}

/**
 * Its bytes count against the rate limit when the server reports them as taken; the client may not send more before.
 */
function applyPart(packet: ServerPacket, reader: ByteReader): void {
  const { part, peer, now } = packet
  part.read(reader)
  if (peer === undefined) return drop(packet, CallFault.NotReady, 0, part.id)
  const { incomingParts } = peer
  const definition = packet.server.protocol.definitions[part.id]
  if (definition?.kind !== 'message' || !definition.large || definition.from === 'server') {
    return refuseUnknown(packet, part.id)
  }
  if (incomingParts.begins(part)) {
    if (part.total > definition.codec.maxBytes) {
      drop(packet, CallFault.MalformedCall, 0, part.id)
      return weigh(packet, 'malformed-call', 'a message larger than its definition allows')
    }
    // However small its parts are, a message is one of the calls that a client may send.
    if (!peer.limits.take(PeerLimit.Calls, now)) {
      drop(packet, CallFault.OverRate, 0, part.id)
      weigh(packet, 'call-flood', 'more calls than any honest client sends')
      incomingParts.refuse()
    } else if (!peer.rates.take(part.id, now)) {
      drop(packet, CallFault.OverRate, 0, part.id)
      incomingParts.refuse()
    }
  }
  const result = incomingParts.take(part, reader.bytes)
  if (result === PartResult.Refused) weigh(packet, 'false-part', 'a part that is not the next of its message')
  if (result !== PartResult.Whole) return
  const { payload } = incomingParts
  packet.section.become(part.id, payload.length)
  queueCall(packet, payload.bytes)
  incomingParts.release()
}

function checkPartsTaken(_packet: ServerPacket, reader: ByteReader): void {
  reader.varint()
}

function applyPartsTaken(packet: ServerPacket, reader: ByteReader): void {
  const taken = reader.varint()
  const { peer } = packet
  if (peer === undefined || peer.outgoingParts.acknowledge(taken)) return
  weigh(packet, 'false-part', 'a report of parts that were never sent')
}

function checkReady(_packet: ServerPacket, reader: ByteReader): void {
  if (reader.u8() > 1) reader.fail()
}

function applyReady(packet: ServerPacket, reader: ByteReader): void {
  packet.session.wantsReady = reader.u8() === 1
}

function checkSceneReport(packet: ServerPacket, reader: ByteReader): void {
  packet.sceneReport.read(reader)
}

function applySceneReport(packet: ServerPacket, reader: ByteReader): void {
  const { sceneReport, peer } = packet
  sceneReport.read(reader)
  if (peer !== undefined && noteReport(peer, sceneReport.change, sceneReport.report)) return
  weigh(packet, 'false-report', 'a report of a change of scenes that was never sent to it')
}

function checkWrites(packet: ServerPacket, reader: ByteReader): void {
  if (packet.isSequenced) packet.server.replication.writes.check(reader)
  else reader.fail()
}

function applyWrites(packet: ServerPacket, reader: ByteReader): void {
  const { session, peer, now } = packet
  const { counters, replication } = packet.server
  const { writes } = replication
  const start = reader.offset
  writes.check(reader)
  const end = reader.offset
  if (peer === undefined || !session.ready) {
    counters.staleWrites++
  } else if (!peer.limits.take(PeerLimit.WriteBytes, now, end - start)) {
    counters.rateLimitedWrites++
    session.withholds = true
    weigh(packet, 'value-flood', 'more values than any honest client sends')
  } else {
    packet.isForged = false
    reader.offset = start
    writes.apply(reader, packet)
    if (packet.isForged) weigh(packet, 'unknown-entity', 'a value of an entity that never was')
  }
}
