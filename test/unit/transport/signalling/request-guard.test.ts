// Requests of a server: one at a time for each socket, no more than an address may send, and time for ticks in between.
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { AddressRates } from '../../../../src/transport/signalling/address-rates.js'
import { Networks } from '../../../../src/transport/signalling/addresses.js'
import { RequestGuard } from '../../../../src/transport/signalling/request-guard.js'
import { until } from '../../../support/until.js'

const cleanup: (() => unknown)[] = []

afterEach(async () => {
  for (const action of cleanup.splice(0).reverse()) await action()
})

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

async function serve(handle: Handler, guard = new RequestGuard()) {
  let arrived = 0
  const server = http.createServer((request, response) => {
    arrived++
    guard.take(request, response, handle)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const { port } = server.address() as AddressInfo
  return { port, guard, arrived: () => arrived }
}

interface Client {
  readonly socket: net.Socket
  text(): string
  isClosed(): boolean
}

function open(port: number, text: string): Client {
  let received = ''
  let isClosed = false
  const socket = net.connect(port, '127.0.0.1', () => socket.write(text))
  socket.on('data', (chunk) => (received += chunk.toString()))
  socket.on('error', () => {})
  socket.on('close', () => (isClosed = true))
  cleanup.push(() => socket.destroy())
  return { socket, text: () => received, isClosed: () => isClosed }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

describe('requests of one socket', () => {
  it('are handled one at a time, in order', async () => {
    const begun: { path: string | undefined; end: () => void }[] = []
    const { port } = await serve(({ url }, response) => {
      begun.push({ path: url, end: () => response.end(url) })
    })
    const client = open(port, get('/a') + get('/b'))
    await until('the first', () => begun.length > 0)
    expect(begun.map(({ path }) => path)).toEqual(['/a'])
    begun[0]!.end()
    await until('the second', () => begun.length === 2)
    begun[1]!.end()
    await until('both answers', () => client.text().endsWith('/b\r\n0\r\n\r\n') || client.text().endsWith('/b'))
    expect(client.isClosed()).toBe(false)
    client.socket.write(get('/c'))
    await until('the third', () => begun.length === 3)
  })

  it('close it when a third comes before the first is answered, and are not even parsed', async () => {
    let handled = 0
    const { port, guard, arrived } = await serve((_, response) => {
      handled++
      response.end('x')
    })
    const client = open(port, get('/').repeat(40_000))
    await until('the socket is closed', () => client.isClosed())
    expect([handled, arrived(), guard.counters.pipelinedRequests]).toEqual([1, 2, 1])
  })

  it('are not handled behind an answer that closes the connection', async () => {
    const handled: (string | undefined)[] = []
    const { port } = await serve(({ url }, response) => {
      handled.push(url)
      response.setHeader('connection', 'close')
      response.end('x')
    })
    const client = open(port, get('/a') + get('/b'))
    await until('the socket is closed', () => client.isClosed())
    expect([handled, client.text().match(/HTTP\/1.1 200/g)]).toEqual([['/a'], ['HTTP/1.1 200']])
  })

  it('end with it when an answer is not taken', async () => {
    const guard = new RequestGuard(undefined, { time: 50, bytesPerSecond: 1 << 30 })
    const { port } = await serve((_, response) => response.end(Buffer.alloc(64 << 20)), guard)
    const client = open(port, get('/'))
    client.socket.pause()
    await until('the socket is closed', () => guard.counters.slowAnswers === 1)
    const quick = await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' })
    expect(quick.status).toBe(200)
  })
})

describe('requests of many sockets', () => {
  it('leave time for timers between them', async () => {
    const busy = (milliseconds: number): void => {
      const end = performance.now() + milliseconds
      while (performance.now() < end);
    }
    const order: string[] = []
    const { port } = await serve((_, response) => {
      busy(6)
      order.push('request')
      response.end('x')
    })
    const tick = setInterval(() => order.push('tick'), 1)
    cleanup.push(() => clearInterval(tick))
    const clients = Array.from({ length: 20 }, () => open(port, get('/')))
    await until('all are answered', () => clients.every((client) => client.text() !== ''))
    const longest = Math.max(
      ...order
        .join(' ')
        .split('tick')
        .map((part) => part.split('request').length - 1),
    )
    expect(longest).toBeLessThanOrEqual(2)
  })
})

describe('requests of one address', () => {
  it('are answered with HTTP 429 above its rate, before anything is done for them', async () => {
    let handled = 0
    const guard = new RequestGuard(new AddressRates(() => 0, 3, 1))
    guard.proxies = new Networks(['127.0.0.1'])
    const { port } = await serve((_, response) => {
      handled++
      response.end('x')
    }, guard)
    const ask = (address: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-forwarded-for': address } })
    const statuses: number[] = []
    for (let i = 0; i < 5; i++) statuses.push((await ask('203.0.113.7')).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    expect((await ask('203.0.113.8')).status).toBe(200)
    expect((await ask('127.0.0.1')).status).toBe(200)
    expect([handled, guard.counters.rateLimitedRequests]).toEqual([5, 2])
  })

  it('come back with time, and those of 200 players behind one address fit in at once', () => {
    let now = 0
    const rates = new AddressRates(() => now)
    for (let i = 0; i < 200 * 24; i++) expect(rates.take('a')).toBe(true)
    while (rates.take('a'));
    now += 10
    expect([rates.take('a'), rates.take('a'), rates.take('a'), rates.take('a'), rates.take('a')]).toEqual(
      Array(5).fill(true),
    )
    expect(rates.take('a')).toBe(false)
    for (let i = 0; i < 10_000; i++) rates.take(`address ${i}`)
    expect(rates.size).toBeLessThanOrEqual(4096)
  })
})
