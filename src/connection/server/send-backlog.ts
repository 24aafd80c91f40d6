// A client that takes in less than it is sent for good: what waits for it on the reliable channel does not get less.

/** Bytes that wait for the network, from which on a client lags. */
const LAGGING_BYTES = 262_144
/** How long a client may lag, in milliseconds. */
const LONGEST_LAG = 10_000

export class Backlog {
  private lagsSince = -1

  /** Whether it is hopeless, given that `waiting` bytes wait at `now`. Ask now and then; once is no answer. */
  isHopeless(waiting: number, now: number): boolean {
    if (waiting < LAGGING_BYTES) this.lagsSince = -1
    else if (this.lagsSince < 0) this.lagsSince = now
    return this.lagsSince >= 0 && now - this.lagsSince > LONGEST_LAG
  }
}
