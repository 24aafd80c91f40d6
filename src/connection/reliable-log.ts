// Keeps unconfirmed reliable packets, to send them again when a session moves to another connection.
//
// A data channel is reliable only as long as it exists. Both sides count a session's reliable data packets, so packets
// need no numbers on the wire. Heartbeats report how many have arrived, and a resumed session continues after those.
import { PacketQueue } from './client/packet-queue.js'

export class ReliableLog {
  private readonly packets = new PacketQueue()
  /** The number of the oldest packet kept, and of the next one to be sent. */
  first = 0
  next = 0

  /**
   * Keeps at most `limit` bytes. Beyond that the oldest packets are forgotten, and a peer that lacks them cannot
   * resume.
   */
  constructor(private readonly limit: number) {}

  /** Bytes kept. */
  get size(): number {
    return this.packets.size
  }

  push(bytes: Uint8Array, length: number): void {
    this.packets.push(bytes, length, 0)
    this.next++
    while (this.packets.size > this.limit) this.forgetOldest()
  }

  /** Forgets the first `count` packets, which the peer has. Returns false when so many were never sent. */
  confirm(count: number): boolean {
    if (count > this.next) return false
    while (this.first < count) this.forgetOldest()
    return true
  }

  /** Whether everything after the first `count` packets is still kept. */
  reaches(count: number): boolean {
    return count >= this.first && count <= this.next
  }

  /** Passes every packet from number `from` on to `send`, in order. */
  each(from: number, send: (packet: Uint8Array) => void): void {
    const { packets } = this
    for (let i = from - this.first; i < packets.count; i++)
      send(packets.bytes.slice(packets.startOf(i), packets.endOf(i)))
  }

  private forgetOldest(): void {
    this.packets.shift()
    this.first++
  }
}
