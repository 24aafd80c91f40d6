// A first-in, first-out queue of packets in one growing buffer: where a client keeps data packets until it applies them.
import { ByteWriter } from '../protocol/bytes.js'

export class PacketQueue {
  private readonly store = new ByteWriter(4096)
  private starts: number[] = []
  private times: number[] = []
  private head = 0
  /** How much of the first packet has been dealt with, from its start, in bytes. */
  progress = 0

  get count(): number {
    return this.starts.length - this.head
  }

  get bytes(): Uint8Array {
    return this.store.bytes
  }

  get start(): number {
    return this.starts[this.head]!
  }

  get end(): number {
    return this.starts[this.head + 1] ?? this.store.length
  }

  get time(): number {
    return this.times[this.head]!
  }

  push(bytes: Uint8Array, length: number, time: number): void {
    // A queue that is never quite empty must not keep what it has dealt with.
    if (this.head > 0 && this.start * 2 > this.store.length) this.compact()
    this.starts.push(this.store.length)
    this.times.push(time)
    this.store.copy(bytes, 0, length)
  }

  shift(): void {
    if (this.count === 0) return
    this.head++
    this.progress = 0
    if (this.head === this.starts.length) this.clear()
  }

  clear(): void {
    this.store.clear()
    this.starts.length = 0
    this.times.length = 0
    this.head = 0
    this.progress = 0
  }

  private compact(): void {
    const from = this.start
    this.store.bytes.copyWithin(0, from, this.store.length)
    this.store.length -= from
    this.starts = this.starts.slice(this.head).map((start) => start - from)
    this.times = this.times.slice(this.head)
    this.head = 0
  }
}
