// Connecting on a busy machine: now and then the encryption's handshake fails, and a client has to try again.
import { connectWebRtc, type WebRtcClientOptions } from '../../src/transport/geckos/geckos-node-client.js'
import type { Transport } from '../../src/transport/transport.js'

const TRIES = 3

/** Runs `attempt` up to three times; the last error counts. */
export async function tryAgain<T>(attempt: () => Promise<T>): Promise<T> {
  for (let i = 1; i < TRIES; i++) {
    try {
      return await attempt()
    } catch {
      // The next try, or the error of the last one.
    }
  }
  return await attempt()
}

/** {@link connectWebRtc}, up to three times. */
export function connectPatiently(options: Omit<WebRtcClientOptions, 'timeout'>): Promise<Transport> {
  return tryAgain(() => connectWebRtc({ ...options, timeout: 5000 }))
}
