// A transport over TCP, made of public names alone, as somebody would write one: both channels share one stream.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import {
  Channel,
  countSent,
  createTransportCounters,
  Inbox,
  type PeerId,
  type Transport,
  type TransportSink,
} from 'bitecs-net/transport'

/** The length of the packet (u32), and its channel (u8). */
const HEADER = 5
const LARGEST = 1 << 16

export class TcpTransport implements Transport {
  readonly counters = createTransportCounters()
  onArrival: (() => void) | undefined
  answer: ((peer: PeerId, bytes: Uint8Array, length: number) => void) | undefined
  private readonly inbox: Inbox
  private readonly sockets = new Map<PeerId, Socket>()
  private nextPeer = 1

  constructor(
    now: () => number,
    private readonly server?: Server,
  ) {
    this.inbox = new Inbox({
      limitPerPeer: 1 << 20,
      maxPacket: LARGEST,
      counters: this.counters,
      now,
      reply: (peer, bytes, length) => {
        if (this.answer) this.answer(peer, bytes, length)
        else this.send(peer, Channel.Unreliable, bytes, length)
      },
      refuse: (peer, reason) => {
        this.inbox.pushClosed(peer, reason)
        this.sockets.get(peer)?.destroy()
      },
    })
  }

  get port(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port
  }

  add(socket: Socket): void {
    const peer = this.nextPeer++
    let waiting = Buffer.alloc(0)
    this.sockets.set(peer, socket.setNoDelay())
    this.inbox.pushOpened(peer)
    socket.on('data', (data) => {
      waiting = Buffer.concat([waiting, data])
      while (waiting.length >= HEADER && waiting.length >= HEADER + waiting.readUInt32LE()) {
        const length = waiting.readUInt32LE()
        this.inbox.pushPacket(peer, waiting[4] as Channel, waiting.subarray(HEADER, HEADER + length), length)
        waiting = waiting.subarray(HEADER + length)
      }
      this.onArrival?.()
    })
    // `close` follows.
    socket.on('error', () => {})
    socket.on('close', (hadError) => {
      this.sockets.delete(peer)
      this.inbox.pushClosed(peer, { code: hadError ? 'lost' : 'closed', text: 'the other side closed the connection' })
      this.onArrival?.()
    })
  }

  send(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): boolean {
    const socket = this.sockets.get(peer)
    if (socket === undefined || !socket.writable) return false
    const packet = Buffer.alloc(HEADER + length)
    packet.writeUInt32LE(length)
    packet[4] = channel
    packet.set(bytes.subarray(0, length), HEADER)
    socket.write(packet)
    countSent(this.counters, channel, length)
    return true
  }

  receive(sink: TransportSink): void {
    this.inbox.deliver(sink)
  }

  buffered(peer: PeerId): number {
    return this.sockets.get(peer)?.writableLength ?? 0
  }

  disconnect(peer: PeerId): void {
    this.sockets.get(peer)?.end()
  }

  /** Breaks all links, as a network does. */
  cut(): void {
    for (const [peer, socket] of this.sockets) {
      this.inbox.pushClosed(peer, { code: 'lost', text: 'the link broke' })
      socket.resetAndDestroy()
    }
  }

  async close(): Promise<void> {
    for (const socket of this.sockets.values()) socket.end()
    await new Promise<void>((resolve) => (this.server === undefined ? resolve() : this.server.close(() => resolve())))
  }
}

/** Listens on a free port. */
export async function listenTcp({ now = () => performance.now() }: { now?: () => number }): Promise<Transport> {
  const server = createServer()
  const transport = new TcpTransport(now, server)
  server.on('connection', (socket) => transport.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return transport
}

/** Connects to a port of this machine. */
export async function connectTcp(port: number, now: () => number = () => performance.now()): Promise<TcpTransport> {
  const socket = connect(port, '127.0.0.1')
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const transport = new TcpTransport(now)
  transport.add(socket)
  return transport
}
