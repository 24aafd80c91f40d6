// Asking the game's authenticator: it is called within the tick, may take its time, and is heard in a later tick.
import { isThenable } from '../../protocol/thenable.js'
import type { ErrorLog } from '../../connection/error-log.js'
import { NEUTRAL_TEXT } from '../../connection/server/user-admission.js'
import type { ServerSessions } from '../../connection/server/server-sessions.js'
import type { Session } from '../../connection/session.js'
import { type Definition, isEarly } from '../../protocol/definitions.js'
import { AuthenticationError, messageOf, UsageError } from '../../protocol/errors.js'
import type { Protocol } from '../../protocol/protocol.js'
import { addressOf } from '../../transport/addresses.js'
import { type RunningCall, RunningCalls } from '../../transport/concurrent-calls.js'
import { badOption, checkMilliseconds } from '../check-options.js'

/** What an authenticator is given. */
export interface AuthenticationRequest {
  /** What the client gave `connect` as its token; '' when it gave none. Anybody may have written it. */
  readonly token: string
  /** The number that the connection will have, as in `Connection.id`. */
  readonly connectionId: number
  /**
   * Where the client's signalling came from, if it came over HTTP; behind a proxy that `trustProxy` does not list, the proxy's.
   * An address has one form everywhere, in bans and in the log too: `203.0.113.7`, also where it came inside of IPv6; IPv6 in
   * lower case with its longest zeros as `::` (RFC 5952), such as `2001:db8::1`, without a zone.
   */
  readonly address: string | undefined
  /** What `authorize` said of the client, if the server has that option. */
  readonly authorization: unknown
  /** Aborted when the time is up and when the client leaves: nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/**
 * An authenticator's answer. An object lets the client in and becomes its user data, `undefined` or `true` lets it in
 * without; what `deny` returns refuses it with a reason, `false` without one.
 */
export type AuthenticationResult = object | boolean | undefined | void

/** Decides whether a client may come in. Throwing what `deny` returns refuses it too; so does throwing anything else. */
export type Authenticator = (request: AuthenticationRequest) => AuthenticationResult | Promise<AuthenticationResult>

/** What asking needs of the server's role. */
export interface AuthenticationContext {
  readonly errors: ErrorLog
  readonly sessions: ServerSessions | undefined
  readonly options: { readonly now: () => number }
}

interface Answer {
  readonly session: Session
  readonly value: unknown
  readonly threw: boolean
}

export class Authentication {
  /** Said hello in this tick, and have not been asked about. */
  private readonly arrived: { session: Session; token: string }[] = []
  private readonly running: RunningCalls
  /** The calls whose answers somebody waits for. */
  private readonly callOf = new Map<Session, RunningCall>()
  private readonly answers: Answer[] = []

  constructor(
    private readonly context: AuthenticationContext,
    private readonly authenticate: Authenticator,
    /** The most calls that may run at once. */
    limit: number,
  ) {
    this.running = new RunningCalls(limit, context.options.now)
  }

  /** A client said hello. The authenticator is game code, so it waits until everything that arrived has been read. */
  greeted(session: Session, token: string): void {
    this.arrived.push({ session, token })
  }

  /** A client is gone, or its time is up. */
  ended(session: Session): void {
    const call = this.callOf.get(session)
    this.callOf.delete(session)
    call?.abandon()
  }

  /** Once per tick, behind everything received: asks about who has come, and acts on the answers there are. */
  update(): void {
    while (this.arrived.length > 0) {
      const { session, token } = this.arrived.shift()!
      if (session.state === 'authenticating') this.ask(session, token)
    }
    while (this.answers.length > 0) this.decide(this.answers.shift()!)
  }

  private ask(session: Session, token: string): void {
    const call = this.running.begin()
    if (call === undefined) {
      const message =
        'clients are refused: too many calls of the authenticator have not returned; let it end with its signal'
      this.context.errors.once('authenticator-busy', '', message)
      this.context.sessions?.refuse(session, 'server-full', 'the server authenticates too many clients at once')
      return
    }
    this.callOf.set(session, call)
    const { transport, peer } = session
    const { connectionId } = session
    const address = addressOf(transport, peer)
    const authorization = transport.infoOf?.(peer)?.authorization
    try {
      const { authenticate } = this
      const value = authenticate({ token, connectionId, address, authorization, signal: call.signal })
      if (!isThenable(value)) return this.returned(call, session, value, false)
      Promise.resolve(value).then(
        (result) => this.returned(call, session, result, false),
        (error: unknown) => this.returned(call, session, error, true),
      )
    } catch (error) {
      this.returned(call, session, error, true)
    }
  }

  /** May run at any time, so it only notes the answer. */
  private returned(call: RunningCall, session: Session, value: unknown, threw: boolean): void {
    call.returned()
    // Nobody waits for it, or it is no longer the game's to answer.
    if (session.state === 'authenticating') this.answers.push({ session, value, threw })
  }

  private decide({ session, value, threw }: Answer): void {
    const { sessions, errors } = this.context
    this.callOf.delete(session)
    if (session.state !== 'authenticating') return
    if (value instanceof AuthenticationError) sessions?.refuse(session, value.code, value.message)
    else if (!threw && isPermission(value)) {
      sessions?.admit(session, typeof value === 'object' ? value : undefined)
    } else {
      if (value !== false || threw) {
        // What went wrong is for the server's eyes: an error's message may hold anything.
        const message = `the authenticator ${threw || value instanceof Error ? 'threw' : 'returned'}: ${messageOf(value)}`
        errors.push('authenticator-failed', message, { connection: session.entity, cause: value })
      }
      sessions?.refuse(session, 'authentication-failed', NEUTRAL_TEXT)
    }
  }
}

/** An error that is returned by mistake must not let anybody in, nor `null`. */
function isPermission(value: unknown): value is object | true | undefined {
  if (value === undefined || value === true) return true
  return typeof value === 'object' && value !== null && !(value instanceof Error)
}

/** @throws UsageError when the options of a server that concern authentication cannot work. */
export function checkAuthentication(authenticate: unknown, timeout: number | undefined, protocol: Protocol): void {
  checkMilliseconds('authenticationTimeout', timeout)
  if (authenticate === undefined || typeof authenticate === 'function') return
  if (authenticate !== 'by-messages') throw badOption('authenticate', "a function or 'by-messages'", authenticate)
  if (protocol.definitions.some((definition) => isEarly(definition) && isFromClient(definition))) return
  const text = "authenticate: 'by-messages' needs a message that clients may send, with beforeAuthentication: true"
  throw new UsageError('bad-option', text)
}

function isFromClient(definition: Definition): boolean {
  return definition.kind === 'message' && definition.from !== 'server'
}
