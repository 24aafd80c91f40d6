// Serves clients from Node as "bitecs-net/server": listens over WebRTC and runs the fixed-step loop.
import {
  createGeckosServerTransport,
  type GeckosServerOptions,
  type GeckosServerTransport,
} from './transport/geckos/geckos-server.js'
import { ConnectionError, UsageError } from './protocol/errors.js'
import { MAX_KEPT_MS } from './protocol/limits.js'
import { checkAuthentication } from './world/server/authentication.js'
import { checkBudgets } from './world/server/budget-options.js'
import { checkSignalling } from './server/signalling-options.js'
import { badOption, checkInteger, checkMilliseconds, checkNumber, checkOneOf } from './world/check-options.js'
import { refusalOf } from './verbs/bans.js'
import { openStores } from './world/shared-stores.js'
import { close } from './verbs/close.js'
import { type Loop, type LoopOptions, takeOverLoop, type System } from './world/loop.js'
import { retire } from './verbs/close.js'
import { isServing } from './world/server/connections.js'
import { startServing } from './world/server/start-serving.js'
import { checkUsers, DEFAULT_MAX_CONNECTIONS, type ServeOptions } from './world/server/serve-options.js'
import { forgetEvents, networkOf, serverRole, type ServerWorld } from './world/state.js'
import { serverReceive, serverSend } from '../systems/index.js'

/** Options of {@link listen}: how the world serves, and where it listens. */
export interface ListenOptions
  extends
    ServeOptions,
    Pick<
      GeckosServerOptions,
      | 'port'
      | 'host'
      | 'server'
      | 'cors'
      | 'authorize'
      | 'authorizationTimeout'
      | 'trustProxy'
      | 'handshakes'
      | 'candidates'
      | 'iceServers'
      | 'portRange'
      | 'bindAddress'
    > {}

/** A world that listens. */
export interface Server {
  /** The TCP port of the signalling. */
  readonly port: number
  /**
   * Runs the game at the world's tick rate: receives packets, runs `systems`, sends packets. After a stall the loop
   * catches up with a limited number of ticks and reports those that it skipped. A loop that already runs the world is
   * stopped. In a host's world use the `run` of `startHost`, which runs both sides.
   */
  run(systems: readonly System<ServerWorld>[], options?: Omit<LoopOptions, 'rate'>): Loop
  /**
   * Tells every client why, stops the loop, and closes. Resolves when nothing is left open. A world that listens again
   * meanwhile keeps listening.
   *
   * With `grace`, in milliseconds, the server retires first (see `retire`): it admits no new clients and notifies the
   * connected ones, which play on until they have left or the time is over. A second call without `grace` closes at
   * once.
   */
  close(text?: string, options?: { readonly grace?: number }): Promise<void>
}

/** Peers that the transport accepts beyond the limit of connections. */
const SPARE_PEERS = 64

/**
 * Lets clients connect to a server's world. It listens when this resolves. Run its pipelines, or `run`, for anything to
 * happen. When the game closes its own HTTP server (`server`), the next tick ends every connection and removes
 * `Listening`.
 *
 * @throws UsageError when the world listens already or is about to, or an option is out of range. Also when another
 * open world uses its components without sharing its entity index (`separate-entity-index`).
 * @throws ConnectionError `port-in-use` and others, with a sentence that says what to do; `aborted` when the world was
 * closed meanwhile.
 */
