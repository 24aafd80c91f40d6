// The geckos transport of a client in Node, for bots and tests: the browser's client over node-datachannel's polyfill.
import { ConnectionError } from '../protocol/errors.js'
import { connectWith, type GeckosClientFactory, type GeckosClientOptions } from './geckos-client-core.js'
import type { Transport } from './transport.js'

export type { GeckosClientOptions } from './geckos-client-core.js'

let factory: Promise<GeckosClientFactory> | undefined

/**
 * Makes one try to connect to a geckos server; resolves when both channels are open. Rejects within
 * `options.timeout` milliseconds with a `ConnectionError` whose code says why: `missing-dependency`, `unreachable`,
 * `refused`, `server-full`, `udp-blocked`, `aborted`. geckos keeps timers for up to ten seconds after the connection is
 * made, and with them the process.
 */
export async function connectGeckos(options: GeckosClientOptions): Promise<Transport> {
  factory ??= load()
  return connectWith(await factory, options)
}

/** geckos' client looks for WebRTC in the global object, so it is put there before the client is loaded. */
async function load(): Promise<GeckosClientFactory> {
  try {
    const { default: _, ...names } = await import('node-datachannel/polyfill')
    for (const [name, value] of Object.entries(names)) {
      if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
    }
    const { geckos } = await import('@geckos.io/client')
    return geckos as unknown as GeckosClientFactory
  } catch (cause) {
    const text = 'a client in Node needs two more packages: npm install @geckos.io/client node-datachannel'
    throw new ConnectionError('missing-dependency', text, { cause })
  }
}
