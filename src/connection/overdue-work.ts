// Finds a peer that does not work through what it was sent, however slowly it proceeds and however much more is sent.
//
// A deadline that moves with each small step or each further packet would never expire. So a mark is set at everything
// sent by now, and the peer must pass it within a time that depends on the bytes before it. Only then is the next mark
// set.

/** How long a peer may take to pass a mark, in milliseconds, plus the time that the bytes before it take. */
const MARK_LIMIT_MS = 10_000
/** The slowest link that is supported, in bytes per millisecond: 8 KB per second. */
const SLOWEST_LINK = 8
/** The most bytes that extend the deadline. A client with more in its send queue is closed for its backlog. */
const MOST_BYTES = 262_144

export class OverdueWork {
  private mark = -1
  private dueAt = 0
  /** How long the link was broken since the mark was set, in milliseconds. */
  private outage = 0

  /** Notes that the peer is done up to `done` of what it was sent up to `sent`. Returns whether to set a mark. */
  needsMark(done: number, sent: number): boolean {
    if (done >= sent) this.mark = -1
    return done < sent && done >= this.mark
  }

  /** Sets a mark: everything up to `mark` was sent by now, and `bytes` are queued before it. */
  setMark(mark: number, now: number, bytes: number): void {
    this.mark = mark
    this.dueAt = now + MARK_LIMIT_MS + Math.min(MOST_BYTES, bytes) / SLOWEST_LINK
    this.outage = 0
  }

  /** Forgets the mark. */
  forget(): void {
    this.mark = -1
  }

  /** Extends the deadline by milliseconds in which this side could not receive. */
  excuse(milliseconds: number): void {
    this.dueAt += milliseconds
  }

  /** Extends the deadline by milliseconds for which the link was broken. */
  wasBroken(milliseconds: number): void {
    this.outage += milliseconds
  }

  /**
   * Whether the peer should have passed the mark. `outage` is how long the link has been broken by now. A broken link
   * extends the deadline by `longestOutage` at most. Otherwise a peer whose link breaks again and again would never be
   * late.
   */
  isOverdue(now: number, outage: number, longestOutage: number): boolean {
    return this.mark >= 0 && now - this.dueAt > Math.min(this.outage + outage, longestOutage)
  }
}
