// Reliable packets that the other side has not confirmed: what a session sends again when it moves to another connection.
//
// A data channel delivers reliably only while it lives. Both sides count the reliable data packets of a session, so they
// need no numbers on the wire: heart-beats say how many have arrived, and a resumed session begins behind those.
import { PacketQueue } from './client/packet-queue.js'

export class ReliableLog {
  private readonly packets = new PacketQueue()
  /** The number of the oldest packet kept, and of the next one to be sent. */
  first = 0
  next = 0

  /** Keeps at most `limit` bytes: beyond that the oldest are forgotten, and nobody who lacks them can resume. */
  constructor(private readonly limit: number) {}

  /** Bytes that are kept. */
  get size(): number {
    return this.packets.size
  }

  push(bytes: Uint8Array, length: number): void {
    this.packets.push(bytes, length, 0)
    this.next++
    while (this.packets.size > this.limit) this.forgetOldest()
  }

  /** The other side has `count` packets. Returns false when so many were never sent. */
  confirm(count: number): boolean {
    if (count > this.next) return false
    while (this.first < count) this.forgetOldest()
    return true
  }

  /** Whether everything behind the first `count` packets is still here. */
  reaches(count: number): boolean {
    return count >= this.first && count <= this.next
  }

  /** Hands out every packet from number `from` on, in order. */
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
