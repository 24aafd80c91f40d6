// Tests the limits on what one client may send: rate limits, error budgets by kind, and exceptions.
import { addComponent, addEntity } from 'bitecs'
import {
  defineCommand,
  defineMessage,
  defineProtocol,
  despawn,
  drain,
  entityOf,
  netIdOf,
  sendCommand,
  sendMessage,
  setPlayer,
  string,
  u16,
  u8,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { violationsOf } from 'bitecs-net/users'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetworkOptions } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ClientLimits, VIOLATIONS } from '../../../src/connection/server/client-limits.js'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { SectionKind, writePing } from '../../../src/protocol/packet.js'
import { Channel } from '../../../src/transport/transport.js'
import { bytesPerEvent } from '../../support/heap.js'
import { throwSections, transportOf } from './tap.js'

const Press = defineCommand({ key: u8 }, { rate: { perSecond: 10, burst: 10 } })
const Wave = defineMessage({ n: u16 })
const Speech = defineMessage({ text: string(1000) })
const protocol = defineProtocol({ remote: { Press }, messages: { Speech, Wave } })

function start(options: TestNetworkOptions = {}) {
  const net = createTestNetwork(protocol, { clients: 1, ...options })
  const hostile = net.clients[0]!
  const { connection } = hostile
  return { net, hostile, connection, violations: () => violationsOf(net.server, connection) }
}

/** Sends a message with an unknown definition. */
function callUnknown(client: TestClient): void {
  throwSections(client, (writer) => {
    writer.u8(SectionKind.Message)
    writer.varint(99)
    writer.varint(0)
  })
}

/** Sends a command on an entity that never existed. */
function forgeEntity(client: TestClient): void {
  throwSections(client, (writer) => {
    writer.u8(SectionKind.Call)
    for (const field of [4000, 1, protocol.ids.get(Press)!, 1, 1]) writer.varint(field)
  })
}

function heartBeat(client: TestClient, channel: Channel): void {
  const writer = new ByteWriter()
  writePing(writer, 1, 1, 0)
  transportOf(client.world, 'client').send(1, channel, writer.bytes, writer.length)
}

describe('the error budget of a connection', () => {
  it('is separate for each kind, and the reason on both sides names the kind that is used up', () => {
    const { net, hostile, connection, violations } = start()
    for (let i = 0; i < 7; i++) forgeEntity(hostile)
    for (let i = 0; i < 16; i++) callUnknown(hostile)
    net.tick()
    // Neither budget is used up: 16 calls at 1 point, 7 at 2 points.
    expect(hostile.reason).toBeUndefined()
    expect(violations()).toMatchObject({ 'unknown-call': 16, 'unknown-entity': 7, 'malformed-packet': 0 })
    forgeEntity(hostile)
    forgeEntity(hostile)
    net.tick(2)
    expect(hostile.reason).toMatchObject({ code: 'malformed', by: 'remote' })
    expect(hostile.reason!.text).toContain('unknown-entity')
    expect(stats(net.server).violations).toEqual({ 'unknown-call': 16, 'unknown-entity': 9 })
    expect(() => violationsOf(net.server, connection)).toThrow('not an open connection')
  })

  it('refills over time', () => {
    const { net, hostile } = start({ limits: { errorBudget: { burst: 4, perSecond: 2 } } })
    for (let i = 0; i < 40; i++) {
      callUnknown(hostile)
      net.stall(450)
      net.tick()
    }
    expect(hostile.reason).toBeUndefined()
    for (let i = 0; i < 6; i++) callUnknown(hostile)
    net.tick(2)
    expect(hostile.reason!.text).toContain('unknown-call')
  })

  it('counts a kind of weight 0 without closing the connection, and a heavy kind closes it at once', () => {
    const { net, hostile, violations } = start({
      limits: { errorBudget: { weights: { 'unknown-call': 0, 'unknown-entity': 16 } } },
    })
    for (let i = 0; i < 200; i++) callUnknown(hostile)
    forgeEntity(hostile)
    net.tick()
    expect(violations()).toMatchObject({ 'unknown-call': 200, 'unknown-entity': 1 })
    forgeEntity(hostile)
    net.tick(2)
    expect(hostile.reason!.text).toContain('unknown-entity')
  })

  it('is not charged for races, such as an entity despawned meanwhile, or for a call above its rate limit', () => {
    const { net, hostile, connection, violations } = start()
    const spawn = (): number => {
      const eid = addEntity(net.server)
      addComponent(net.server, eid, Networked)
      setPlayer(net.server, connection, eid)
      return eid
    }
    const { world } = hostile
    const local = (eid: number): number => entityOf(world, netIdOf(net.server, eid))
    const gone = spawn()
    net.tick(3)
    for (let i = 0; i < 40; i++) sendCommand(world, local(gone), Press, { key: 1 })
    despawn(net.server, gone)
    net.tick(3)
    const own = spawn()
    net.tick(3)
    for (let i = 0; i < 40; i++) sendCommand(world, local(own), Press, { key: 1 })
    net.tick(2)
    const { counters } = stats(net.server)
    expect(counters.staleCalls).toBe(40)
    expect(counters.rateLimitedCalls).toBe(30)
    expect(netIdOf(net.server, own)).not.toBe(0)
    expect(Object.values(violations())).toEqual(VIOLATIONS.map(() => 0))
    expect(stats(net.server).violations).toEqual({})
  })
})

