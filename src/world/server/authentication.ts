// Calls the game's authenticator within the tick, and acts on its answers in a later one.
import { isThenable } from '../../protocol/thenable.js'
import { NEUTRAL_TEXT } from '../../connection/server/user-admission.js'
import type { Session } from '../../connection/session.js'
import { type Definition, isEarly } from '../../protocol/definitions.js'
import { AuthenticationError, messageOf, UsageError } from '../../protocol/errors.js'
import type { Protocol } from '../../protocol/protocol.js'
import { addressOf } from '../../transport/addresses.js'
import { type RunningCall, RunningCalls } from '../../transport/concurrent-calls.js'
import { badOption, checkMilliseconds } from '../../protocol/check-options.js'
import type { Authentication, AuthenticationAnswer, Authenticator } from './authenticator.js'
import type { ServerState } from './server-state.js'

/** `limit`: the most calls that may run at once. */
export function createAuthentication(authenticate: Authenticator, limit: number, now: () => number): Authentication {
  return { authenticate, running: new RunningCalls(limit, now), greeted: [], callOf: new Map(), answers: [] }
}

/** Aborts the call for a client that has left, or whose time is up. */
export function abandonAuthentication({ callOf }: Authentication, session: Session): void {
  const call = callOf.get(session)
  callOf.delete(session)
  call?.abandon()
}

/**
 * Calls the authenticator for the clients whose hello was accepted in this tick, and acts on the answers so far. It is
 * game code, so it runs once per tick, after all received packets have been read.
 */
export function authenticateClients(server: ServerState, authentication: Authentication): void {
  const { greeted, answers } = authentication
  while (greeted.length > 0) {
    const { session, token } = greeted.shift()!
    if (session.state === 'authenticating') callAuthenticator(server, authentication, session, token)
  }
  while (answers.length > 0) decide(server, authentication, answers.shift()!)
}

function callAuthenticator(server: ServerState, authentication: Authentication, session: Session, token: string): void {
  const { authenticate, running, callOf } = authentication
  const call = running.begin()
  if (call === undefined) {
    const message =
      'clients are refused: too many calls of the authenticator have not returned; let it end with its signal'
    server.errors.once('authenticator-busy', '', message)
    server.sessions?.refuse(session, 'server-full', 'the server authenticates too many clients at once')
    return
  }
  callOf.set(session, call)
  const { transport, peer, connectionId } = session
  const address = addressOf(transport, peer)
  const authorization = transport.infoOf?.(peer)?.authorization
  try {
    const value = authenticate({ token, connectionId, address, authorization, signal: call.signal })
    if (!isThenable(value)) return keepAnswer(authentication, call, { session, value, threw: false })
    Promise.resolve(value).then(
      (result) => keepAnswer(authentication, call, { session, value: result, threw: false }),
      (error: unknown) => keepAnswer(authentication, call, { session, value: error, threw: true }),
    )
  } catch (error) {
    keepAnswer(authentication, call, { session, value: error, threw: true })
  }
}

/** Keeps an answer, which may arrive at any time, for the next tick. */
function keepAnswer({ answers }: Authentication, call: RunningCall, answer: AuthenticationAnswer): void {
  call.returned()
  // Otherwise the client has left, or the library has decided.
  if (answer.session.state === 'authenticating') answers.push(answer)
}

function decide(
  { sessions, errors }: ServerState,
  { callOf }: Authentication,
  { session, value, threw }: AuthenticationAnswer,
): void {
  callOf.delete(session)
  if (session.state !== 'authenticating') return
  if (value instanceof AuthenticationError) sessions?.refuse(session, value.code, value.message)
  else if (!threw && isPermission(value)) {
    sessions?.admit(session, typeof value === 'object' ? value : undefined)
  } else {
    if (value !== false || threw) {
      // Only the server's log gets the details: an error's message may contain anything.
      const message = `the authenticator ${threw || value instanceof Error ? 'threw' : 'returned'}: ${messageOf(value)}`
      errors.push('authenticator-failed', message, { connection: session.entity, cause: value })
    }
    sessions?.refuse(session, 'authentication-failed', NEUTRAL_TEXT)
  }
}

/** Whether an answer admits the client. An error that is returned by mistake does not, nor does `null`. */
function isPermission(value: unknown): value is object | true | undefined {
  if (value === undefined || value === true) return true
  return typeof value === 'object' && value !== null && !(value instanceof Error)
}

/** @throws UsageError when the options of a server that concern authentication cannot work. */
export function checkAuthentication(authenticate: unknown, timeout: number | undefined, protocol: Protocol): void {
  checkMilliseconds('users.authenticationTimeout', timeout)
  if (authenticate === undefined || typeof authenticate === 'function') return
  if (authenticate !== 'by-messages') throw badOption('users.authenticate', "a function or 'by-messages'", authenticate)
  if (protocol.definitions.some((definition) => isEarly(definition) && isFromClient(definition))) return
  const text =
    "users.authenticate: 'by-messages' needs a message that clients may send, with beforeAuthentication: true"
  throw new UsageError('bad-option', text)
}

function isFromClient(definition: Definition): boolean {
  return definition.kind === 'message' && definition.from !== 'server'
}
