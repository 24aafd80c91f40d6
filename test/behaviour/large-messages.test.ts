// Messages too large for one packet: their bounds, their order, what passes them, and what happens when they cannot
// end.
import { addComponent, addEntity } from 'bitecs'
import {
  bytes,
  close,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  drain,
  NetworkErrors,
  sendMessage,
  sendRpc,
  string,
  u8,
} from 'bitecs-net'
import { stats, transfers } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import {
  large,
  largeMessageBehaviours,
  Line,
  Map,
  MAP_BYTES,
  tilesOf,
  Upload,
} from '../support/behaviours-large-messages.js'
import { inMemory } from '../support/peers.js'

largeMessageBehaviours('the network in memory', inMemory)

describe('20: the largest allowed message passes, one byte more throws at the sender and is refused by the receiver', () => {
  it('one byte more throws at the sender', () => {
    const net = createTestNetwork(large)
    expect(() => sendMessage(net.server, Map, { tiles: new Uint8Array(MAP_BYTES + 1) })).toThrow(
      /args\.tiles: is 400001 bytes long, at most 400000 fit/,
    )
  })

  it('is refused by the receiver, whose definition allows less, before it is taken in', () => {
    // Two sides of one protocol never differ, so the sender's definition is exchanged for the moment of the call.
    const net = createTestNetwork(large)
    const { world } = net.clients[0]!
    const { codec } = Map
    Object.assign(Map, { codec: defineMessage({ tiles: bytes(MAP_BYTES * 2) }, { large: true }).codec })
    sendMessage(world, Map, { tiles: tilesOf(3, MAP_BYTES + 1) })
    Object.assign(Map, { codec })
    net.tick(40)
    expect([...drain(net.server, Map)].length).toBe(0)
    expect(stats(net.server).counters.malformedCalls).toBe(1)
  })

  it('cannot be declared where parts cannot travel, or beyond 16 MiB', () => {
    expect(() => defineMessage({ a: bytes(20_000) })).toThrow(
      /at most .* fit the reliable channel; with \{ large: true \}/,
    )
    expect(() => defineMessage({ a: bytes(20_000) }, { large: true, channel: 'unreliable' })).toThrow(
      /reliable channel/,
    )
    expect(() => defineMessage({ a: bytes(10_000_000), b: bytes(10_000_000) }, { large: true })).toThrow(/16777216/)
    expect(() => defineCommand({ a: bytes(20_000) })).toThrow(/at most \d+ fit the reliable channel$/)
  })
})

