// Starts work at an even pace: a few items at once, so many per second. The others wait in a bounded queue.

/** Items that may start together; more would delay the next tick. */
const BURST = 4
/** The longest wait, in milliseconds. */
const LONGEST_WAIT_MS = 4000

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
    this.longest = Math.ceil((perSecond * LONGEST_WAIT_MS) / 1000)
  }

  /** Items in the queue. */
  get waiting(): number {
    return this.line.length
  }

  /**
   * Resolves to true when it is the caller's turn, to false when `signal` was aborted before. Undefined when the queue
   * is full.
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

  /** When a client that finds the queue full should try again, in whole seconds. */
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
    // One per turn of the event loop: the server's other work runs in between.
    if (this.tokens >= 1 && this.line.length > 0) {
      this.tokens--
      this.line.shift()!()
    }
    this.schedule()
  }
}
