// Reports the health of the server to the systems that start, watch and replace it.

/** The state of the server. Only a `ready` one admits clients. */
export type Phase = 'starting' | 'ready' | 'draining' | 'stopping'

/** An answer over HTTP. */
export interface HealthAnswer {
  readonly ok: boolean
  readonly text: string
}

/** The loop runs at least once a second. After this time without a tick, in milliseconds, it will not run again. */
const LONGEST_SILENCE_MS = 10_000

export class Health {
  phase: Phase = 'starting'
  private tickedAt: number | undefined

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Notes that a tick has run. */
  ticked(): void {
    this.tickedAt = this.now()
  }

  /** Whether the process should be kept. An answer shows that its event loop runs; ticks must run as well. */
  live(): HealthAnswer {
    const silence = this.tickedAt === undefined ? 0 : this.now() - this.tickedAt
    if (this.phase === 'stopping' || silence <= LONGEST_SILENCE_MS) return { ok: true, text: 'alive' }
    return { ok: false, text: `no tick has run for ${Math.round(silence / 1000)} s` }
  }

  /** Whether the server can accept clients. */
  ready(): HealthAnswer {
    return { ok: this.phase === 'ready', text: this.phase }
  }
}
