// Counts names. A game may define its own names, so the number of distinct ones is bounded.

const MOST_NAMES = 100
/** The name under which further names are counted. */
const OTHERS = 'others'

export class NameCounts {
  private readonly counts = new Map<string, number>()

  add(name: string, count = 1): void {
    const key = this.counts.has(name) || this.counts.size < MOST_NAMES ? name : OTHERS
    this.counts.set(key, (this.counts.get(key) ?? 0) + count)
  }

  /** A copy, by name. */
  get totals(): Record<string, number> {
    return Object.fromEntries(this.counts)
  }
}
