// Limits how many slow calls of a game's own code run at once, since every connecting client can cause one.

/**
 * How long a call that ignores its signal still counts as running, in milliseconds. Clients that connect and leave
 * must not pile up calls, and calls that never return must not refuse every client permanently.
 */
const ABANDONED_MS = 30_000

/** One call, from its start to its return. */
export class RunningCall {
  private readonly controller = new AbortController()
  /** When it was abandoned; 0 while a client waits for it. */
  abandonedAt = 0

  constructor(private readonly calls: RunningCalls) {}

  /** Aborted when no client waits for the answer any longer. */
  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** Notes that the call returned. */
  returned(): void {
    this.calls.remove(this)
  }

  /** Notes that no client waits for the answer any longer. */
  abandon(): void {
    this.abandonedAt = Math.max(this.calls.now(), Number.MIN_VALUE)
    this.controller.abort()
  }
}

export class RunningCalls {
  private readonly calls = new Set<RunningCall>()

  constructor(
    /** The most calls that may run at once, abandoned ones included. */
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
