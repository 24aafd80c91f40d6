// Decides when a heartbeat leaves, and times its answer.
import type { RoundTrip } from './round-trip.js'

/** Milliseconds between two heartbeats. */
export const PING_INTERVAL = 500
/** How late the other side may acknowledge: its tick or frame, and a hidden tab's delay. */
export const ANSWER_DELAY = 120
/** Answers to anything longer ago are answers to nothing that was sent. */
const LONGEST_ANSWER = 60_000

export class Heartbeats {
  private sentAt = -Infinity

  constructor(private readonly roundTrip: RoundTrip) {}

  /** Whether a heartbeat is due; the caller sends it. */
  takeDue(now: number): boolean {
    if (now - this.sentAt < PING_INTERVAL) return false
    this.sentAt = now
    return true
  }

  /** The next heartbeat leaves at once: it has news. */
  hurry(): void {
    this.sentAt = -Infinity
  }

  /** Reads an answer: `clock` is what the heartbeat said. Returns when that was sent, or -Infinity for one never sent. */
  answered(clock: number, arrival: number): number {
    const elapsed = (Math.trunc(arrival) - clock) >>> 0
    if (elapsed >= LONGEST_ANSWER) return -Infinity
    this.roundTrip.sample(elapsed)
    return Math.trunc(arrival) - elapsed
  }
}
