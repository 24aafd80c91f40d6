// Decides when a heartbeat leaves, and times its answer.
import type { RoundTrip } from './round-trip.js'

/** Milliseconds between two heartbeats. */
export const PING_INTERVAL_MS = 500
/** Milliseconds without packets after which a connection is interrupted, by default. */
export const DEFAULT_TIMEOUT_MS = 3000
/** How long the peer may take to acknowledge, in milliseconds: its tick or frame, and a hidden tab's delay. */
export const ANSWER_DELAY_MS = 120
/** An older answer cannot belong to a heartbeat that was sent, in milliseconds. */
const LONGEST_ANSWER_MS = 60_000

export class Heartbeats {
  private sentAt = -Infinity

  constructor(private readonly roundTrip: RoundTrip) {}

  /** Whether a heartbeat is due; the caller sends it. */
  takeDue(now: number): boolean {
    if (now - this.sentAt < PING_INTERVAL_MS) return false
    this.sentAt = now
    return true
  }

  /** Makes the next heartbeat due at once, because it has news. */
  hurry(): void {
    this.sentAt = -Infinity
  }

  /**
   * Reads an answer: `clock` is the heartbeat's own time. Returns when the heartbeat was sent, or -Infinity for one
   * that never was.
   */
  answered(clock: number, arrival: number): number {
    const elapsed = (Math.trunc(arrival) - clock) >>> 0
    if (elapsed >= LONGEST_ANSWER_MS) return -Infinity
    this.roundTrip.sample(elapsed)
    return Math.trunc(arrival) - elapsed
  }
}
