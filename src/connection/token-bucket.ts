// Limits rates with token buckets: a burst, and an amount per second (RFC 2697's idea, in its simplest form).

/** Keeps many buckets in two flat arrays, indexed by the caller. Taking a token allocates nothing. */
export class TokenBuckets {
  private readonly tokens: Float64Array
  private readonly filledAt: Float64Array

  /** `perSecond` and `burst` hold for each index; a burst of 0 means "no limit". */
  constructor(
    private readonly perSecond: Float64Array,
    private readonly burst: Float64Array,
  ) {
    this.tokens = Float64Array.from(burst)
    this.filledAt = new Float64Array(burst.length)
  }

  /** Takes `count` tokens if the bucket has them. `now` is in milliseconds. */
  take(index: number, now: number, count = 1): boolean {
    if (!this.has(index, now, count)) return false
    // The number does not matter without a limit.
    this.tokens[index]! -= count
    return true
  }

  /** Whether the bucket has `count` tokens. */
  has(index: number, now: number, count: number): boolean {
    const burst = this.burst[index]!
    if (burst === 0) return true
    // Of many calls at the same time, only the first fills the bucket.
    if (now !== this.filledAt[index]) this.fill(index, now)
    return this.tokens[index]! >= count
  }

  private fill(index: number, now: number): void {
    const elapsed = now - this.filledAt[index]!
    // A time in the past must not fill the bucket twice.
    if (elapsed <= 0) return
    this.tokens[index] = Math.min(this.burst[index]!, this.tokens[index]! + (elapsed / 1000) * this.perSecond[index]!)
    this.filledAt[index] = now
  }
}
