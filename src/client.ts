// Connects a client in a browser, as "bitecs-net/client". Imports nothing of Node or of the server.
import { connectWebRtc } from './transport/geckos/geckos-client.js'
import { type ConnectOptions as AllOptions, connectWorld } from './client/connect.js'
import { receiveWhenHidden } from './client/hidden-tab.js'
import type { ClientWorld } from './world/state.js'

/** The same options as in Node; `url` defaults to the origin of the page. */
export type ConnectOptions = Partial<AllOptions>

/**
 * Connects a client's world to a server over WebRTC. Retries until `timeout` and resolves when the server has admitted
 * the client. A tab that is hidden later stays connected and keeps receiving.
 *
 * @throws ConnectionError with a code and a sentence that say why: refused, unreachable, UDP blocked, …
 */
export async function connect(world: ClientWorld, options: ConnectOptions = {}): Promise<void> {
  const url = options.url ?? location.origin
  await connectWorld(world, options.transport ?? connectWebRtc, { ...options, url }, receiveWhenHidden)
}

export type { OpenClientTransport } from './client/connect.js'
export { close } from './verbs/close.js'
export { type ClientWorldOptions, createClientWorld } from './verbs/create.js'
export type { ClientWorld } from './world/state.js'
export { connectWebRtc, type WebRtcClientOptions } from './transport/geckos/geckos-client.js'
export { clientReceive, clientSend, runSystems, type System } from '../systems/index.js'
