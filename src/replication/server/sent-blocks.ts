// Records the blocks that each unreliable packet in flight to one client carries. Packets go by their sequence number,
// modulo the window that an acknowledgement covers.
import { ACK_WINDOW } from '../../protocol/sequence.js'

/** Block numbers kept at first for the packets in flight to one client. The ring grows when more are in flight. */
const SMALLEST_RING = 512
const LARGEST_RING = 1 << 15

export class SentBlocks {
  /** By sequence number, modulo the window: the packet recorded there. */
  private readonly sequenceAt = new Int32Array(ACK_WINDOW).fill(-1)
  /** Where its block numbers begin, counted over all ever recorded, and how many there are. */
  private readonly firstBlock = new Float64Array(ACK_WINDOW)
  private readonly blockCount = new Uint16Array(ACK_WINDOW)
  /** The tick since which the client lacked any of the packet's values. */
  private readonly since = new Uint32Array(ACK_WINDOW)
  private blocks = new Float64Array(SMALLEST_RING)
  /** By place in the ring: the packet of the block, modulo the window. */
  private packetOf = new Uint8Array(SMALLEST_RING)
  private recorded = 0

  /**
   * Records that packet `sequence` carries a block, some of which the client has lacked since tick `since`. Calls for
   * one packet follow each other.
   */
  add(sequence: number, block: number, since: number): void {
    const at = sequence % ACK_WINDOW
    if (this.sequenceAt[at] !== sequence || this.blockCount[at] === 0) {
      this.sequenceAt[at] = sequence
      this.firstBlock[at] = this.recorded
      this.blockCount[at] = 0
      this.since[at] = since
    } else if (since < this.since[at]!) this.since[at] = since
    if (this.isFull() && this.blocks.length < LARGEST_RING) this.grow()
    const place = this.recorded++ % this.blocks.length
    this.blocks[place] = block
    this.packetOf[place] = at
    this.blockCount[at]!++
  }

  /** Forgets a packet. Returns how many blocks it carried. */
  take(sequence: number): number {
    const at = sequence % ACK_WINDOW
    if (this.sequenceAt[at] !== sequence) return 0
    const count = this.blockCount[at]!
    this.blockCount[at] = 0
    return count
  }

  /** The block at `index` of the packet last taken, or -1 when it was forgotten after it was sent. */
  blockAt(sequence: number, index: number): number {
    const at = this.firstBlock[sequence % ACK_WINDOW]! + index
    return at < this.recorded - this.blocks.length ? -1 : this.blocks[at % this.blocks.length]!
  }

  /** The tick since which the client lacked any value of the packet last taken. */
  sinceOf(sequence: number): number {
    return this.since[sequence % ACK_WINDOW]!
  }

  /** Returns whether the next block would replace one that a packet in flight carries. */
  private isFull(): boolean {
    const oldest = this.recorded - this.blocks.length
    if (oldest < 0) return false
    const packet = this.packetOf[oldest % this.blocks.length]!
    return this.blockCount[packet]! > 0 && this.firstBlock[packet]! <= oldest
  }

  private grow(): void {
    const { blocks, packetOf, recorded } = this
    const size = blocks.length
    this.blocks = new Float64Array(size * 2)
    this.packetOf = new Uint8Array(size * 2)
    for (let at = Math.max(0, recorded - size); at < recorded; at++) {
      this.blocks[at % (size * 2)] = blocks[at % size]!
      this.packetOf[at % (size * 2)] = packetOf[at % size]!
    }
  }
}
