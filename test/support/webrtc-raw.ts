// A client that keeps to no rule: signalling by hand, native channels in the open. For tests of hostile input.
import { PeerConnection, type DataChannel, type RtcConfig } from 'node-datachannel'
import { tryAgain } from './connect-patiently.js'
import { until } from './until.js'

export interface RawClient {
  /** The id of its connection, in the signalling. */
  readonly signallingId: string
  readonly native: PeerConnection
  readonly unreliable: DataChannel
  readonly reliable: DataChannel
  /** The connection or a channel has closed. */
  isClosed(): boolean
  close(): void
}

export interface RawOptions extends Partial<RtcConfig> {
  /** Closes the connection as soon as the first channel shows. */
  leaveAtOnce?: boolean
  /** Channels that the server opens: ours two, one that is geckos as it comes only its own. Default 2. */
  channels?: number
}

/** Connects to the signalling at `url`; again, when a try fails and was not meant to. */
export function connectRaw(url: string, options: RawOptions = {}): Promise<RawClient> {
  return tryAgain(() => tryRaw(url, options))
}

async function tryRaw(url: string, options: RawOptions): Promise<RawClient> {
  const { leaveAtOnce = false, channels: expected = 2, ...config } = options
  const route = `${url}/.wrtc/v2/connections`
  const offer = (await (await fetch(route, { method: 'POST' })).json()) as {
    id: string
    localDescription: { sdp: string }
  }
  const native = new PeerConnection('raw', { iceServers: [], bindAddress: '127.0.0.1', ...config })
  const channels = new Map<string, DataChannel>()
  let closed = false
  native.onStateChange((state) => {
    if (state === 'closed' || state === 'failed' || state === 'disconnected') closed = true
  })
  native.onDataChannel((channel) => {
    channels.set(channel.getLabel(), channel)
    channel.onMessage(() => {})
    channel.onClosed(() => {
      closed = true
    })
    if (leaveAtOnce) {
      closed = true
      setImmediate(() => native.close())
    }
  })
  native.onLocalDescription((answer, type) => {
    const body = JSON.stringify({ sdp: answer, type })
    fetch(`${route}/${offer.id}/remote-description`, { method: 'POST', body }).catch(() => {})
  })
  let { sdp } = offer.localDescription
  // The library keeps to what the other side takes, unless it is told otherwise.
  if (config.maxMessageSize !== undefined) {
    sdp = sdp.replace(/a=max-message-size:\d+/, `a=max-message-size:${config.maxMessageSize}`)
  }
  native.setRemoteDescription(sdp, 'offer')
  await until('both channels of a raw client', async () => {
    if (closed || channels.size === expected) return true
    const response = await fetch(`${route}/${offer.id}/additional-candidates`)
    const candidates = response.ok ? ((await response.json()) as { candidate: string; sdpMid: string }[]) : []
    if (!closed) for (const { candidate, sdpMid } of candidates) native.addRemoteCandidate(candidate, sdpMid)
    return false
  })
  if (channels.size < expected && !leaveAtOnce) {
    native.close()
    throw new Error('the connection of a raw client failed')
  }
  return {
    signallingId: offer.id,
    native,
    unreliable: channels.get('geckos.io')!,
    reliable: channels.get('reliable')!,
    isClosed: () => closed,
    close: () => native.close(),
  }
}
