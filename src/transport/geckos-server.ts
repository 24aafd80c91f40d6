// The server's side of a real network: an unmodified geckos.io server makes the WebRTC connections, we own the channels.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { geckos } from '@geckos.io/server'
import { ByteWriter } from '../protocol/bytes.js'
import { ConnectionError } from '../protocol/errors.js'
import { MAX_RELIABLE_PACKET } from '../protocol/limits.js'
import { writeClose } from '../protocol/packet.js'
import { Authorization, type Authorize } from './geckos-server-authorization.js'
import { ServerPeer, type GeckosConnection, type PeerHost } from './geckos-server-peer.js'
import { CLOSE_LIMIT, DISCONNECT_LIMIT } from './flush-limits.js'
import { Inbox } from './inbox.js'
import {
  Channel,
  createTransportCounters,
  type PeerId,
  type PeerInfo,
  type Transport,
  type TransportSink,
} from './transport.js'

/** A STUN or TURN server, as browsers write it. */
export interface IceServer {
  urls: string | string[]
  username?: string
  credential?: string
}

export interface GeckosServerOptions {
  /** The TCP port of the signalling. 0, the default, takes a free one. Not used together with `server`. */
  port?: number
  /** The address that the signalling listens on. Default: all. */
  host?: string
  /**
   * The game's own HTTP server, to which the signalling is added. Its request handlers keep every path that is not
   * geckos'; those added later see all of them. It is not closed by `close`. When the game closes it, the
   * transport ends.
   */
  server?: http.Server
  /** Milliseconds. Default `performance.now`. */
  now?: () => number
  /** Which pages may connect. Default: all. */
  cors?: { origin?: string | ((request: http.IncomingMessage) => string); allowAuthorization?: boolean }
  /**
   * Decides, by the headers of the signalling, whether a client may begin to connect: before anything of WebRTC is made for
   * it. A client that is refused gets HTTP 401, and its `connect` fails as `unauthorized`. It runs outside of the tick, so
   * it must not touch the world. Default: everybody may.
   */
  authorize?: Authorize
  /** Milliseconds that `authorize` may take, until the client is refused with HTTP 503. Default 5,000. */
  authorizationTimeout?: number
  /** Told of what went wrong in `authorize`. */
  onAuthorizeError?: (message: string, cause?: unknown) => void
  /** STUN and TURN servers. Default none: clients on the internet need at least the server's address to be public. */
  iceServers?: readonly IceServer[]
  /** The UDP ports to use. */
  portRange?: { min: number; max: number }
  /** The address that UDP binds to. Default: all. */
  bindAddress?: string
  /** How long a client may take until both channels are open, in milliseconds. Default 10,000. */
  openTimeout?: number
  /** The most clients at once, those that are still connecting included. Default 1,024. */
  maxPeers?: number
  /** The most bytes that wait for one client on one channel until they are received. Default 256 KiB. */
  inboxLimit?: number
  /**
   * The most bytes that wait for the network per client. An unreliable packet above it is dropped, a reliable one closes
   * the client. Default 1 MiB reliable, 64 KiB unreliable.
   */
  sendLimit?: { reliable?: number; unreliable?: number }
}

export interface GeckosServerTransport extends Transport {
  /** The TCP port of the signalling; 0 while a server of the game does not listen yet. */
  readonly port: number
  readonly server: http.Server
}

/** Where geckos' routes begin. Its own test is not anchored and would also take `/x?/.wrtc/v2/…`. */
const GECKOS_PATH = '/.wrtc/v2/'
/** A signalling request is small and quick; one that dawdles holds a socket, in milliseconds. */
const REQUEST_TIMEOUT = 10_000

type RequestListener = (request: http.IncomingMessage, response: http.ServerResponse) => unknown

/**
 * Starts the signalling and resolves when it listens. Rejects with a {@link ConnectionError}: `port-in-use`,
 * `port-denied` or `listen-failed`.
 */
