// Connects a client in Node to a geckos server, for bots and tests: the browser's client over node-datachannel's
// polyfill.
import type * as NativeModule from 'node-datachannel'
import type * as PolyfillModule from 'node-datachannel/polyfill'
import { ConnectionError } from '../../protocol/errors.js'
import { connectWith, type GeckosClientFactory, type WebRtcClientOptions } from './geckos-client-core.js'
import type { Transport } from '../transport.js'

export type { WebRtcClientOptions } from './geckos-client-core.js'

type Native = typeof NativeModule
type Polyfill = typeof PolyfillModule
type NativePeerConnection = InstanceType<Native['PeerConnection']>
type NativeDataChannel = Parameters<Parameters<NativePeerConnection['onDataChannel']>[0]>[0]

let factory: Promise<GeckosClientFactory> | undefined

/**
 * Makes one attempt to connect to a geckos server; resolves when both channels are open. Rejects within
 * `options.timeout` milliseconds with a `ConnectionError`, whose code is the cause: `missing-dependency`,
 * `unreachable`, `unauthorized`, `refused`, `server-full`, `rate-limited`, `udp-blocked`, `aborted`.
 */
export async function connectWebRtc(options: WebRtcClientOptions): Promise<Transport> {
  factory ??= load()
  return connectWith(await factory, options)
}

/** geckos' client looks for WebRTC in the global object, so it is set before the client is loaded. */
async function load(): Promise<GeckosClientFactory> {
  try {
    const polyfill = await import('node-datachannel/polyfill')
    const native = await import('node-datachannel')
    const { RTCDataChannel, RTCIceCandidate, RTCSessionDescription } = polyfill
    const RTCPeerConnection = mendedPeerConnection(native, polyfill)
    const names = { RTCDataChannel, RTCIceCandidate, RTCPeerConnection, RTCSessionDescription }
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

/**
 * The polyfill's `RTCPeerConnection`, with two faults fixed.
 *
 * The first: a channel's messages and its close reach JavaScript through separate queues, which run in the order in
 * which their callbacks were registered. The close drops the messages that are still queued. The polyfill registers
 * the close first, so a client whose loop was blocked for a moment lost the server's last packets, the reason of the
 * close included. The second is described at `setRemoteDescription`.
 */
function mendedPeerConnection(native: Native, polyfill: Polyfill): typeof globalThis.RTCPeerConnection {
  const Mended = class extends polyfill.RTCPeerConnection {
    constructor(config: RTCConfiguration = {}) {
      const { iceTransportPolicy } = config
      const peerConnection = new native.PeerConnection('client', {
        iceServers: (config.iceServers ?? []).flatMap(nativeIceServers),
        ...(iceTransportPolicy === undefined ? undefined : { iceTransportPolicy }),
      })
      const onDataChannel = peerConnection.onDataChannel.bind(peerConnection)
      // Native methods cannot be assigned to.
      Object.defineProperty(peerConnection, 'onDataChannel', {
        value: (callback: (channel: NativeDataChannel) => void) => {
          onDataChannel((channel) => {
            closeAfterMessages(channel)
            callback(channel)
          })
        },
      })
      super({ ...config, peerConnection })
    }

    /**
     * Leaves the first step of DTLS to the server. If we begin, our step arrives before the server's ICE is ready, is
     * dropped, and is sent again after a second: OpenSSL's pause, where browsers take 50 ms. The server's first step
     * cannot be early, since its ICE is ready only after ours.
     */
    override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      const sdp = description.sdp?.replace(/^a=setup:actpass(\r?)$/m, 'a=setup:active$1')
      return super.setRemoteDescription({ ...description, sdp } as RTCSessionDescription)
    }
  }
  return Mended as unknown as typeof globalThis.RTCPeerConnection
}

/** Delays the registration of the close until that of the messages. */
function closeAfterMessages(channel: NativeDataChannel): void {
  const onMessage = channel.onMessage.bind(channel)
  const onClosed = channel.onClosed.bind(channel)
  let closed: (() => void) | undefined
  Object.defineProperty(channel, 'onClosed', {
    value: (callback: () => void) => {
      closed = callback
    },
  })
  Object.defineProperty(channel, 'onMessage', {
    value: (callback: Parameters<NativeDataChannel['onMessage']>[0]) => {
      onMessage(callback)
      if (closed !== undefined) onClosed(closed)
    },
  })
}

/** One address per entry, with the credentials inside, as the native library expects. */
function nativeIceServers(server: RTCIceServer): string[] {
  const { username, credential } = server
  return [server.urls].flat().map((url) => {
    if (!username || !credential) return url
    const colon = url.indexOf(':')
    const secret = `${encodeURIComponent(username)}:${encodeURIComponent(credential)}`
    return `${url.slice(0, colon)}:${secret}@${url.slice(colon + 1)}`
  })
}
