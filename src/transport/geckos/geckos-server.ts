// Runs the server's side of a real network. An unmodified geckos.io server makes the WebRTC connections; the
// signalling in front of it and the channels are our own.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { geckos } from '@geckos.io/server'
import { ByteWriter } from '../../protocol/bytes.js'
import { ConnectionError } from '../../protocol/errors.js'
import { MAX_RELIABLE_PACKET } from '../../protocol/limits.js'
import { writeClose } from '../../protocol/packet.js'
import { type GeckosConnection, type PeerHost, GeckosPeer } from './geckos-server-peer.js'
import { CLOSE_LIMIT_MS, DISCONNECT_LIMIT_MS } from './flush-limits.js'
import { Inbox } from '../inbox.js'
import { boundRefusal, type RefusalText } from './refusal-text.js'
import { Networks } from '../signalling/addresses.js'
import { Admission, type HandshakeLimits, type Place, withDefaults } from '../signalling/admission.js'
import { Authorization, type Authorize } from '../signalling/authorization.js'
import { BODY_TIME_MS } from '../signalling/body.js'
import { CandidateFilter, type CandidatePolicy } from '../signalling/candidates.js'
import { type CorsOptions, Origins } from '../signalling/origins.js'
import { type Offer, readOffer } from '../signalling/offer.js'
import { Pace } from '../signalling/pace.js'
import { RequestGuard } from '../signalling/request-guard.js'
import { createConnectionId } from '../signalling/route.js'
import { requireUnusedServer, ServerRoute } from '../signalling/server-route.js'
import { type SignalledPeer, Signalling } from '../signalling/signalling.js'
import { isSharedBy, limitSockets, REQUEST_LIMITS } from '../signalling/sockets.js'
import {
  Channel,
  createTransportCounters,
  type PeerId,
  type PeerInfo,
  type Transport,
  type TransportSink,
} from '../transport.js'

/** A STUN or TURN server, as browsers write it. */
export interface IceServer {
  urls: string | string[]
  username?: string
  credential?: string
}

/** Options of a server's signalling and of WebRTC behind it. */
export interface WebRtcServerOptions {
  /** The TCP port of the signalling. 0, the default, takes a free one. Not used together with `server`. */
  port?: number
  /** The address that the signalling listens on. Default: all. */
  host?: string
  /**
   * The game's own HTTP server, to which the signalling is added. Its request handlers keep every path that is not
   * geckos'; handlers added later see all paths. `close` does not close it. When the game closes it, the transport
   * ends.
   */
  server?: http.Server
  /** The clock in milliseconds. Default `performance.now`. */
  now?: () => number
  /** Which pages may connect. Default: all. */
  cors?: CorsOptions
  /**
   * The proxies in front of this server, by address or network, as in `['10.0.0.0/8']`. Their `X-Forwarded-For`
   * determines the client's address. Without this option every client behind a proxy has the proxy's address. Default:
   * none.
   */
  trustProxy?: readonly string[]
  /** How many clients may begin to connect, at once and per second, from one address and from all. */
  handshakes?: HandshakeLimits
  /**
   * Which of a client's candidates the server sends packets to. `'own'`: those at the address of its request. A list:
   * these addresses and networks too. A function decides itself. `'all'`: any.
   *
   * The server does not need candidates to be reached. It needs them only behind a NAT, for clients with another
   * address than that of their request. Default `'own'`.
   */
  candidates?: CandidatePolicy
  /**
   * Decides, by the headers of the signalling request, whether a client may begin to connect. It is called before any
   * WebRTC object is made for the client. A refused client gets HTTP 401, and its `connect` fails with the text and
   * code of `deny`, by default `unauthorized`. It runs outside of the tick, so it must not touch the world. Default:
   * all clients may.
   */
  authorize?: Authorize
  /**
   * Why no client may connect from an address (in the form of `normalizeAddress`); undefined where clients may. Called
   * before any other work for a client, which is sent the reason with HTTP 403. It must be quick, and not throw.
   */
  refuse?: (address: string) => RefusalText | undefined
  /** Milliseconds that `authorize` may take before the client is refused with HTTP 503. Default 5,000. */
  authorizationTimeout?: number
  /** Called with the errors of `authorize`. */
  onAuthorizeError?: (message: string, cause?: unknown) => void
  /** STUN and TURN servers. Default none: clients on the internet need at least a public address of the server. */
  iceServers?: readonly IceServer[]
  /** The UDP ports to use. */
  portRange?: { min: number; max: number }
  /** The address that UDP binds to. Default: all. */
  bindAddress?: string
  /** How long a client may take until both channels are open, in milliseconds. Default 10,000. */
  openTimeout?: number
  /** The most clients at once. Clients that are still connecting count, lent places do not. Default 1,024. */
  maxPeers?: number
  /** The most received bytes of one client that wait on one channel. Default 256 KiB. */
  inboxLimit?: number
  /**
   * The most bytes in the send queue of a client. An unreliable packet beyond it is dropped; a reliable one closes the
   * client. Default 1 MiB reliable, 64 KiB unreliable.
   */
  sendLimit?: { reliable?: number; unreliable?: number }
}

