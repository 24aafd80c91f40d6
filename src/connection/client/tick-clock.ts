// Estimates the server's tick, with fractions, from the ticks in packets and their arrival times.

/** How strongly one arrival changes the estimate. Low, since a single late packet proves little about the clock. */
const GAIN = 0.05
/** An arrival this far off, in milliseconds, is a jump of a clock or a route, and is followed at once. */
const JUMP_MS = 300

export class TickClock {
  /** When tick 0 would have arrived, in milliseconds of the local clock. */
  private origin = 0
  private started = false
  /** The newest tick received. */
  latest = 0
  /** Milliseconds per tick. */
  tickMs = 50

  start(tickMs: number, tick: number, now: number): void {
    this.tickMs = tickMs
    this.latest = tick
    this.origin = now - tick * tickMs
    this.started = true
  }

  observe(tick: number, arrival: number): void {
    if (!this.started) return
    if (tick > this.latest) this.latest = tick
    const error = arrival - tick * this.tickMs - this.origin
    this.origin += Math.abs(error) > JUMP_MS ? error : error * GAIN
  }

  /** The tick whose packet would arrive now. */
  at(now: number): number {
    return this.started ? (now - this.origin) / this.tickMs : 0
  }
}
