// The geckos server against clients that mean harm or vanish, and its life in a process it does not own.
import { fork } from 'node:child_process'
import http from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  listenWebRtc,
  type WebRtcServerOptions,
  type WebRtcServerTransport,
} from '../../src/transport/geckos/geckos-server.js'
import { connectWebRtc } from '../../src/transport/geckos/geckos-node-client.js'
import { Channel, type Transport } from '../../src/transport/transport.js'
import { buildProgram } from '../support/bundle.js'
import { connectPatiently } from '../support/connect-patiently.js'
import { standStill } from '../support/stand-still.js'
import { until } from '../support/until.js'
import { connectRaw, type RawClient, type RawOptions } from '../support/webrtc-raw.js'
import { LocalSide, type SideEvent } from './side.js'

const LIMIT = 30_000

/** Runs beside the other tests. */
let ended: Promise<unknown>

beforeAll(async () => {
  const program = await buildProgram(fileURLToPath(new URL('start-and-stop.ts', import.meta.url)))
  const child = fork(program, { execArgv: [] })
  ended = new Promise((resolve) => child.once('exit', (status, signal) => resolve(status ?? signal)))
})

const cleanup: (() => unknown)[] = []

afterEach(async () => {
  // Clients before the servers they are connected to.
  for (const action of cleanup.splice(0).reverse()) await action()
})

async function startServer(options: WebRtcServerOptions = {}): Promise<WebRtcServerTransport> {
  const server = await listenWebRtc({ host: '127.0.0.1', bindAddress: '127.0.0.1', ...options })
  cleanup.push(() => server.close())
  return server
}

function urlOf(server: WebRtcServerTransport): string {
  return `http://127.0.0.1:${server.port}`
}

async function connect(server: WebRtcServerTransport): Promise<Transport> {
  const client = await connectPatiently({ url: urlOf(server) })
  cleanup.push(() => client.close())
  return client
}

async function connectHostile(server: WebRtcServerTransport, options?: RawOptions): Promise<RawClient> {
  const client = await connectRaw(urlOf(server), options)
  cleanup.push(() => client.close())
  return client
}

/** Everything that a transport delivers, kept. */
class Log {
  readonly events: SideEvent[] = []
  private readonly side: LocalSide

  constructor(transport: Transport) {
    this.side = new LocalSide(transport)
  }

  async until(what: string, condition: (events: SideEvent[]) => boolean, limit?: number): Promise<void> {
    const look = async (): Promise<boolean> => {
      this.events.push(...(await this.side.receive()))
      return condition(this.events)
    }
    await until(what, look, limit)
  }

  codes(): string[] {
    return this.events.flatMap((event) => (event.type === 'closed' ? [event.code] : []))
  }
}

/** Sends 100 packets to the server and waits for all of them. */
async function expectServed(client: Transport, log: Log): Promise<void> {
  const before = log.events.length
  const size = 77
  await new LocalSide(client).send(1, { channel: Channel.Reliable, count: 100, size })
  const arrived = (events: SideEvent[]): number =>
    events.slice(before).filter((event) => event.type === 'packet' && event.length === size).length
  await log.until('100 packets of an honest client', (events) => arrived(events) >= 100)
  expect(arrived(log.events)).toBe(100)
}

