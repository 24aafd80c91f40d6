// Decides when a heartbeat leaves, and finds a link on which nothing that this side sends is confirmed.
//
// Hearing the peer says nothing about the other direction. So a link is alive only while the peer confirms what it is sent:
// by answers to heartbeats, or by acknowledgements of packets.
import type { RoundTrip } from './round-trip.js'

/** Milliseconds between two heartbeats. */
export const PING_INTERVAL = 500
/**
 * The same while a confirmation is overdue. Where a fifth of the packets is lost in each direction, six heartbeats in a row
 * remain unanswered now and then; twenty do not.
 */
const HURRIED_INTERVAL = 150
/** How late the other side may acknowledge: its tick or frame, and a hidden tab's delay. */
export const ANSWER_DELAY = 120
/** Heartbeats that must have remained unanswered: a loop that runs once a second sends few within a time-out. */
const FEWEST_UNANSWERED = 4
/** Answers to anything longer ago are answers to nothing that was sent. */
const LONGEST_ANSWER = 60_000

export class Heartbeats {
  /** When the peer last confirmed something that this side sent. */
  confirmedAt: number
  private sentAt = -Infinity
  private unanswered = 0

  constructor(
    startedAt: number,
    private readonly roundTrip: RoundTrip,
  ) {
    this.confirmedAt = startedAt
  }

  /** Whether a heartbeat is due; the caller sends it. `heardAt`: when the peer was last heard, on an interrupted link. */
  takeDue(now: number, heardAt: number | undefined): boolean {
    if (now - this.sentAt < (this.isHurried(now, heardAt) ? HURRIED_INTERVAL : PING_INTERVAL)) return false
    this.sentAt = now
    this.unanswered++
    return true
  }

  private isHurried(now: number, heardAt: number | undefined): boolean {
    // A peer that is heard again may have the whole link back; on a dead one, more would only fill queues.
    if (heardAt !== undefined) return heardAt > this.sentAt
    return now - this.confirmedAt > PING_INTERVAL + this.roundTrip.timeout(ANSWER_DELAY)
  }

  /** The next heartbeat leaves at once: it has news. */
  hurry(): void {
    this.sentAt = -Infinity
  }

  /** The peer confirmed something that this side sent. */
  confirm(time: number): void {
    this.confirmedAt = Math.max(this.confirmedAt, time)
    this.unanswered = 0
  }

  /** For so many milliseconds this side was blocked, and could not hear the peer. */
  excuse(milliseconds: number, now: number): void {
    this.confirmedAt = Math.min(now, this.confirmedAt + milliseconds)
  }

  /** Reads an answer: `clock` is what the heartbeat said. Returns when that was sent, or -Infinity for one never sent. */
  answered(clock: number, arrival: number): number {
    const elapsed = (Math.trunc(arrival) - clock) >>> 0
    if (elapsed >= LONGEST_ANSWER) return -Infinity
    this.roundTrip.sample(elapsed)
    this.confirm(arrival)
    return Math.trunc(arrival) - elapsed
  }

  /** Whether the peer confirmed nothing since `since`, though it was asked. */
  isUnanswered(since: number): boolean {
    return this.confirmedAt < since && this.unanswered >= FEWEST_UNANSWERED
  }
}