export interface WebRtcServerTransport extends Transport {
  /** The TCP port of the signalling; 0 until the game's own server listens. */
  readonly port: number
  readonly server: http.Server
  /** Clients that are connecting. */
  readonly connecting: number
}

/** geckos' own function to make a connection. Without an authorization hook it ignores all of its arguments. */
type CreateConnection = () => Promise<{ connection?: { id: string } }>

/**
 * Starts the signalling and resolves when it listens. Rejects with a {@link ConnectionError}: `port-in-use`,
 * `port-denied` or `listen-failed`.
 */
export async function listenWebRtc(options: WebRtcServerOptions = {}): Promise<WebRtcServerTransport> {
  if (options.server !== undefined) return new GeckosServer(options.server, options)
  const server = http.createServer(REQUEST_LIMITS)
  const transport = new GeckosServer(server, options)
  const isShared = isSharedBy(new Networks(options.trustProxy ?? []))
  limitSockets(server, isShared, () => transport.counters.refusedSockets++)
  await listen(server, options.port ?? 0, options.host)
  return transport
}

function listen(server: http.Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, port))
    server.once('error', failed)
    server.listen(port, host, () => {
      server.removeListener('error', failed)
      resolve()
    })
  })
}

function listenError(error: NodeJS.ErrnoException, port: number): ConnectionError {
  if (error.code === 'EADDRINUSE') {
    const text = `port ${port} is in use: stop the program that uses it, or choose another port`
    return new ConnectionError('port-in-use', text, { cause: error })
  }
  if (error.code === 'EACCES') {
    const text = `port ${port} needs more rights than this process has: choose a port above 1023`
    return new ConnectionError('port-denied', text, { cause: error })
  }
  return new ConnectionError('listen-failed', `cannot listen on port ${port}: ${error.message}`, { cause: error })
}

class GeckosServer implements WebRtcServerTransport, PeerHost {
  readonly counters = createTransportCounters()
  readonly inbox: Inbox
  readonly openTimeout: number
  readonly clientsPerAddress: number
  readonly sendLimit: { readonly reliable: number; readonly unreliable: number }
  readonly now: () => number
  onArrival: (() => void) | undefined
  answer: ((peer: PeerId, bytes: Uint8Array, length: number) => void) | undefined
  hasEnded = false
  private readonly io: ReturnType<typeof geckos>
  private readonly peers = new Map<PeerId, GeckosPeer>()
  private readonly infos = new Map<PeerId, PeerInfo>()
  private readonly byId = new Map<string, GeckosPeer>()
  private readonly signalling: Signalling
  private readonly admission: Admission
  private readonly ownsServer: boolean
  private readonly route: ServerRoute
  private readonly serverClosed = (): void => this.farewell()
  private nextPeer = 1
  /** Connections that geckos is still making. */
  private creating = 0
  private closing: Promise<void> | undefined
  private emptied: (() => void) | undefined

