// How often each of some names occurred. Names may be a game's own, so there is a bound to how many are told apart.

const MOST_NAMES = 100
/** What further names count as. */
const OTHERS = 'others'

export class Tally {
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
