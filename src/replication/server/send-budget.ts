// Limits the bytes that one client may be sent: a token bucket that is filled once per tick.
//
// Calls and structure always leave, and may overdraw it. Values and waiting spawns use what is left.

/** The default in bytes per second: more than a game should need, less than what congests a typical connection. */
export const DEFAULT_BYTES_PER_SECOND = 4 << 20
/** The default bytes of spawns to one client in one tick. */
export const DEFAULT_SPAWN_BYTES_PER_TICK = 1 << 15

/** The bucket and its debt hold at most this many seconds of bytes. */
const BURST_SECONDS = 0.25
const DEBT_SECONDS = 1

export class SendBudget {
  /** Bytes that may leave; below 0 when more has left. */
  left: number
  private perSecond: number
  /** Bytes sent that were already deducted. */
  private paid = 0

  constructor(perSecond: number) {
    this.perSecond = perSecond
    this.left = perSecond * BURST_SECONDS
  }

  /** Bytes per second. */
  get rate(): number {
    return this.perSecond
  }

  set rate(perSecond: number) {
    this.perSecond = perSecond
    this.left = Math.min(this.left, perSecond * BURST_SECONDS)
  }

  /** Begins another tick of this many seconds. The bucket always holds at least one tick's bytes. */
  refill(seconds: number): void {
    this.left = Math.min(this.left + this.perSecond * seconds, this.perSecond * Math.max(BURST_SECONDS, seconds))
  }

  /** Deducts the bytes sent since the last call; `sent` counts all bytes since the connection began. */
  pay(sent: number): void {
    this.left = Math.max(this.left - (sent - this.paid), -this.perSecond * DEBT_SECONDS)
    this.paid = sent
  }
}