  constructor(
    readonly server: http.Server,
    options: WebRtcServerOptions,
  ) {
    requireUnusedServer(server)
    this.ownsServer = options.server === undefined
    this.now = options.now ?? (() => performance.now())
    this.openTimeout = options.openTimeout ?? 10_000
    this.sendLimit = {
      reliable: options.sendLimit?.reliable ?? 1 << 20,
      unreliable: options.sendLimit?.unreliable ?? 1 << 16,
    }
    this.inbox = new Inbox({
      limitPerPeer: options.inboxLimit ?? 1 << 18,
      maxPacket: MAX_RELIABLE_PACKET,
      counters: this.counters,
      now: this.now,
      reply: (peer, bytes, length) =>
        this.answer ? this.answer(peer, bytes, length) : this.send(peer, Channel.Unreliable, bytes, length),
      refuse: (peer, reason) => this.peers.get(peer)?.refuse(reason),
    })
    this.io = geckos({
      iceServers: (options.iceServers ?? []).flatMap(nativeIceServers),
      ...(options.portRange === undefined ? undefined : { portRange: { ...options.portRange } }),
      ...(options.bindAddress === undefined ? undefined : { bindAddress: options.bindAddress }),
    })
    // geckos' own ids are from Math.random, whose next number can be predicted from the last few.
    Object.assign(this.io.connectionsManager, { createId: createConnectionId })
    const handshakes = withDefaults(options.handshakes)
    this.clientsPerAddress = handshakes.addressClients
    this.admission = new Admission(handshakes, options.maxPeers ?? 1024, realTime)
    this.signalling = this.createSignalling(options, handshakes.perSecond)
    const guard = RequestGuard.of(server)
    guard.proxies = new Networks(options.trustProxy ?? [])
    guard.counters = this.counters
    const take = (...exchange: [http.IncomingMessage, http.ServerResponse]): void => this.signalling.take(...exchange)
    this.route = new ServerRoute(server, take, this.ownsServer)
    server.once('close', this.serverClosed)
  }

