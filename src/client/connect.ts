// Connects a client, in browser and Node alike: retries until a session is open, a refusal is final, or time runs out.
import { applyReceived } from '../../systems/apply-replication.js'
import { followSession } from '../../systems/update-connection.js'
import type { ClientSession } from '../connection/client/client-session.js'
import { TRY_LIMIT_MS } from '../connection/client/resumption.js'
import type { CloseReason } from '../connection/close-reason.js'
import { LEAST_STALLED_AFTER_MS, LONGEST_STALLED_AFTER_MS } from '../protocol/limits.js'
import { ConnectionError, messageOf, UsageError } from '../protocol/errors.js'
import { isRefusal, refusalIn } from '../transport/geckos/geckos-client-errors.js'
import type { WebRtcClientOptions } from '../transport/geckos/geckos-client-core.js'
import type { Transport } from '../transport/transport.js'
import {
  badOption,
  checkBoolean,
  checkFunction,
  checkMilliseconds,
  checkNumber,
  checkObject,
  checkOneOf,
  namesOf,
} from '../protocol/check-options.js'
import { openStores } from '../world/shared-stores.js'
import { beginSession, closeSession } from '../verbs/client-session.js'
import { isShownOpen } from '../world/client/client-state.js'
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, type Refused } from '../world/client/reconnection.js'
import { clientState, type ClientWorld } from '../world/state.js'

/** Proves who a client is. A function is called for each try, so that a credential that expires is always fresh. */
export type Credential = string | (() => string | Promise<string>)

/** Options of `connect`: where the server is, and who the client is. */
export interface ConnectOptions {
  /** The server's address, such as `https://play.example.org` or `http://127.0.0.1:9208`. */
  url: string
  /** Presented to the server's authenticator (its option `authenticate`), at most 4,096 bytes. Default ''. */
  token?: Credential
  /**
   * The `Authorization` header of the signalling, such as `Bearer …`, for the server's option `authorize` or a proxy.
   * It is checked before a connection is made. Only `https://` keeps it secret.
   */
  authorization?: Credential
  /** Milliseconds for all tries together. Default 15,000. */
  timeout?: number
  /** Milliseconds without packets, in an open session, after which the connection is interrupted. Default 3,000. */
  idleTimeout?: number
  /**
   * Milliseconds, from 1,000 to 60,000, without a tick of a server that still answers heartbeats, before `Stalled` is
   * added to the connection; at least two of its ticks. Default 2,000.
   */
  stalledAfter?: number
  /**
   * What happens when the link breaks later. Default `'resume'`. While the link is broken the connection has
   * `Interrupted`.
   *
   * - `'resume'`: the session continues over another link if the client reaches the server within its `resumeTime`.
   *   Nothing ends, and nothing reliable is lost.
   * - `'always'`: as `'resume'`; when the server has given the session up, it ends, and a new one begins as by
   *   `connect` with these options.
   * - `'never'`: the session ends.
   */
  reconnect?: 'resume' | 'always' | 'never'
  /** Become ready as soon as the session is open. Default true; with false, call `setReady` when the game is loaded. */
  autoReady?: boolean
  /** STUN and TURN servers. Default none. */
  iceServers?: { urls: string | string[]; username?: string; credential?: string }[]
  /** Aborts the attempt. */
  signal?: AbortSignal
  /**
   * Opens a transport; called for each try, and again when an interrupted session resumes. Use it to wrap
   * `connectWebRtc`, or for a transport of your own, which then decides what `url` means. Default `connectWebRtc`.
   */
  transport?: OpenClientTransport
}

/**
 * Makes one try at a transport, within `timeout` milliseconds, and ends it when `signal` aborts. Rejects with a
 * `ConnectionError`, whose code is the cause; any other error becomes one with the code `transport-failed`.
 */
export type OpenClientTransport = (options: WebRtcClientOptions) => Transport | Promise<Transport>

