// Reads the data packets of clients: checks every section before any takes effect, then applies each.
import type { Session } from '../../connection/session.js'
import type { ByteReader } from '../../protocol/bytes.js'
import type { DataHeader } from '../../protocol/packet.js'
import { hasOnlyEarlyMessages } from '../../remote/inbound-calls.js'
import type { Channel } from '../../transport/transport.js'
import type { Section } from '../section-table.js'
import { weigh } from './call-checks.js'
import { serverSections } from './sections.js'
import { PeerLimit } from './server-peer.js'
import type { ServerPacket } from './server-packet.js'

/** Reads the sections of a packet. Returns false when one is malformed, and then none took effect. */
export function readPacket(
  packet: ServerPacket,
  session: Session,
  channel: Channel,
  header: DataHeader,
  reader: ByteReader,
): boolean {
  const { server } = packet
  const start = reader.offset
  packet.startCheck(session, channel, header)
  if (!checkSections(packet, reader)) return false
  reader.offset = start
  if (session.state === 'authenticating') {
    if (!hasOnlyEarlyMessages(reader, packet.section, server.protocol)) {
      server.counters.unauthenticatedPackets++
      weigh(packet, 'unauthenticated-packet', 'something that no client may send before it is authenticated')
      return true
    }
    reader.offset = start
  }
  packet.startApply(header)
  packet.isWithinLimits = takeTokens(packet)
  applySections(packet, reader)
  server.counters.acceptedPackets++
  return true
}

function checkSections(packet: ServerPacket, reader: ByteReader): boolean {
  const { channel } = packet
  let section: Section<ServerPacket> | undefined
  while (reader.left > 0) {
    const kind = reader.u8()
    // Most sections of a packet are of one kind.
    if (section?.kind !== kind) section = serverSections.find(kind, channel)
    if (section === undefined) return false
    section.check(packet, reader)
    if (reader.failed) return false
  }
  return true
}

function applySections(packet: ServerPacket, reader: ByteReader): void {
  const { session, channel } = packet
  let section: Section<ServerPacket> | undefined
  while (reader.left > 0 && session.state !== 'closed') {
    const kind = reader.u8()
    if (section?.kind !== kind) section = serverSections.find(kind, channel)
    section!.apply(packet, reader)
  }
}

/**
 * Takes all calls of the packet from the sender's general rate limits at once. When they do not fit it takes nothing
 * and returns false: then each call is taken by itself.
 */
function takeTokens({ peer, now, calls, callBytes, hasParts }: ServerPacket): boolean {
  if (peer === undefined) return true
  if (hasParts) return false
  const { limits } = peer
  if (!limits.has(PeerLimit.Calls, now, calls) || !limits.has(PeerLimit.CallBytes, now, callBytes)) return false
  limits.take(PeerLimit.Calls, now, calls)
  limits.take(PeerLimit.CallBytes, now, callBytes)
  return true
}
