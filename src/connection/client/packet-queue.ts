// Keeps data packets in one growing buffer, first in, first out, until the client applies them.
import { ByteWriter } from '../../protocol/bytes.js'

/** Packets whose positions fit before the lists grow. */
const FIRST_ROOM = 32

export class PacketQueue {
  private readonly store = new ByteWriter(4096)
  private starts = new Float64Array(FIRST_ROOM)
  private times = new Float64Array(FIRST_ROOM)
  private head = 0
  private tail = 0
  /** Bytes of the first packet that have been read, from its start. */
  progress = 0

  get count(): number {
    return this.tail - this.head
  }

  get bytes(): Uint8Array {
    return this.store.bytes
  }

  get start(): number {
    return this.starts[this.head]!
  }

  get end(): number {
    return this.head + 1 < this.tail ? this.starts[this.head + 1]! : this.store.length
  }

  get time(): number {
    return this.times[this.head]!
  }

  /** Bytes in the queue. */
  get size(): number {
    return this.count === 0 ? 0 : this.store.length - this.start
  }

  /** Where the `i`th packet of the queue begins. */
  startOf(i: number): number {
    return this.starts[this.head + i]!
  }

  endOf(i: number): number {
    return this.head + i + 1 < this.tail ? this.starts[this.head + i + 1]! : this.store.length
  }

  push(bytes: Uint8Array, length: number, time: number): void {
    // A queue that is never quite empty must not keep what was read.
    if (this.head > 0 && this.start * 2 > this.store.length) this.compact()
    if (this.tail === this.starts.length) this.grow()
    this.starts[this.tail] = this.store.length
    this.times[this.tail] = time
    this.tail++
    this.store.copy(bytes, 0, length)
  }

  shift(): void {
    if (this.count === 0) return
    this.head++
    this.progress = 0
    if (this.head === this.tail) this.clear()
  }

  /** Frees the memory of an empty queue. */
  free(): void {
    this.clear()
    this.store.free()
    this.starts = new Float64Array(FIRST_ROOM)
    this.times = new Float64Array(FIRST_ROOM)
  }

  /** Empties the queue and returns how many packets it had. */
  clear(): number {
    const { count } = this
    this.store.clear()
    this.head = 0
    this.tail = 0
    this.progress = 0
    return count
  }

  private grow(): void {
    const starts = new Float64Array(this.tail * 2)
    const times = new Float64Array(this.tail * 2)
    starts.set(this.starts)
    times.set(this.times)
    this.starts = starts
    this.times = times
  }

  private compact(): void {
    const from = this.start
    this.store.bytes.copyWithin(0, from, this.store.length)
    this.store.length -= from
    const { count } = this
    for (let i = 0; i < count; i++) {
      this.starts[i] = this.starts[this.head + i]! - from
      this.times[i] = this.times[this.head + i]!
    }
    this.head = 0
    this.tail = count
  }
}
