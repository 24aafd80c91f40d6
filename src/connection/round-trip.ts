// Smooths the round-trip time as TCP does (RFC 6298 §2). The peer answers inside its receive callback, so the time is
// that of the network, without either side's tick.

export class RoundTrip {
  /** Smoothed round trip in milliseconds; 0 before the first sample. */
  smoothed = 0
  /** Mean deviation in milliseconds. */
  variation = 0

  sample(milliseconds: number): void {
    if (!(milliseconds >= 0)) return
    if (this.smoothed === 0) {
      this.smoothed = Math.max(milliseconds, 0.01)
      this.variation = milliseconds / 2
      return
    }
    this.variation += (Math.abs(this.smoothed - milliseconds) - this.variation) / 4
    this.smoothed += (milliseconds - this.smoothed) / 8
  }

  /** How long a packet may stay unacknowledged, given that the peer answers within `answerDelay` milliseconds. */
  timeout(answerDelay: number): number {
    return this.smoothed + Math.max(4 * this.variation, 5) + answerDelay
  }

  /** The same for a packet that a later one has overtaken: an eighth more than the round trip (RFC 9002 §6.1.2). */
  overtakenTimeout(answerDelay: number): number {
    return (this.smoothed * 9) / 8 + answerDelay
  }
}
