// A bad network for real WebRTC: stands between a geckos client and server, and lets their UDP packets cross with loss,
// latency, jitter, duplication, reordering, limited rate or not at all. No root, works for Node and for Chromium.
//
// It forwards the signalling and rewrites the addresses in it, so that both sides know each other by the relay only.
import dgram from 'node:dgram'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Conditions, createRandom } from 'bitecs-net/testing'

export interface RelayOptions {
  /** Where the real signalling is, as in `http://127.0.0.1:9208`. */
  upstream: string
  /** The address of the relay. Default 127.0.0.1. */
  host?: string
  seed?: number
  /** The address of the client that the relay reports, as a proxy does. */
  forwardedFor?: string
  /** Client to server. */
  up?: Partial<Conditions>
  /** Server to client. */
  down?: Partial<Conditions>
}

export interface Relay {
  /** Give this to the client. */
  readonly url: string
  readonly up: RelayLink
  readonly down: RelayLink
  /**
   * Every connection gets another address in front of the server, as behind a NAT that forgot it: what the server sends
   * to the former one is lost.
   */
  changeAddresses(): Promise<void>
  close(): Promise<void>
}

/** One connection's way through the relay: client ↔ front | back ↔ server. */
interface Way {
  readonly front: dgram.Socket
  back: dgram.Socket
  /** Where the client was last heard from. */
  client: dgram.RemoteInfo | undefined
}

/** An address of the server, in the signalling. */
interface Candidate {
  readonly candidate: string
}

type Deliver = (packet: Buffer) => void

/** One direction. */
export class RelayLink {
  readonly conditions: Conditions
  seen = 0
  lost = 0
  private idleAt = 0
  private lastDue = 0
  private readonly timers = new Set<NodeJS.Timeout>()
  private readonly random: () => number

  constructor(seed: number, conditions: Partial<Conditions> = {}) {
    this.random = createRandom(seed)
    this.conditions = {
      latency: 0,
      jitter: 0,
      loss: 0,
      duplicate: 0,
      reorder: 0,
      reorderBy: 20,
      rate: 0,
      queue: 65_536,
      down: false,
      ...conditions,
    }
  }

  set(conditions: Partial<Conditions>): void {
    Object.assign(this.conditions, conditions)
  }

  send(packet: Buffer, deliver: Deliver): void {
    const { latency, jitter, loss, duplicate, reorder, reorderBy, rate, queue, down } = this.conditions
    this.seen++
    let time = performance.now()
    if (down || this.random() < loss || (rate > 0 && ((this.idleAt - time) * rate) / 1000 > queue)) {
      this.lost++
      return
    }
    if (rate > 0) {
      this.idleAt = Math.max(this.idleAt, time) + (packet.length * 1000) / rate
      time = this.idleAt
    }
    let due = time + latency + this.random() * jitter
    if (this.random() < reorder) due += reorderBy
    else this.lastDue = due = Math.max(due, this.lastDue)
    this.deliverAt(due, packet, deliver)
    if (this.random() < duplicate) this.deliverAt(due + 1, packet, deliver)
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
  }

  private deliverAt(due: number, packet: Buffer, deliver: Deliver): void {
    const wait = due - performance.now()
    // Timers have a grain of a millisecond.
    if (wait < 0.5) return deliver(packet)
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      deliver(packet)
    }, wait)
    this.timers.add(timer)
  }
}

/** Starts a relay on a free port. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const relay = new GeckosRelay(options)
  await relay.listen()
  return relay
}

/** The first IPv4 host candidate over UDP: the address that the relay stands in for. */
const HOST_CANDIDATE = /candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/i

class GeckosRelay implements Relay {
  readonly up: RelayLink
  readonly down: RelayLink
  url = ''
  private readonly host: string
  private readonly upstream: URL
  private readonly forwardedFor: string | undefined
  private readonly server: http.Server
  private readonly sockets = new Set<dgram.Socket>()
  /** Connections whose address is being stood in for. */
  private readonly sessions = new Set<string>()
  private readonly ways: Way[] = []