  get port(): number {
    const address = this.server.address() as AddressInfo | string | null
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  get connecting(): number {
    return this.admission.connecting
  }

  send(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): boolean {
    const entry = this.peers.get(peer)
    if (entry === undefined || length > MAX_RELIABLE_PACKET) {
      this.counters.sendDropped++
      return false
    }
    return entry.send(channel, bytes, length)
  }

  receive(sink: TransportSink): void {
    this.inbox.deliver(sink)
  }

  buffered(peer: PeerId, channel: Channel): number {
    return this.peers.get(peer)?.buffered(channel) ?? 0
  }

  get waiting(): number {
    return this.inbox.waiting
  }

  lendPlace(peer: PeerId, isLent: boolean): void {
    this.peers.get(peer)?.lendPlace(isLent)
  }

  infoOf(peer: PeerId): PeerInfo | undefined {
    return this.infos.get(peer)
  }

  disconnect(peer: PeerId): void {
    this.peers.get(peer)?.leave({ code: 'closed', text: 'closed' }, DISCONNECT_LIMIT_MS)
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll()
    return this.closing
  }

  arrived(): void {
    try {
      this.onArrival?.()
    } catch {
      this.counters.callbackErrors++
    }
  }

  released(peer: GeckosPeer): void {
    this.peers.delete(peer.id)
    this.infos.delete(peer.id)
    this.byId.delete(peer.signallingId)
    this.io.connectionsManager.connections.delete(peer.signallingId)
    if (this.isEmpty) this.emptied?.()
  }

  private get isClosing(): boolean {
    return this.closing !== undefined
  }

  private get isEmpty(): boolean {
    return this.peers.size === 0 && this.creating === 0
  }

  /**
   * The game closed its own HTTP server, so no client can connect. Notifies the connected clients with a close packet.
   */
  private farewell(): void {
    this.hasEnded = true
    const farewell = new ByteWriter()
    writeClose(farewell, 'server-stopped', 'the HTTP server was closed')
    for (const peer of this.peers.keys()) this.send(peer, Channel.Reliable, farewell.bytes, farewell.length)
    void this.close()
  }

  private async closeAll(): Promise<void> {
    this.signalling.close()
    this.route.release()
    for (const peer of [...this.peers.values()])
      peer.leave({ code: 'closed', text: 'the server closed' }, CLOSE_LIMIT_MS)
    if (!this.isEmpty) await new Promise<void>((resolve) => (this.emptied = resolve))
    this.route.end()
    this.server.removeListener('close', this.serverClosed)
    if (this.ownsServer) {
      await new Promise<void>((resolve) => {
        this.server.close(() => resolve())
        this.server.closeAllConnections()
      })
    }
  }

  private createSignalling(options: WebRtcServerOptions, perSecond: number): Signalling {
    const { counters, admission } = this
    return new Signalling({
      counters,
      admission,
      origins: new Origins(options.cors),
      proxies: new Networks(options.trustProxy ?? []),
      authorization: new Authorization({
        authorize: options.authorize,
        timeout: options.authorizationTimeout ?? 5000,
        limit: options.maxPeers ?? 1024,
        now: this.now,
        onError: options.onAuthorizeError ?? (() => {}),
      }),
      refuse: (address) => {
        const refusal = options.refuse?.(address)
        return refusal && boundRefusal(refusal)
      },
      pace: new Pace(perSecond, realTime),
      candidates: new CandidateFilter(options.candidates ?? 'own', () => counters.signallingErrors++),
      bodyTime: BODY_TIME_MS,
      open: (place, info) => this.open(place, info),
      find: (id) => this.byId.get(id),
    })
  }

  /** Lets geckos make the connection, and takes over its channels before its offer leaves. */
  private async open(place: Place, info: PeerInfo): Promise<SignalledPeer | undefined> {
    const manager = this.io.connectionsManager
    this.creating++
    try {
      const create = manager.createConnection.bind(manager) as unknown as CreateConnection
      const { connection: made } = await create()
      const connection = made === undefined ? undefined : manager.getConnection(made.id)
      if (connection === undefined) return undefined
      const offer = offerOf(connection)
      const origin = { place, offer, address: info.address ?? '' }
      const peer = new GeckosPeer(this.nextPeer++, connection, origin, this)
      this.peers.set(peer.id, peer)
      this.byId.set(peer.signallingId, peer)
      this.infos.set(peer.id, info)
      if (this.isClosing) peer.giveUp('the server closed')
      if (offer !== undefined) return peer
      peer.giveUp('no offer came about')
    } catch {
      // Errors of the native library are counted and hidden from the client.
    } finally {
      this.creating--
      if (this.isEmpty) this.emptied?.()
    }
    return undefined
  }
}

const realTime = (): number => performance.now()

/** geckos made its own offer before any address was known. By now those of the machine are. */
function offerOf({ peerConnection }: GeckosConnection): Offer | undefined {
  try {
    const description = peerConnection.localDescription()
    return description === null ? undefined : readOffer(description)
  } catch {
    return undefined
  }
}

/**
 * geckos passes only `urls` to the native library, one per entry. Credentials survive inside the address:
 * `turn:user:secret@host:port`.
 */
function nativeIceServers(server: IceServer): { urls: string }[] {
  const { username, credential } = server
  return [server.urls].flat().map((url) => {
    if (username === undefined || credential === undefined) return { urls: url }
    const colon = url.indexOf(':')
    const secret = `${encodeURIComponent(username)}:${encodeURIComponent(credential)}`
    return { urls: `${url.slice(0, colon)}:${secret}@${url.slice(colon + 1)}` }
  })
}