describe('large messages', () => {
  it('may be sent while two of the largest wait for a client; what waits beyond ends its connection', () => {
    const Largest = defineMessage({ data: bytes(16_777_212) }, { large: true })
    const net = createTestNetwork(defineProtocol({ messages: { Largest } }), { clients: 2 })
    const [first, second] = net.clients.map(({ connection }) => connection)
    const data = new Uint8Array(16_777_212)
    for (const to of [first!, first!, second!, second!, second!]) sendMessage(net.server, Largest, { data }, { to })
    net.tick(2)
    expect(net.clients.map(({ reason }) => reason?.code)).toEqual([undefined, 'overflow'])
  })

  it('hold up neither calls nor structure', () => {
    const Boom = defineClientRpc({ n: u8 })
    const protocol = defineProtocol({ remote: { Boom }, messages: { Map } })
    const net = createTestNetwork(protocol)
    const { world } = net.clients[0]!
    sendMessage(net.server, Map, { tiles: tilesOf(4, MAP_BYTES) })
    net.tick(2)
    const eid = addEntity(net.server)
    addComponent(net.server, eid, Networked)
    sendRpc(net.server, eid, Boom, { n: 7 })
    net.tick(2)
    expect([...drain(world, Boom)].map(({ args }) => args.n)).toEqual([7])
    expect(transfers(world).length).toBe(1)
  })

  it('are paced by the receiver: at most one window is in flight while its frames are stopped', () => {
    const net = createTestNetwork(large)
    const client = net.clients[0]!
    const before = stats(net.server).transport.bytesSent
    sendMessage(net.server, Map, { tiles: tilesOf(5, MAP_BYTES) })
    client.running = false
    net.tick(20)
    const sent = stats(net.server).transport.bytesSent - before
    expect(sent).toBeGreaterThan(60_000)
    expect(sent).toBeLessThan(80_000)
    client.running = true
    net.until(() => [...drain(client.world, Map)].length === 1)
  })

  it('arrive from a client no faster than its rate limit for calls', () => {
    const net = createTestNetwork(large, { clients: 1 })
    const { world } = net.clients[0]!
    sendMessage(world, Upload, { n: 1, data: tilesOf(6, 200_000) })
    sendMessage(world, Map, { tiles: tilesOf(6, MAP_BYTES) })
    let ticks = 0
    net.until(() => ++ticks > 0 && [...drain(net.server, Map)].length === 1, 400)
    // 600,000 bytes at 128 KiB a second after a burst of 256 KiB take over two seconds, 20 ticks each.
    expect(ticks).toBeGreaterThan(40)
    expect(stats(net.server).counters.rateLimitedCalls).toBe(0)
  })

  it('over their rate pass by whole, and the next ones still arrive', () => {
    const net = createTestNetwork(large)
    const { world } = net.clients[0]!
    for (let n = 0; n < 3; n++) sendMessage(world, Upload, { n, data: tilesOf(n, 50_000) })
    sendMessage(world, Line, { text: 'done' })
    const uploads: number[] = []
    net.until(() => {
      for (const { args } of drain(net.server, Upload)) uploads.push(args.n)
      return [...drain(net.server, Line)].length === 1
    })
    expect(uploads).toEqual([0, 1])
    expect(stats(net.server).counters.rateLimitedCalls).toBe(1)
  })

  it('end with the connection: nothing is left of them, they are counted, and a new session begins clean', async () => {
    const net = createTestNetwork(large)
    const client = net.clients[0]!
    sendMessage(net.server, Map, { tiles: tilesOf(7, MAP_BYTES) })
    sendMessage(client.world, Map, { tiles: tilesOf(8, MAP_BYTES) })
    net.tick(3)
    expect(transfers(client.world).length).toBe(2)
    await close(client.world)
    net.tick(3)
    expect([transfers(client.world), transfers(net.server)]).toEqual([[], []])
    expect(stats(net.server).counters.unsentCalls).toBe(1)
    expect(stats(client.world).counters.unsentCalls).toBe(1)
    const again = net.connect({ world: client.world })
    const tiles = tilesOf(9, MAP_BYTES)
    sendMessage(net.server, Map, { tiles }, { to: again.connection })
    let arrived: Uint8Array | undefined
    net.until(() => {
      for (const { args } of drain(again.world, Map)) arrived = args.tiles
      return arrived !== undefined
    })
    expect(Buffer.compare(arrived!, tiles)).toBe(0)
  })

  it('survive loss, reordering and doubling of the unreliable channel, which they do not use', () => {
    const net = createTestNetwork(large, {
      conditions: { loss: 0.3, duplicate: 0.2, latency: 60, jitter: 40 },
      seed: 3,
    })
    const tiles = tilesOf(10, MAP_BYTES)
    sendMessage(net.server, Map, { tiles })
    let arrived: Uint8Array | undefined
    net.until(() => {
      for (const { args } of drain(net.clients[0]!.world, Map)) arrived = args.tiles
      return arrived !== undefined
    }, 400)
    expect(Buffer.compare(arrived!, tiles)).toBe(0)
  })

  it('close the client when too many wait for it; a client that queues too many gets an error from the call', () => {
    const net = createTestNetwork(large, { clients: 2 })
    const [slow, other] = net.clients
    slow!.running = false
    const tiles = new Uint8Array(MAP_BYTES)
    for (let i = 0; i < 100 && stats(net.server).connections === 2; i++) {
      sendMessage(net.server, Map, { tiles }, { to: slow!.connection })
      net.tick()
    }
    slow!.running = true
    net.tick(2)
    expect(slow!.reason?.code).toBe('overflow')
    expect(stats(net.server).connections).toBe(1)
    expect(() => {
      for (let i = 0; i < 200; i++) {
        sendMessage(other!.world, Map, { tiles })
        other!.step()
      }
    }).toThrow(/Map: too many large messages wait already/)
  })

  it('are not confused with small ones of the same definition', () => {
    const net = createTestNetwork(large)
    const { world } = net.clients[0]!
    const sizes = [10, 30_000, 0, 16_000, 20_000, 1]
    for (const [n, size] of sizes.entries()) sendMessage(net.server, Map, { tiles: tilesOf(n, size) })
    const seen: number[] = []
    net.until(() => {
      for (const { args } of drain(world, Map)) seen.push(args.tiles.length)
      return seen.length === sizes.length
    })
    expect(seen).toEqual(sizes)
    expect([...drain(world, NetworkErrors)]).toEqual([])
  })

  it('say in the protocol that they are large, so that two sides agree', () => {
    expect(defineProtocol({ messages: { A: defineMessage({ t: string(5) }, { large: true }) } }).description).toContain(
      'message A {t:string(5)} reliable from both large',
    )
  })
})
