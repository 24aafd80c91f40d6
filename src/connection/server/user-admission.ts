// Decides on the admission of clients after a valid hello: bans and duplicate users.
import { messageOf } from '../../protocol/errors.js'
import type { BanList } from './ban-list.js'
import type { HelloRefusal } from './check-hello.js'
import type { Session } from '../session.js'
import { type DuplicateUsers, readUserKey, UserSessions } from './user-sessions.js'

/** The text for a client when the authenticator itself failed, or gave no reason. */
export const NEUTRAL_TEXT = 'the server did not authenticate this client'

export interface UserAdmissionOptions {
  /** The property of the user data that identifies users. Default: users are not identified. */
  userKey?: string
  /** What happens when a user who is already connected connects again. Default `allow`. */
  duplicateUsers?: DuplicateUsers
  /** The banned users and addresses. Default: none. */
  bans?: BanList
}

export class UserAdmission {
  readonly users: UserSessions

  constructor(private readonly options: UserAdmissionOptions) {
    this.users = new UserSessions(options.duplicateUsers ?? 'allow')
  }

  /** Why a client is banned, as far as it is identified by now. */
  banOf(session: Session): HelloRefusal | undefined {
    const text = this.options.bans?.textFor(session)
    return text === undefined ? undefined : { code: 'banned', text }
  }

  /** Notes the user data of an authenticated client. Returns why it is refused nevertheless, if so. */
  identify(session: Session, user: object | undefined): HelloRefusal | undefined {
    session.user = user
    try {
      session.userKey = readUserKey(user, this.options.userKey)
    } catch (error) {
      return { code: 'authentication-failed', text: NEUTRAL_TEXT, detail: messageOf(error) }
    }
    const ban = this.banOf(session)
    if (ban !== undefined || this.users.mayEnter(session.userKey)) return ban
    return { code: 'duplicate-user', text: 'you are on this server already' }
  }
}