export async function createGeckosServerTransport(options: GeckosServerOptions = {}): Promise<GeckosServerTransport> {
  const server = options.server ?? http.createServer()
  if (options.server === undefined) {
    server.requestTimeout = server.headersTimeout = REQUEST_TIMEOUT
    await listen(server, options.port ?? 0, options.host)
  }
  return new GeckosServer(server, options)
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

class GeckosServer implements GeckosServerTransport, PeerHost {
  readonly counters = createTransportCounters()
  readonly inbox: Inbox
  readonly openTimeout: number
  readonly sendLimit: { readonly reliable: number; readonly unreliable: number }
  readonly now: () => number
  onArrival: (() => void) | undefined
  answer: ((peer: PeerId, bytes: Uint8Array, length: number) => void) | undefined
  hasEnded = false
  private readonly io: ReturnType<typeof geckos>
  private readonly peers = new Map<PeerId, ServerPeer>()
  private readonly infos = new Map<PeerId, PeerInfo>()
  private readonly authorization: Authorization
  private readonly maxPeers: number
  private readonly ownsServer: boolean
  private readonly detach: () => void
  private nextPeer = 1
  /** Connections that geckos is still making. */
  private creating = 0
  private closing: Promise<void> | undefined
  private emptied: (() => void) | undefined

  constructor(
    readonly server: http.Server,
    options: GeckosServerOptions,
  ) {
    this.ownsServer = options.server === undefined
    this.now = options.now ?? (() => performance.now())
    this.openTimeout = options.openTimeout ?? 10_000
    this.maxPeers = options.maxPeers ?? 1024
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
    const { authorize } = options
    this.authorization = new Authorization({
      authorize: authorize ?? (() => undefined),
      timeout: options.authorizationTimeout ?? 5000,
      limit: this.maxPeers,
      now: this.now,
      onError: options.onAuthorizeError ?? (() => {}),
    })
    this.io = geckos({
      ...(authorize === undefined
        ? undefined
        : { authorization: (header, request) => this.authorization.ask(header, request) }),
      cors: { origin: options.cors?.origin ?? '*', allowAuthorization: options.cors?.allowAuthorization ?? true },
      iceServers: (options.iceServers ?? []).flatMap(nativeIceServers),
      ...(options.portRange === undefined ? undefined : { portRange: { ...options.portRange } }),
      ...(options.bindAddress === undefined ? undefined : { bindAddress: options.bindAddress }),
    })
    this.wrapCreateConnection()
    this.detach = this.attach()
  }

  get port(): number {
    const address = this.server.address() as AddressInfo | string | null
    return typeof address === 'object' && address !== null ? address.port : 0
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
    this.inbox.drain(sink)
  }

  buffered(peer: PeerId, channel: Channel): number {
    return this.peers.get(peer)?.buffered(channel) ?? 0
  }

  infoOf(peer: PeerId): PeerInfo | undefined {
    return this.infos.get(peer)
  }

  disconnect(peer: PeerId): void {
    this.peers.get(peer)?.leave({ code: 'closed', text: 'closed' }, DISCONNECT_LIMIT)
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

  released(peer: ServerPeer): void {
    this.peers.delete(peer.id)
    this.infos.delete(peer.id)
    this.io.connectionsManager.connections.delete(peer.geckosId)
    if (this.isEmpty) this.emptied?.()
  }

  private get isClosing(): boolean {
    return this.closing !== undefined
  }

  private get isEmpty(): boolean {
    return this.peers.size === 0 && this.creating === 0
  }

  /** The game closed its own HTTP server, and with it the way in: who is here is told, in the words of a session. */
  private serverClosed(): void {
    this.hasEnded = true
    const farewell = new ByteWriter()
    writeClose(farewell, 'server-stopped', 'the HTTP server was closed')
    for (const peer of this.peers.keys()) this.send(peer, Channel.Reliable, farewell.bytes, farewell.length)
    void this.close()
  }

  private async closeAll(): Promise<void> {
    this.authorization.close()
    for (const peer of [...this.peers.values()]) peer.leave({ code: 'closed', text: 'the server closed' }, CLOSE_LIMIT)
    if (!this.isEmpty) await new Promise<void>((resolve) => (this.emptied = resolve))
    this.detach()
    if (this.ownsServer) {
      await new Promise<void>((resolve) => {
        this.server.close(() => resolve())
        this.server.closeAllConnections()
      })
    }
  }

  /** geckos makes the connection; before its offer leaves, the channels are ours. */
  private wrapCreateConnection(): void {
    const manager = this.io.connectionsManager
    const create = manager.createConnection.bind(manager)
    manager.createConnection = async (authorization, request, response) => {
      if (this.isClosing || this.peers.size + this.creating >= this.maxPeers) return { status: 503 }
      this.creating++
      try {
        const result = await create(authorization, request, response)
        const id = result.connection?.id
        const connection = id === undefined ? undefined : manager.getConnection(id)
        if (connection === undefined) return result
        this.adopt(connection, request)
        return this.isClosing ? { status: 503 } : result
      } finally {
        this.creating--
        if (this.isEmpty) this.emptied?.()
      }
    }
  }

  private adopt(connection: GeckosConnection, request: http.IncomingMessage): void {
    const peer = new ServerPeer(this.nextPeer++, connection, this)
    this.peers.set(peer.id, peer)
    this.infos.set(peer.id, this.authorization.infoOf(request))
    if (this.isClosing) peer.drop({ code: 'failed', text: 'the server closed' })
  }

  /**
   * Adds geckos' routes in front of the request handlers that are there, and returns what takes them away again. geckos'
   * own listener for the server's `close` is removed: it would end every WebRTC connection of the process.
   */
  private attach(): () => void {
    const { server } = this
    const former = server.listeners('request') as RequestListener[]
    const closeListeners = server.rawListeners('close')
    this.io.addServer(server)
    const [signalling] = server.listeners('request') as RequestListener[]
    for (const listener of server.rawListeners('close')) {
      if (!closeListeners.includes(listener)) server.removeListener('close', listener as () => void)
    }
    server.removeAllListeners('request')
    const handle: RequestListener = (request, response) => {
      if (request.url?.startsWith(GECKOS_PATH) && signalling !== undefined) {
        // geckos throws on some malformed requests; unhandled, that would end the process.
        Promise.resolve(signalling.call(server, request, response)).catch(() => fail(response, 500))
      } else if (former.length === 0 && this.ownsServer) fail(response, 404)
      else for (const listener of former) listener.call(server, request, response)
    }
    const closed = (): void => this.serverClosed()
    server.on('request', handle)
    server.on('close', closed)
    return () => {
      const later = (server.listeners('request') as RequestListener[]).filter((listener) => listener !== handle)
      server.removeAllListeners('request')
      for (const listener of [...former, ...later]) server.on('request', listener)
      server.removeListener('close', closed)
    }
  }
}

function fail(response: http.ServerResponse, status: number): void {
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' })
  if (!response.writableEnded) response.end(String(status))
}

/**
 * geckos hands only `urls` to the native library, one per entry. Credentials survive when they are inside the address:
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
