// How one try to connect fails, and what a real network with loss does to a connection.
import { fork } from 'node:child_process'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { listenWebRtc, type WebRtcServerTransport } from '../../src/transport/geckos/geckos-server.js'
import { connectWebRtc, type WebRtcClientOptions } from '../../src/transport/geckos/geckos-node-client.js'
import { Channel, type Transport } from '../../src/transport/transport.js'
import { buildProgram } from '../support/bundle.js'
import { standStill } from '../support/stand-still.js'
import { startRelay, type Relay, type RelayOptions } from '../support/relay.js'
import { until } from '../support/until.js'
import { connectRaw } from '../support/webrtc-raw.js'
import { LocalSide, type SideEvent } from './side.js'

const cleanup: (() => unknown)[] = []

afterEach(async () => {
  for (const action of cleanup.splice(0).reverse()) await action()
})

async function startServer(): Promise<WebRtcServerTransport> {
  const server = await listenWebRtc({ host: '127.0.0.1', bindAddress: '127.0.0.1' })
  cleanup.push(() => server.close())
  return server
}

async function startBehindRelay(
  options: Partial<RelayOptions>,
): Promise<{ server: WebRtcServerTransport; relay: Relay }> {
  const server = await startServer()
  const relay = await startRelay({ upstream: `http://127.0.0.1:${server.port}`, ...options })
  cleanup.push(() => relay.close())
  return { server, relay }
}

