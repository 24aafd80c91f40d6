// Lets work through at an even pace: a few at once, so many per second, the others wait in a line that is bounded.

/** As many may start together; more would be felt by the tick that comes next. */
const BURST = 4
/** Nobody waits longer, in milliseconds. */
const LONGEST_WAIT = 4000

export class Pace {
  private tokens = BURST
  private filledAt: number
  private readonly line: (() => void)[] = []
  private timer: NodeJS.Timeout | undefined
  private readonly longest: number

  constructor(
    private readonly perSecond: number,
    private readonly now: () => number,
  ) {
    this.filledAt = now()
    this.longest = Math.ceil((perSecond * LONGEST_WAIT) / 1000)
  }

  /** Those who wait. */
  get waiting(): number {
    return this.line.length
  }

  /**
   * Resolves to true when it is the caller's turn, to false when `signal` aborted before. Undefined when the line is full.
   */
  turn(signal: AbortSignal): Promise<boolean> | undefined {
    this.fill()
    if (this.line.length === 0 && this.tokens >= 1) {
      this.tokens--
      return Promise.resolve(true)
    }
    if (this.line.length >= this.longest) return undefined
    if (signal.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const leave = (): void => {
        this.line.splice(this.line.indexOf(start), 1)
        resolve(false)
      }
      const start = (): void => {
        signal.removeEventListener('abort', leave)
        resolve(true)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.line.push(start)
      this.schedule()
    })
  }

  /** When somebody who finds the line full should come again, in whole seconds. */
  get retryAfter(): number {
    return Math.ceil(this.line.length / this.perSecond)
  }

  private fill(): void {
    const now = this.now()
    this.tokens = Math.min(BURST, this.tokens + (Math.max(0, now - this.filledAt) / 1000) * this.perSecond)
    this.filledAt = now
  }

  private schedule(): void {
    if (this.timer !== undefined || this.line.length === 0) return
    const due = ((1 - this.tokens) / this.perSecond) * 1000
    this.timer = setTimeout(() => this.proceed(), Math.max(1, due))
  }

  private proceed(): void {
    this.timer = undefined
    this.fill()
    // One in each turn of the loop: between two of them everything else of the server goes on.
    if (this.tokens >= 1 && this.line.length > 0) {
      this.tokens--
      this.line.shift()!()
    }
    this.schedule()
  }
}