export async function listen(world: ServerWorld, options: ListenOptions = {}): Promise<Server> {
  const role = serverRole(world)
  checkOptions(options)
  checkAuthentication(options.authenticate, options.authenticationTimeout, role.protocol)
  if (role.sessions !== undefined) throw new UsageError('listening', 'this world listens already; close it first')
  if (role.cancelListen !== undefined)
    throw new UsageError('listening', 'this world is about to listen; call listen once')
  openStores(world)
  const { timeout, resumeTime, handshakeTimeout, sceneTimeout, maxConnections, unknownCalls, ...others } = options
  const { stalledAfter, authenticate, authenticationTimeout, userKey, duplicateUsers, interruptedPerAddress, ...rest } =
    others
  const { maxBytesPerSecond, spawnBytesPerTick, inbound, errorBudget, ...network } = rest
  const attempt = new Attempt()
  role.cancelListen = () => attempt.cancel()
  // Events from an earlier time of listening are not news now.
  if (role.hasServed && !isServing(role)) forgetEvents(world)
  let transport: GeckosServerTransport
  try {
    transport = await createGeckosServerTransport({
      ...network,
      // A full server refuses a client's hello with a reason. The transport limit only stops floods.
      maxPeers: (maxConnections ?? DEFAULT_MAX_CONNECTIONS) + SPARE_PEERS,
      now: role.options.now,
      refuse: (address) => refusalOf(role.bans, address),
      onAuthorizeError: (message, cause) => role.errors.push('authorize-failed', message, { cause }),
    })
    if (attempt.isCancelled) {
      await transport.close()
      throw new ConnectionError('aborted', 'the world was closed before it listened')
    }
    const limits = {
      timeout,
      stalledAfter,
      resumeTime,
      handshakeTimeout,
      sceneTimeout,
      maxConnections,
      unknownCalls,
      maxBytesPerSecond,
      spawnBytesPerTick,
      inbound,
      errorBudget,
    }
    const users = { userKey, duplicateUsers, interruptedPerAddress }
    startServing(role, transport, { ...limits, ...users, authenticate, authenticationTimeout })
  } finally {
    role.cancelListen = undefined
    attempt.settle()
  }
  const { sessions } = role
  const isSucceeded = (): boolean => role.sessions !== undefined && role.sessions !== sessions
  let loop: Loop | undefined
  let closing: Promise<void> | undefined
  return {
    port: transport.port,
    run(systems, loopOptions = {}) {
      if (networkOf(world)?.client !== undefined) {
        throw new UsageError('wrong-side', 'this world has a client too: run both with the run of startHost')
      }
      const all = [...serverReceive, ...systems, ...serverSend]
      loop = takeOverLoop(world, all, { ...loopOptions, rate: role.options.tickRate })
      return loop
    },
    async close(text, { grace = 0 } = {}) {
      if (grace > 0 && role.sessions === sessions) await within(grace, retire(world, { grace, text }))
      loop?.stop()
      if (isSucceeded()) return
      // Calls during the grace share one close.
      closing ??= close(world, text)
      await closing
    },
  }
}

/** Waits for a promise, for at most `limit` milliseconds: the game's loop may be blocked. */
async function within(limit: number, ended: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([ended, new Promise<void>((resolve) => (timer = setTimeout(resolve, limit)))])
  clearTimeout(timer)
}

/** A `listen` that has not finished. */
class Attempt {
  isCancelled = false
  settle!: () => void
  private readonly settled = new Promise<void>((resolve) => (this.settle = resolve))

  /** Resolves when everything that was begun has been undone. */
  cancel(): Promise<void> {
    this.isCancelled = true
    return this.settled
  }
}

function checkOptions(options: ListenOptions): void {
  const { port, maxConnections, timeout, resumeTime, handshakeTimeout, sceneTimeout, unknownCalls, portRange } = options
  const { stalledAfter, authorize, authorizationTimeout } = options
  checkMilliseconds('authorizationTimeout', authorizationTimeout)
  if (authorize !== undefined && typeof authorize !== 'function') throw badOption('authorize', 'a function', authorize)
  checkInteger('port', port, 0, 65_535)
  checkInteger('maxConnections', maxConnections, 1)
  checkMilliseconds('timeout', timeout)
  checkNumber('stalledAfter', stalledAfter, 1000, 60_000, 'milliseconds')
  checkNumber('resumeTime', resumeTime, 0, MAX_KEPT_MS, 'milliseconds')
  checkMilliseconds('handshakeTimeout', handshakeTimeout)
  checkMilliseconds('sceneTimeout', sceneTimeout)
  checkOneOf('unknownCalls', unknownCalls, ['count', 'close'])
  checkBudgets(options)
  checkUsers(options)
  checkSignalling(options)
  if (portRange === undefined) return
  checkInteger('portRange.min', portRange?.min ?? NaN, 1, 65_535)
  checkInteger('portRange.max', portRange?.max ?? NaN, 1, 65_535)
  if (portRange.min > portRange.max) {
    throw badOption('portRange', 'a range with min at most max', `${portRange.min}-${portRange.max}`)
  }
}

export type { HandshakeLimits } from './transport/signalling/admission.js'
export type { AuthorizationRequest, Authorize } from './transport/signalling/authorization.js'
export type { CandidatePolicy } from './transport/signalling/candidates.js'
export type { RemoteCandidate } from './transport/signalling/description.js'
export type { CorsOptions } from './transport/signalling/origins.js'
export { close } from './verbs/close.js'
export { retire, type RetireOptions } from './verbs/close.js'
export { createServerWorld, type ServerWorldOptions } from './verbs/create.js'
export type { Loop, LoopOptions, System } from './world/loop.js'
export type { ServerWorld } from './world/state.js'
export { runSystems, serverReceive, serverSend } from '../systems/index.js'
