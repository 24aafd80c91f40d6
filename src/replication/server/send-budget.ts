// What one client may be sent, in bytes: a token bucket that is filled once per tick. Calls and structure leave whatever it
// says, and may overdraw it; values, and the spawns that wait, take what is left.

/** Bytes per second where nobody says otherwise: more than a game should need, less than what chokes a line of today. */
export const DEFAULT_BYTES_PER_SECOND = 4 << 20
/** Bytes of spawns to one client in one tick, where nobody says otherwise. */
export const DEFAULT_SPAWN_BYTES_PER_TICK = 1 << 15

/** How long unused bytes are kept, in seconds, and how long a debt is. */
const BURST_SECONDS = 0.25
const DEBT_SECONDS = 1

export class SendBudget {
  /** Bytes that may leave; below 0 when more has left. */
  left: number
  private perSecond: number
  /** Bytes sent that have been paid for. */
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

  /** Another tick of this many seconds begins. A bucket always holds what one tick brings. */
  refill(seconds: number): void {
    this.left = Math.min(this.left + this.perSecond * seconds, this.perSecond * Math.max(BURST_SECONDS, seconds))
  }

  /** Pays for what has been sent since the last time: `sent` are the bytes of all time. */
  pay(sent: number): void {
    this.left = Math.max(this.left - (sent - this.paid), -this.perSecond * DEBT_SECONDS)
    this.paid = sent
  }
}
