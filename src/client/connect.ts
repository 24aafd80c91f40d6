// Connecting, for browser and Node alike: tries until a session is open, a refusal is final, or time runs out.
import { applyReplication } from '../../systems/apply-replication.js'
import { followSession } from '../../systems/update-connection.js'
import type { ClientSession } from '../connection/client/client-session.js'
import { TRY_LIMIT_MS } from '../connection/client/resumption.js'
import type { CloseReason } from '../connection/close-reason.js'
import { ConnectionError, messageOf, UsageError } from '../protocol/errors.js'
import { isRefusal, refusalOf } from '../transport/geckos/geckos-client-errors.js'
import type { Transport } from '../transport/transport.js'
import { badOption, checkBoolean, checkMilliseconds, checkNumber, checkOneOf } from '../world/check-options.js'
import { openStores } from '../world/shared-stores.js'
import { beginSession, closeSession } from '../verbs/client-session.js'
import { isShownOpen } from '../world/client/client-state.js'
import type { Refused } from '../world/client/reconnection.js'
import { clientRole, type ClientWorld } from '../world/state.js'

/** What proves who a client is; a function is called anew for each try, so that what expires is always fresh. */
export type Credential = string | (() => string | Promise<string>)

/** What `connect` is told: where the server is, and who the client is. */
export interface ConnectOptions {
  /** The server's address, such as `https://play.example.org` or `http://127.0.0.1:9208`. */
  url: string
  /** Presented to the server's authenticator (its option `authenticate`), at most 4,096 bytes. Default ''. */
  token?: Credential
  /**
   * The `Authorization` header of the signalling, such as `Bearer …`, for the server's option `authorize` or a proxy. It
   * decides before a connection is made; only `https://` keeps it secret.
   */
  authorization?: Credential
  /** Milliseconds for all tries together. Default 15,000. */
  timeout?: number
  /** Milliseconds without a packet until the server counts as gone, later. Default 3,000. */
  idleTimeout?: number
  /**
   * Milliseconds, from 1,000 to 60,000, of a server that answers heart-beats and does not tick, until `Stalled` is on the
   * connection; two of its ticks at least. Default 2,000.
   */
  stalledAfter?: number
  /**
   * What happens when the line breaks later. `'resume'`: the session goes on over another connection, if the server is
   * reached before it gives the session up (its `resumeTime`): nothing ends, and nothing reliable is lost. `'always'`: when it
   * has been given up, the session ends, and a new one is begun as by `connect` with these options. `'never'`: the
   * session ends. Default `'resume'`. While the line is broken the connection carries `Interrupted`.
   */
  reconnect?: 'resume' | 'always' | 'never'
  /** Take part as soon as the session is open. Default true; with false, call `setReady` when the game is loaded. */
  autoReady?: boolean
  /** STUN and TURN servers. Default none. */
  iceServers?: { urls: string | string[]; username?: string; credential?: string }[]
  /** Ends the attempt. */
  signal?: AbortSignal
}

/** Makes one try at a transport, within `timeout` milliseconds. */
export type OpenTransport = (options: {
  url: string
  iceServers?: ConnectOptions['iceServers']
  authorization?: string
  timeout: number
  now: () => number
  signal?: AbortSignal
}) => Promise<Transport>

