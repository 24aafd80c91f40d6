// Divides the room of one queue fairly among its senders.
//
// While there is room, any sender may use it. In a full queue a sender may still add calls up to an equal share of the
// limits, and never less than the least share. So a flood takes no room away from the others, in any order of
// connecting, and accepted calls never have to be dropped. N flooding senders hold at most the limits times 1 + ln N,
// plus N least shares.
import { growTo } from '../replication/slot-set.js'

/** Calls, and bytes, that every sender may have in a full queue, regardless of the number of senders. */
const LEAST_CALLS = 512
const LEAST_BYTES = 32_768

export class QueueShares {
  private calls = 0
  private bytes = 0
  /** Senders that have calls in the queue. */
  private holders = 0
  // By seat: what each sender has in the queue.
  private callsOf = new Uint32Array(4)
  private bytesOf = new Uint32Array(4)

  /** `largestCall`: bytes of the largest payload. Any share has room for one. */
  constructor(
    private readonly maxCalls: number,
    private readonly maxBytes: number,
    private readonly largestCall: number,
  ) {}

  /** Whether the sender in a seat may add a call of `size` bytes. */
  mayAdd(seat: number, size: number): boolean {
    if (this.calls < this.maxCalls && this.bytes + size <= this.maxBytes) return true
    const held = this.callsOf[seat] ?? 0
    const senders = held === 0 ? this.holders + 1 : this.holders
    const share = Math.max(LEAST_CALLS, this.maxCalls / senders)
    const byteShare = Math.max(LEAST_BYTES, this.largestCall, this.maxBytes / senders)
    return held < share && (this.bytesOf[seat] ?? 0) + size <= byteShare
  }

  add(seat: number, size: number): void {
    if (seat >= this.callsOf.length) {
      this.callsOf = growTo(this.callsOf, seat + 1)
      this.bytesOf = growTo(this.bytesOf, seat + 1)
    }
    if (this.callsOf[seat]!++ === 0) this.holders++
    this.bytesOf[seat]! += size
    this.calls++
    this.bytes += size
  }

  remove(seat: number, size: number): void {
    if (--this.callsOf[seat]! === 0) this.holders--
    this.bytesOf[seat]! -= size
    this.calls--
    this.bytes -= size
  }
}
