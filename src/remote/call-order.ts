// Numbers the calls and messages of one side in their order of arrival, over all definitions.

export class CallOrder {
  /** The number given last. */
  last = 0

  /** Gives the next number. Returns its lower 32 bits, which is what queues keep. */
  next(): number {
    return ++this.last >>> 0
  }

  /** The whole number whose lower bits are `low`: the newest such number. Fewer than 2^32 calls wait at a time. */
  of(low: number): number {
    return this.last - ((this.last - low) >>> 0)
  }
}