const PUMP_INTERVAL_MS = 5
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 2000
const SPREAD_MS = 500
/** A try that has less time than this may fail for want of it. */
const SHORT_TRY_MS = 2000
const FOR_WANT_OF_TIME = new Set(['udp-blocked', 'handshake-timeout'])
/** Failures that another try cannot mend. */
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
 * Connects a client's world; `connected` is called for this session, and for each that takes its place. Resolves when the server has let it in: `Connected` is on the connection entity, and the
 * world fills as the client's pipelines run.
 *
 * @throws ConnectionError when the server refuses (`code` is the server's, such as `protocol-mismatch`), or no try
 * succeeded in time (`code` is the last failure's: `unreachable`, `udp-blocked`, `handshake-timeout`, `rate-limited`, …), the authorization
 * was refused (`unauthorized`), `token` or `authorization` threw (`token-failed`), the attempt was ended (`aborted`), or
 * `url` is no address (`bad-url`).
 * @throws UsageError when an option is out of range, the world is connecting already, or another open world uses its
 * components without sharing its entity index (`separate-entity-index`).
 */
export async function connectWorld(
  world: ClientWorld,
  open: OpenTransport,
  options: ConnectOptions,
  connected: (world: ClientWorld) => void = () => {},
): Promise<void> {
  const role = clientRole(world)
  checkMilliseconds('timeout', options.timeout)
  checkMilliseconds('idleTimeout', options.idleTimeout)
  checkNumber('stalledAfter', options.stalledAfter, 1000, 60_000, 'milliseconds')
  checkOneOf('reconnect', options.reconnect, ['resume', 'always', 'never'])
  checkBoolean('autoReady', options.autoReady)
  checkCredential('token', options.token)
  checkCredential('authorization', options.authorization)
  if (options.iceServers !== undefined && !Array.isArray(options.iceServers)) {
    throw badOption('iceServers', 'a list', options.iceServers)
  }
  checkUrl(options.url)
  if (isShownOpen(role)) throw new UsageError('connected', 'this world is connected already; await close(world) first')
  // A game that connects in the tick that shows the end need not know that a session would have been begun by itself.
  if (role.pendingConnect !== undefined && waitingToBegin.has(role.pendingConnect)) role.pendingConnect.abort()
  // One that was aborted is only tidying up.
  if (role.pendingConnect !== undefined && !role.pendingConnect.signal.aborted) {
    throw new UsageError('busy', 'this world is connecting already; wait for that, or close it first')
  }
  openStores(world)
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  if (options.signal?.aborted) abort()
  options.signal?.addEventListener('abort', abort)
  role.pendingConnect = controller
  try {
    await attempt(world, open, options, controller)
    connected(world)
    role.onEnded = (reason) => {
      role.onEnded = () => {}
      if (options.reconnect === 'always' && isLost(reason)) void connectAgain(world, open, options, connected)
    }
  } finally {
    options.signal?.removeEventListener('abort', abort)
    if (role.pendingConnect === controller) role.pendingConnect = undefined
  }
}

/** Whether a session ended for want of a line, and by nobody's will. */
function isLost(reason: CloseReason | undefined): boolean {
  return reason?.by === 'network' || reason?.code === 'timeout' || reason?.code === 'session-ended'
}

/** Sessions that are to take the place of one that was lost, and have not begun. */
const waitingToBegin = new WeakSet<AbortController>()

/** Begins a new session where one was lost. What keeps it from that is in the error queue. */
async function connectAgain(
  world: ClientWorld,
  open: OpenTransport,
  options: ConnectOptions,
  connected: (world: ClientWorld) => void,
): Promise<void> {
  const role = clientRole(world)
  // Whoever closes the world in the tick that shows the end wants no other session.
  const waiting = new AbortController()
  waitingToBegin.add(waiting)
  role.pendingConnect = waiting
  // Not within the tick, nor the observers, that the old session ends in.
  await Promise.resolve()
  if (role.pendingConnect === waiting) role.pendingConnect = undefined
  if (waiting.signal.aborted) return
  try {
    await connectWorld(world, open, options, connected)
  } catch (cause) {
    if (cause instanceof ConnectionError && cause.code === 'aborted') return
    const text = `the connection was lost, and could not be made again: ${messageOf(cause)}`
    role.errors.push('reconnect-failed', text, { cause })
  }
}

/** Without the value: it is a secret. */
function checkCredential(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'string' || typeof value === 'function') return
  throw badOption(name, 'a text or a function', typeof value)
}

function checkUrl(url: unknown): void {
  try {
    if (typeof url === 'string' && /^https?:$/.test(new URL(url).protocol)) return
  } catch {
    // No address at all; what follows says so.
  }
  const got = typeof url === 'string' ? JSON.stringify(url) : String(url)
  const text = `url is the server's address with http:// or https://, as in http://127.0.0.1:9208, got ${got}`
  throw new ConnectionError('bad-url', text)
}

const wasAborted = (): ConnectionError => new ConnectionError('aborted', 'the attempt to connect was ended')

/** Tries until it succeeds, a failure is final, or time runs out. */
async function attempt(
  world: ClientWorld,
  open: OpenTransport,
  options: ConnectOptions,
  controller: AbortController,
): Promise<void> {
  const { timeout = 15_000 } = options
  const { signal } = controller
  const role = clientRole(world)
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
      // The last try, cut short by the deadline, knows less than the one before it.
      const isLess = !isFirst && left < SHORT_TRY_MS && FOR_WANT_OF_TIME.has(error.code)
      if (signal.aborted) failure = wasAborted()
      else if (!isLess) failure = error
      if (FINAL.has(failure.code) || error.cause === REFUSED || isRefusal(error)) break
    }
    const wanted = failure.retryAfter
    // Not all who were sent away, or lost their server, together come back together.
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
  // An attempt that was aborted may have a successor already, which is not to be stopped.
  if (role.pendingConnect === controller) {
    role.pendingConnect = undefined
    await closeSession(role, 'client-closed', 'the attempt was given up')
  }
  throw failure
}

