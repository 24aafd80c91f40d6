// Serves clients from Node as "bitecs-net/server": listens over WebRTC and runs the fixed-step loop.
import { ConnectionError, UsageError } from './protocol/errors.js'
import { checkListenOptions, type ListenOptions } from './server/listen-options.js'
import { listenWebRtc } from './transport/geckos/geckos-server.js'
import type { Transport } from './transport/transport.js'
import { banRefusal } from './verbs/bans.js'
import { openStores } from './world/shared-stores.js'
import { close } from './verbs/close.js'
import { type Loop, type LoopOptions, takeOverLoop, type System } from './world/loop.js'
import { retire } from './verbs/close.js'
import { isServing } from './world/server/connections.js'
import { startServing } from './world/server/start-serving.js'
import { DEFAULT_MAX_CONNECTIONS } from './world/server/serve-options.js'
import { forgetEvents, networkOf, serverState, type ServerWorld } from './world/state.js'
import { serverReceive, serverSend } from '../systems/index.js'

/** A world that listens. */
export interface Server {
  /** The TCP port of the signalling; 0 for a transport without one. */
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
  const state = serverState(world)
  checkListenOptions(options, state.protocol)
  if (state.sessions !== undefined) throw new UsageError('listening', 'this world listens already; close it first')
  if (state.cancelListen !== undefined)
    throw new UsageError('listening', 'this world is about to listen; call listen once')
  openStores(world)
  const { port, host, server, network, transport: open = listenWebRtc } = options
  const attempt = new Attempt()
  state.cancelListen = () => attempt.cancel()
  // Events from an earlier time of listening are not news now.
  if (state.hasServed && !isServing(state)) forgetEvents(world)
  let transport: Transport
  try {
    transport = await open({
      ...network,
      port,
      host,
      server,
      // A full server refuses a client's hello with a reason. The transport limit only stops floods.
      maxPeers: (options.limits?.maxConnections ?? DEFAULT_MAX_CONNECTIONS) + SPARE_PEERS,
      now: state.options.now,
      refuse: (address) => banRefusal(state.bans, address),
      onAuthorizeError: (message, cause) => state.errors.push('authorize-failed', message, { cause }),
    })
    if (attempt.isCancelled) {
      await transport.close()
      throw new ConnectionError('aborted', 'the world was closed before it listened')
    }
    startServing(state, transport, options)
  } finally {
    state.cancelListen = undefined
    attempt.settle()
  }
  const { sessions } = state
  const isSucceeded = (): boolean => state.sessions !== undefined && state.sessions !== sessions
  let loop: Loop | undefined
  let closing: Promise<void> | undefined
  return {
    port: transport.port ?? 0,
    run(systems, loopOptions = {}) {
      if (networkOf(world)?.client !== undefined) {
        throw new UsageError('wrong-side', 'this world has a client too: run both with the run of startHost')
      }
      const all = [...serverReceive, ...systems, ...serverSend]
      loop = takeOverLoop(world, all, { ...loopOptions, rate: state.options.tickRate })
      return loop
    },
    async close(text, { grace = 0 } = {}) {
      if (grace > 0 && state.sessions === sessions) await within(grace, retire(world, { grace, text }))
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

export type { ErrorBudget, InboundLimits } from './connection/server/client-limits.js'
export type { DuplicateUsers } from './connection/server/user-sessions.js'
export type { ListenOptions, NetworkOptions, OpenServerTransport } from './server/listen-options.js'
export type { LimitOptions, SessionOptions, UserOptions } from './world/server/serve-options.js'
export { listenWebRtc, type WebRtcServerOptions } from './transport/geckos/geckos-server.js'
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