describe("packets above a client's rate limit", () => {
  it('are dropped unread and counted on the unreliable channel, and the client stays connected', () => {
    const { net, hostile } = start({ limits: { inbound: { packetsPerSecond: 10 } } })
    const { acceptedPackets } = stats(net.server).counters
    for (let i = 0; i < 10_000; i++) heartBeat(hostile, Channel.Unreliable)
    sendMessage(hostile.world, Wave, { n: 7 })
    net.tick(2)
    const { counters } = stats(net.server)
    expect(counters.rateLimitedPackets).toBeGreaterThan(10_000 - 4200)
    expect(counters.acceptedPackets - acceptedPackets).toBeLessThan(4200)
    expect([...drain(net.server, Wave)].map(({ args }) => args.n)).toEqual([7])
    expect(hostile.reason).toBeUndefined()
  })

  it('close the connection on the reliable channel, with the reason flood on both sides', () => {
    const { net, hostile } = start()
    for (let i = 0; i < 4200; i++) heartBeat(hostile, Channel.Reliable)
    net.tick(2)
    expect(hostile.reason).toMatchObject({ code: 'flood', by: 'remote' })
    expect(stats(net.server).closed).toEqual({ flood: 1 })
    expect(stats(net.server).counters.rateLimitedPackets).toBe(1)
  })

  it('are measured by arrival time, so a blocked server does not make steady packets exceed the limit', () => {
    const { net, hostile } = start({ limits: { inbound: { packetsPerSecond: 1000 } } })
    // Eight seconds at just below the limit, while the server reads nothing.
    for (let ms = 0; ms < 8000; ms++) {
      net.stall(1)
      if (ms % 10 !== 0) heartBeat(hostile, Channel.Reliable)
    }
    net.tick(2)
    expect(hostile.reason).toBeUndefined()
    expect(stats(net.server).counters.rateLimitedPackets).toBe(0)
  })

  it('are limited by their bytes, too', () => {
    const rules = { limits: { inbound: { bytesPerSecond: 200_000 } } }
    const { net, hostile } = start(rules)
    for (let i = 0; i < 140; i++) throwSections(hostile, (writer) => writer.copy(new Uint8Array(16_000), 0, 16_000))
    net.tick(2)
    // 140 × 16 KB exceed the burst of 2 MiB; the malformed packets close the connection first.
    expect(hostile.reason!.code).toBe('malformed')
    const limits = new ClientLimits()
    expect(limits.takesPacket(Channel.Reliable, 1 << 21, 5)).toBe(true)
    expect(limits.takesPacket(Channel.Reliable, 1, 5)).toBe(false)
    expect(limits.takesPacket(Channel.Unreliable, 1, 5)).toBe(true)
  })
})

describe("calls above a client's rate limit", () => {
  it('are dropped, and close the connection when they continue', () => {
    const { net, hostile, violations } = start({ limits: { inbound: { callsPerSecond: 1 } } })
    const wave = (count: number): void => {
      for (let i = 0; i < count; i++) sendMessage(hostile.world, Wave, { n: 1 })
      net.tick(2)
    }
    wave(4106)
    expect(violations()['call-flood']).toBeGreaterThan(5)
    expect(hostile.reason).toBeUndefined()
    wave(20)
    expect(hostile.reason!.text).toContain('call-flood')
  })

  it('are limited by their bytes, too', () => {
    const { net, hostile, violations } = start({ limits: { inbound: { callBytesPerSecond: 1000 } } })
    const speak = (count: number): void => {
      for (let i = 0; i < count; i++) sendMessage(hostile.world, Speech, { text: 'x'.repeat(1000) })
      net.tick()
    }
    for (let i = 0; i < 5; i++) speak(50)
    expect(violations()['call-flood']).toBe(0)
    speak(20)
    net.tick()
    expect(violations()['call-flood']).toBeGreaterThan(5)
    expect(hostile.reason).toBeUndefined()
    speak(20)
    net.tick(2)
    expect(hostile.reason!.text).toContain('call-flood')
  })
})

it('checking a packet against the rate limits allocates nothing', () => {
  const limits = new ClientLimits()
  // Kept in an array, where it is not boxed, as in a transport.
  const time = Float64Array.of(0.5)
  const turn = (count: number): void => {
    for (let i = 0; i < count; i++) {
      time[0]! += 0.25
      limits.takesPacket(Channel.Unreliable, 100, time[0]!)
    }
  }
  expect(bytesPerEvent(1000, turn)).toBeLessThan(0.5)
})

it.each([
  [{ limits: { inbound: { packetsPerSecond: 9 } } }, 'limits.inbound.packetsPerSecond is '],
  [{ limits: { inbound: { bytesPerSecond: 999 } } }, 'limits.inbound.bytesPerSecond is '],
  [{ limits: { inbound: { bytesPerSecond: 50_000 } } }, 'limits.inbound.bytesPerSecond is '],
  [{ limits: { inbound: { callsPerSecond: 0 } } }, 'limits.inbound.callsPerSecond is '],
  [{ limits: { inbound: { callBytesPerSecond: NaN } } }, 'limits.inbound.callBytesPerSecond is '],
  [{ limits: { errorBudget: { burst: 0 } } }, 'limits.errorBudget.burst is '],
  [{ limits: { errorBudget: { perSecond: -1 } } }, 'limits.errorBudget.perSecond is '],
  [
    { limits: { errorBudget: { weights: { 'malformed-packet': 17 } } } },
    "limits.errorBudget.weights['malformed-packet'] is ",
  ],
  [{ limits: { errorBudget: { weights: { rude: 1 } as object } } }, 'a kind in limits.errorBudget.weights is '],
])('%j is refused', (options, text) => {
  expect(() => createTestNetwork(protocol, { clients: 1, ...options })).toThrow(text)
})