const CONNECT_OPTIONS = namesOf<ConnectOptions>({
  url: true,
  token: true,
  authorization: true,
  timeout: true,
  idleTimeout: true,
  stalledAfter: true,
  reconnect: true,
  autoReady: true,
  iceServers: true,
  signal: true,
  transport: true,
})
const PUMP_INTERVAL_MS = 5
const SPREAD_MS = 500
/** A try with less time than this may fail only because time ran out. */
const SHORT_TRY_MS = 2000
const FOR_WANT_OF_TIME = new Set(['udp-blocked', 'handshake-timeout'])
/** Failures that another try cannot fix. */
const FINAL = new Set([
  'refused',
  'unauthorized',
  'token-failed',
  'no-webrtc',
  'missing-dependency',
  'aborted',
  'bad-url',
])

/**
 * Connects a client's world. Calls `connected` for this session and for each that replaces it. Resolves when the server
 * has admitted the client: `Connected` is on the connection entity, and the world fills as the client's pipelines run.
 *
 * @throws ConnectionError when the server refuses (`code` is the server's, such as `protocol-mismatch`), or no try
 * succeeded in time (`code` is the last failure's: `unreachable`, `udp-blocked`, `handshake-timeout`, `rate-limited`,
 * …). Other codes: `unauthorized` (the authorization was refused), `token-failed` (`token` or `authorization` threw),
 * `aborted` (the attempt was aborted), `bad-url` (`url` is no address).
 * @throws UsageError when an option is out of range, the world is connecting already, or another open world uses its
 * components without sharing its entity index (`separate-entity-index`).
 */
export async function connectWorld(
  world: ClientWorld,
  open: OpenClientTransport,
  options: ConnectOptions,
  connected: (world: ClientWorld) => void = () => {},
): Promise<void> {
  const client = clientState(world)
  checkObject('the options of connect', options, CONNECT_OPTIONS)
  checkMilliseconds('timeout', options.timeout)
  checkMilliseconds('idleTimeout', options.idleTimeout)
  checkNumber('stalledAfter', options.stalledAfter, LEAST_STALLED_AFTER_MS, LONGEST_STALLED_AFTER_MS, 'milliseconds')
  checkOneOf('reconnect', options.reconnect, ['resume', 'always', 'never'])
  checkBoolean('autoReady', options.autoReady)
  checkCredential('token', options.token)
  checkCredential('authorization', options.authorization)
  if (options.iceServers !== undefined && !Array.isArray(options.iceServers)) {
    throw badOption('iceServers', 'a list', options.iceServers)
  }
  checkFunction('transport', options.transport)
  if (options.transport === undefined) checkUrl(options.url)
  if (isShownOpen(client))
    throw new UsageError('connected', 'this world is connected already; await close(world) first')
  // A game may connect in the tick that shows the end, without knowing that a new session would have begun by itself.
  if (client.pendingConnect !== undefined && waitingToBegin.has(client.pendingConnect)) client.pendingConnect.abort()
  // An aborted attempt is only cleaning up.
  if (client.pendingConnect !== undefined && !client.pendingConnect.signal.aborted) {
    throw new UsageError('busy', 'this world is connecting already; wait for that, or close it first')
  }
  openStores(world)
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  if (options.signal?.aborted) abort()
  options.signal?.addEventListener('abort', abort)
  client.pendingConnect = controller
  try {
    await attempt(world, open, options, controller)
    connected(world)
    client.onEnded = (reason) => {
      client.onEnded = () => {}
      if (options.reconnect === 'always' && isLost(reason)) void connectAgain(world, open, options, connected)
    }
  } finally {
    options.signal?.removeEventListener('abort', abort)
    if (client.pendingConnect === controller) client.pendingConnect = undefined
  }
}

/** Whether a session ended because its link was lost, and neither side wanted that. */
function isLost(reason: CloseReason | undefined): boolean {
  return reason?.by === 'network' || reason?.code === 'timeout' || reason?.code === 'session-ended'
}

/** Attempts to replace a lost session that have not begun yet. */
const waitingToBegin = new WeakSet<AbortController>()

