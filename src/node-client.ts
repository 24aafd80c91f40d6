// "bitecs-net/node": the same client in Node, for bots, tests and load, through node-datachannel's polyfill.
import { connectGeckos } from './transport/geckos/geckos-node-client.js'
import { type ConnectOptions, connectWorld } from './client/connect.js'
import type { ClientWorld } from './world/state.js'

/**
 * Connects a client's world to a server, over WebRTC. Tries again until `timeout`; resolves when the server has let the
 * client in. geckos keeps timers for up to ten seconds after that, and with them the process: end a program that is done
 * with `process.exit`.
 *
 * @throws ConnectionError with a code and a sentence that say why: refused, unreachable, UDP blocked, …
 */
export async function connect(world: ClientWorld, options: ConnectOptions): Promise<void> {
  await connectWorld(world, connectGeckos, options)
}

export type { ConnectOptions } from './client/connect.js'
export { close } from './verbs/close.js'
export { type ClientWorldOptions, createClientWorld } from './world/create.js'
export type { ClientWorld } from './world/state.js'
export { clientReceive, clientSend, runSystems, type System } from '../systems/index.js'
export { type Loop, type LoopOptions, startLoop } from './world/loop.js'
