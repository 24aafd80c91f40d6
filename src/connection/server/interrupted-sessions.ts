// The server's sessions that may be resumed, by their secrets: which wait for their line, and why others have ended.
import { isLoopback } from '../../transport/addresses.js'
import type { CloseReason } from '../close-reason.js'
import { createToken, Resumable } from '../resumable.js'
import type { Session } from '../session.js'

/** Ends that are remembered for clients that come back too late to hear of them. */
const MAX_ENDS = 256

export class InterruptedSessions {
  private readonly byToken = new Map<string, Session>()
  private readonly waiting = new Set<Session>()
  /** By secret: why a session ended while its client could not be told. */
  private readonly ends = new Map<string, CloseReason>()

  /**
   * `keptMs`: how long a session waits for its client; 0 when none does. `perAddress`: the most that wait for one address.
   */
  constructor(
    private readonly keptMs: number,
    private readonly perAddress: number,
  ) {}

  /** How many sessions wait. */
  get count(): number {
    return this.waiting.size
  }

  /** The session that has waited for longest, of all or of those at one network. */
  oldest(network?: string): Session | undefined {
    // A set keeps the order in which its members came.
    for (const session of this.waiting) if (network === undefined || session.network === network) return session
    return undefined
  }

  /** Whether more wait for the address of a session than may. This machine itself may be a proxy, and speaks for everybody. */
  isCrowded({ network }: Session): boolean {
    if (this.waiting.size <= this.perAddress || isLoopback(network)) return false
    let count = 0
    for (const session of this.waiting) if (session.network === network) count++
    return count > this.perAddress
  }

  /** Prepares a session whose client would like to resume it. From now on its reliable packets are counted. */
  prepare(session: Session): void {
    if (this.keptMs > 0) session.resumable = new Resumable()
  }

  /** Gives a session that opens its secret. */
  issue(session: Session): { token: string; keptMs: number } | undefined {
    const { resumable } = session
    if (resumable === undefined) return undefined
    resumable.token = createToken()
    resumable.keptMs = this.keptMs
    this.byToken.set(resumable.token, session)
    return resumable
  }

  find(token: string): Session | undefined {
    return this.byToken.get(token)
  }

  /** Why the session of a secret ended, when its client was not there to be told. */
  endOf(token: string): CloseReason | undefined {
    return this.ends.get(token)
  }

  interrupt(session: Session, now: number): void {
    session.interrupt(now)
    session.transport.lendPlace?.(session.peer, true)
    this.waiting.add(session)
  }

  restored(session: Session): void {
    session.transport.lendPlace?.(session.peer, false)
    this.waiting.delete(session)
  }

  /** The session has ended: its secret opens nothing any more. */
  forget(session: Session, reason: CloseReason): void {
    const token = session.resumable?.token ?? ''
    if (token === '') return
    this.byToken.delete(token)
    // A line may break with the reason still on its way.
    if (!this.waiting.delete(session) && reason.by !== 'local') return
    this.ends.set(token, reason)
    if (this.ends.size > MAX_ENDS) this.forgetEnd()
  }

  /** Forgets the oldest end, of those first that say no more than that it is over: many lines may break at once. */
  private forgetEnd(): void {
    let forgotten: string | undefined
    for (const [token, { code }] of this.ends) {
      forgotten ??= token
      if (code !== 'timeout') continue
      forgotten = token
      break
    }
    this.ends.delete(forgotten!)
  }

  /** Those that wait too long, or for which too much has been kept, or that apply nothing. Costs nothing while none waits. */
  *overdue(now: number): Iterable<Session> {
    if (this.waiting.size === 0) return
    for (const session of [...this.waiting]) {
      const isLate = now - session.resumable!.brokenAt > this.keptMs
      if (isLate || !session.canBeRestored || session.hasStalled(now)) yield session
    }
  }
}
