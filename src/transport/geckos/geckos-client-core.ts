// Runs the client's side of a real network, for browsers and Node. geckos' client does the signalling, and the
// channels are our own. The geckos client and its environment are arguments, so that this file imports neither.
import type { ConnectionError } from '../../protocol/errors.js'
import { MAX_RELIABLE_PACKET } from '../../protocol/limits.js'
import {
  CLOSE_LIMIT_MS,
  DISCONNECT_LIMIT_MS,
  FLUSH_POLL_MS,
  HALF_CLOSED_LIMIT_MS,
  LOST_AFTER_SILENCE_MS,
} from './flush-limits.js'
import { aborted, brokenOff, signallingError, timedOut, withoutWebRtc } from './geckos-client-errors.js'
import { negotiate, type Negotiated, type SignallingManager } from './geckos-client-signalling.js'
import { untilChannelsCarry } from './open-channels.js'
import { Inbox } from '../inbox.js'
import { OpeningOrder } from './opening-order.js'
import {
  Channel,
  countSent,
  createTransportCounters,
  type PeerId,
  type Transport,
  type TransportCloseReason,
  type TransportSink,
} from '../transport.js'

/** Options of one attempt to connect over WebRTC. */
export interface WebRtcClientOptions {
  /** The address of the server's signalling, as in `http://localhost:9208`; a path is kept. */
  url: string
  /** Added to `url` when given. */
  port?: number
  /** The `Authorization` header of the signalling. */
  authorization?: string
  /** STUN and TURN servers. Default none. */
  iceServers?: RTCIceServer[]
  /** How long this attempt may take until both channels are open, in milliseconds. */
  timeout: number
  /** The clock in milliseconds. Default `performance.now`. */
  now?: () => number
  /** The most received bytes that wait on one channel. Default 8 MiB. */
  inboxLimit?: number
  /** The most bytes in the send queue. Default 1 MiB reliable, 64 KiB unreliable. */
  sendLimit?: { reliable?: number; unreliable?: number }
  /** Ends the attempt. */
  signal?: AbortSignal
}

/** The part of geckos' client channel that we use. */
export interface GeckosClientChannel {
  onConnect(callback: (error?: unknown) => void): unknown
  readonly connectionsManager: GeckosClientManager
}

interface GeckosClientManager extends SignallingManager {
  readonly label: string
  dataChannel: RTCDataChannel | undefined
  connect: () => Promise<Negotiated>
}

/** geckos' `geckos()`. */
export type GeckosClientFactory = (options: {
  url: string
  port: null
  authorization?: string
  iceServers: RTCIceServer[]
}) => GeckosClientChannel

/** The server's number for a client, which is its only peer. */
export const SERVER_PEER: PeerId = 1

/**
 * Makes one attempt to connect; resolves when both channels are open. Rejects within `timeout` with a {@link
 * ConnectionError}, and leaves nothing open: `no-webrtc`, `unreachable`, `unauthorized`, `refused`, `server-full`,
 * `rate-limited`, `udp-blocked`, `aborted`.
 */
export function connectWith(factory: GeckosClientFactory, options: WebRtcClientOptions): Promise<Transport> {
  if (typeof RTCPeerConnection === 'undefined') return Promise.reject(withoutWebRtc())
  return new Promise((resolve, reject) => {
    new GeckosClient(factory, options, resolve, reject).start()
  })
}

function signallingUrl(options: WebRtcClientOptions): string {
  const url = options.url.replace(/\/+$/, '')
  return options.port === undefined ? url : `${url}:${options.port}`
}