/** Begins a new session in place of a lost one. Errors go to the error queue. */
async function connectAgain(
  world: ClientWorld,
  open: OpenClientTransport,
  options: ConnectOptions,
  connected: (world: ClientWorld) => void,
): Promise<void> {
  const client = clientState(world)
  // A game that closes the world in the tick that shows the end wants no new session.
  const waiting = new AbortController()
  waitingToBegin.add(waiting)
  client.pendingConnect = waiting
  // Not within the tick and the observers in which the old session ends.
  await Promise.resolve()
  if (client.pendingConnect === waiting) client.pendingConnect = undefined
  if (waiting.signal.aborted) return
  try {
    await connectWorld(world, open, options, connected)
  } catch (cause) {
    if (cause instanceof ConnectionError && cause.code === 'aborted') return
    const text = `the connection was lost, and could not be made again: ${messageOf(cause)}`
    client.errors.push('reconnect-failed', text, { cause })
  }
}

/** The error leaves the value out: it is a secret. */
function checkCredential(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'string' || typeof value === 'function') return
  throw badOption(name, 'a text or a function', typeof value)
}

function checkUrl(url: unknown): void {
  try {
    if (typeof url === 'string' && /^https?:$/.test(new URL(url).protocol)) return
  } catch {
    // Not an address at all: a later check reports that.
  }
  const got = typeof url === 'string' ? JSON.stringify(url) : String(url)
  const text = `url is the server's address with http:// or https://, as in http://127.0.0.1:9208, got ${got}`
  throw new ConnectionError('bad-url', text)
}

const wasAborted = (): ConnectionError => new ConnectionError('aborted', 'the attempt to connect was ended')

/** Retries until one succeeds, a failure is final, or time runs out. */
async function attempt(
  world: ClientWorld,
  open: OpenClientTransport,
  options: ConnectOptions,
  controller: AbortController,
): Promise<void> {
  const { timeout = 15_000 } = options
  const { signal } = controller
  const client = clientState(world)
  const deadline = performance.now() + timeout
  let failure = new ConnectionError('timeout', `no connection within ${timeout} ms`)
  let pause = FIRST_PAUSE_MS
  for (let isFirst = true; ; isFirst = false) {
    const left = deadline - performance.now()
    try {
      await tryOnce(world, open, options, deadline, controller)
      return
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      // The deadline cut the last try short, so the error of the try before it is more useful.
      const isLess = !isFirst && left < SHORT_TRY_MS && FOR_WANT_OF_TIME.has(error.code)
      if (signal.aborted) failure = wasAborted()
      else if (!isLess) failure = error
      if (FINAL.has(failure.code) || error.cause === REFUSED || isRefusal(error)) break
    }
    const wanted = failure.retryAfter
    // Clients that were disconnected together must not all retry at the same time.
    const spread = pause * (1 - Math.random() / 2)
    const next = wanted === undefined ? spread : Math.max(spread, wanted + Math.random() * SPREAD_MS)
    if (performance.now() + next >= deadline) break
    await wait(next, signal)
    if (signal.aborted) {
      failure = wasAborted()
      break
    }
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }
  // An aborted attempt may already have a successor, which must not be stopped.
  if (client.pendingConnect === controller) {
    client.pendingConnect = undefined
    await closeSession(client, 'client-closed', 'the attempt was given up')
  }
  throw failure
}

/** Marks an error as a refusal by the server. */
const REFUSED = Symbol('refused by the server')

