// One end of a connection as the contract suite sees it: in this process, or in a browser's page.
//
// Packets are made and checked where the end is, by index: their content follows from index and size, so that a page
// only reports numbers.
import { PING_BYTES, PONG_BYTES } from '../../src/protocol/heartbeat.js'
import { PacketKind } from '../../src/protocol/packet-kind.js'
import {
  Channel,
  type PeerId,
  type Transport,
  type TransportCloseReason,
  type TransportCounters,
  type TransportSink,
} from '../../src/transport/transport.js'

/** Something that `receive` delivered. */
export type SideEvent =
  | { type: 'opened'; peer: PeerId }
  | { type: 'packet'; peer: PeerId; channel: Channel; index: number; length: number; isIntact: boolean }
  | { type: 'ping'; peer: PeerId }
  | { type: 'pong'; peer: PeerId; clock: number }
  | { type: 'closed'; peer: PeerId; code: TransportCloseReason['code'] }

/** Packets of one size, numbered from `first`. */
export interface Burst {
  channel: Channel
  count: number
  size: number
  first?: number
}

export interface Side {
  /** Sends the packets from one buffer, which is overwritten after each; returns how many were taken. */
  send(peer: PeerId, burst: Burst): Promise<number>
  ping(peer: PeerId, clock: number): Promise<boolean>
  /** What arrived since the last call. */
  receive(): Promise<SideEvent[]>
  disconnect(peer: PeerId): Promise<void>
  close(): Promise<void>
  counters(): Promise<TransportCounters>
}

/** The number of a packet comes back out of its first bytes; the smallest have room for a part of it only. */
function writePattern(bytes: Uint8Array, size: number, index: number): void {
  for (let i = 0; i < size; i++) bytes[i] = i < 4 ? 0x80 | ((index >>> (i * 7)) & 0x7f) : (index * 31 + i * 7) & 0xff
}

function readPattern(bytes: Uint8Array, size: number): { index: number; isIntact: boolean } {
  let index = 0
  for (let i = 0; i < Math.min(size, 4); i++) index |= (bytes[i]! & 0x7f) << (i * 7)
  for (let i = 4; i < size; i++) if (bytes[i] !== ((index * 31 + i * 7) & 0xff)) return { index, isIntact: false }
  return { index, isIntact: true }
}

/** An end in this process, or in this page. */
export class LocalSide implements Side, TransportSink {
  private events: SideEvent[] = []

  constructor(readonly transport: Transport) {}

  send(peer: PeerId, { channel, count, size, first = 0 }: Burst): Promise<number> {
    // Longer than the packets: only `size` bytes of it may leave.
    const buffer = new Uint8Array(size + 8)
    let taken = 0
    for (let i = 0; i < count; i++) {
      writePattern(buffer, size, first + i)
      if (this.transport.send(peer, channel, buffer, size)) taken++
      buffer.fill(0)
    }
    return Promise.resolve(taken)
  }

  ping(peer: PeerId, clock: number): Promise<boolean> {
    const bytes = new Uint8Array(PING_BYTES)
    bytes[0] = PacketKind.Ping
    new DataView(bytes.buffer).setUint32(1, clock, true)
    return Promise.resolve(this.transport.send(peer, Channel.Unreliable, bytes, PING_BYTES))
  }

  receive(): Promise<SideEvent[]> {
    this.events = []
    this.transport.receive(this)
    return Promise.resolve(this.events)
  }

  disconnect(peer: PeerId): Promise<void> {
    this.transport.disconnect(peer)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return this.transport.close()
  }

  counters(): Promise<TransportCounters> {
    return Promise.resolve({ ...this.transport.counters })
  }

  opened(peer: PeerId): void {
    this.events.push({ type: 'opened', peer })
  }

  packet(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): void {
    if (length === PONG_BYTES && bytes[0] === PacketKind.Pong) {
      const clock = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true)
      this.events.push({ type: 'pong', peer, clock })
    } else if (length === PING_BYTES && bytes[0] === PacketKind.Ping) this.events.push({ type: 'ping', peer })
    else this.events.push({ type: 'packet', peer, channel, length, ...readPattern(bytes, length) })
  }

  closed(peer: PeerId, reason: TransportCloseReason): void {
    this.events.push({ type: 'closed', peer, code: reason.code })
  }
}