  constructor(options: RelayOptions) {
    const seed = options.seed ?? 1
    this.host = options.host ?? '127.0.0.1'
    this.upstream = new URL(options.upstream)
    this.forwardedFor = options.forwardedFor
    this.up = new RelayLink(seed, options.up)
    this.down = new RelayLink(seed + 1, options.down)
    this.server = http.createServer((request, response) => {
      this.forward(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(502)
        response.end(String(error))
      })
    })
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, this.host, resolve))
    this.url = `http://${this.host}:${(this.server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.up.close()
    this.down.close()
    for (const socket of this.sockets) socket.close()
    await new Promise((resolve) => {
      this.server.close(resolve)
      this.server.closeAllConnections()
    })
  }

  private async forward(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    const method = request.method ?? 'GET'
    const headers = new Headers()
    for (const name of ['content-type', 'authorization', 'origin'] as const) {
      const value = request.headers[name]
      if (value !== undefined) headers.set(name, value)
    }
    if (this.forwardedFor !== undefined) headers.set('x-forwarded-for', this.forwardedFor)
    const sent = await readAll(request)
    const body = path.endsWith('/remote-description') ? withoutCandidates(sent) : sent
    const hasBody = method !== 'GET' && method !== 'HEAD' && body !== ''
    const answer = await fetch(new URL(path, this.upstream), { method, headers, ...(hasBody ? { body } : undefined) })
    for (const [name, value] of answer.headers) {
      if (name.startsWith('access-control-') || name === 'content-type') response.setHeader(name, value)
    }
    const text = await answer.text()
    response.statusCode = answer.status
    response.end(answer.ok ? await this.rewrite(path, text) : text)
  }

  private async rewrite(path: string, text: string): Promise<string> {
    if (path.endsWith('/connections')) {
      const { candidates = [], ...offer } = JSON.parse(text) as { id: string; candidates?: Candidate[] }
      return JSON.stringify({ ...offer, candidates: await this.replaceCandidates(offer.id, candidates) })
    }
    const id = /connections\/(\w+)\/additional-candidates$/.exec(path)?.[1]
    if (id === undefined) return text
    return JSON.stringify(await this.replaceCandidates(id, JSON.parse(text) as Candidate[]))
  }

  private async replaceCandidates(id: string, candidates: readonly Candidate[]): Promise<Candidate[]> {
    const replaced: Candidate[] = []
    for (const entry of candidates) {
      const candidate = await this.replaceCandidate(id, entry.candidate)
      if (candidate !== undefined) replaced.push({ ...entry, candidate })
    }
    return replaced
  }

  /** The relay's candidate for the connection's first usable one; the others are dropped. */
  private async replaceCandidate(id: string, candidate: string): Promise<string | undefined> {
    const match = HOST_CANDIDATE.exec(candidate)
    if (match === null || this.sessions.has(id)) return undefined
    this.sessions.add(id)
    const port = await this.openSession(match[1]!, Number(match[2]))
    return `candidate:1 1 UDP 2114977791 ${this.host} ${port} typ host`
  }

  async changeAddresses(): Promise<void> {
    for (const way of this.ways) {
      const former = way.back
      way.back = await this.openBack(way)
      this.sockets.delete(former)
      former.close()
    }
  }

  /** Returns the port of the front. */
  private async openSession(address: string, port: number): Promise<number> {
    const front = await this.openSocket()
    const way = { front, client: undefined } as unknown as Way
    way.back = await this.openBack(way)
    this.ways.push(way)
    front.on('message', (packet, from) => {
      way.client = from
      this.up.send(packet, (late) => way.back.send(late, port, address, ignore))
    })
    return front.address().port
  }

  private async openBack(way: Way): Promise<dgram.Socket> {
    const back = await this.openSocket()
    back.on('message', (packet) => {
      const to = way.client
      if (to !== undefined) this.down.send(packet, (late) => way.front.send(late, to.port, to.address, ignore))
    })
    return back
  }

  private openSocket(): Promise<dgram.Socket> {
    return new Promise((resolve, reject) => {
      const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 })
      socket.once('error', reject)
      socket.bind(0, this.host, () => {
        socket.removeListener('error', reject)
        // Packets to a side that has closed come back as errors.
        socket.on('error', ignore)
        this.sockets.add(socket)
        resolve(socket)
      })
    })
  }
}

function ignore(): void {}

async function readAll(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** The server must not learn the client's real address, or it would go around the relay. */
function withoutCandidates(body: string): string {
  const description = JSON.parse(body) as { sdp: string }
  return JSON.stringify({ ...description, sdp: description.sdp.replace(/^a=candidate:.*\r?\n/gm, '') })
}
