// Reads the data packets of the server: checks every section before any takes effect, then applies each.
import type { Session } from '../../connection/session.js'
import type { ByteReader } from '../../protocol/bytes.js'
import { type DataHeader, SectionKind } from '../../protocol/packet.js'
import { PacketKind } from '../../protocol/packet-kind.js'
import { hasOnlyEarlyMessages } from '../../remote/inbound-calls.js'
import { Channel } from '../../transport/transport.js'
import { checkScene, startChange } from './change-scenes.js'
import type { ClientState } from './client-state.js'
import { applyCall, applyMessage, applyUpdate, checkCall, checkMessage, clientSections } from './sections.js'

/** Reads a packet from its first section, or from where it paused. Returns whether it may be acknowledged. */
export function readPacket(
  client: ClientState,
  session: Session,
  channel: Channel,
  header: DataHeader,
  reader: ByteReader,
): boolean {
  const { reading, counters } = client
  const start = reader.offset
  const from = channel === Channel.Reliable ? reading.resumeAt : -1
  if (from < 0 && !(checkSections(client, reader, channel) && isInTime(client, session, reader, start))) {
    client.session?.malformed()
    return false
  }
  reader.offset = Math.max(start, from)
  reading.tick = header.tick
  if (channel === Channel.Unreliable && client.scenes.isLoading) {
    counters.packetsWhileLoading++
    return false
  }
  if (channel === Channel.Unreliable) {
    const accepted = applyUnreliable(client, session, header, reader)
    if (accepted) counters.acceptedPackets++
    return accepted
  }
  if (from < 0) reading.isMalformed = false
  applyReliable(client, session, header, reader)
  // A paused packet is counted when it is finished.
  if (reading.pausedAt < 0 && reading.isMalformed) client.session?.malformed()
  else if (reading.pausedAt < 0) counters.acceptedPackets++
  return true
}

// These loops call the functions of the most common sections directly, so that V8 inlines them. Others go through the
// table.

function checkSections(client: ClientState, reader: ByteReader, channel: Channel): boolean {
  client.reading.packetStart = reader.offset
  while (reader.left > 0) {
    const kind = reader.u8()
    if (kind === SectionKind.Call) checkCall(client, reader)
    else if (kind === SectionKind.Message) checkMessage(client, reader)
    else {
      const section = clientSections.find(kind, channel)
      if (section === undefined) return false
      section.check(client, reader)
    }
    if (reader.failed) return false
  }
  return true
}

/**
 * Whether the session may receive the packet in its current state. Before the welcome only early messages are allowed.
 */
function isInTime({ reading, protocol }: ClientState, session: Session, reader: ByteReader, start: number): boolean {
  if (session.state !== 'handshake') return true
  reader.offset = start
  return hasOnlyEarlyMessages(reader, reading.section, protocol)
}

function applyReliable(client: ClientState, session: Session, header: DataHeader, reader: ByteReader): void {
  const { reading, replication } = client
  const { tick } = header
  while (reader.left > 0) {
    const start = reader.offset
    const kind = reader.u8()
    if (kind === SectionKind.Call) applyCall(client, reader)
    else if (kind === SectionKind.Message) applyMessage(client, reader)
    else {
      reading.sectionStart = start
      clientSections.find(kind, Channel.Reliable)!.apply(client, reader)
      if (reading.pausedAt >= 0) break
    }
  }
  const isComplete = reading.pausedAt < 0 && header.completesStructure
  replication.resolveReferences()
  if (!isComplete) return
  session.structureTick = tick
  if (reading.held.count === 0) return
  reading.held.release(tick, (bytes, length, heldTick) => applyHeld(client, bytes, length, heldTick))
}

function applyUnreliable(client: ClientState, session: Session, header: DataHeader, reader: ByteReader): boolean {
  const { reading, counters, replication } = client
  const start = reader.offset
  // The tick of the structure that was sent before it, unless that has been applied.
  const missingStructure = header.structureTick > session.structureTick ? header.structureTick : 0
  replication.updates.missing = 0
  reading.hasValues = false
  while (reader.left > 0) {
    const kind = reader.u8()
    if (kind === SectionKind.Update) applyUpdate(client, reader)
    else clientSections.find(kind, Channel.Unreliable)!.apply(client, reader)
  }
  if (!reading.hasValues) return true
  if (missingStructure === 0) {
    // Its structure has been applied, so the entities that it names have ended since.
    counters.staleValues += replication.updates.missing
    return true
  }
  // Values that found their entity are applied again after the missing structure. That may remove the entity and spawn
  // it again with an older value.
  if (reading.held.hold(reader.bytes, start, reader.end, header.tick, header.structureTick)) {
    counters.heldPackets++
    return true
  }
  counters.holdOverflows++
  return false
}

/** Applies the values of a packet that was held; its calls were queued when it arrived. */
function applyHeld(client: ClientState, bytes: Uint8Array, length: number, tick: number): void {
  const { reading, replication, counters } = client
  const reader = reading.heldReader
  reader.reset(bytes, 0, length)
  reading.tick = tick
  replication.updates.missing = 0
  while (reader.left > 0) {
    const kind = reader.u8()
    const section = clientSections.find(kind, Channel.Unreliable)!
    if (kind === SectionKind.Update) section.apply(client, reader)
    else section.check(client, reader)
  }
  counters.staleValues += replication.updates.missing
}

/**
 * Searches the reliable packets that wait for a scene to load. A newer change, which is always the first section of its
 * packet, may end that loading. Replies are noted, so that their requests do not time out meanwhile.
 */
export function searchWaiting(client: ClientState): void {
  const { scenes } = client
  const waiting = client.received[Channel.Reliable]
  const { packet, header } = scenes
  for (; scenes.searched < waiting.count; scenes.searched++) {
    packet.reset(waiting.bytes, waiting.startOf(scenes.searched), waiting.endOf(scenes.searched))
    if (packet.u8() !== PacketKind.Data) continue
    header.read(packet)
    const start = packet.offset
    if (packet.u8() !== SectionKind.Scene) packet.offset = start
    else {
      checkScene(client, packet)
      if (packet.failed) continue
      packet.offset = start + 1
      startChange(client, packet)
    }
    noteReplies(client, packet)
  }
}

function noteReplies(client: ClientState, reader: ByteReader): void {
  if (client.pendingRequests.size === 0) return
  client.reading.notesReplies = true
  checkSections(client, reader, Channel.Reliable)
  client.reading.notesReplies = false
}

/** Notes that the game's systems had their chance to drain every queued call. */
export function markDrained({ inbound, reading }: ClientState): void {
  inbound.called.clear()
  reading.hasNews = false
}

/** Forgets the packets of a session that has ended. */
export function forgetPackets(client: ClientState): void {
  const { reading } = client
  reading.held.clear()
  markDrained(client)
  reading.pausedAt = -1
}
