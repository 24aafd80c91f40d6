// Groups sessions by user, and applies the option for users who connect again.
import type { Session } from '../session.js'

/** How a server treats a user who is already connected; see the option `duplicateUsers` of `listen`. */
export type DuplicateUsers = 'allow' | 'refuse-new' | 'close-old'

/** The longest key of a user, in UTF-16 code units. */
export const MAX_USER_KEY = 256

/**
 * Reads the key of a user from a named property of the user data; '' when there is none.
 *
 * @throws TypeError when the value cannot be a key.
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

/** Whether a value can be a user's key: a string that is neither empty nor too long, or a number. */
export function isUserKey(value: unknown): value is string | number {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_USER_KEY
}

export class UserSessions {
  private readonly byUser = new Map<string, Session[]>()

  constructor(private readonly policy: DuplicateUsers) {}

  /** Adds a session that opens. */
  add(session: Session): void {
    if (session.userKey === '') return
    const sessions = this.byUser.get(session.userKey)
    if (sessions === undefined) this.byUser.set(session.userKey, [session])
    else sessions.push(session)
  }

  /** Removes a session that has ended. */
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
   * Whether a user may open another session. An interrupted session does not prevent it: the user may have lost the
   * program with the link, and with it the secret to resume.
   */
  mayEnter(userKey: string): boolean {
    return this.policy !== 'refuse-new' || this.of(userKey).every((session) => session.isInterrupted)
  }

  /** The sessions that are replaced when a user opens another. */
  givingWay(userKey: string): readonly Session[] {
    return this.policy === 'allow' ? [] : this.of(userKey)
  }
}