async function tryOnce(
  world: ClientWorld,
  open: OpenClientTransport,
  options: ConnectOptions,
  deadline: number,
  controller: AbortController,
): Promise<void> {
  const client = clientState(world)
  const { signal } = controller
  const { idleTimeout, stalledAfter, autoReady, reconnect } = options
  let { token } = options
  if (typeof token === 'function') token = await call('token', token, deadline, signal)
  const limit = Math.min(deadline, performance.now() + TRY_LIMIT_MS)
  const transport = await openOnce(client.options.now, open, options, deadline, signal)
  if (signal.aborted) {
    await transport.close()
    throw wasAborted()
  }
  try {
    // Stopping the session that this one replaces must not end this attempt.
    client.pendingConnect = undefined
    const reopen = (ended: AbortSignal): Promise<Transport | Refused> =>
      reopenWithin(client.options.now, open, options, ended)
    beginSession(client, transport, {
      token,
      timeout: idleTimeout,
      stalledAfter,
      autoReady,
      reopen: reconnect === 'never' ? undefined : reopen,
    })
  } catch (error) {
    void transport.close()
    throw error
  } finally {
    client.pendingConnect = controller
  }
  const session = client.session!
  // The game's loop may not run yet, so the handshake drives itself. Everything after it waits for the loop.
  while (session.state === 'connecting') {
    session.receive()
    if (session.state !== 'connecting') break
    if (hasGivenUp(session, client.options.now(), limit, deadline))
      session.close('handshake-timeout', 'the server did not answer the hello')
    else if (signal.aborted) session.close('aborted', 'the attempt was aborted')
    else await wait(PUMP_INTERVAL_MS, signal)
  }
  if (session.state === 'open') {
    if (client.session !== undefined) followSession(client, client.session, false)
    return
  }
  const { reason } = session
  // After an abort the client may have another session, or none.
  if (client.session === session) applyReceived(client)
  const text = reason?.text ?? 'the connection closed'
  throw new ConnectionError(reason?.code ?? 'lost', text, reason?.by === 'remote' ? { cause: REFUSED } : undefined)
}

/** Opens a transport, with a fresh `Authorization` header. */
async function openOnce(
  now: () => number,
  open: OpenClientTransport,
  options: ConnectOptions,
  deadline: number,
  signal: AbortSignal,
): Promise<Transport> {
  const { url, iceServers } = options
  let { authorization } = options
  if (typeof authorization === 'function') authorization = await call('authorization', authorization, deadline, signal)
  const timeout = Math.max(1, Math.min(deadline - performance.now(), TRY_LIMIT_MS))
  try {
    return await open({ url, iceServers, authorization, timeout, now, signal })
  } catch (cause) {
    if (cause instanceof ConnectionError) throw cause
    throw new ConnectionError('transport-failed', `the transport did not open: ${messageOf(cause)}`, { cause })
  }
}

/** Opens a connection over which an interrupted session may continue, or returns the server's refusal. */
function reopenWithin(
  now: () => number,
  open: OpenClientTransport,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Transport | Refused> {
  return openOnce(now, open, options, performance.now() + TRY_LIMIT_MS, signal).catch((error: unknown) => {
    const refused = error instanceof ConnectionError ? refusalIn(error) : undefined
    if (refused === undefined) throw error
    return refused
  })
}

const OVERDUE = Symbol('no credential in time')

/** Returns the current value of a credential. */
async function call(
  name: string,
  credential: Exclude<Credential, string>,
  deadline: number,
  signal: AbortSignal,
): Promise<string> {
  if (signal.aborted) throw wasAborted()
  const given = new AbortController()
  const abort = (): void => given.abort()
  signal.addEventListener('abort', abort)
  const overdue = wait(Math.max(1, deadline - performance.now()), given.signal).then(() => OVERDUE)
  try {
    const value: unknown = await Promise.race([credential(), overdue])
    if (typeof value === 'string') return value
    if (signal.aborted) throw wasAborted()
    if (value === OVERDUE) throw new ConnectionError('token-failed', `${name}() gave nothing in time`)
    throw new ConnectionError('token-failed', `${name}() must give a string, gave ${typeof value}`)
  } catch (cause) {
    if (cause instanceof ConnectionError) throw cause
    throw new ConnectionError('token-failed', `${name}() threw: ${messageOf(cause)}`, { cause })
  } finally {
    signal.removeEventListener('abort', abort)
    given.abort()
  }
}

/** A server may take longer than a try to authenticate; the client waits as long as it receives packets from it. */
function hasGivenUp(session: ClientSession, now: number, limit: number, deadline: number): boolean {
  const time = performance.now()
  if (time <= limit) return false
  const lastHeard = session.session?.lastHeard ?? -Infinity
  return time > deadline || now - lastHeard > TRY_LIMIT_MS
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
  })
}
