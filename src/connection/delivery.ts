// Tracks unreliable packets: which are in flight, acknowledged or lost, and whether another may leave.
//
// Losses are found as in QUIC (RFC 9002 §6.1): by packets acknowledged later, or by time. The window is our own. After
// an outage a data channel delivers everything that was queued, seconds old, so nothing may be queued. While too many
// packets are unacknowledged, only a probe leaves, four times a second. Changes wait as unsent changes, and leave with
// their newest values.
import { ACK_WINDOW, type Acknowledgement, nextSequence, sequenceDistance } from '../protocol/sequence.js'

/** Packets acknowledged after one that was not, until it counts as lost (RFC 9002: kPacketThreshold). */
const REORDER_THRESHOLD = 3
/** Unacknowledged packets that are always allowed. */
const SMALLEST_WINDOW = 8
/** The largest window. A packet outside the range of an acknowledgement counts as lost. */
const LARGEST_WINDOW = ACK_WINDOW - REORDER_THRESHOLD
const PROBE_INTERVAL_MS = 250

const Fate = { None: 0, InFlight: 1, TimedOut: 2 } as const

/** Receives the fate of each packet, once. */
export interface DeliverySink {
  acknowledged(sequence: number): void
  /** The packet was lost, or is unacknowledged for so long that it counts as lost. */
  lost(sequence: number): void
}

export class Delivery {
  /** The next sequence number. */
  private next = 0
  /** The oldest packet whose fate is open; equal to `next` when there is none. */
  private oldest = 0
  private readonly fate = new Uint8Array(ACK_WINDOW)
  private readonly sentAt = new Float64Array(ACK_WINDOW)
  /** Packets sent since the newest acknowledged one, those that timed out included. */
  private outstanding = 0
  /** The newest packet known to have arrived, or -1. */
  private newestAcknowledged = -1
  private lastProbe = -Infinity
  private packetsThisTick = 0
  private packetsPerTick = 0

  constructor(private readonly sink: DeliverySink) {}

  get unacknowledged(): number {
    return this.outstanding
  }

  /** Starts a tick. The number of packets per tick decides the size of the window. */
  startTick(): void {
    this.packetsPerTick = Math.max(this.packetsThisTick, this.packetsPerTick * 0.95)
    this.packetsThisTick = 0
  }

  /** Whether a packet may leave now. `roundTripTicks` is the smoothed round trip in ticks of the sender. */
  maySend(now: number, roundTripTicks: number): boolean {
    if (this.outstanding < this.window(roundTripTicks)) return true
    return now - this.lastProbe >= PROBE_INTERVAL_MS
  }

  /** How many packets may leave now, one after another. */
  allowance(now: number, roundTripTicks: number): number {
    const free = this.window(roundTripTicks) - this.outstanding
    if (free <= 0) return now - this.lastProbe >= PROBE_INTERVAL_MS ? 1 : 0
    // Each packet beyond those of the ticks before widens the window by two at least.
    if (free > this.packetsPerTick - this.packetsThisTick) return LARGEST_WINDOW - this.outstanding
    return free
  }

  private window(roundTripTicks: number): number {
    const perTick = Math.max(this.packetsPerTick, this.packetsThisTick)
    return Math.min(LARGEST_WINDOW, Math.max(SMALLEST_WINDOW, Math.ceil(perTick * (roundTripTicks + 2))))
  }

  /** Takes the next sequence number for a packet that leaves now. */
  send(now: number): number {
    const sequence = this.next
    // No acknowledgement can cover the packet of a slot that is still open.
    if (sequenceDistance(sequence, this.oldest) >= ACK_WINDOW) this.giveUp(this.oldest)
    this.next = nextSequence(sequence)
    this.fate[sequence % ACK_WINDOW] = Fate.InFlight
    this.sentAt[sequence % ACK_WINDOW] = now
    this.outstanding++
    this.packetsThisTick++
    this.lastProbe = now
    return sequence
  }

  /** Reads an acknowledgement. Returns false when it names a packet that was never sent. */
  acknowledge(ack: Acknowledgement): boolean {
    if (sequenceDistance(ack.latest, this.next) >= 0) return false
    if (sequenceDistance(ack.latest, this.oldest) < 0) return true
    for (let s = this.oldest; sequenceDistance(ack.latest, s) >= 0; s = nextSequence(s)) {
      const fate = this.fate[s % ACK_WINDOW]!
      if (fate === Fate.None) continue
      if (ack.covers(s)) {
        this.settle(s)
        if (fate === Fate.InFlight) this.sink.acknowledged(s)
        if (this.newestAcknowledged < 0 || sequenceDistance(s, this.newestAcknowledged) > 0) this.newestAcknowledged = s
      }
    }
    for (let s = this.oldest; sequenceDistance(ack.latest, s) >= REORDER_THRESHOLD; s = nextSequence(s)) {
      const fate = this.fate[s % ACK_WINDOW]!
      if (fate === Fate.None) continue
      this.settle(s)
      if (fate === Fate.InFlight) this.sink.lost(s)
    }
    this.advance()
    return true
  }

  /**
   * Counts packets that left too long ago as lost; they still count against the window. `timeout` holds for the newest
   * packets, in milliseconds. The shorter `overtaken` holds for those that a later packet has overtaken.
   */
  expire(now: number, timeout: number, overtaken = timeout): void {
    for (let s = this.oldest; s !== this.next; s = nextSequence(s)) {
      if (this.fate[s % ACK_WINDOW] !== Fate.InFlight) continue
      const passed = this.newestAcknowledged >= 0 && sequenceDistance(this.newestAcknowledged, s) > 0
      if (now - this.sentAt[s % ACK_WINDOW]! < (passed ? overtaken : timeout)) break
      this.fate[s % ACK_WINDOW] = Fate.TimedOut
      this.sink.lost(s)
    }
  }

  /** Counts everything in flight as lost, because the link broke and later packets take another. */
  abandon(): void {
    for (let s = this.oldest; s !== this.next; s = nextSequence(s)) {
      const fate = this.fate[s % ACK_WINDOW]!
      this.fate[s % ACK_WINDOW] = Fate.None
      if (fate === Fate.InFlight) this.sink.lost(s)
    }
    this.oldest = this.next
    this.outstanding = 0
  }

  private giveUp(sequence: number): void {
    const fate = this.fate[sequence % ACK_WINDOW]!
    if (fate !== Fate.None) {
      this.settle(sequence)
      if (fate === Fate.InFlight) this.sink.lost(sequence)
    }
    this.advance()
    if (this.oldest === sequence) this.oldest = nextSequence(sequence)
  }

  private settle(sequence: number): void {
    this.fate[sequence % ACK_WINDOW] = Fate.None
    this.outstanding--
  }

  private advance(): void {
    while (this.oldest !== this.next && this.fate[this.oldest % ACK_WINDOW] === Fate.None) {
      this.oldest = nextSequence(this.oldest)
    }
  }
}
