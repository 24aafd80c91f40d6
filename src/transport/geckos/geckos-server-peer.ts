// Runs one client of the geckos server. It takes the channels over from geckos before the offer leaves, so that no
// byte is lost and geckos' parser never runs.
//
// Everything here obeys one rule: a throw inside a native callback ends the process, and no handler can catch it. So
// every callback is guarded, and no native object is closed while one of its own callbacks runs.
import { ByteWriter } from '../../protocol/bytes.js'
import { writeClose } from '../../protocol/packet.js'
import { FLUSH_POLL_MS, HALF_CLOSED_LIMIT_MS, LOST_AFTER_SILENCE_MS } from './flush-limits.js'
import type { Inbox } from '../inbox.js'
import { OpeningOrder } from './opening-order.js'
import type { Place } from '../signalling/admission.js'
import type { Offer } from '../signalling/offer.js'
import type { SignalledPeer } from '../signalling/signalling.js'
import {
  Channel,
  type Channel as ChannelNumber,
  countSent,
  type PeerId,
  type TransportCloseReason,
  type TransportCounters,
} from '../transport.js'

/** The part of node-datachannel's `DataChannel` that we use. */
export interface NativeDataChannel {
  close(): void
  sendMessageBinary(bytes: Uint8Array): boolean
  bufferedAmount(): number
  isOpen(): boolean
  onOpen(callback: () => void): void
  onClosed(callback: () => void): void
  onError(callback: (error: string) => void): void
  onMessage(callback: (message: string | Uint8Array | ArrayBuffer) => void): void
}

/** The part of node-datachannel's `PeerConnection` that we use. */
export interface NativePeerConnection {
  close(): void
  createDataChannel(label: string, config: { unordered: boolean }): NativeDataChannel
  localDescription(): { readonly type: string; readonly sdp: string } | null
  setRemoteDescription(sdp: string, type: 'answer'): void
  onStateChange(callback: (state: string) => void): void
  onDataChannel(callback: (channel: NativeDataChannel) => void): void
}

/** The part of geckos' connection object that we use. */
export interface GeckosConnection {
  readonly id: string
  readonly peerConnection: NativePeerConnection
  readonly channel: { readonly dataChannel: NativeDataChannel }
  /** The server's own candidates that the client has not requested yet. */
  additionalCandidates: readonly object[]
  close(state?: string): Promise<void>
}

/** What the signalling knows about a client when its connection is made. */
export interface PeerOrigin {
  /** Our description of the connection, for the client; undefined when there is none. */
  readonly offer: Offer | undefined
  /** The client's address. */
  readonly address: string
  /** The client's place in the limits. */
  readonly place: Place
}

/** What a peer needs of its transport. */
export interface PeerHost {
  readonly inbox: Inbox
  readonly counters: TransportCounters
  readonly openTimeout: number
  readonly sendLimit: { readonly reliable: number; readonly unreliable: number }
  now(): number
  /** Called when something can be read with `receive`. */
  arrived(): void
  /** Called when the peer's native objects are closed. */
  released(peer: GeckosPeer): void
}

/**
 * How long to wait between the last reliable byte and the close of its channel, in milliseconds. node-datachannel runs
 * messages and closes through separate queues, and a close that overtakes a message drops the message.
 */
const LINGER_MS = 60

/** How long a client may take to answer our offer, in milliseconds: one request over HTTP. */
const ANSWER_LIMIT_MS = 5000

/** How long the reason may take to reach a refused client, in milliseconds. */
const REFUSAL_LIMIT_MS = 300

/** A client has no reason to open channels; one that opens more is closed. */
const MAX_FOREIGN_CHANNELS = 16

export class GeckosPeer implements SignalledPeer {
  isAnswered = false
  private readonly connection: GeckosConnection
  private readonly native: NativePeerConnection
  private readonly unreliable: NativeDataChannel
  private reliable: NativeDataChannel | undefined
  private readonly order = new OpeningOrder((bytes) => this.reliable?.sendMessageBinary(bytes))
  private lastHeard: number
  private foreignChannels = 0
  private opened = false
  /** Nothing is sent or accepted any longer; the native objects may still be flushing. */
  private ended = false
  private flushStart = 0
  private deadline = Infinity
  private readonly openLimit: number
  /** The reliable channel has been closed after its data. */
  private isShut = false
  private released = false
  private timer: NodeJS.Timeout | undefined

  constructor(
    readonly id: PeerId,
    connection: GeckosConnection,
    private readonly origin: PeerOrigin,
    private readonly host: PeerHost,
  ) {
    this.connection = connection
    this.native = connection.peerConnection
    this.unreliable = connection.channel.dataChannel
    this.lastHeard = host.now()
    host.inbox.pushOpening(id)
    this.takeOver()
    this.openLimit = performance.now() + host.openTimeout
    this.timer = setTimeout(() => this.expire(), Math.min(ANSWER_LIMIT_MS, host.openTimeout))
  }

