// Detects a client that never catches up: its reliable send queue stops shrinking.

/** Bytes in the send queue from which on a client lags. */
const LAGGING_BYTES = 262_144
/** How long a client may lag, in milliseconds. */
const LONGEST_LAG_MS = 10_000

export class Backlog {
  private lagsSince = -1

  /**
   * Whether a client with `waiting` queued bytes at `now` has lagged for too long. Call it regularly: it needs to see
   * the queue over time.
   */
  isHopeless(waiting: number, now: number): boolean {
    if (waiting < LAGGING_BYTES) this.lagsSince = -1
    else if (this.lagsSince < 0) this.lagsSince = now
    return this.lagsSince >= 0 && now - this.lagsSince > LONGEST_LAG_MS
  }
}
