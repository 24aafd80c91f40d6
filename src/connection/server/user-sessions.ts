// Which sessions are of one user, and what becomes of them when the user comes again.
import type { Session } from '../session.js'

/** What a server does about a user who is here already; see the option `duplicateUsers` of `listen`. */
export type DuplicateUsers = 'allow' | 'refuse-new' | 'close-old'

/** The longest key of a user, in UTF-16 code units. */
export const MAX_USER_KEY = 256

/**
 * The key of a user, by the user data and the name of the property that has it; '' when there is none.
 *
 * @throws TypeError when what is there can be no key.
 */
export function readUserKey(user: unknown, property: string | undefined): string {
  if (property === undefined || typeof user !== 'object' || user === null) return ''
  const value: unknown = (user as Record<string, unknown>)[property]
  if (value === undefined || value === null) return ''
  if (isUserKey(value)) return String(value)
  throw new TypeError(
    `userKey: the property ${property} of the user data is no text of 1 to ${MAX_USER_KEY} characters`,
  )
}

/** Whether a value can tell users apart: a text that is not empty and not too long, or a number. */
export function isUserKey(value: unknown): value is string | number {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_USER_KEY
}

export class UserSessions {
  private readonly byUser = new Map<string, Session[]>()

  constructor(private readonly policy: DuplicateUsers) {}

  /** A session that opens. */
  add(session: Session): void {
    if (session.userKey === '') return
    const sessions = this.byUser.get(session.userKey)
    if (sessions === undefined) this.byUser.set(session.userKey, [session])
    else sessions.push(session)
  }

  /** A session that has ended. */
  remove(session: Session): void {
    const sessions = this.byUser.get(session.userKey)
    if (sessions === undefined) return
    const index = sessions.indexOf(session)
    if (index >= 0) sessions.splice(index, 1)
    if (sessions.length === 0) this.byUser.delete(session.userKey)
  }

  /** The open sessions of a user: a copy. */
  of(userKey: string): readonly Session[] {
    return [...(this.byUser.get(userKey) ?? [])]
  }

  /**
   * Whether a user may come in. Somebody whose line broke may have lost the program with it, and with that the way back
   * into the session: a session that waits keeps nobody out.
   */
  mayEnter(userKey: string): boolean {
    return this.policy !== 'refuse-new' || this.of(userKey).every((session) => session.isInterrupted)
  }

  /** The sessions that end when a user who may come in does. */
  givingWay(userKey: string): readonly Session[] {
    return this.policy === 'allow' ? [] : this.of(userKey)
  }
}
