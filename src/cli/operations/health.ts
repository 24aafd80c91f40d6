// How the server is, as those ask who start, watch and replace it.

/** What the server is doing. Only one that is `ready` lets clients in. */
export type Phase = 'starting' | 'ready' | 'draining' | 'stopping'

/** An answer over HTTP. */
export interface HealthAnswer {
  readonly ok: boolean
  readonly text: string
}

/** The loop runs at least once a second; one that has not for so long, in milliseconds, will not again. */
const LONGEST_SILENCE_MS = 10_000

export class Health {
  phase: Phase = 'starting'
  private tickedAt: number | undefined

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A tick has run. */
  ticked(): void {
    this.tickedAt = this.now()
  }

  /** Whether the process is worth keeping. That it answers shows that its event loop turns; ticks must run as well. */
  live(): HealthAnswer {
    const silence = this.tickedAt === undefined ? 0 : this.now() - this.tickedAt
    if (this.phase === 'stopping' || silence <= LONGEST_SILENCE_MS) return { ok: true, text: 'alive' }
    return { ok: false, text: `no tick has run for ${Math.round(silence / 1000)} s` }
  }

  /** Whether clients may be sent here. */
  ready(): HealthAnswer {
    return { ok: this.phase === 'ready', text: this.phase }
  }
}
