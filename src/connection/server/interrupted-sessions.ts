// Keeps the server's resumable sessions by their secrets: those that are interrupted, and the reasons of those that
// ended.
import { isLoopback } from '../../transport/addresses.js'
import type { CloseReason } from '../close-reason.js'
import { createToken, Resumable } from '../resumable.js'
import type { Session } from '../session.js'

/** Reasons kept for clients that were not connected when their session ended. */
const MAX_ENDS = 256

export class InterruptedSessions {
  private readonly byToken = new Map<string, Session>()
  private readonly waiting = new Set<Session>()
  /** By secret: why a session ended while its client could not be notified. */
  private readonly ends = new Map<string, CloseReason>()

  /**
   * `keptMs`: how long a session waits for its client; 0 when none does. `perAddress`: the most that wait for one
   * address.
   */
  constructor(
    private readonly keptMs: number,
    private readonly perAddress: number,
  ) {}

  /** The number of interrupted sessions. */
  get count(): number {
    return this.waiting.size
  }

  /** The session that has waited longest, of all or of those at one network. */
  oldest(network?: string): Session | undefined {
    // A set keeps the order in which its members were added.
    for (const session of this.waiting) if (network === undefined || session.network === network) return session
    return undefined
  }

  /**
   * Whether more sessions wait for the address of a session than may. A loopback address is exempt: it may be a proxy,
   * in front of every client.
   */
  isCrowded({ network }: Session): boolean {
    if (this.waiting.size <= this.perAddress || isLoopback(network)) return false
    let count = 0
    for (const session of this.waiting) if (session.network === network) count++
    return count > this.perAddress
  }

  /** Prepares a session whose client asked to be able to resume. From now on its reliable packets are counted. */
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

  /** Why the session of a secret ended while its client could not be notified. */
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

  /** Forgets the secret of a session that has ended. */
  forget(session: Session, reason: CloseReason): void {
    const token = session.resumable?.token ?? ''
    if (token === '') return
    this.byToken.delete(token)
    // The link may break with the reason still in flight.
    if (!this.waiting.delete(session) && reason.by !== 'local') return
    this.ends.set(token, reason)
    if (this.ends.size > MAX_ENDS) this.forgetEnd()
  }

  /** Forgets the oldest reason. Reasons that only report a timeout go first, since many links may break at once. */
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

  /** Sessions that waited too long, keep too many packets, or apply no structure. Costs nothing while none waits. */
  *overdue(now: number): Iterable<Session> {
    if (this.waiting.size === 0) return
    for (const session of [...this.waiting]) {
      const isLate = now - session.resumable!.brokenAt > this.keptMs
      if (isLate || !session.canBeRestored || session.hasStalled(now)) yield session
    }
  }
}
