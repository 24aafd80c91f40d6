// Tests the signalling over real HTTP, with no WebRTC behind it: what it admits, what it refuses, and with which
// words.
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Networks } from '../../../../src/transport/signalling/addresses.js'
import {
  Admission,
  type HandshakeLimits,
  type Place,
  withDefaults,
} from '../../../../src/transport/signalling/admission.js'
import { Authorization } from '../../../../src/transport/signalling/authorization.js'
import { CandidateFilter } from '../../../../src/transport/signalling/candidates.js'
import { createSignallingCounters, type SignallingCounters } from '../../../../src/transport/signalling/counters.js'
import { type CorsOptions, Origins } from '../../../../src/transport/signalling/origins.js'
import { Pace } from '../../../../src/transport/signalling/pace.js'
import { createConnectionId, isSignalling } from '../../../../src/transport/signalling/route.js'
import { type SignalledPeer, Signalling } from '../../../../src/transport/signalling/signalling.js'
import { until } from '../../../support/until.js'

const cleanup: (() => unknown)[] = []

afterEach(async () => {
  for (const action of cleanup.splice(0).reverse()) await action()
})

/** Nobody at this address may connect. */
const BANNED = '203.0.113.66'

class FakePeer implements SignalledPeer {
  readonly signallingId = createConnectionId()
  readonly offer = { localDescription: { type: 'offer', sdp: 'offer' }, candidates: [], isComplete: false }
  readonly answers: string[] = []
  readonly ends: string[] = []
  isAnswered = false

  constructor(
    readonly address: string,
    readonly place: Place,
    private readonly peers: Map<string, FakePeer>,
  ) {
    peers.set(this.signallingId, this)
  }

  takeAnswer(sdp: string): boolean {
    this.answers.push(sdp)
    return !sdp.includes('unusable')
  }

  takeCandidates(): object[] {
    return [{ candidate: 'x', sdpMid: '0' }]
  }

  clientLeft(): void {
    this.end('left')
  }

  giveUp(text: string): void {
    this.end(text)
  }

  private end(text: string): void {
    this.ends.push(text)
    this.peers.delete(this.signallingId)
    this.place.free()
  }
}

interface Setup {
  cors?: CorsOptions
  limits?: HandshakeLimits
  maxClients?: number
  open?: () => Promise<undefined>
  /** What making a connection takes. */
  made?: Promise<void>
  /** The time of the pace; only the test moves it. */
  clock?: { now: number }
  /** Milliseconds that a body may take. */
  bodyTime?: number
}

async function serve({ cors, limits, maxClients = 100, open, made, clock, bodyTime = 50 }: Setup = {}) {
  const peers = new Map<string, FakePeer>()
  const all: FakePeer[] = []
  const counters = createSignallingCounters()
  const now = (): number => performance.now()
  const signalling = new Signalling({
    counters,
    origins: new Origins(cors),
    proxies: new Networks(['127.0.0.1']),
    admission: new Admission(withDefaults(limits), maxClients, now),
    authorization: new Authorization({ authorize: undefined, timeout: 1000, limit: 10, now, onError: () => {} }),
    refuse: (address) => (address === BANNED ? { code: 'banned', text: 'not you' } : undefined),
    pace: new Pace(limits?.perSecond ?? 1000, clock === undefined ? now : () => clock.now),
    candidates: new CandidateFilter('own', () => {}),
    bodyTime,
    open: async (place, { address = '' }) => {
      if (open !== undefined) return open()
      await made
      const peer = new FakePeer(address, place, peers)
      all.push(peer)
      return peer
    },
    find: (id) => peers.get(id),
  })
  const server = http.createServer((request, response) => {
    if (isSignalling(request.url)) signalling.take(request, response)
    else response.end('the game')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const { port } = server.address() as AddressInfo
  const route = `http://127.0.0.1:${port}/.wrtc/v2/connections`
  const begin = (headers: Record<string, string> = {}): Promise<Response> => fetch(route, { method: 'POST', headers })
  return { signalling, counters, peers, all, port, route, begin }
}

/** What was counted, without what is 0. */
function counted(counters: SignallingCounters): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([, count]) => count > 0))
}

const ANSWER = JSON.stringify({
  type: 'answer',
  sdp: [
    'v=0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=ice-ufrag:EsAw',
    'a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y',
    `a=fingerprint:sha-256 ${Array<string>(32).fill('AB').join(':')}`,
    'a=setup:active',
    'a=candidate:1 1 udp 1 127.0.0.1 5000 typ host',
    'a=candidate:2 1 udp 1 192.0.2.1 53 typ host',
    '',
  ].join('\r\n'),
})

/** Writes bytes to a socket, and reads until the other side closes it. */
function sendRaw(port: number, ...parts: string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    for (const part of parts) socket.write(part)
  })
}

