// Connects one server and any number of clients in memory, without loss. Tests and host mode use it.
import { Inbox } from './inbox.js'
import {
  Channel,
  countSent,
  createTransportCounters,
  type PeerId,
  type PeerInfo,
  type Transport,
  type TransportSink,
} from './transport.js'

export interface LoopbackOptions {
  /** The clock in milliseconds, shared by all sides. Default `performance.now`. */
  now?: () => number
  /** The most waiting bytes of one peer on one channel. Default 16 MiB. */
  inboxLimit?: number
}

export interface Loopback {
  readonly server: Transport
  /**
   * Makes a new client's transport; both sides see it open at their next `receive`. The server's transport reports
   * `address` as the client's.
   */
  connect(address?: string): Transport
  /** Cuts the link of a client's transport, as a network does: packets in flight are lost, and both sides notice. */
  cut(client: Transport): void
  /** Whether the link of a client's transport is neither closed nor cut. */
  isOpen(client: Transport): boolean
}

/** The client's number for the server, which is its only peer. */
const SERVER_PEER: PeerId = 1

interface Link {
  client: LoopbackClient
  peer: PeerId
  address: string | undefined
  open: boolean
}

/** Makes an in-memory network. */
export function createLoopback(options: LoopbackOptions = {}): Loopback {
  const server = new LoopbackServer(options)
  return {
    server,
    connect: (address) => server.connect(address),
    cut: (client) => server.cut(client),
    isOpen: (client) => server.isOpen(client),
  }
}

class LoopbackServer implements Transport {
  readonly counters = createTransportCounters()
  onArrival: (() => void) | undefined
  answer: ((peer: PeerId, bytes: Uint8Array, length: number) => void) | undefined
  readonly inbox: Inbox
  private readonly links = new Map<PeerId, Link>()
  private nextPeer = 1

  constructor(private readonly options: LoopbackOptions) {
    this.inbox = new Inbox({
      limitPerPeer: options.inboxLimit ?? 1 << 24,
      maxPacket: 262_144,
      counters: this.counters,
      now: options.now ?? (() => performance.now()),
      reply: (peer, bytes, length) =>
        this.answer ? this.answer(peer, bytes, length) : this.send(peer, Channel.Unreliable, bytes, length),
      refuse: (peer, reason) => {
        this.inbox.pushClosed(peer, reason)
        this.disconnect(peer)
      },
    })
  }

  connect(address?: string): Transport {
    const peer = this.nextPeer++
    const link: Link = { client: undefined as unknown as LoopbackClient, peer, address, open: true }
    link.client = new LoopbackClient(this, link, this.options)
    this.links.set(peer, link)
    this.inbox.pushOpened(peer)
    link.client.inbox.pushOpened(SERVER_PEER)
    return link.client
  }

  isOpen(client: Transport): boolean {
    for (const link of this.links.values()) if (link.client === client) return true
    return false
  }

  cut(client: Transport): void {
    for (const [peer, link] of this.links) {
      if (link.client !== client) continue
      link.open = false
      this.links.delete(peer)
      this.inbox.pushClosed(peer, { code: 'lost', text: 'the connection was cut' })
      link.client.inbox.pushClosed(SERVER_PEER, { code: 'lost', text: 'the connection was cut' })
      link.client.onArrival?.()
    }
  }

  send(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): boolean {
    const link = this.links.get(peer)
    if (link === undefined || !link.open) {
      this.counters.sendDropped++
      return false
    }
    countSent(this.counters, channel, length)
    link.client.inbox.pushPacket(SERVER_PEER, channel, bytes, length)
    link.client.onArrival?.()
    return true
  }

  receive(sink: TransportSink): void {
    this.inbox.deliver(sink)
  }

  infoOf(peer: PeerId): PeerInfo | undefined {
    const link = this.links.get(peer)
    return link && { address: link.address, authorization: undefined }
  }

  buffered(): number {
    return 0
  }

  disconnect(peer: PeerId): void {
    const link = this.links.get(peer)
    if (link === undefined) return
    link.open = false
    this.links.delete(peer)
    this.inbox.pushClosed(peer, { code: 'closed', text: 'closed' })
    link.client.inbox.pushClosed(SERVER_PEER, { code: 'closed', text: 'closed by the server' })
    link.client.onArrival?.()
  }

  close(): Promise<void> {
    for (const peer of [...this.links.keys()]) this.disconnect(peer)
    return Promise.resolve()
  }
}

class LoopbackClient implements Transport {
  readonly counters = createTransportCounters()
  onArrival: (() => void) | undefined
  answer: ((peer: PeerId, bytes: Uint8Array, length: number) => void) | undefined
  readonly inbox: Inbox

  constructor(
    private readonly server: LoopbackServer,
    private readonly link: Link,
    options: LoopbackOptions,
  ) {
    this.inbox = new Inbox({
      limitPerPeer: options.inboxLimit ?? 1 << 24,
      maxPacket: 262_144,
      counters: this.counters,
      now: options.now ?? (() => performance.now()),
      reply: (peer, bytes, length) =>
        this.answer ? this.answer(peer, bytes, length) : this.send(peer, Channel.Unreliable, bytes, length),
      refuse: (_, reason) => {
        this.inbox.pushClosed(SERVER_PEER, reason)
        this.disconnect()
      },
    })
  }

  send(_peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): boolean {
    if (!this.link.open) {
      this.counters.sendDropped++
      return false
    }
    countSent(this.counters, channel, length)
    this.server.inbox.pushPacket(this.link.peer, channel, bytes, length)
    this.server.onArrival?.()
    return true
  }

  receive(sink: TransportSink): void {
    this.inbox.deliver(sink)
  }

  buffered(): number {
    return 0
  }

  disconnect(): void {
    this.server.disconnect(this.link.peer)
  }

  close(): Promise<void> {
    this.disconnect()
    return Promise.resolve()
  }
}
