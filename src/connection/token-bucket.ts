// Token buckets: so many at once, so many per second (RFC 2697's idea, in its simplest form).

/** Many buckets in two flat arrays, indexed by the caller; taking a token allocates nothing. */
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

  /** Takes `count` tokens if they are there. `now` is in milliseconds. */
  take(index: number, now: number, count = 1): boolean {
    const burst = this.burst[index]!
    if (burst === 0) return true
    let tokens = this.tokens[index]!
    const before = this.filledAt[index]!
    // Of many that are taken at one time, the first fills the bucket.
    if (now !== before) {
      tokens = Math.min(burst, tokens + Math.max(0, ((now - before) / 1000) * this.perSecond[index]!))
      this.filledAt[index] = now
    }
    if (tokens < count) {
      this.tokens[index] = tokens
      return false
    }
    this.tokens[index] = tokens - count
    return true
  }
}
