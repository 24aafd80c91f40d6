// Describes an authenticator, and the calls to it that have not been answered.
import type { Session } from '../../connection/session.js'
import type { RunningCall, RunningCalls } from '../../transport/concurrent-calls.js'

/** What an authenticator is given. */
export interface AuthenticationRequest {
  /** The token that the client gave to `connect`, or ''. Anybody may have written it. */
  readonly token: string
  /** The number that the connection will have, as in `Connection.id`. */
  readonly connectionId: number
  /**
   * Address that the client's signalling came from, if it came over HTTP; behind a proxy that `trustProxy` does not
   * list, the proxy's. An address has one form everywhere, in bans and in the log too: `203.0.113.7`, also inside of
   * IPv6; IPv6 in lower case with its longest zeros as `::` (RFC 5952), such as `2001:db8::1`, without a zone.
   */
  readonly address: string | undefined
  /** What `authorize` returned for the client, if the server has that option. */
  readonly authorization: unknown
  /** Aborted when the time is up and when the client leaves: the answer is no longer needed. */
  readonly signal: AbortSignal
}

/**
 * An authenticator's answer. An object admits the client and becomes its user data; `undefined` or `true` admits it
 * without. What `deny` returns refuses it with a reason, `false` without one.
 */
export type AuthenticationResult = object | boolean | undefined | void

/** Decides whether to admit a client. Throwing what `deny` returns refuses it too; so does throwing anything else. */
export type Authenticator = (request: AuthenticationRequest) => AuthenticationResult | Promise<AuthenticationResult>

/** What the authenticator answered, until the next tick acts on it. */
export interface AuthenticationAnswer {
  readonly session: Session
  readonly value: unknown
  readonly threw: boolean
}

/** The calls of one server to its authenticator. */
export interface Authentication {
  readonly authenticate: Authenticator
  /** Limits how many calls run at once. */
  readonly running: RunningCalls
  /** Clients whose hello was accepted in this tick. */
  readonly greeted: { readonly session: Session; readonly token: string }[]
  /** Calls that have not been answered. */
  readonly callOf: Map<Session, RunningCall>
  readonly answers: AuthenticationAnswer[]
}