class GeckosClient implements Transport {
  readonly counters = createTransportCounters()
  onArrival: (() => void) | undefined
  answer: ((peer: PeerId, bytes: Uint8Array, length: number) => void) | undefined
  private readonly url: string
  private readonly inbox: Inbox
  private readonly now: () => number
  private readonly sendLimit: { readonly reliable: number; readonly unreliable: number }
  private readonly manager: GeckosClientManager
  private readonly channel: GeckosClientChannel
  private connection: RTCPeerConnection | undefined
  private reliable: RTCDataChannel | undefined
  private unreliable: RTCDataChannel | undefined
  private readonly order = new OpeningOrder((bytes) => this.reliable?.send(bytes as Uint8Array<ArrayBuffer>))
  private lastHeard = 0
  /** Both channels report that they are open. */
  private isConfirming = false
  private opened = false
  /** Nothing is sent or accepted any longer; the connection may still be flushing. */
  private ended = false
  private deadline = Infinity
  /** The reliable channel has been closed after its data. */
  private isShut = false
  private isReleased = false
  private readonly released: Promise<void>
  private resolveReleased: () => void = () => {}
  private readonly firstChannel: Promise<void>
  private resolveFirstChannel: () => void = () => {}
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly listeners = new AbortController()
  /** Ends with the attempt, so that the caller's signal is not observed for the life of the connection. */
  private readonly attempt = new AbortController()

  constructor(
    factory: GeckosClientFactory,
    private readonly options: WebRtcClientOptions,
    private readonly resolve: (transport: Transport) => void,
    private readonly reject: (error: ConnectionError) => void,
  ) {
    this.url = signallingUrl(options)
    this.now = options.now ?? (() => performance.now())
    this.sendLimit = {
      reliable: options.sendLimit?.reliable ?? 1 << 20,
      unreliable: options.sendLimit?.unreliable ?? 1 << 16,
    }
    this.inbox = new Inbox({
      limitPerPeer: options.inboxLimit ?? 1 << 23,
      maxPacket: MAX_RELIABLE_PACKET,
      counters: this.counters,
      now: this.now,
      reply: (peer, bytes, length) =>
        this.answer ? this.answer(peer, bytes, length) : this.send(peer, Channel.Unreliable, bytes, length),
      refuse: (_, reason) => this.drop(reason),
    })
    this.firstChannel = new Promise((resolveFirst) => (this.resolveFirstChannel = resolveFirst))
    this.released = new Promise((resolveReleased) => (this.resolveReleased = resolveReleased))
    this.channel = factory({
      url: this.url,
      // geckos adds 9208 unless this is null.
      port: null,
      iceServers: options.iceServers ?? [],
      ...(options.authorization === undefined ? undefined : { authorization: options.authorization }),
    })
    this.manager = this.channel.connectionsManager
  }

  start(): void {
    const { options } = this
    this.inbox.pushOpening(SERVER_PEER)
    this.takeOver()
    if (options.signal?.aborted) return this.fail(aborted())
    options.signal?.addEventListener('abort', () => this.fail(aborted()), {
      signal: this.attempt.signal,
    })
    this.timer = setTimeout(
      () => this.fail(timedOut(this.url, options.timeout, this.connection !== undefined)),
      options.timeout,
    )
    Promise.resolve(this.channel.onConnect((error) => this.signallingEnded(error))).catch((error: unknown) =>
      this.signallingEnded(error),
    )
  }

  send(_peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): boolean {
    const { counters } = this
    const isReliable = channel === Channel.Reliable
    const native = isReliable ? this.reliable : this.unreliable
    if (native === undefined || !this.opened || this.ended || length > MAX_RELIABLE_PACKET) {
      counters.sendDropped++
      return false
    }
    try {
      const limit = isReliable ? this.sendLimit.reliable : this.sendLimit.unreliable
      if (this.buffered(SERVER_PEER, channel) + length > limit) {
        counters.sendDropped++
        if (isReliable) this.drop({ code: 'overflow', text: 'the server reads slower than this client sends' })
        return false
      }
      // A view is enough: both kinds of channel copy before they return.
      const view = length === bytes.length ? bytes : bytes.subarray(0, length)
      if (!isReliable || !this.order.holds(bytes, length)) native.send(view as Uint8Array<ArrayBuffer>)
    } catch {
      // The channel has just closed, and its event is still on the way.
      counters.sendDropped++
      return false
    }
    countSent(counters, channel, length)
    return true
  }

