// Defines what the library needs of a network: send bytes to a peer on one of two channels, and read what arrived.
//
// A transport never calls into the game. Its native callbacks answer heartbeats and copy into an inbox. Everything
// else happens when `receive` is called, once per tick, on the caller's stack.

import { createSignallingCounters, type SignallingCounters } from './signalling/counters.js'

/** The two channels of a connection, as numbers for hot code. */
export const Channel = {
  /** Ordered; nothing is lost while the connection lives. */
  Reliable: 0,
  /** Unordered; packets may be lost or duplicated, and the network never retransmits them. */
  Unreliable: 1,
} as const
export type Channel = (typeof Channel)[keyof typeof Channel]

/** The public names of the channels. */
export type ChannelName = 'reliable' | 'unreliable'

/** A peer of one transport: a small positive integer, never reused by the same transport. */
export type PeerId = number

/** Why a transport lost a peer. `code` is stable, `text` is human-readable. */
export interface TransportCloseReason {
  /**
   * `closed`: either side closed the connection in order. `lost`: the network gave up. `overflow`: reliable bytes
   * arrived faster than they were read. `text-frame`: the peer sent text. `failed`: the connection never opened.
   */
  readonly code: 'closed' | 'lost' | 'overflow' | 'text-frame' | 'failed'
  readonly text: string
}

/** Receives events and packets. Every callback runs inside the call of `receive`. */
export interface TransportSink {
  /** Both channels to this peer are open. Called before any packet of the peer. */
  opened(peer: PeerId): void
  /**
   * One packet. `bytes[0 .. length)` is valid only during this call; the transport reuses the memory. `time` is its
   * arrival in milliseconds of the transport's clock.
   */
  packet(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number, time: number): void
  /** The peer's connection has ended, and nothing follows. Called once for every `opened`, also after `disconnect`. */
  closed(peer: PeerId, reason: TransportCloseReason): void
}

/** What a transport has counted since it was made. */
export interface TransportCounters extends SignallingCounters {
  packetsSent: number
  bytesSent: number
  packetsReceived: number
  bytesReceived: number
  /** The packets and bytes above that used the reliable channel. */
  reliablePacketsSent: number
  reliableBytesSent: number
  reliablePacketsReceived: number
  reliableBytesReceived: number
  /**
   * Packets dropped because the inbox was full. Unreliable ones were never acknowledged, so their content is sent
   * again; a reliable one ends its connection.
   */
  inboxDropped: number
  /** Heartbeats that were not answered, because no honest peer sends so many. */
  unansweredPings: number
  /** Text frames refused. */
  textFrames: number
  /** Packets refused for their size. */
  oversized: number
  /** Data channels that a peer opened itself: read and closed. */
  foreignChannels: number
  /** Outgoing packets dropped because the send queue was full, or the peer had disconnected. */
  sendDropped: number
  /** Peers that began to connect and never opened both channels. */
  neverOpened: number
  /** Errors caught in native callbacks, where a throw would end the process. Always 0 unless something is broken. */
  callbackErrors: number
}

/** Makes the counters of a new transport, all 0. */
export function createTransportCounters(): TransportCounters {
  return {
    packetsSent: 0,
    bytesSent: 0,
    packetsReceived: 0,
    bytesReceived: 0,
    reliablePacketsSent: 0,
    reliableBytesSent: 0,
    reliablePacketsReceived: 0,
    reliableBytesReceived: 0,
    inboxDropped: 0,
    unansweredPings: 0,
    textFrames: 0,
    oversized: 0,
    foreignChannels: 0,
    sendDropped: 0,
    neverOpened: 0,
    callbackErrors: 0,
    ...createSignallingCounters(),
  }
}

/** Counts a packet that is sent. */
export function countSent(counters: TransportCounters, channel: Channel, length: number): void {
  counters.packetsSent++
  counters.bytesSent += length
  if (channel !== Channel.Reliable) return
  counters.reliablePacketsSent++
  counters.reliableBytesSent += length
}

/** Counts a packet that arrived. */
export function countReceived(counters: TransportCounters, channel: Channel, length: number): void {
  counters.packetsReceived++
  counters.bytesReceived += length
  if (channel !== Channel.Reliable) return
  counters.reliablePacketsReceived++
  counters.reliableBytesReceived += length
}

/** What a transport knows about a peer, besides its number. */
export interface PeerInfo {
  /**
   * The address, as far as the signalling knows it. Behind a proxy that is not trusted, this is the proxy's address.
   */
  readonly address: string | undefined
  /** What `authorize` returned for the peer. */
  readonly authorization: unknown
}

/** Carries packets between this program and its peers, on two channels. */
export interface Transport {
  /**
   * Sends `bytes[0 .. length)`, and copies them before it returns, so that the caller may reuse `bytes`. Never throws.
   *
   * Returns false when the packet was not accepted: the peer has disconnected, or its send queue is full. A full queue
   * of the reliable channel closes the peer (`overflow`), since a gap would break the channel's guarantee.
   */
  send(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): boolean
  /** Delivers everything received since the last call: per peer, in the order of arrival on each channel. */
  receive(sink: TransportSink): void
  /** The TCP port that clients connect to first, for a server's transport that has one. */
  readonly port?: number
  /** Received packets that wait for `receive`. */
  readonly waiting?: number
  /** Bytes given to the channel that the network has not taken yet. */
  buffered(peer: PeerId, channel: Channel): number
  /**
   * Closes the connection to one peer. Earlier reliable packets are delivered first, within a short limit. `closed`
   * follows in a later `receive`.
   */
  disconnect(peer: PeerId): void
  /**
   * Lends or takes back a peer's place. It is lent while the peer is interrupted and may connect again over any link.
   * A lent place does not count against the limit of clients, where there is one.
   */
  lendPlace?(peer: PeerId, isLent: boolean): void
  /** The most clients per address, where that is limited. Lent places do not count here; their sessions do. */
  readonly clientsPerAddress?: number
  /** Information about a peer that has not ended; a transport without signalling has none. */
  infoOf?(peer: PeerId): PeerInfo | undefined
  /** Closes every peer and frees everything the transport holds. Resolves when that is done. Idempotent. */
  close(): Promise<void>
  /**
   * True once the transport has ended by itself: what it was built on is closed, every peer was notified, and no
   * client can connect.
   */
  readonly hasEnded?: boolean
  readonly counters: TransportCounters
  /**
   * Called after something arrived, outside of any game code, possibly from a native callback. It must not throw and
   * should only schedule work. It lets a client without frames go on reading.
   */
  onArrival: (() => void) | undefined
  /**
   * Sends the answers to heartbeats; when undefined, `send` on the unreliable channel does. A transport that wraps
   * this one sets it, so that the answers pass through the wrapper too.
   */
  answer: ((peer: PeerId, bytes: Uint8Array, length: number) => void) | undefined
}
