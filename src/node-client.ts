// Connects a client in Node, as "bitecs-net/node", for bots, tests and load. It uses the polyfill of node-datachannel.
import { connectWebRtc } from './transport/geckos/geckos-node-client.js'
import { type ConnectOptions, connectWorld } from './client/connect.js'
import type { ClientWorld } from './world/state.js'

/**
 * Connects a client's world to a server over WebRTC. Retries until `timeout` and resolves when the server has admitted
 * the client. The timers of geckos keep the process alive for up to ten seconds after the end of a connection, so end a
 * finished program with `process.exit`.
 *
 * @throws ConnectionError with a code and a sentence that say why: refused, unreachable, UDP blocked, …
 */
export async function connect(world: ClientWorld, options: ConnectOptions): Promise<void> {
  await connectWorld(world, options.transport ?? connectWebRtc, options)
}

export type { ConnectOptions, OpenClientTransport } from './client/connect.js'
export { close } from './verbs/close.js'
export { type ClientWorldOptions, createClientWorld } from './verbs/create.js'
export type { ClientWorld } from './world/state.js'
export { connectWebRtc, type WebRtcClientOptions } from './transport/geckos/geckos-node-client.js'
export { clientReceive, clientSend, runSystems, type System } from '../systems/index.js'
export { type Loop, type LoopOptions, startLoop } from './world/loop.js'
