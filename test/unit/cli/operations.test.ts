// Tests what an operator sees: health, readiness, and the metrics of a running world in Prometheus' format.
import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { drain, kick, retire, sendMessage } from 'bitecs-net'
import { type NetworkStats, stats } from 'bitecs-net/stats'
import { createTestNetwork } from 'bitecs-net/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { Health } from '../../../src/cli/operations/health.js'
import { Metrics } from '../../../src/cli/operations/metrics.js'
import { createOperationsServer, type Exposition } from '../../../src/cli/operations/operations-server.js'
import { startListening, stopListening } from '../../../src/cli/page-server.js'
import * as game from '../../support/arena.js'

describe('health', () => {
  it('is good while the server starts, and as long as ticks run', () => {
    let now = 0
    const health = new Health(() => now)
    now = 60_000
    expect(health.live().ok).toBe(true)
    health.ticked()
    now = 65_000
    expect(health.live().ok).toBe(true)
    now = 75_000
    expect(health.live()).toEqual({ ok: false, text: 'no tick has run for 15 s' })
    health.ticked()
    expect(health.live().ok).toBe(true)
    health.phase = 'stopping'
    now = 999_999
    expect(health.live().ok).toBe(true)
  })

  it('is ready only while clients may come in', () => {
    const health = new Health()
    const ready = (['starting', 'ready', 'draining', 'stopping'] as const).map((phase) => {
      health.phase = phase
      return health.ready()
    })
    expect(ready.map(({ ok }) => ok)).toEqual([false, true, false, false])
    expect(ready[2]!.text).toBe('draining')
  })
})

describe('the operator’s server', () => {
  let stop: (() => Promise<void>) | undefined
  afterEach(async () => {
    await stop?.()
    stop = undefined
  })

  async function start(exposition: Exposition, host?: string): Promise<string> {
    const server = createOperationsServer(new Health(), exposition, host)
    stop = () => stopListening(server)
    await startListening(server, 0, '127.0.0.1')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('answers its three paths, and nothing else', async () => {
    const url = await start({ contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('a 1\n') })
    const answers = await Promise.all(
      ['/healthz', '/readyz', '/metrics', '/metrics?x', '/', '/../x', '/metrics/'].map((path) => fetch(url + path)),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 503, 200, 200, 404, 404, 404])
    expect(answers[2]!.headers.get('content-type')).toBe('text/plain; version=0.0.4')
    expect(await answers[1]!.text()).toBe('starting\n')
    const post = await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect((await fetch(`${url}/healthz`, { method: 'HEAD' })).status).toBe(200)
  })

  it('answers under its own names alone', async () => {
    const url = new URL(await start({ contentType: 'text/plain', text: () => Promise.resolve('') }, 'Game.example.org'))
    const statusFor = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        get({ port: url.port, host: url.hostname, path: '/healthz', headers: { host }, agent: false }, (response) => {
          response.resume()
          resolve(response.statusCode)
        }).on('error', reject)
      })
    const own = [
      '127.0.0.1:9209',
      'localhost:9209',
      '[::1]:9209',
      'game:9209',
      'game.example.org',
      'game.example.org.:1',
    ]
    for (const host of own) expect([host, await statusFor(host)]).toEqual([host, 200])
    for (const host of ['evil.example', 'evil.example:9209', '127.0.0.1.evil.example', 'localhost.evil.example']) {
      expect([host, await statusFor(host)]).toEqual([host, 421])
    }
  })

  it('makes one text of the metrics for requests that come together', async () => {
    let made = 0
    const url = await start({ contentType: 'text/plain', text: () => Promise.resolve(`a ${++made}\n`) })
    const texts = await Promise.all(Array.from({ length: 5 }, async () => (await fetch(`${url}/metrics`)).text()))
    expect(new Set(texts).size).toBeLessThan(5)
  })

  it('says 500 when the metrics fail, and lives on', async () => {
    const url = await start({ contentType: 'text/plain', text: () => Promise.reject(new Error('as asked')) })
    expect((await fetch(`${url}/metrics`)).status).toBe(500)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })
})