  receive(sink: TransportSink): void {
    this.inbox.deliver(sink)
  }

  buffered(_peer: PeerId, channel: Channel): number {
    const isReliable = channel === Channel.Reliable
    const native = isReliable ? this.reliable : this.unreliable
    if (native === undefined || this.isReleased) return 0
    return native.bufferedAmount + (isReliable ? this.order.held : 0)
  }

  disconnect(): void {
    this.leave(DISCONNECT_LIMIT_MS)
  }

  close(): Promise<void> {
    this.leave(CLOSE_LIMIT_MS)
    return this.released
  }

  /** Ends the session now; reliable data has `limit` milliseconds to leave. Another call may shorten the limit. */
  private leave(limit: number): void {
    if (!this.ended) this.end({ code: 'closed', text: 'closed' })
    this.deadline = Math.min(this.deadline, performance.now() + limit)
    this.flush()
  }

  private flush(): void {
    if (this.isReleased) return
    clearTimeout(this.timer)
    const now = performance.now()
    if (!this.isShut && now < this.deadline && this.buffered(SERVER_PEER, Channel.Reliable) > 0) {
      this.timer = setTimeout(() => this.flush(), FLUSH_POLL_MS)
      return
    }
    if (!this.isShut) {
      this.isShut = true
      // The close of the stream follows the data in order, also under loss. The server answers by closing the
      // connection.
      this.reliable?.close()
    }
    this.timer = setTimeout(() => this.release(), Math.max(this.deadline - now, FLUSH_POLL_MS))
  }

  /** Inserts our code between geckos and the connection, before there is one. */
  private takeOver(): void {
    const { manager } = this
    // geckos' own would run its parser on everything that arrives, and keep its timers for ten seconds.
    manager.connect = () =>
      negotiate(manager, {
        url: this.url,
        authorization: this.options.authorization,
        isOver: () => this.opened || this.ended,
        channel: this.firstChannel,
      })
    // A listener added once geckos reports a connection misses the second channel when the answer is slow.
    Object.defineProperty(manager, 'localPeerConnection', {
      configurable: true,
      get: () => this.connection,
      set: (connection: RTCPeerConnection) => {
        this.adopt(connection)
      },
    })
  }

  private adopt(connection: RTCPeerConnection): void {
    this.connection = connection
    if (this.ended) {
      // The attempt ended while the first request was in flight.
      connection.close()
      return this.sayClosed()
    }
    const { signal } = this.listeners
    connection.addEventListener('datachannel', (event) => this.adoptChannel(event.channel), { signal })
    connection.addEventListener('connectionstatechange', () => this.stateChanged(), { signal })
    // A page notifies the server when it closes. Otherwise the server would wait for half a minute.
    globalThis.addEventListener?.('pagehide', () => this.pageHidden(), { signal })
  }

  private adoptChannel(channel: RTCDataChannel): void {
    if (this.ended) return
    if (channel.label === this.manager.label) {
      this.unreliable = channel
      this.manager.dataChannel = channel
      this.resolveFirstChannel()
      this.listen(channel, Channel.Unreliable)
    } else if (channel.label === 'reliable') {
      this.reliable = channel
      this.listen(channel, Channel.Reliable)
    } else {
      this.counters.foreignChannels++
      channel.close()
    }
  }

  private listen(native: RTCDataChannel, channel: Channel): void {
    const { signal } = this.listeners
    native.binaryType = 'arraybuffer'
    native.addEventListener('message', (event: MessageEvent<unknown>) => this.message(channel, event.data), { signal })
    native.addEventListener('open', () => this.channelOpened(), { signal })
    native.addEventListener('close', () => this.channelClosed(channel), { signal })
    this.channelOpened()
  }

