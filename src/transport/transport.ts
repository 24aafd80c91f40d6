// What the library asks of a network: send bytes to a peer on one of two channels, and drain what arrived.
//
// A transport never calls into the game. Its native callbacks answer heart-beats and copy into an inbox; everything
// else happens when `receive` is called, once per tick, on the caller's stack.

import { createSignallingCounters, type SignallingCounters } from './signalling/counters.js'

/** The two channels of a connection, by number on the hot path. */
export const Channel = {
  /** Ordered, never lost while the connection lives. */
  Reliable: 0,
  /** Unordered, may be lost or doubled, never sent again by the network. */
  Unreliable: 1,
} as const
export type Channel = (typeof Channel)[keyof typeof Channel]

/** The public names of the channels. */
export type ChannelName = 'reliable' | 'unreliable'

/** A peer of one transport: a small positive integer, never used twice by the same transport. */
export type PeerId = number

/** Why a transport lost a peer. `code` is stable, `text` is for people. */
export interface TransportCloseReason {
  /**
   * `closed`: the other side, or this one, closed it in order. `lost`: the network gave up. `overflow`: reliable bytes
   * arrived faster than they were drained. `text-frame`: the peer sent text. `failed`: it never opened.
   */
  readonly code: 'closed' | 'lost' | 'overflow' | 'text-frame' | 'failed'
  readonly text: string
}

/** Where `receive` delivers to. Every callback runs inside the call of `receive`. */
export interface TransportSink {
  /** Both channels to this peer are open. Comes before any packet of it. */
  opened(peer: PeerId): void
  /**
   * One packet. `bytes[0 .. length)` is valid during this call only; the transport uses the memory again.
   * `time` is when it arrived, in milliseconds of the transport's clock.
   */
  packet(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number, time: number): void
  /** The peer is gone; nothing follows. Comes once for every `opened`, also after `disconnect`. */
  closed(peer: PeerId, reason: TransportCloseReason): void
}

/** What a transport counted since it was made. */
export interface TransportCounters extends SignallingCounters {
  packetsSent: number
  bytesSent: number
  packetsReceived: number
  bytesReceived: number
  /** Those of the packets and bytes above that took the reliable channel. */
  reliablePacketsSent: number
  reliableBytesSent: number
  reliablePacketsReceived: number
  reliableBytesReceived: number
  /**
   * Packets dropped because the inbox was full. Unreliable ones were never acknowledged, so their content comes again; a
   * reliable one ends its connection.
   */
  inboxDropped: number
  /** Heartbeats that were not answered, since no honest peer sends so many. */
  unansweredPings: number
  /** Text frames refused. */
  textFrames: number
  /** Packets refused for their size. */
  oversized: number
  /** Data channels that a peer opened by itself: drained and closed. */
  foreignChannels: number
  /** Packets dropped on the way out because the outgoing queue was full, or the peer was gone. */
  sendDropped: number
  /** Peers that began to connect and never opened both channels. */
  neverOpened: number
  /** Errors caught in native callbacks, where a throw would end the process. Always 0 unless something is broken. */
  callbackErrors: number
}

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

/** Counts a packet that leaves. */
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

/** What a transport knows of a peer besides its number. */
export interface PeerInfo {
  /** Where it came from, as far as the signalling knows: the address of a proxy, where there is one that it does not trust. */
  readonly address: string | undefined
  /** What the authorization of the signalling said of it. */
  readonly authorization: unknown
}

export interface Transport {
  /**
   * Sends `bytes[0 .. length)` and copies them before it returns, so that the caller may write into `bytes` again.
   * Never throws. Returns false when the packet was not taken: the peer is gone, or its outgoing queue is full. A
   * reliable channel whose queue is full closes the peer (`overflow`), since a gap would break its promise.
   */
  send(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): boolean
  /** Delivers everything that arrived since the last call: per peer, in the order of arrival on each channel. */
  receive(sink: TransportSink): void
  /** Packets that arrived and wait for `receive`. */
  readonly waiting?: number
  /** Bytes handed to the channel and not yet taken by the network. */
  buffered(peer: PeerId, channel: Channel): number
  /**
   * Closes the connection to one peer. What was sent on the reliable channel before is delivered first, within a short
   * limit. `closed` follows in a later `receive`.
   */
  disconnect(peer: PeerId): void
  /**
   * Whether a peer's line is silent and its client awaited, over this line or another. Meanwhile its place keeps nobody out,
   * where places are counted.
   */
  lendPlace?(peer: PeerId, isLent: boolean): void
  /** The most clients of one address, where that is limited. Lent places do not count here; their sessions do. */
  readonly clientsPerAddress?: number
  /** What is known of a peer that has not ended; a transport without signalling knows nothing. */
  infoOf?(peer: PeerId): PeerInfo | undefined
  /** Closes every peer and frees everything the transport holds. Resolves when nothing of it is left. Idempotent. */
  close(): Promise<void>
  /** True once it has ended by itself: what it stood on is gone, every peer was told, and nobody can come any more. */
  readonly hasEnded?: boolean
  readonly counters: TransportCounters
  /**
   * Called after something arrived, outside of any game code, possibly from a native callback: it must not throw and
   * should only schedule. It lets a client whose frames have stopped keep draining.
   */
  onArrival: (() => void) | undefined
  /**
   * How the answers to heart-beats leave; `send` on the unreliable channel when it is undefined. A transport that wraps
   * this one sets it, so that the answers pass through it like everything else.
   */
  answer: ((peer: PeerId, bytes: Uint8Array, length: number) => void) | undefined
}