describe('a client', () => {
  it('that is banned gets that answer before anything else is done, however often it asks', async () => {
    const { counters, all, begin } = await serve({ limits: { addressBurst: 1 } })
    for (let i = 0; i < 3; i++) {
      const response = await begin({ 'x-forwarded-for': BANNED })
      expect([response.status, await response.json()]).toEqual([403, { code: 'banned', text: 'not you' }])
    }
    expect([counted(counters), all]).toEqual([{ signallingRequests: 3, refusedAddresses: 3 }, []])
  })

  it('begins, answers, hears candidates, and leaves', async () => {
    const { route, begin, all, counters } = await serve()
    const response = await begin()
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const body = (await response.json()) as { id: string }
    expect(body).toEqual({ userData: {}, id: all[0]!.signallingId, ...all[0]!.offer })
    expect(body.id).toMatch(/^[0-9a-f]{32}$/)
    const answered = await fetch(`${route}/${body.id}/remote-description`, { method: 'POST', body: ANSWER })
    expect(answered.status).toBe(200)
    expect(all[0]!.answers[0]).toContain('a=candidate:1 1 UDP 1 127.0.0.1 5000 typ host')
    expect(all[0]!.answers[0]).not.toContain('192.0.2.1')
    const candidates = await fetch(`${route}/${body.id}/additional-candidates`)
    expect(await candidates.json()).toEqual([{ candidate: 'x', sdpMid: '0' }])
    expect((await fetch(`${route}/${body.id}/close`, { method: 'POST' })).status).toBe(200)
    expect(all[0]!.ends).toEqual(['left'])
    expect(counted(counters)).toEqual({ signallingRequests: 4, strippedCandidates: 1 })
  })

  it('gets an id that no other tells, of 128 bits none of which is the same in all or of the guessable kind', async () => {
    const guessable = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    cleanup.push(() => guessable.mockRestore())
    const { begin, all } = await serve()
    for (let i = 0; i < 50; i++) await begin()
    const ids = all.map((peer) => peer.signallingId)
    expect(new Set(ids).size).toBe(50)
    for (let digit = 0; digit < 32; digit++) expect(new Set(ids.map((id) => id[digit])).size).toBeGreaterThan(5)
  })

  it('leaves nothing when it hangs up while its connection is made', async () => {
    const clock = { now: 0 }
    const { route, all, peers, begin, counters } = await serve({ clock })
    for (let i = 0; i < 4; i++) await begin()
    const request = http.request(route, { method: 'POST' }).on('error', () => {})
    request.end()
    await until('it waits', () => counters.signallingRequests === 5)
    request.destroy()
    await until('it is known to be gone', () => counters.overloadedRequests === 1)
    const next = begin()
    await until('the next waits', () => counters.signallingRequests === 6)
    clock.now = 1
    await next
    expect([all.length, peers.size]).toEqual([5, 5])
  })

  it('leaves nothing when it hangs up while the native library makes its connection', async () => {
    let finish = (): void => {}
    const { route, all, peers, counters } = await serve({ made: new Promise((resolve) => (finish = resolve)) })
    const request = http.request(route, { method: 'POST' }).on('error', () => {})
    request.end()
    await until('it is being made', () => counters.signallingRequests === 1)
    const socket = request.socket!
    const gone = new Promise((resolve) => socket.once('close', resolve))
    request.destroy()
    await gone
    // The server hears of it before it hears of anything later.
    await fetch(`${route}/x`)
    finish()
    await until('it is made', () => all.length === 1)
    await until('it is given up', () => peers.size === 0)
    expect(all[0]!.ends).toEqual(['the client left while it connected'])
  })

  it('gets an error and holds no place when no connection can be made for it', async () => {
    const { begin, counters } = await serve({
      maxClients: 1,
      open: () => Promise.reject(new Error('no more threads')),
    })
    const statuses = [(await begin()).status, (await begin()).status]
    expect(statuses).toEqual([500, 500])
    expect(counters.signallingErrors).toBe(2)
  })
})

