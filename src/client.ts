// "bitecs-net/client": a client in a browser. Reaches nothing of Node and nothing of the server.
import { connectGeckos } from './transport/geckos/geckos-client.js'
import { type ConnectOptions as AllOptions, connectWorld } from './client/connect.js'
import { drainWhenHidden } from './client/hidden-tab.js'
import type { ClientWorld } from './world/state.js'

/** As for Node; `url` defaults to where the page came from. */
export type ConnectOptions = Partial<AllOptions>

/**
 * Connects a client's world to a server, over WebRTC. Tries again until `timeout`; resolves when the server has let the
 * client in. A tab that is hidden later stays connected, and keeps draining.
 *
 * @throws ConnectionError with a code and a sentence that say why: refused, unreachable, UDP blocked, …
 */
export async function connect(world: ClientWorld, options: ConnectOptions = {}): Promise<void> {
  const url = options.url ?? location.origin
  await connectWorld(world, connectGeckos, { ...options, url }, drainWhenHidden)
}

export { close } from './verbs/close.js'
export { type ClientWorldOptions, createClientWorld } from './world/create.js'
export type { ClientWorld } from './world/state.js'
export { clientReceive, clientSend, runSystems, type System } from '../systems/index.js'
