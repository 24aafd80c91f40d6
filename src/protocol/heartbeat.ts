// Writes the answers to heartbeats, which a transport sends itself, inside its receive callback.
//
// A hidden browser tab gets no animation frames and one timer a second, but still receives messages. The answer leaves
// from the message handler, so such a tab stays connected, and the measured round trip is that of the network alone.
import { PacketKind } from './packet-kind.js'

/**
 * The size of a ping in bytes: kind, sender's clock (u32, milliseconds, wraps), sender's tick (u32), reliable data
 * packets that the sender has received (u32).
 */
export const PING_BYTES = 13

/** The size of a pong in bytes: kind, and the ping's clock, returned unchanged. */
export const PONG_BYTES = 5

/** True when these bytes are a ping, which the transport answers and passes on. */
export function isPing(bytes: Uint8Array, length: number): boolean {
  return length === PING_BYTES && bytes[0] === PacketKind.Ping
}

/** Writes the answer to `ping` into `out`, which holds at least {@link PONG_BYTES}. */
export function writePong(ping: Uint8Array, out: Uint8Array): void {
  out[0] = PacketKind.Pong
  out[1] = ping[1]!
  out[2] = ping[2]!
  out[3] = ping[3]!
  out[4] = ping[4]!
}
