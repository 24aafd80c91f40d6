// Numbers unreliable packets with 16 bits that wrap, compares them by serial number arithmetic (RFC 1982), and keeps
// the window of those that arrived.
import type { ByteReader, ByteWriter } from './bytes.js'

/** How far `a` is after `b`: positive when newer. Correct while the two are less than 32,768 apart. */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b) << 16) >> 16
}

export function nextSequence(sequence: number): number {
  return (sequence + 1) & 0xffff
}

/** Extends sequence numbers beyond their wrap, so that packets of any age can be ordered. */
export class SequenceOrder {
  /** The newest number seen, extended. It begins so high that no older number falls below 1. */
  private newest = 0x10000

  /** The position of a packet in its session: 1 or more, and higher the later it was sent. */
  of(sequence: number): number {
    const order = this.newest + sequenceDistance(sequence, this.newest & 0xffff)
    if (order > this.newest) this.newest = order
    return order
  }
}

/** Packets that one acknowledgement can cover, and so the most that may be unacknowledged. */
export const ACK_WINDOW = 256
const MASK_BYTES = ACK_WINDOW / 8

const UNSEEN = 0
const SEEN = 1
const ACKNOWLEDGED = 2

/**
 * Remembers which of the last {@link ACK_WINDOW} sequence numbers were received. It refuses numbers that it has seen,
 * so that a packet duplicated by the network is handled once. It also refuses numbers older than the window, since it
 * no longer knows them.
 */
export class ReceiveWindow {
  /** The newest sequence number seen; meaningless while `empty`. */
  latest = 0
  empty = true
  /** Ring by sequence number modulo the window. */
  private readonly state = new Uint8Array(ACK_WINDOW)

  /** True when this number is new: not seen before, and not too old to tell. */
  isNew(sequence: number): boolean {
    if (this.empty) return true
    const distance = sequenceDistance(sequence, this.latest)
    if (distance > 0) return true
    return distance > -ACK_WINDOW && this.state[sequence % ACK_WINDOW] === UNSEEN
  }

  /**
   * Marks a number as received. A packet that is not acknowledged counts as lost for its sender, but is not accepted
   * twice.
   */
  mark(sequence: number, acknowledge: boolean): void {
    const distance = this.empty ? ACK_WINDOW : sequenceDistance(sequence, this.latest)
    if (distance >= ACK_WINDOW) this.state.fill(UNSEEN)
    else for (let i = 1; i < distance; i++) this.state[(this.latest + i) % ACK_WINDOW] = UNSEEN
    if (distance > 0) {
      this.latest = sequence
      this.empty = false
    }
    this.state[sequence % ACK_WINDOW] = acknowledge ? ACKNOWLEDGED : SEEN
  }

  /**
   * Writes the acknowledgement: the newest number (u16), the length of the mask in bytes (u8), the mask. Bit `i` of
   * the mask stands for `latest - i`. Trailing zero bytes are left out.
   */
  write(writer: ByteWriter): void {
    writer.u16(this.latest)
    const countAt = writer.length
    writer.u8(0)
    writer.reserve(MASK_BYTES)
    let used = 0
    for (let byte = 0; byte < MASK_BYTES; byte++) {
      let bits = 0
      for (let bit = 0; bit < 8; bit++) {
        const sequence = (this.latest - byte * 8 - bit) & (ACK_WINDOW - 1)
        if (this.state[sequence] === ACKNOWLEDGED) bits |= 1 << bit
      }
      writer.bytes[countAt + 1 + byte] = bits
      if (bits !== 0) used = byte + 1
    }
    writer.bytes[countAt] = used
    writer.length = countAt + 1 + used
  }
}

/** An acknowledgement as read from a packet; reused for every packet. */
export class Acknowledgement {
  latest = 0
  maskBytes = 0
  readonly mask = new Uint8Array(MASK_BYTES)

  read(reader: ByteReader): void {
    this.latest = reader.u16()
    this.maskBytes = reader.u8()
    if (this.maskBytes > MASK_BYTES || reader.left < this.maskBytes) {
      this.maskBytes = 0
      reader.fail()
      return
    }
    for (let i = 0; i < this.maskBytes; i++) this.mask[i] = reader.u8()
  }

  /** Whether it acknowledges `sequence`. */
  covers(sequence: number): boolean {
    const back = sequenceDistance(this.latest, sequence)
    if (back < 0 || back >= this.maskBytes * 8) return false
    return (this.mask[back >> 3]! & (1 << (back & 7))) !== 0
  }
}
