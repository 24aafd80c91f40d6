// Taps a test network: copies sent packets, holds back reliable packets, and sends a test's own bytes.
import type { TestClient } from 'bitecs-net/testing'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { clientState, type ClientWorld, serverState, type ServerWorld } from '../../../src/world/state.js'
import { Channel, type PeerId, type Transport, type TransportSink } from '../../../src/transport/transport.js'

/** One sent packet. */
export interface Captured {
  readonly from: 'client' | 'server'
  readonly channel: Channel
  readonly bytes: Uint8Array
}

/** The transport of a started side. */
export function transportOf(world: ClientWorld | ServerWorld, side: 'client' | 'server'): Transport {
  const role = side === 'client' ? clientState(world) : serverState(world)
  if (role.transport === undefined) throw new Error(`the ${side} has no transport`)
  return role.transport
}

/** Copies every packet that this transport sends from now on into `into`. */
export function capture(transport: Transport, from: Captured['from'], into: Captured[]): void {
  const send = transport.send.bind(transport)
  transport.send = (peer, channel, bytes, length) => {
    into.push({ from, channel, bytes: bytes.slice(0, length) })
    return send(peer, channel, bytes, length)
  }
}

/** Controls which received packets are held back or lost. */
export interface UserAdmission {
  /** While true, reliable packets are held back. */
  holdReliable: boolean
  /** While true, unreliable packets are lost. */
  loseUnreliable: boolean
}

/** Holds back received packets, as when the reliable channel waits for a retransmission. */
export function gate(transport: Transport): UserAdmission {
  const state: UserAdmission = { holdReliable: false, loseUnreliable: false }
  const held: { peer: PeerId; bytes: Uint8Array; time: number }[] = []
  const receive = transport.receive.bind(transport)
  transport.receive = (sink: TransportSink) => {
    if (!state.holdReliable) {
      for (const { peer, bytes, time } of held.splice(0)) {
        sink.packet(peer, Channel.Reliable, bytes, bytes.length, time)
      }
    }
    receive({
      opened: (peer) => sink.opened(peer),
      closed: (peer, reason) => sink.closed(peer, reason),
      packet: (peer, channel, bytes, length, time) => {
        if (channel === Channel.Reliable && state.holdReliable) {
          held.push({ peer, bytes: bytes.slice(0, length), time })
        } else if (channel === Channel.Unreliable && state.loseUnreliable) return
        else sink.packet(peer, channel, bytes, length, time)
      },
    })
  }
  return state
}

/** Sends one raw packet of a client on its reliable channel, unless its connection is closed. */
export function throwSections(client: TestClient, write: (writer: ByteWriter) => void): void {
  if (client.reason !== undefined) return
  transportOf(client.world, 'client').send(1, Channel.Reliable, ...rawPacket(write))
}

/** Sends one raw packet of the server to the first client. */
export function throwAtClient(server: ServerWorld, write: (writer: ByteWriter) => void): void {
  const { session } = serverState(server).peers[0]!
  transportOf(server, 'server').send(session.peer, Channel.Reliable, ...rawPacket(write))
}

function rawPacket(write: (writer: ByteWriter) => void): [Uint8Array, number] {
  const writer = new ByteWriter()
  for (const byte of [PacketKind.Data, 0, 1, 0]) writer.u8(byte)
  write(writer)
  return [writer.bytes, writer.length]
}

/** The number of violations, of any kind, by the only client of a server. */
export function violationsAt(server: ServerWorld): number {
  const { clientLimits } = serverState(server).peers[0]!.session
  return Object.values(clientLimits!.violations()).reduce((sum, count) => sum + count, 0)
}
