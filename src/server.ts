// "bitecs-net/server": a server in Node. Listens over WebRTC and runs the fixed-step loop.
import { createGeckosServerTransport, type GeckosServerOptions } from './transport/geckos-server.js'
import { UsageError } from './protocol/errors.js'
import { close } from './world/close.js'
import { type Loop, type LoopOptions, startLoop, type System } from './world/loop.js'
import type { ServeOptions } from './world/server-role.js'
import { serverRole, type ServerWorld } from './world/state.js'
import { serverReceive, serverSend } from '../systems/index.js'

export interface ListenOptions
  extends
    ServeOptions,
    Pick<GeckosServerOptions, 'port' | 'host' | 'server' | 'cors' | 'iceServers' | 'portRange' | 'bindAddress'> {}

/** A world that listens. */
export interface Server {
  /** The TCP port of the signalling. */
  readonly port: number
  /**
   * Runs the game at the world's tick rate: what arrived, then `systems`, then what is to be sent. Catches up after a
   * stall, never spirals, and reports what it skipped.
   */
  run(systems: readonly System<ServerWorld>[], options?: Omit<LoopOptions, 'rate'>): Loop
  /** Stops the loop, tells every client why, and closes. Resolves when nothing is left open. */
  close(text?: string): Promise<void>
}

/**
 * Lets clients connect to a server's world. It listens when this resolves; run its pipelines, or `run`, for anything to
 * happen.
 *
 * @throws UsageError when the world listens already.
 * @throws ConnectionError `port-in-use` and others, with a sentence that says what to do.
 */
export async function listen(world: ServerWorld, options: ListenOptions = {}): Promise<Server> {
  const role = serverRole(world)
  if (role.sessions !== undefined) throw new UsageError('listening', 'this world listens already; close it first')
  const { timeout, handshakeTimeout, maxConnections, ...network } = options
  const transport = await createGeckosServerTransport({ ...network, maxPeers: maxConnections, now: role.options.now })
  role.start(transport, { timeout, handshakeTimeout, maxConnections })
  let loop: Loop | undefined
  return {
    port: transport.port,
    run(systems, loopOptions = {}) {
      loop?.stop()
      const all = [...serverReceive, ...systems, ...serverSend]
      loop = startLoop(world, all, { ...loopOptions, rate: role.options.tickRate })
      return loop
    },
    close(text) {
      loop?.stop()
      return close(world, text)
    },
  }
}

export { close } from './world/close.js'
export { createServerWorld, type ServerWorldOptions } from './world/create.js'
export type { Loop, LoopOptions, System } from './world/loop.js'
export type { ServerWorld } from './world/state.js'
export { runSystems, serverReceive, serverSend } from '../systems/index.js'
