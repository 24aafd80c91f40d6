// Connects a browser to a geckos server.
import { geckos } from '@geckos.io/client'
import { connectWith, type GeckosClientFactory, type WebRtcClientOptions } from './geckos-client-core.js'
import type { Transport } from '../transport.js'

export type { WebRtcClientOptions } from './geckos-client-core.js'

/**
 * Makes one attempt to connect to a geckos server; resolves when both channels are open. Rejects within
 * `options.timeout` milliseconds with a `ConnectionError`, whose code is the cause: `no-webrtc`, `unreachable`,
 * `unauthorized`, `refused`, `server-full`, `rate-limited`, `udp-blocked`, `aborted`.
 */
export function connectWebRtc(options: WebRtcClientOptions): Promise<Transport> {
  return connectWith(geckos as unknown as GeckosClientFactory, options)
}
