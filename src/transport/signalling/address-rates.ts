// Limits how many requests one address may send per second, in a table of a fixed size.

/** Requests of one address at once. Some 200 players behind one address may load a page with several files. */
export const REQUEST_BURST = 10_000
export const REQUESTS_PER_SECOND = 500
/** Addresses in the table. Beyond that, the address that was inactive longest is forgotten. */
const MAX_ADDRESSES = 4096

interface Bucket {
  tokens: number
  filledAt: number
}

export class AddressRates {
  /** In the order of their last request, oldest first. */
  private readonly buckets = new Map<string, Bucket>()

  constructor(
    private readonly now: () => number,
    private readonly burst = REQUEST_BURST,
    private readonly perSecond = REQUESTS_PER_SECOND,
  ) {}

  get size(): number {
    return this.buckets.size
  }

  /** Takes one request from the rate of an address. Returns false when none is left. */
  take(key: string): boolean {
    const now = this.now()
    const known = this.buckets.get(key)
    const bucket = known ?? { tokens: this.burst, filledAt: now }
    const added = (Math.max(0, now - bucket.filledAt) / 1000) * this.perSecond
    bucket.tokens = Math.min(this.burst, bucket.tokens + added)
    bucket.filledAt = now
    if (known !== undefined) this.buckets.delete(key)
    this.buckets.set(key, bucket)
    if (this.buckets.size > MAX_ADDRESSES) this.buckets.delete(this.buckets.keys().next().value!)
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}