describe('paths and methods', () => {
  it.each<[string, string, number, string?]>([
    ['POST', '/.wrtc/v2/connections/', 404],
    ['POST', '/.wrtc/v2/connections?x', 404],
    ['POST', '/.wrtc/v2/connections/ID/remote-description?x', 404],
    ['POST', '/.wrtc/v2/connections/ID/remote-description/x', 404],
    ['POST', '/.wrtc/v2/connections/ID', 404],
    ['POST', '/.wrtc/v2/connections/ID0/close', 404],
    ['POST', '/.wrtc/v2/connections/0/close', 404],
    ['POST', '/.wrtc/v2/connections/ABCDEF0123456789ABCDEF0123456789/close', 404],
    ['POST', '/.wrtc/v2/', 404],
    ['POST', '/.wrtc/v2/connections/__proto__/close', 404],
    ['POST', '/.wrtc/v2/connections/../connections', 404],
    ['GET', '/.wrtc/v2/connections', 405, 'POST, OPTIONS'],
    ['HEAD', '/.wrtc/v2/connections', 405, 'POST, OPTIONS'],
    ['PUT', '/.wrtc/v2/connections/ID/close', 405, 'POST, OPTIONS'],
    ['POST', '/.wrtc/v2/connections/ID/additional-candidates', 405, 'GET, OPTIONS'],
    ['OPTIONS', '/.wrtc/v2/connections', 204],
    ['OPTIONS', '/.wrtc/v2/elsewhere', 404],
    ['GET', '/x?/.wrtc/v2/connections', 200],
    ['POST', '/awrtc/v2/connections', 200],
  ])('%s %s is answered with %i', async (method, path, status, allow) => {
    const { port, peers, counters } = await serve()
    const id = createConnectionId()
    const answer = await sendRaw(
      port,
      `${method} ${path.replace('ID', id)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    )
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(/^allow: (.*)\r$/im.exec(answer)?.[1]).toBe(allow)
    expect(peers.size).toBe(0)
    expect(counters.malformedRequests).toBe(status >= 400 ? 1 : 0)
  })
})

describe('a body', () => {
  const post = (path: string, headers: string): string => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n`

  async function begun(setup: Setup = {}) {
    const served = await serve(setup)
    await served.begin()
    const peer = served.all[0]!
    return { ...served, peer, path: `/.wrtc/v2/connections/${peer.signallingId}/remote-description` }
  }

  it('is not read when its header says that it is too large', async () => {
    const { port, path, counters } = await begun()
    expect(await sendRaw(port, post(path, 'content-length: 65537'))).toMatch(/^HTTP\/1.1 413 /)
    expect(await sendRaw(port, post('/.wrtc/v2/connections', 'content-length: 400000000'))).toMatch(/^HTTP\/1.1 413 /)
    expect(counters.oversizedRequests).toBe(2)
  })

  it('is given up at the limit when it turns out to be too large, and its connection ends', async () => {
    const { port, path, peer, counters } = await begun()
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const answer = await sendRaw(port, post(path, 'transfer-encoding: chunked'), ...Array<string>(5).fill(chunk))
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toMatch(/^connection: close\r$/im)
    expect([counters.oversizedRequests, peer.ends.length, peer.answers]).toEqual([1, 1, []])
  })

  it('of exactly the limit is accepted', async () => {
    const { route, peer } = await begun()
    const body = ANSWER.padEnd(65_536)
    const response = await fetch(`${route}/${peer.signallingId}/remote-description`, { method: 'POST', body })
    expect([response.status, peer.answers.length]).toEqual([200, 1])
  })

  it('has no effect when it ends after its connection did', async () => {
    const { route, path, port, peer } = await begun({ bodyTime: 5000 })
    const headers = { 'content-length': ANSWER.length }
    const answering = http.request({ port, host: '127.0.0.1', path, method: 'POST', headers })
    const status = new Promise((resolve) => answering.on('response', (response) => resolve(response.statusCode)))
    answering.write(ANSWER.slice(0, 10))
    await until('it is being read', () => peer.isAnswered)
    await fetch(`${route}/${peer.signallingId}/close`, { method: 'POST' })
    answering.end(ANSWER.slice(10))
    expect([await status, peer.answers]).toEqual([404, []])
  })

  it('ends after a moment when it does not arrive, and its connection ends', async () => {
    const { port, path, peer, counters } = await begun()
    const answer = await sendRaw(port, post(path, 'content-length: 1000'), '{')
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect([counters.slowRequests, peer.ends.length]).toEqual([1, 1])
  })

  it('for a connection that does not exist is not awaited', async () => {
    const { port, counters } = await serve()
    const path = `/.wrtc/v2/connections/${createConnectionId()}/remote-description`
    expect(await sendRaw(port, post(path, 'transfer-encoding: chunked'))).toMatch(/^HTTP\/1.1 404 /)
    expect(counters.unknownConnections).toBe(1)
  })

  it('without end behind a beginning is cut off', async () => {
    const { port } = await serve()
    const answer = await sendRaw(port, post('/.wrtc/v2/connections', 'transfer-encoding: chunked'), '4\r\nxxxx\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
  })

  it.each(['{}', 'null', '', '"x"', '[1', JSON.stringify({ type: 'offer', sdp: 'v=0' })])(
    'that is no answer is refused, and with it the connection: %s',
    async (body) => {
      const { route, peer, counters } = await begun()
      const response = await fetch(`${route}/${peer.signallingId}/remote-description`, { method: 'POST', body })
      expect(response.status).toBe(400)
      expect([counters.malformedRequests, peer.ends.length, peer.answers]).toEqual([1, 1, []])
    },
  )

  it('with a second answer is refused, also when it overtakes the first', async () => {
    const { route, peer, port, path, counters } = await begun({ bodyTime: 1000 })
    const slow = sendRaw(port, post(path, `content-length: ${ANSWER.length}`), ANSWER.slice(0, 10))
    await until('the first is being read', () => peer.isAnswered)
    const second = await fetch(`${route}/${peer.signallingId}/remote-description`, { method: 'POST', body: ANSWER })
    expect(second.status).toBe(409)
    await slow
    expect(counters.repeatedAnswers).toBe(1)
  })

  it('ends the connection when the native library refuses it', async () => {
    const { route, peer, counters } = await begun()
    const body = ANSWER.replace('EsAw', 'unusable')
    const response = await fetch(`${route}/${peer.signallingId}/remote-description`, { method: 'POST', body })
    expect(response.status).toBe(400)
    expect([counters.signallingErrors, peer.ends.length]).toEqual([1, 1])
  })
})

describe('pages', () => {
  const ask = async (origin: CorsOptions['origin'], from: string | undefined): Promise<[number, string | null]> => {
    const { begin } = await serve({ cors: { origin } })
    const response = await begin(from === undefined ? {} : { origin: from })
    return [response.status, response.headers.get('access-control-allow-origin')]
  }

  it('may connect from all origins, from one, or from those that a function accepts', async () => {
    expect(await ask('*', 'https://a.example')).toEqual([200, '*'])
    expect(await ask('https://a.example', 'https://a.example')).toEqual([200, 'https://a.example'])
    expect(await ask('https://a.example', 'https://b.example')).toEqual([403, null])
    expect(await ask((request) => request.headers.origin!, 'https://b.example')).toEqual([200, 'https://b.example'])
  })

  it('do not connect where the function throws or names nothing; programs without an origin do', async () => {
    const fail = (): string => {
      throw new Error('broken')
    }
    for (const origin of [fail, () => undefined as never, () => 7 as never, () => 'bad\r\nheader: x']) {
      expect(await ask(origin, 'https://a.example')).toEqual([403, null])
      expect(await ask(origin, undefined)).toEqual([200, null])
    }
  })

  it('may connect when this server serves them itself', async () => {
    const { begin, port } = await serve({ cors: { origin: 'https://a.example' } })
    expect((await begin({ origin: `http://127.0.0.1:${port}` })).status).toBe(200)
    expect((await begin({ origin: 'http://127.0.0.1:1' })).status).toBe(403)
  })

  it('get the answer to their preflight request, and may read when to try again', async () => {
    const { route } = await serve()
    const { headers } = await fetch(route, { method: 'OPTIONS', headers: { origin: 'https://a.example' } })
    expect(headers.get('access-control-allow-headers')).toBe('authorization, content-type')
    expect(headers.get('access-control-allow-methods')).toBe('OPTIONS, GET, POST')
    expect(headers.get('access-control-expose-headers')).toBe('retry-after')
  })
})

describe('too many', () => {
  const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address })

  it('from one address get the time to wait, and others are accepted', async () => {
    const { begin, counters } = await serve({ limits: { addressBurst: 2, addressPerSecond: 0.5 } })
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) statuses.push((await begin(from('203.0.113.7'))).status)
    expect(statuses).toEqual([200, 200, 429])
    expect((await begin(from('203.0.113.7'))).headers.get('retry-after')).toBe('2')
    expect((await begin(from('203.0.113.8'))).status).toBe(200)
    expect(counters.rateLimitedRequests).toBe(2)
  })

  it('in total get that answer until one has left', async () => {
    const { begin, all, counters } = await serve({ maxClients: 1 })
    await begin()
    const response = await begin()
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    all[0]!.giveUp('gone')
    expect((await begin()).status).toBe(200)
    expect(counters.overloadedRequests).toBe(1)
  })

  it('at once are accepted one after the other; those beyond the queue get the time to wait', async () => {
    const { begin, signalling, peers } = await serve({ limits: { perSecond: 5 }, clock: { now: 0 } })
    const refused: Response[] = []
    const all = Array.from({ length: 30 }, async () => {
      const response = await begin()
      if (response.status === 503) refused.push(response)
    })
    await until('those past the line', () => refused.length === 6)
    expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(Array(6).fill('4'))
    expect(peers.size).toBe(4)
    signalling.close()
    await Promise.all(all)
  })

  it('are refused when the server closes while they wait', async () => {
    const { begin, signalling, counters } = await serve({ clock: { now: 0 } })
    await Promise.all(Array.from({ length: 4 }, () => begin()))
    const waiting = begin()
    await until('it waits', () => counters.signallingRequests === 5)
    signalling.close()
    expect([(await waiting).status, (await begin()).status]).toEqual([503, 503])
  })
})
