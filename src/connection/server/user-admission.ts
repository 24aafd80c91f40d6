// Who may come in, of those who are understood: not who is banned, and a user once, where the server wants that.
import { messageOf } from '../../protocol/errors.js'
import type { BanList } from './ban-list.js'
import type { Refusal } from './check-hello.js'
import type { Session } from '../session.js'
import { type DuplicateUsers, readUserKey, UserSessions } from './user-sessions.js'

/** All that a client is told when the authenticator itself failed, or gave no reason. */
export const NEUTRAL_TEXT = 'the server did not authenticate this client'

export interface GateOptions {
  /** The property of the user data that tells users apart. Default: nothing does. */
  userKey?: string
  /** What happens when a user comes who is here already. Default `allow`. */
  duplicateUsers?: DuplicateUsers
  /** Who may not come in. Default: everybody may. */
  bans?: BanList
}

export class Gate {
  readonly users: UserSessions

  constructor(private readonly options: GateOptions) {
    this.users = new UserSessions(options.duplicateUsers ?? 'allow')
  }

  /** Why somebody may not be here, as far as it is known who that is. */
  banOf(session: Session): Refusal | undefined {
    const text = this.options.bans?.textFor(session)
    return text === undefined ? undefined : { code: 'banned', text }
  }

  /** Notes what the authenticator said of a client, and why it may not come in all the same, if so. */
  identify(session: Session, user: object | undefined): Refusal | undefined {
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