describe('metrics', () => {
  const lines = async (metrics: Metrics): Promise<Map<string, number>> => {
    const text = await metrics.text()
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(
      samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    )
  }

  it('tell of the process before there is a world', async () => {
    const shown = await lines(new Metrics('1.2.3', new Health()))
    expect(shown.get('bitecs_net_build_info{version="1.2.3"}')).toBe(1)
    expect(shown.get('process_resident_memory_bytes')).toBeGreaterThan(0)
    expect([...shown.keys()].some((name) => name.startsWith('nodejs_eventloop_lag_'))).toBe(true)
  })

  it('report the counters of the world, read again at each scrape', async () => {
    const net = createTestNetwork(game.arena, { clients: 2, limits: { maxConnections: 2 } })
    const { server } = net
    const health = new Health()
    const metrics = new Metrics('1.2.3', health)
    metrics.watch(() => stats(server), 20)
    game.spawnShip(server, 1, 2, 3)
    net.tick(20)
    const before = await lines(metrics)
    expect(before.get('bitecs_net_connections{state="ready"}')).toBe(2)
    expect(before.get('bitecs_net_connections_limit')).toBe(2)
    expect(before.get('bitecs_net_entities')).toBe(1)
    expect(before.get('bitecs_net_tick_interval_seconds')).toBe(0.05)
    expect(before.get('bitecs_net_ticks_total')).toBe(stats(server).ticks)
    const { transport } = stats(server)
    const sum = (metric: string, direction: string): number =>
      before.get(`bitecs_net_${metric}_total{direction="${direction}",channel="reliable"}`)! +
      before.get(`bitecs_net_${metric}_total{direction="${direction}",channel="unreliable"}`)!
    expect([sum('packets', 'sent'), sum('bytes', 'received')]).toEqual([transport.packetsSent, transport.bytesReceived])

    net.connect()
    kick(server, net.clients[0]!.connection, 'enough', 'no-manners')
    health.phase = 'draining'
    net.tick(20)
    const after = await lines(metrics)
    expect(after.get('bitecs_net_failed_connections_total{reason="refused"}')).toBe(1)
    expect(after.get('bitecs_net_errors_total{code="server-full"}')).toBe(1)
    expect(after.get('bitecs_net_disconnects_total{code="no-manners"}')).toBe(1)
    expect(after.get('bitecs_net_draining')).toBe(1)
    expect(after.get('bitecs_net_queue_length{queue="errors"}')).toBe(1)
    const sunk = [...before].filter(([name, value]) => /_total(\{|$)/.test(name) && !(after.get(name)! >= value))
    expect(sunk).toEqual([])
  })

  it('have every counter of the statistics, so that none is forgotten', async () => {
    const net = createTestNetwork(game.arena)
    const metrics = new Metrics('1.2.3', new Health())
    metrics.watch(() => stats(net.server), 20)
    // Each gets a number of its own, which must come out; falling ones, since of all packets the reliable ones are
    // some.
    const { counters, transport } = stats(net.server)
    const given = (object: object, first: number): Record<string, number> =>
      Object.fromEntries(Object.keys(object).map((name, i) => [name, first - i]))
    const numbered = { counters: given(counters, 8_000_000), transport: given(transport, 9_000_000) }
    metrics.watch(() => ({ ...stats(net.server), ...numbered }) as NetworkStats, 20)
    const shown = [...(await lines(metrics))]
      .filter(([name, value]) => name.startsWith('bitecs_net_') && value > 7_000_000)
      .map(([, value]) => value)
    // What was taken in is traffic, of which unreliable packets and bytes are what is left.
    const isTraffic = (name: string): boolean => name === 'acceptedPackets' || /(Sent|Received)$/.test(name)
    const expected = [...Object.entries(numbered.counters), ...Object.entries(numbered.transport)]
      .filter(([name]) => !isTraffic(name) || name.startsWith('reliable'))
      .map(([, value]) => value)
    const falling = (a: number, b: number): number => b - a
    expect(shown.toSorted(falling)).toEqual(expected.toSorted(falling))
  })

  it('keep to the conventions: names, units, one help for each', async () => {
    const net = createTestNetwork(game.arena)
    const metrics = new Metrics('1.2.3', new Health())
    metrics.watch(() => stats(net.server), 20)
    metrics.ticked(3)
    metrics.overran(2)
    metrics.threw('move')
    metrics.certificateEnds(new Date(1000))
    const text = await metrics.text()
    const named = [...text.matchAll(/^# TYPE (bitecs_net_\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({
      name,
      type,
    }))
    expect(named.length).toBeGreaterThan(20)
    const odd = named.filter(({ name, type }) => {
      return !/^[a-z][a-z0-9_]*$/.test(name) || name.endsWith('_total') !== (type === 'counter')
    })
    expect(odd).toEqual([])
    // `le` and `quantile` belong to histograms and summaries.
    const reserved = text
      .split('\n')
      .filter((line) => /^bitecs_net_.*[{,](le|quantile)=/.test(line) && !/_bucket\{/.test(line))
    expect(reserved).toEqual([])
    expect(named.filter(({ name }) => !text.includes(`# HELP ${name} `))).toEqual([])
    const shown = await lines(metrics)
    expect(shown.get('bitecs_net_tick_duration_seconds_bucket{le="0.005"}')).toBe(1)
    expect(shown.get('bitecs_net_tick_duration_seconds_bucket{le="0.002"}')).toBe(0)
    expect(shown.get('bitecs_net_skipped_ticks_total')).toBe(2)
    expect(shown.get('bitecs_net_system_errors_total{system="move"}')).toBe(1)
    expect(shown.get('bitecs_net_tls_certificate_expiry_timestamp_seconds')).toBe(1)
  })
})

describe('stats', () => {
  it('count each connection once, by what it does', () => {
    const net = createTestNetwork(game.arena, { clients: 1, sessions: { resumeTime: 5000 } })
    net.connect({ autoReady: false })
    const away = net.connect()
    away.running = false
    net.setServerConditions({})
    away.setConditions({ loss: 1 })
    const still = net.connect()
    still.running = false
    net.tick(100)
    const { states, connections } = stats(net.server)
    expect(states).toEqual({ authenticating: 0, connected: 1, loading: 0, ready: 1, interrupted: 1, stalled: 1 })
    expect(connections).toBe(4)
    expect(stats(net.clients[0]!.world).states.ready).toBe(1)
    expect(stats(net.clients[0]!.world).maxConnections).toBe(0)
  })

  it('report what waits: undrained calls, errors, spawns', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    sendMessage(net.clients[0]!.world, game.Chat, { text: 'a' })
    sendMessage(net.clients[0]!.world, game.Chat, { text: 'b' })
    net.tick(2)
    expect(stats(net.server).queues).toMatchObject({ calls: 2, errors: 0, requests: 0, inboxPackets: 0 })
    for (const _ of drain(net.server, game.Chat)) continue
    expect(stats(net.server).queues.calls).toBe(0)
  })

  it('know round trips and why connections ended', () => {
    const net = createTestNetwork(game.arena, { clients: 3, conditions: { latency: 100 } })
    net.tick(60)
    const { roundTrip } = stats(net.server)
    expect(roundTrip.median).toBeGreaterThan(100)
    expect(roundTrip.p95).toBeGreaterThanOrEqual(roundTrip.median)
    expect(roundTrip.longest).toBeGreaterThanOrEqual(roundTrip.p95)
    void retire(net.server, { grace: 1000 })
    kick(net.server, net.clients[0]!.connection, 'enough')
    net.tick(20)
    expect(stats(net.server).closed).toEqual({ kicked: 1 })
    expect(stats(net.clients[0]!.world).closed).toEqual({ kicked: 1 })
  })

  it('bound the number of different codes, since a game may kick with its own', () => {
    const net = createTestNetwork(game.arena, { clients: 0 })
    for (let i = 0; i < 120; i++) {
      const client = net.connect()
      kick(net.server, client.connection, 'enough', `code-${i}`)
      net.tick(2)
    }
    const { closed } = stats(net.server)
    expect(Object.keys(closed)).toHaveLength(101)
    expect(closed['others']).toBe(20)
  })
})
