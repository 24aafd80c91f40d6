// Calls of a game's own code that may take their time, at the wish of anybody who connects: so many at once and no more.

/**
 * How long a call that ignores its signal still counts as running, in milliseconds. Clients that come and go must not pile up
 * calls without end; calls that never return must not shut everybody out for ever.
 */
const ABANDONED_MS = 30_000

/** One call, from its begin to its return. */
export class RunningCall {
  private readonly controller = new AbortController()
  /** When it was abandoned; 0 while somebody waits for it. */
  abandonedAt = 0

  constructor(private readonly calls: RunningCalls) {}

  /** Aborted when nobody waits for the answer any more. */
  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** It has returned. */
  returned(): void {
    this.calls.remove(this)
  }

  /** Nobody waits for its answer any more. */
  abandon(): void {
    this.abandonedAt = Math.max(this.calls.now(), Number.MIN_VALUE)
    this.controller.abort()
  }
}

export class RunningCalls {
  private readonly calls = new Set<RunningCall>()

  constructor(
    /** The most that may run at once, those that nobody waits for included. */
    private readonly limit: number,
    readonly now: () => number,
  ) {}

  /** Counts a call that is about to be made; undefined when too many run. */
  begin(): RunningCall | undefined {
    if (this.calls.size >= this.limit) this.forgetAbandoned()
    if (this.calls.size >= this.limit) return undefined
    const call = new RunningCall(this)
    this.calls.add(call)
    return call
  }

  remove(call: RunningCall): void {
    this.calls.delete(call)
  }

  private forgetAbandoned(): void {
    const now = this.now()
    for (const call of this.calls) {
      if (call.abandonedAt > 0 && now - call.abandonedAt > ABANDONED_MS) this.calls.delete(call)
    }
  }
}