/** A server whose signalling answers everything with one status, or, with 0, never answers. */
async function answering(status: number): Promise<string> {
  const server = http.createServer((_, response) => {
    if (status > 0) response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function connect(options: Partial<WebRtcClientOptions> & { url: string }): Promise<Transport> {
  const client = await connectWebRtc({ timeout: 10_000, ...options })
  cleanup.push(() => client.close())
  return client
}

/** Loss makes some tries fail; the connection above tries again, and so does this. */
async function connectWithRetry(url: string): Promise<Transport> {
  let client: Transport | undefined
  await until(
    'a connection through loss',
    async () => {
      client = await connect({ url, timeout: 4000 }).catch(() => undefined)
      return client !== undefined
    },
    40_000,
  )
  return client!
}

describe('a try that fails', { timeout: 15_000 }, () => {
  it.each([
    [401, 'unauthorized'],
    [403, 'refused'],
    [404, 'unreachable'],
    [500, 'unreachable'],
    [429, 'rate-limited'],
    [503, 'server-full'],
  ])('names HTTP %i as %s', async (status, code) => {
    const error = await connect({ url: await answering(status) }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'ConnectionError', code })
    expect(String(error)).toContain(`HTTP ${status}`)
  })

  it('says when a server that is full wants to be asked again', async () => {
    const server = http.createServer((_, response) => response.writeHead(503, { 'retry-after': '7' }).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanup.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await expect(connect({ url })).rejects.toMatchObject({ code: 'server-full', retryAfter: 7000 })
  })

  it('ends at once where the answer is refused, or is no offer', async () => {
    let body: object = { id: 'x', localDescription: { type: 'offer', sdp: 'nonsense' } }
    const server = http.createServer((_, response) => response.end(JSON.stringify(body)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanup.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await expect(connect({ url })).rejects.toMatchObject({ code: 'unreachable' })
    for (const offer of [{}, [], { id: '../x', localDescription: { sdp: '' } }, { id: 'x', localDescription: null }]) {
      body = offer
      await expect(connect({ url })).rejects.toThrow('no offer of a connection')
    }
  })

  it('reports that there was no answer', async () => {
    const server = await startServer()
    const url = `http://127.0.0.1:${server.port}/`
    await server.close()
    await expect(connect({ url })).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('gives up on a server that accepts and says nothing', async () => {
    const url = await answering(0)
    const start = performance.now()
    await expect(connect({ url, timeout: 300 })).rejects.toMatchObject({ code: 'unreachable' })
    expect(performance.now() - start).toBeLessThan(2000)
  })

  it('says what to check when UDP is blocked, and leaves nothing behind on either side', async () => {
    const { server, relay } = await startBehindRelay({ up: { down: true }, down: { down: true } })
    const error = await connect({ url: relay.url, timeout: 700 }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'ConnectionError', code: 'udp-blocked' })
    expect(String(error)).toMatch(/UDP.*STUN.*TURN/)
    await until('the server to forget it', () => server.counters.neverOpened === 1)
  })

  it('ends when it is aborted, before and during the try', async () => {
    const { server, relay } = await startBehindRelay({ up: { down: true }, down: { down: true } })
    await expect(connect({ url: relay.url, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    const controller = new AbortController()
    const started = connect({ url: relay.url, signal: controller.signal })
    await until('packets on the way', () => relay.down.seen + relay.up.seen > 0)
    controller.abort()
    await expect(started).rejects.toMatchObject({ code: 'aborted' })
    await until('the server to forget it', () => server.counters.neverOpened === 1)
  })
})

describe('a try to connect', () => {
  it('asks for nothing that came with the offer, and lets the server begin the handshake', async () => {
    const server = await startServer()
    const asked: string[] = []
    let answer = ''
    server.server.prependListener('request', (request: http.IncomingMessage) => {
      const action = request.url!.split('/').at(-1)!
      asked.push(action)
      if (action === 'remote-description') request.on('data', (part) => (answer += String(part)))
    })
    await connect({ url: `http://127.0.0.1:${server.port}` })
    expect(asked).toEqual(['connections', 'remote-description'])
    // As the other side of the handshake it would come before the server is ready, and again after a second.
    expect((JSON.parse(answer) as { sdp: string }).sdp).toContain('a=setup:passive')
  })
})

describe('a network that fails', { timeout: 15_000 }, () => {
  it('is not told to the server as a client that left, which could not come back then', async () => {
    const { server, relay } = await startBehindRelay({})
    const client = await connect({ url: relay.url })
    const sides = { client: new LocalSide(client), server: new LocalSide(server) }
    for (const side of Object.values(sides)) {
      await until('opened', async () => (await side.receive()).some((event) => event.type === 'opened'))
    }
    const asked: string[] = []
    server.server.prependListener('request', ({ url }: { url?: string }) => void asked.push(url ?? ''))
    relay.up.set({ down: true })
    relay.down.set({ down: true })
    const { connection } = client as unknown as { connection: RTCPeerConnection }
    Object.defineProperty(connection, 'connectionState', { get: () => 'failed' })
    connection.dispatchEvent(new Event('connectionstatechange'))
    const ends: SideEvent[] = []
    await until('lost', async () => {
      ends.push(...(await sides.client.receive()))
      return ends.some((event) => event.type === 'closed')
    })
    expect(ends).toMatchObject([{ type: 'closed', code: 'lost' }])
    // What a client says over HTTP when it leaves, it has said once it is closed: before what is asked behind that.
    await client.close()
    for (let i = 0; i < 5; i++) await fetch(`${relay.url}/.wrtc/v2/connections/none/additional-candidates`)
    expect(asked.filter((url) => url.endsWith('/close'))).toEqual([])
    expect(asked.length).toBeGreaterThanOrEqual(5)
    expect(await sides.server.receive()).toEqual([])
  })
})

describe('a process that stood still', { timeout: 15_000 }, () => {
  it('gets what the server sent before it closed', async () => {
    const server = await startServer()
    const program = await buildProgram(fileURLToPath(new URL('stand-still.ts', import.meta.url)))
    const child = fork(program, [`http://127.0.0.1:${server.port}`])
    cleanup.push(() => child.kill('SIGKILL'))
    const report = new Promise<unknown>((resolve) => child.once('message', resolve))
    const side = new LocalSide(server)
    await until('opened', async () => (await side.receive()).some((event) => event.type === 'opened'))
    // The first packet blocks the client for longer than the close takes.
    await side.send(1, { channel: Channel.Reliable, count: 1, size: 100 })
    await until('the client to stand still', async () =>
      (await side.receive()).some((event) => event.type === 'packet'),
    )
    await side.send(1, { channel: Channel.Reliable, count: 50, size: 100, first: 1 })
    await side.disconnect(1)
    expect(await report).toEqual({ indexes: Array.from({ length: 51 }, (_, i) => i), closed: 'closed' })
  })

  it('gets what a client sent before it closed', async () => {
    const server = await startServer()
    const client = await connectRaw(`http://127.0.0.1:${server.port}`)
    cleanup.push(() => client.close())
    const side = new LocalSide(server)
    await until('opened', async () => (await side.receive()).some((event) => event.type === 'opened'))
    for (let i = 0; i < 50; i++) client.reliable.sendMessageBinary(new Uint8Array(100))
    client.reliable.close()
    standStill(300)
    const events: SideEvent[] = []
    await until('closed', async () => {
      events.push(...(await side.receive()))
      return events.some((event) => event.type === 'closed')
    })
    expect(events.filter((event) => event.type === 'packet')).toHaveLength(50)
  })
})

describe('a bad network', { timeout: 60_000 }, () => {
  it('loses and reorders nothing on the reliable channel at 10 % loss, and damages nothing on the other', async () => {
    const bad = { loss: 0.1, latency: 10, jitter: 5, reorder: 0.1, duplicate: 0.05 }
    const { server, relay } = await startBehindRelay({ seed: 5, up: bad, down: bad })
    const client = new LocalSide(await connectWithRetry(relay.url))
    for (let i = 0; i < 5; i++) {
      await client.send(1, { channel: Channel.Reliable, count: 60, size: 500, first: i * 60 })
      await client.send(1, { channel: Channel.Unreliable, count: 20, size: 1150, first: i * 20 })
    }
    const side = new LocalSide(server)
    const events: SideEvent[] = []
    const packets = (channel: Channel) =>
      events.filter((event) => event.type === 'packet').filter((event) => event.channel === channel)
    await until(
      'all reliable packets',
      async () => {
        events.push(...(await side.receive()))
        return packets(Channel.Reliable).length >= 300
      },
      30_000,
    )
    expect(packets(Channel.Reliable).map((packet) => packet.index)).toEqual(Array.from({ length: 300 }, (_, i) => i))
    expect(events.every((event) => event.type !== 'packet' || event.isIntact)).toBe(true)
    expect(packets(Channel.Unreliable).length).toBeGreaterThan(0)
    expect(relay.up.lost).toBeGreaterThan(0)
  })

  it('delivers the last reliable packets before an orderly close, at 30 % loss', async () => {
    const { server, relay } = await startBehindRelay({ seed: 6 })
    const client = new LocalSide(await connectWithRetry(relay.url))
    const side = new LocalSide(server)
    await until('opened', async () => (await side.receive()).some((event) => event.type === 'opened'))
    relay.up.set({ loss: 0.3 })
    relay.down.set({ loss: 0.3 })
    await side.send(1, { channel: Channel.Reliable, count: 5, size: 200 })
    await side.disconnect(1)
    const events: SideEvent[] = []
    await until(
      'closed',
      async () => {
        events.push(...(await client.receive()))
        return events.some((event) => event.type === 'closed')
      },
      20_000,
    )
    expect(events.filter((event) => event.type === 'packet').map((event) => event.index)).toEqual([0, 1, 2, 3, 4])
    expect(events.at(-1)).toEqual({ type: 'closed', peer: 1, code: 'closed' })
  })
})
