// Finds a peer that does not work off what it was sent, however little it does and however much more it is sent.
//
// A deadline that each small step or each further packet moves is no deadline. So a mark is set at all that was sent by now,
// and the peer must pass it within a time that depends on the bytes before it. Only then is the next mark set.

/** How long a peer may take to pass a mark, in milliseconds, besides the time that the bytes before it take. */
const MARK_LIMIT_MS = 10_000
/** The slowest link that is waited for, in bytes per millisecond: 8 KB per second. */
const SLOWEST_LINK = 8
/** The most bytes that are waited for. A client for which more remain queued is closed for its backlog. */
const MOST_BYTES = 262_144

export class OverdueWork {
  private mark = -1
  private dueAt = 0
  /** How long the link was broken since the mark was set, in milliseconds. */
  private outage = 0

  /** The peer has worked off everything up to `done` of what it was sent up to `sent`. Returns whether to set a mark. */
  needsMark(done: number, sent: number): boolean {
    if (done >= sent) this.mark = -1
    return done < sent && done >= this.mark
  }

  /** Everything up to `mark` was sent by now; `bytes` are queued before it. */
  setMark(mark: number, now: number, bytes: number): void {
    this.mark = mark
    this.dueAt = now + MARK_LIMIT_MS + Math.min(MOST_BYTES, bytes) / SLOWEST_LINK
    this.outage = 0
  }

  /** Nothing is waited for. */
  forget(): void {
    this.mark = -1
  }

  /** For so many milliseconds the peer could not have been heard. */
  excuse(milliseconds: number): void {
    this.dueAt += milliseconds
  }

  /** The link was broken for so many milliseconds. */
  wasBroken(milliseconds: number): void {
    this.outage += milliseconds
  }

  /**
   * Whether the mark should have been passed. `outage` is how long the link has been broken by now. A broken link excuses a
   * peer for `longestOutage` at most: else one whose link breaks again and again would never have to do anything.
   */
  isOverdue(now: number, outage: number, longestOutage: number): boolean {
    return this.mark >= 0 && now - this.dueAt > Math.min(this.outage + outage, longestOutage)
  }
}