  get signallingId(): string {
    return this.connection.id
  }

  get offer(): Offer | undefined {
    return this.origin.offer
  }

  get address(): string {
    return this.origin.address
  }

  takeAnswer(sdp: string): boolean {
    if (this.ended) return false
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.expire(), this.openLimit - performance.now())
    const taken = this.attempt(() => {
      this.native.setRemoteDescription(sdp, 'answer')
      return true
    })
    return taken === true
  }

  takeCandidates(): readonly object[] {
    const { connection } = this
    const candidates = connection.additionalCandidates
    connection.additionalCandidates = []
    return candidates
  }

  clientLeft(): void {
    this.halfClosed()
  }

  giveUp(text: string): void {
    if (!this.opened) this.drop({ code: 'failed', text })
  }

  /** Copies and sends. Returns false when the peer has disconnected or its queue is full. */
  send(channel: ChannelNumber, bytes: Uint8Array, length: number): boolean {
    const { counters, sendLimit } = this.host
    const isReliable = channel === Channel.Reliable
    const native = isReliable ? this.reliable : this.unreliable
    if (native === undefined || !this.opened || this.ended) {
      counters.sendDropped++
      return false
    }
    try {
      const limit = isReliable ? sendLimit.reliable : sendLimit.unreliable
      if (this.buffered(channel) + length > limit) {
        counters.sendDropped++
        if (isReliable) this.drop({ code: 'overflow', text: 'the client reads slower than the server sends' })
        return false
      }
      // `false` from the native call only means that the bytes are in its queue, which the limit above bounds.
      if (!isReliable || !this.order.holds(bytes, length)) {
        native.sendMessageBinary(length === bytes.length ? bytes : bytes.subarray(0, length))
      }
    } catch {
      // The channel has just closed, and its event is still on the way.
      counters.sendDropped++
      return false
    }
    countSent(counters, channel, length)
    return true
  }

  /** Lends or takes back the client's place; a lent one is free for others while the client is interrupted. */
  lendPlace(isLent: boolean): void {
    this.origin.place.lend(isLent)
  }

  /** Bytes in the channel's send queue. */
  buffered(channel: ChannelNumber): number {
    const isReliable = channel === Channel.Reliable
    const native = isReliable ? this.reliable : this.unreliable
    if (native === undefined || this.released) return 0
    const held = isReliable ? this.order.held : 0
    try {
      return native.bufferedAmount() + held
    } catch {
      return held
    }
  }

  /** Ends the session now; reliable data has `limit` milliseconds to leave. Another call may shorten the limit. */
  leave(reason: TransportCloseReason, limit: number): void {
    const now = performance.now()
    if (!this.ended) {
      const hasData = this.opened
      this.end(reason)
      if (!hasData) return this.releaseSoon()
      this.flushStart = now
    }
    this.deadline = Math.min(this.deadline, now + limit)
    this.flush()
  }

  /** Ends the session and closes everything, whatever is still queued. Safe inside native callbacks. */
  drop(reason: TransportCloseReason): void {
    if (this.ended) return
    this.end(reason)
    this.releaseSoon()
  }

  /** Ends the session because of what the client did. Its last packet is a close with the reason. */
  refuse(reason: TransportCloseReason): void {
    if (this.ended) return
    const farewell = new ByteWriter()
    writeClose(farewell, reason.code, reason.text)
    this.send(Channel.Reliable, farewell.bytes, farewell.length)
    this.leave(reason, REFUSAL_LIMIT_MS)
  }

  private flush(): void {
    if (this.released) return
    clearTimeout(this.timer)
    const now = performance.now()
    const isLeaving = now - this.flushStart < LINGER_MS || this.buffered(Channel.Reliable) > 0
    if (!this.isShut && isLeaving && now < this.deadline) {
      this.timer = setTimeout(() => this.flush(), FLUSH_POLL_MS)
      return
    }
    if (!this.isShut) {
      this.isShut = true
      // The close of the stream follows the data in order, also under loss. Our client answers by closing the whole
      // connection, which ends the wait.
      this.attempt(() => this.reliable?.close())
    }
    this.timer = setTimeout(() => this.release(), Math.max(this.deadline - now, FLUSH_POLL_MS))
  }

  private takeOver(): void {
    const { unreliable, native } = this
    unreliable.onMessage(this.guard((message) => this.message(Channel.Unreliable, message)))
    // geckos would install its parser later, which would also drop the packets that arrived in between.
    Object.defineProperty(unreliable, 'onMessage', { value: () => {} })
    // This replaces the last of geckos' callbacks. Its `onOpen` throws when the client has already disconnected, and
    // its `onStateChange` closes channels that it set to null.
    unreliable.onOpen(this.guard(() => this.openReliable()))
    unreliable.onClosed(this.guard(() => this.halfClosed()))
    native.onStateChange(this.guard((state: string) => this.stateChanged(state)))
    native.onDataChannel(this.guard((channel: NativeDataChannel) => this.refuseChannel(channel)))
  }

  private openReliable(): void {
    if (this.ended) return
    // Throws when the client has already disconnected. The guard counts that, and the close follows.
    const reliable = this.attempt(() => this.native.createDataChannel('reliable', { unordered: false }))
    if (reliable === undefined) return this.drop({ code: 'failed', text: 'the client left while it connected' })
    this.reliable = reliable
    // Messages before the close: callbacks that are due together run in the order of their registration.
    reliable.onMessage(this.guard((message) => this.message(Channel.Reliable, message)))
    reliable.onOpen(this.guard(() => this.announce()))
    reliable.onClosed(this.guard(() => this.drop(this.goneReason())))
    // On a busy machine the client's answer can arrive before `onOpen` is registered, which then never fires.
    if (reliable.isOpen()) this.announce()
  }

  private announce(): void {
    if (this.ended || this.opened) return
    this.opened = true
    clearTimeout(this.timer)
    this.order.listen()
    this.origin.place.opened()
    this.host.inbox.pushOpened(this.id)
    this.host.arrived()
  }

  private message(channel: ChannelNumber, message: string | Uint8Array | ArrayBuffer): void {
    // Packets that waited for this leave also while the session ends.
    if (channel === Channel.Reliable) this.order.heard()
    if (this.ended) return
    const { host } = this
    this.lastHeard = host.now()
    if (typeof message === 'string') {
      host.counters.textFrames++
      this.refuse({ code: 'text-frame', text: 'the client sent text' })
      return
    }
    const bytes = message instanceof Uint8Array ? message : new Uint8Array(message)
    if (bytes.length === 0) return
    host.inbox.pushPacket(this.id, channel, bytes, bytes.length)
    host.arrived()
  }

  /** Reads and closes a channel that the client opened: unread, 1,024 messages in it would block the whole process. */
  private refuseChannel(channel: NativeDataChannel): void {
    this.host.counters.foreignChannels++
    channel.onMessage(() => {})
    this.attempt(() => channel.close())
    if (++this.foreignChannels > MAX_FOREIGN_CHANNELS) {
      this.refuse({ code: 'overflow', text: 'the client opened channels of its own' })
    }
  }

  private stateChanged(state: string): void {
    if (state !== 'disconnected' && state !== 'failed' && state !== 'closed') return
    if (this.ended) {
      // The client has closed its side too, so everything that was flushed has arrived.
      this.releaseSoon()
      return
    }
    if (state === 'failed') this.drop({ code: 'lost', text: 'the network lost the client' })
    // Messages that arrived with the close are still in their own queue.
    else setImmediate(() => this.drop(this.goneReason()))
  }

  /** Handles the close of one channel, or a close over HTTP: the other channel may still deliver packets in flight. */
  private halfClosed(): void {
    if (this.ended) return
    if (!this.opened) return this.drop({ code: 'failed', text: 'the client left while it connected' })
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.drop(this.goneReason()), HALF_CLOSED_LIMIT_MS)
  }

  private goneReason(): TransportCloseReason {
    if (this.host.now() - this.lastHeard > LOST_AFTER_SILENCE_MS) {
      return { code: 'lost', text: 'the network lost the client' }
    }
    return { code: 'closed', text: 'closed by the client' }
  }

  private expire(): void {
    const text = this.isAnswered
      ? `the channels did not open within ${this.host.openTimeout} ms`
      : 'it was not answered'
    this.drop({ code: 'failed', text })
  }

  private end(reason: TransportCloseReason): void {
    this.ended = true
    clearTimeout(this.timer)
    if (!this.opened) this.host.counters.neverOpened++
    this.host.inbox.pushClosed(this.id, reason)
    this.host.arrived()
  }

  private releaseSoon(): void {
    setImmediate(() => this.release())
  }

  private release(): void {
    if (this.released) return
    this.released = true
    clearTimeout(this.timer)
    this.attempt(() => this.reliable?.close())
    this.attempt(() => this.unreliable.close())
    this.attempt(() => this.native.close())
    this.origin.place.free()
    this.host.released(this)
  }

  private attempt<T>(action: () => T): T | undefined {
    try {
      return action()
    } catch {
      // Already closed, or the peer has disconnected.
      return undefined
    }
  }

  private guard<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        callback(...args)
      } catch {
        this.host.counters.callbackErrors++
      }
    }
  }
}