describe('hostile clients', { timeout: LIMIT }, () => {
  const texts = [
    'null',
    'true',
    'false',
    '',
    '[]',
    '{}',
    '"text"',
    '{"disconnect":"closed"}',
    '{"dropped":1}',
    '{"rawMessage":null}',
    '{"__proto__":{"polluted":1}}',
    '['.repeat(100_000),
    `{"x":"${'x'.repeat(250_000)}"}`,
  ]

  it('refuses text on either channel, counts it, and serves the others', async () => {
    const server = await startServer()
    const log = new Log(server)
    const honest = await connect(server)
    for (const [i, text] of texts.entries()) {
      const hostile = await connectHostile(server)
      await log.until('its session', (events) => events.filter(({ type }) => type === 'opened').length === i + 2)
      const channel = i % 2 === 0 ? hostile.unreliable : hostile.reliable
      channel.sendMessage(text)
      await until(`the end of who sent ${text.slice(0, 30)}`, () => hostile.isClosed())
    }
    await log.until('all closed', () => log.codes().length === texts.length)
    expect(log.codes()).toEqual(texts.map(() => 'text-frame'))
    expect(server.counters.textFrames).toBe(texts.length)
    expect(server.counters.callbackErrors).toBe(0)
    await expectServed(honest, log)
  })

  it('get channels that they open themselves drained and closed, even while the server’s loop is stopped', async () => {
    const server = await startServer()
    const log = new Log(server)
    const honest = await connect(server)
    const script = fileURLToPath(new URL('../support/webrtc-channel-flood.mjs', import.meta.url))
    let flooded = 0
    for (let i = 0; i < 2; i++) {
      const attacker = fork(script, [urlOf(server)])
      cleanup.push(() => attacker.kill('SIGKILL'))
      attacker.on('message', () => flooded++)
    }
    await log.until('the attackers', (events) => events.filter((event) => event.type === 'opened').length === 3, 10_000)
    for (let i = 0; i < 3; i++) {
      standStill(300)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until('both floods', () => flooded === 2 && server.counters.foreignChannels >= 2, 30_000)
    expect(server.counters.callbackErrors).toBe(0)
    await expectServed(honest, log)
    await expectServed(await connect(server), log)
  })

  it('survives clients that leave the moment they arrive', async () => {
    const server = await startServer()
    const log = new Log(server)
    const honest = await connect(server)
    for (let i = 0; i < 10; i++) {
      await Promise.all([
        connectWebRtc({ url: urlOf(server), timeout: 10_000 }).then(
          (client) => client.close(),
          () => {},
        ),
        connectRaw(urlOf(server), { leaveAtOnce: true }),
        connectRaw(urlOf(server), { leaveAtOnce: true }),
      ])
    }
    await expectServed(honest, log)
    await log.until('everybody gone', (events) => {
      const opened = events.filter((event) => event.type === 'opened').length
      return log.codes().length === opened - 1 && opened - 1 + server.counters.neverOpened === 30
    })
    expect(server.counters.callbackErrors).toBe(0)
  })

  it('counts and refuses packets above the limit, whatever size was agreed on', async () => {
    const server = await startServer()
    const log = new Log(server)
    const honest = await connect(server)
    const liar = await connectHostile(server, { maxMessageSize: 1_000_000_000 })
    await log.until('both sessions', (events) => events.filter(({ type }) => type === 'opened').length === 2)
    liar.unreliable.sendMessageBinary(new Uint8Array(20_000))
    await until('the first count', () => server.counters.oversized === 1)
    expect(liar.isClosed()).toBe(false)
    liar.reliable.sendMessageBinary(new Uint8Array(1_000_000))
    await log.until('the end of the liar', () => log.codes().length === 1)
    expect(log.codes()).toEqual(['overflow'])
    expect(server.counters.oversized).toBe(2)
    await expectServed(honest, log)
  })

  it('forgets who begins to connect and never opens', async () => {
    const server = await startServer({ openTimeout: 200, maxPeers: 1 })
    const begin = async (): Promise<number> =>
      (await fetch(`${urlOf(server)}/.wrtc/v2/connections`, { method: 'POST' })).status
    expect(await begin()).toBe(200)
    expect(await begin()).toBe(503)
    await until('room again', async () => (await begin()) === 200)
    expect(server.counters.neverOpened).toBe(1)
  })

  it('has a place for who comes over another line while the first is silent', async () => {
    const server = await startServer({ maxPeers: 1 })
    const begin = async (): Promise<number> =>
      (await fetch(`${urlOf(server)}/.wrtc/v2/connections`, { method: 'POST' })).status
    expect([await begin(), await begin()]).toEqual([200, 503])
    server.lendPlace!(1, true)
    expect([await begin(), await begin()]).toEqual([200, 503])
  })

  it('serves on where requests would end geckos, and ends the connections that they were about', async () => {
    const server = await startServer({ cors: { origin: () => undefined as unknown as string } })
    const route = `${urlOf(server)}/.wrtc/v2/connections`
    const headers = { origin: 'https://a.example' }
    expect((await fetch(route, { method: 'POST', headers })).status).toBe(403)
    const { id } = (await (await fetch(route, { method: 'POST' })).json()) as { id: string }
    const answer = await fetch(`${route}/${id}/remote-description`, { method: 'POST', body: '{}' })
    expect(answer.status).toBe(400)
    expect((await fetch(`${route}/${id}/additional-candidates`)).status).toBe(404)
    expect(server.counters).toMatchObject({ foreignOrigins: 1, malformedRequests: 1, neverOpened: 1 })
    await expectServed(await connect(server), new Log(server))
  })

  it('closes a client that does not read, and drops what is unreliable', async () => {
    const server = await startServer({ sendLimit: { reliable: 10_000, unreliable: 1000 } })
    const log = new Log(server)
    await connect(server)
    await log.until('opened', (events) => events.length === 1)
    const bytes = new Uint8Array(16_384)
    expect(server.send(1, Channel.Unreliable, bytes, 1001)).toBe(false)
    expect(server.counters.sendDropped).toBe(1)
    expect(server.send(1, Channel.Unreliable, bytes, 1000)).toBe(true)
    expect(server.send(1, Channel.Reliable, bytes, 10_001)).toBe(false)
    await log.until('closed', () => log.codes().length === 1)
    expect(log.codes()).toEqual(['overflow'])
  })
})

describe('life in a process', { timeout: LIMIT }, () => {
  it('leaves other servers of the process alone when it closes', async () => {
    const [first, second] = [await startServer(), await startServer()]
    const [firstLog, secondLog] = [new Log(first), new Log(second)]
    await connect(first)
    const client = await connect(second)
    await firstLog.until('opened', (events) => events.length === 1)
    await secondLog.until('opened', (events) => events.length === 1)
    await first.close()
    await firstLog.until('closed', () => firstLog.codes().length === 1)
    await expectServed(client, secondLog)
    await expectServed(await connect(second), secondLog)
    expect(secondLog.codes()).toEqual([])
  })

  it('starts again on the same port in the same process', async () => {
    const first = await startServer()
    const { port } = first
    const url = urlOf(first)
    await connect(first)
    await first.close()
    await untilUnreachable(url)
    for (let i = 0; i < 3; i++) {
      const next = await startServer({ port })
      expect(next.port).toBe(port)
      await expectServed(await connect(next), new Log(next))
      await next.close()
      await untilUnreachable(url)
    }
  })

  it('says so when the port is in use', async () => {
    const { port } = await startServer()
    await expect(startServer({ port })).rejects.toMatchObject({
      name: 'ConnectionError',
      code: 'port-in-use',
      message: `port ${port} is in use: stop the program that uses it, or choose another port`,
    })
  })

  it('shares a server of the game, and leaves it as it was', async () => {
    const game = http.createServer((request, response) => response.end(`game ${request.url}`))
    await new Promise<void>((resolve) => game.listen(0, '127.0.0.1', resolve))
    cleanup.push(() => new Promise((resolve) => game.close(resolve).closeAllConnections()))
    const handlers = game.listeners('request')
    const closeListeners = game.listenerCount('close')
    const server = await startServer({ server: game })
    const get = async (path: string): Promise<string> => (await fetch(urlOf(server) + path)).text()
    expect(await get('/index.html')).toBe('game /index.html')
    expect(await get('/x?/.wrtc/v2/connections')).toBe('game /x?/.wrtc/v2/connections')
    await expectServed(await connect(server), new Log(server))
    await server.close()
    expect(game.listening).toBe(true)
    expect(game.listeners('request')).toEqual(handlers)
    expect(game.listenerCount('close')).toBe(closeListeners)
    expect(await get('/.wrtc/v2/connections')).toBe('game /.wrtc/v2/connections')
  })

  it('closes its clients when the server of the game is closed', async () => {
    const game = http.createServer()
    await new Promise<void>((resolve) => game.listen(0, '127.0.0.1', resolve))
    const server = await startServer({ server: game })
    const client = await connect(server)
    game.close()
    game.closeAllConnections()
    const log = new Log(client)
    await log.until('closed', () => log.codes().length === 1)
    expect(log.codes()).toEqual(['closed'])
  })

  it('lets a process end by itself once everything is closed', async () => {
    expect(await ended).toBe(0)
  })
})

/** Until Node's `fetch` has noticed that its open sockets to a server are dead; it would fail once on each. */
async function untilUnreachable(url: string): Promise<void> {
  await until('nobody at the port', async () => {
    try {
      await fetch(url)
      return false
    } catch (error) {
      return ((error as Error).cause as NodeJS.ErrnoException).code === 'ECONNREFUSED'
    }
  })
}