/** Marks an error as the server's own refusal. */
const REFUSED = Symbol('refused by the server')

async function tryOnce(
  world: ClientWorld,
  open: OpenTransport,
  options: ConnectOptions,
  deadline: number,
  controller: AbortController,
): Promise<void> {
  const role = clientRole(world)
  const { signal } = controller
  const { idleTimeout, stalledAfter, autoReady, reconnect } = options
  let { token } = options
  if (typeof token === 'function') token = await call('token', token, deadline, signal)
  const limit = Math.min(deadline, performance.now() + TRY_LIMIT_MS)
  const transport = await openOnce(role.options.now, open, options, deadline, signal)
  if (signal.aborted) {
    await transport.close()
    throw wasAborted()
  }
  try {
    // A session that this one replaces is stopped, which must not end this attempt.
    role.pendingConnect = undefined
    const reopen = (ended: AbortSignal): Promise<Transport | Refused> =>
      reopenWithin(role.options.now, open, options, ended)
    beginSession(role, transport, {
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
    role.pendingConnect = controller
  }
  const session = role.session!
  // The game's loop may not run yet, so the handshake drives itself; what comes after it waits for the loop.
  while (session.state === 'connecting') {
    session.receive()
    if (session.state !== 'connecting') break
    if (hasGivenUp(session, role.options.now(), limit, deadline))
      session.close('handshake-timeout', 'the server did not answer the hello')
    else if (signal.aborted) session.close('aborted', 'the attempt was aborted')
    else await wait(PUMP_INTERVAL_MS, signal)
  }
  if (session.state === 'open') {
    if (role.session !== undefined) followSession(role, role.session, false)
    return
  }
  const { reason } = session
  // After an abort the session of the role may be another's, or none.
  if (role.session === session) applyReplication(world)
  const text = reason?.text ?? 'the connection closed'
  throw new ConnectionError(reason?.code ?? 'lost', text, reason?.by === 'remote' ? { cause: REFUSED } : undefined)
}

/** Opens a transport, with a fresh `Authorization` header. */
async function openOnce(
  now: () => number,
  open: OpenTransport,
  options: ConnectOptions,
  deadline: number,
  signal: AbortSignal,
): Promise<Transport> {
  const { url, iceServers } = options
  let { authorization } = options
  if (typeof authorization === 'function') authorization = await call('authorization', authorization, deadline, signal)
  const timeout = Math.max(1, Math.min(deadline - performance.now(), TRY_LIMIT_MS))
  return open({ url, iceServers, authorization, timeout, now, signal })
}

/** A connection over which an interrupted session may go on, or why there will be none. */
function reopenWithin(
  now: () => number,
  open: OpenTransport,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Transport | Refused> {
  return openOnce(now, open, options, performance.now() + TRY_LIMIT_MS, signal).catch((error: unknown) => {
    const refused = error instanceof ConnectionError ? refusalOf(error) : undefined
    if (refused === undefined) throw error
    return refused
  })
}

const OVERDUE = Symbol('no credential in time')

/** What a credential is now. */
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

/** A server that authenticates may take longer than a try; as long as it is heard of, it is waited for. */
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