  private channelOpened(): void {
    if (this.ended || this.isConfirming) return
    if (this.reliable?.readyState !== 'open' || this.unreliable?.readyState !== 'open') return
    this.isConfirming = true
    void untilChannelsCarry(this.connection, () => this.ended).then(() => this.announce())
  }

  private announce(): void {
    if (this.ended || this.opened) return
    this.opened = true
    clearTimeout(this.timer)
    this.lastHeard = this.now()
    this.order.listen()
    this.inbox.pushOpened(SERVER_PEER)
    this.attempt.abort()
    this.resolve(this)
  }

  private message(channel: Channel, data: unknown): void {
    // Packets that waited for this leave also while the session ends.
    if (channel === Channel.Reliable) this.order.heard()
    if (this.ended) return
    this.lastHeard = this.now()
    if (!(data instanceof ArrayBuffer)) {
      this.counters.textFrames++
      this.drop({ code: 'text-frame', text: 'the server sent text' })
      return
    }
    const bytes = new Uint8Array(data)
    if (bytes.length === 0) return
    this.inbox.pushPacket(SERVER_PEER, channel, bytes, bytes.length)
    this.arrived()
  }

  private channelClosed(channel: Channel): void {
    if (this.ended) return
    if (channel === Channel.Reliable) return this.drop(this.goneReason())
    // Reliable packets in flight may still arrive.
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.drop(this.goneReason()), HALF_CLOSED_LIMIT_MS)
  }

  private stateChanged(): void {
    // `disconnected` is not the end: Chromium reports it after six seconds without a packet, and recovers.
    const state = this.connection?.connectionState
    if (state === 'failed') this.drop({ code: 'lost', text: 'the network lost the server' })
    else if (state === 'closed') {
      // Messages that arrived with the close may be delivered after it.
      setTimeout(() => {
        if (this.ended) this.release()
        else this.drop(this.goneReason())
      }, 0)
    }
  }

  private pageHidden(): void {
    if (!this.ended) this.end({ code: 'closed', text: 'the page was closed' })
    this.release()
  }

  private goneReason(): TransportCloseReason {
    if (this.now() - this.lastHeard > LOST_AFTER_SILENCE_MS) {
      return { code: 'lost', text: 'the network lost the server' }
    }
    return { code: 'closed', text: 'closed by the server' }
  }

  private signallingEnded(error: unknown): void {
    if (error === undefined || this.opened || this.ended) return
    this.fail(signallingError(this.url, error, this.connection !== undefined))
  }

  private fail(error: ConnectionError): void {
    if (this.opened || this.ended) return
    this.end({ code: 'failed', text: error.message })
    this.release()
    this.reject(error)
  }

  /** Ends the session and closes everything, whatever is still queued. */
  private drop(reason: TransportCloseReason): void {
    if (this.ended) return
    if (!this.opened) return this.fail(brokenOff(this.url))
    this.end(reason)
    // Not inside the callback of the channel that is being closed.
    setTimeout(() => this.release(reason.code === 'lost'), 0)
  }

  private end(reason: TransportCloseReason): void {
    this.ended = true
    clearTimeout(this.timer)
    this.inbox.pushClosed(SERVER_PEER, reason)
    this.arrived()
  }

  private release(isLost = false): void {
    if (this.isReleased) return
    this.isReleased = true
    this.attempt.abort()
    this.listeners.abort()
    clearTimeout(this.timer)
    this.reliable?.close()
    this.unreliable?.close()
    this.connection?.close()
    // A client that lost the server has not left it, and may resume over another connection.
    if (!isLost) this.sayClosed()
    this.resolveReleased()
  }

  /** Over HTTP too, because a connection that never opened has no other way to notify the server. */
  private sayClosed(): void {
    const id = this.manager.remotePeerConnection?.id
    if (id === undefined) return
    fetch(`${this.url}/.wrtc/v2/connections/${id}/close`, { method: 'POST', keepalive: true }).catch(() => {})
  }

  private arrived(): void {
    try {
      this.onArrival?.()
    } catch {
      this.counters.callbackErrors++
    }
  }
}
