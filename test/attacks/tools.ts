// Provides what attackers need: requests of any shape, answers with chosen addresses, and a UDP listener.
import dgram from 'node:dgram'
import http from 'node:http'
import net from 'node:net'

/** Something that is attacked, by the address of its signalling. */
export class Target {
  readonly route: string

  constructor(readonly port: number) {
    this.route = `${this.url}/.wrtc/v2/connections`
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The status of an answer; 0 when there is none within `limit` milliseconds. */
  async ask(path: string, init: RequestInit = {}, limit = 3000): Promise<number> {
    try {
      const response = await fetch(this.url + path, { method: 'POST', ...init, signal: AbortSignal.timeout(limit) })
      await response.arrayBuffer()
      return response.status
    } catch {
      return 0
    }
  }

  /** Begins a connection; undefined when it is refused. */
  async begin(headers: Record<string, string> = {}): Promise<string | undefined> {
    const response = await fetch(this.route, { method: 'POST', headers })
    if (!response.ok) return undefined
    return ((await response.json()) as { id: string }).id
  }

  answer(id: string, body: string): Promise<number> {
    return this.ask(`/.wrtc/v2/connections/${id}/remote-description`, { body })
  }
}

/** An answer that looks honest, with these lines at its end. */
export function answerWith(...lines: string[]): string {
  const fingerprint = Array<string>(32).fill('AB').join(':')
  const sdp = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=setup:active',
    'a=ice-ufrag:EsAw',
    'a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y',
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${fingerprint}`,
    'a=sctp-port:5000',
    'a=max-message-size:262144',
    ...lines,
  ]
  return JSON.stringify({ type: 'answer', sdp: `${sdp.join('\r\n')}\r\n` })
}

/** Listens on an address of somebody who has nothing to do with it all. */
export async function listenForPackets(address: string): Promise<{ port: number; count(): number; close(): void }> {
  const socket = dgram.createSocket('udp4')
  let packets = 0
  socket.on('message', () => packets++)
  await new Promise<void>((resolve) => socket.bind(0, address, resolve))
  return { port: socket.address().port, count: () => packets, close: () => socket.close() }
}

/** Opens a socket, writes to it, and keeps it open; resolves to how many milliseconds it lived, at most `limit`. */
export function holdSocket(port: number, text: string, limit: number): Promise<number> {
  return new Promise((resolve) => {
    const start = performance.now()
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text))
    const timer = setTimeout(() => socket.destroy(), limit)
    socket.on('data', () => {})
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(performance.now() - start)
    })
  })
}

/** Sends a body of so many bytes; resolves to those that were taken before the other side had enough. */
export function upload(url: string, size: number): Promise<number> {
  return new Promise((resolve) => {
    let sent = 0
    const chunk = Buffer.alloc(1 << 20, 'x')
    const request = http.request(url, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
    const finish = (): void => {
      request.destroy()
      resolve(sent)
    }
    const write = (): void => {
      while (sent < size) {
        sent += chunk.length
        if (!request.write(chunk)) return void request.once('drain', write)
      }
      request.end()
    }
    request.on('response', finish)
    request.on('error', finish)
    write()
  })
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** The most that was seen of a server while it was watched. */
export interface Worst {
  readonly rss: number
  /** CPU milliseconds of its event loop between two of its steps. */
  readonly busy: number
  /** Milliseconds that it took to answer. */
  readonly blocked: number
}

/** CPU milliseconds of an event loop between two steps: one step's time, and the 50 ms that a step may be late. */
const MOST_BUSY = 100
/** The most memory that an attack may take while it lasts: each of 256 sockets may have half a megabyte. */
const MOST_MEMORY = 128 << 20

/**
 * Looks at a server again and again until the attack is over. Resolves to what the attack does, and the worst that was
 * seen.
 */
export async function watch<T>(
  look: () => Promise<{ rss: number; busy?: number }>,
  attack: Promise<T>,
): Promise<[result: T, worst: Worst]> {
  const state = { isOver: false }
  const end = (): void => void (state.isOver = true)
  attack.then(end, end)
  let [rss, busy, blocked] = [0, 0, 0]
  while (!state.isOver) {
    const start = performance.now()
    const inside = await look()
    blocked = Math.max(blocked, performance.now() - start)
    busy = Math.max(busy, inside.busy ?? 0)
    rss = Math.max(rss, inside.rss)
    await pause(100)
  }
  return [await attack, { rss, busy, blocked }]
}

/** The harm that an attack did to a server of ours, which had `rss` bytes before, in words. */
export function harmOf(worst: Worst, rss: number): string | undefined {
  if (worst.busy > MOST_BUSY) return `${Math.round(worst.busy)} ms of work between two steps`
  return worst.rss - rss > MOST_MEMORY ? `${(worst.rss - rss) >> 20} MB more memory` : undefined
}
