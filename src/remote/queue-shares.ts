// Divides the room of one full queue fairly among its senders.
//
// While there is room, any sender may use it. In a full queue a sender may still add calls up to an equal share of the
// limits, and never less than the least share. So a flood takes no room away from the others, in any order of
// connecting, and accepted calls never have to be dropped. N flooding senders hold at most the limits times 1 + ln N,
// plus N least shares.

/** Calls, and bytes, that every sender may have in a full queue, regardless of the number of senders. */
const LEAST_CALLS = 512
const LEAST_BYTES = 32_768

/** What one sender has in the queue. */
interface Share {
  calls: number
  bytes: number
}

export class QueueShares {
  /** By connection entity: the senders that have calls in the queue. */
  private readonly held = new Map<number, Share>()

  /** `largestCall`: bytes of the largest payload. Any share has room for one. */
  constructor(
    private readonly maxCalls: number,
    private readonly maxBytes: number,
    private readonly largestCall: number,
  ) {}

  /** Whether a sender may add a call of `size` bytes to the full queue. */
  mayAdd(sender: number, size: number): boolean {
    const share = this.held.get(sender)
    const senders = share === undefined ? this.held.size + 1 : this.held.size
    const calls = Math.max(LEAST_CALLS, this.maxCalls / senders)
    const bytes = Math.max(LEAST_BYTES, this.largestCall, this.maxBytes / senders)
    return share === undefined ? size <= bytes : share.calls < calls && share.bytes + size <= bytes
  }

  add(sender: number, size: number): void {
    const share = this.held.get(sender)
    if (share === undefined) this.held.set(sender, { calls: 1, bytes: size })
    else {
      share.calls++
      share.bytes += size
    }
  }

  remove(sender: number, size: number): void {
    const share = this.held.get(sender)!
    share.bytes -= size
    if (--share.calls === 0) this.held.delete(sender)
  }

  clear(): void {
    this.held.clear()
  }
}
