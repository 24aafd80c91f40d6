// Which blocks the unreliable packets in flight to one client carry: by its sequence number, modulo the window of what an
// acknowledgement covers.
import { ACK_WINDOW } from '../protocol/sequence.js'

/** Block numbers remembered for the packets in flight to one client. */
const BLOCK_RING = 2048

export class SentBlocks {
  /** By sequence number, modulo the window: the packet recorded there. */
  private readonly sequenceAt = new Int32Array(ACK_WINDOW).fill(-1)
  /** Where its block numbers begin, counted over all ever recorded, and how many there are. */
  private readonly firstBlock = new Float64Array(ACK_WINDOW)
  private readonly blockCount = new Uint16Array(ACK_WINDOW)
  private readonly packetTick = new Uint32Array(ACK_WINDOW)
  private readonly blocks = new Uint32Array(BLOCK_RING)
  private recorded = 0

  /** Remembers that the packet `sequence` of `tick` carries a block. Calls for one packet follow each other. */
  add(sequence: number, tick: number, block: number): void {
    const at = sequence % ACK_WINDOW
    if (this.sequenceAt[at] !== sequence || this.blockCount[at] === 0) {
      this.sequenceAt[at] = sequence
      this.firstBlock[at] = this.recorded
      this.blockCount[at] = 0
      this.packetTick[at] = tick
    }
    this.blocks[this.recorded++ % BLOCK_RING] = block
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

  /** The block at `index` of the packet last taken, or -1 when it has been forgotten since it was sent. */
  blockAt(sequence: number, index: number): number {
    const at = this.firstBlock[sequence % ACK_WINDOW]! + index
    return at < this.recorded - BLOCK_RING ? -1 : this.blocks[at % BLOCK_RING]!
  }

  /** The tick in which the packet last taken was sent. */
  tickOf(sequence: number): number {
    return this.packetTick[sequence % ACK_WINDOW]!
  }
}
