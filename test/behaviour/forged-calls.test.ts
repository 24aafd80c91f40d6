// Tests calls and messages that no honest client sends, from a client that passes its protocol off as the server's.
import { addComponent, addEntity } from 'bitecs'
import {
  defineCommand,
  defineMessage,
  defineProtocol,
  drain,
  f32,
  NetworkErrors,
  sendCommand,
  sendMessage,
  setOwner,
  setReady,
  string,
  u32,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork, type TestNetworkOptions } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { passOff, raw } from '../support/forged.js'

const Move = defineCommand({ dx: f32 })
const Knock = defineCommand({ door: f32 }, { requiresAuthority: false })
const Line = defineMessage({ text: string(10) })
const Proof = defineMessage({ n: u32 }, { from: 'client', beforeAuthentication: true })
const plain = defineProtocol({ remote: { Move, Knock }, messages: { Line, Proof } })

/** Forged definitions under the names of the real ones. */
const AnyBytes = defineMessage({ text: raw })
const LongLine = defineMessage({ text: string(100) })
const EarlyLine = defineMessage({ text: string(10) }, { beforeAuthentication: true })
const EarlyMove = defineMessage({ dx: f32 }, { from: 'client', beforeAuthentication: true })
/** Its name sorts after all others, so that they keep their ids. */
const Zap = defineMessage({ n: u32 })
const ZapShip = defineCommand({ n: u32 })

const lying = passOff(defineProtocol({ remote: { Move, Knock }, messages: { Line: AnyBytes, Proof } }), plain)
const longer = passOff(defineProtocol({ remote: { Move, Knock }, messages: { Line: LongLine, Proof } }), plain)
const earlier = passOff(
  defineProtocol({ remote: { Knock }, messages: { Line: EarlyLine, Move: EarlyMove, Proof } }),
  plain,
)
const richer = passOff(defineProtocol({ remote: { Move, Knock, ZapShip }, messages: { Line, Proof, Zap } }), plain)

/** A network with one forged client, one honest one, and an entity that the forged one owns. */
function against(forged: typeof plain | object, options: TestNetworkOptions = {}) {
  const net = createTestNetwork(plain, { clients: 0, ...options })
  const cheat = net.connect({ protocol: forged as typeof plain })
  const honest = net.connect()
  const ship = addEntity(net.server)
  addComponent(net.server, ship, Networked)
  setOwner(net.server, ship, cheat.connection)
  net.until(() => [cheat, honest].every(({ world }) => game.copyOf(world, net.server, ship) !== 0))
  return { net, cheat, honest, ship, copy: game.copyOf(cheat.world, net.server, ship) }
}

function linesAt(net: TestNetwork): string[] {
  const texts: string[] = []
  for (const { args } of drain(net.server, Line)) texts.push(args.text)
  return texts
}

/** Expects that the honest client is still served. */
function expectService(net: TestNetwork, honest: TestClient): void {
  sendMessage(honest.world, Line, { text: 'honest' })
  net.tick(2)
  expect(linesAt(net)).toEqual(['honest'])
  expect(honest.reason).toBeUndefined()
}

describe('4: a command on an entity the sender does not observe, on an unknown net id, with an unknown id, or from a connection that is not ready: dropped and counted, never run', () => {
  const codes = (net: TestNetwork): string[] => [...drain(net.server, NetworkErrors)].map(({ code }) => code)

  it('a command from a connection that is not ready is dropped and counted', () => {
    const { net, cheat: client, copy } = against(plain, { conditions: { latency: 100 } })
    setReady(client.world, false)
    net.tick()
    sendCommand(client.world, copy, Knock, { door: 1 })
    sendCommand(client.world, copy, Move, { dx: 1 })
    net.tick(10)
    expect([[...drain(net.server, Knock)], [...drain(net.server, Move)]]).toEqual([[], []])
    expect(stats(net.server).counters.notReadyCalls).toBe(2)
    expect(codes(net)).toEqual(['not-ready', 'not-ready'])
    expect(client.reason).toBeUndefined()
  })

  // Unknown net ids are tested with raw bytes: test/unit/world/dropped-calls.test.ts.

  it("a command with an unknown id on the sender's own entity is dropped and counted", () => {
    const { net, cheat, honest, copy } = against(richer)
    sendCommand(cheat.world, copy, ZapShip, { n: 1 })
    sendCommand(cheat.world, copy, Move, { dx: 2 })
    net.tick(2)
    expect(stats(net.server).counters.unknownDefinitions).toBe(1)
    expect(codes(net)).toEqual(['unknown-definition'])
    expect([...drain(net.server, Move)].length).toBe(1)
    expectService(net, honest)
  })
})

describe('19: before authentication only messages with beforeAuthentication are dispatched; any other counts against the connection', () => {
  function greet(forged: object) {
    const net = createTestNetwork(plain, { clients: 0, users: { authenticate: 'by-messages' } })
    const cheat = net.begin({ protocol: forged as typeof plain })
    net.tick(2)
    return { net, cheat }
  }

  it('a message without beforeAuthentication is dropped and counted, and one with it arrives', () => {
    const { net, cheat } = greet(earlier)
    sendMessage(cheat.world, EarlyLine, { text: 'let me in' })
    net.tick()
    sendMessage(cheat.world, Proof, { n: 7 })
    net.tick()
    expect(linesAt(net)).toEqual([])
    const proofs: number[] = []
    for (const { args } of drain(net.server, Proof)) proofs.push(args.n)
    expect(proofs).toEqual([7])
    expect(stats(net.server).counters.unauthenticatedPackets).toBe(1)
    expect(cheat.reason).toBeUndefined()
    expect(stats(net.server).connections).toBe(0)
  })

  it('a client that keeps sending such messages is closed with a reason', () => {
    const { net, cheat } = greet(earlier)
    for (let i = 0; i < 100 && cheat.reason === undefined; i++) {
      sendMessage(cheat.world, EarlyLine, { text: 'again' })
      net.tick()
    }
    expect(cheat.reason).toMatchObject({ code: 'malformed', by: 'remote' })
    expect(linesAt(net)).toEqual([])
  })

  it('a command that is forged as an early message does not run', () => {
    const { net, cheat } = greet(earlier)
    sendMessage(cheat.world, EarlyMove, { dx: 1 })
    net.tick(2)
    expect([...drain(net.server, Move)]).toEqual([])
    expect(stats(net.server).counters.unauthenticatedPackets).toBe(1)
  })
})

describe('22: a message that claims another length than it has cannot shift the next one', () => {
  const text = (value: string): number[] => [...new TextEncoder().encode(value)]
  it.each<[string, number[]]>([
    ['a length above its content', [9, ...text('abc')]],
    ['a length below its content', [1, ...text('abc')]],
    ['a length above the limit', [11, ...text('abcdefghijk')]],
    ['a length of zero, but content', [0, 1]],
    ['an unfinished length', [0x80]],
    ['no bytes at all', []],
  ])('the next message arrives after one with %s', (_, payload) => {
    const { net, cheat, honest } = against(lying)
    sendMessage(cheat.world, AnyBytes, { text: Uint8Array.from([4, ...text('good')]) })
    sendMessage(cheat.world, AnyBytes, { text: Uint8Array.from(payload) })
    sendMessage(cheat.world, AnyBytes, { text: Uint8Array.from([4, ...text('next')]) })
    net.tick(2)
    expect(linesAt(net)).toEqual(['good', 'next'])
    expect(stats(net.server).counters.malformedCalls).toBe(1)
    expect(stats(net.server).counters.malformedPackets).toBe(0)
    expectService(net, honest)
  })
})

describe('20: a small message', () => {
  it('is refused when it is one byte too long, and the largest passes', () => {
    const { net, cheat, honest } = against(longer)
    sendMessage(cheat.world, LongLine, { text: 'x'.repeat(10) })
    sendMessage(cheat.world, LongLine, { text: 'x'.repeat(11) })
    net.tick(2)
    expect(linesAt(net)).toEqual(['xxxxxxxxxx'])
    expect(stats(net.server).counters.malformedCalls).toBe(1)
    expectService(net, honest)
  })
})

describe('23: an unknown id', () => {
  it('is counted, and too many close the connection with a reason', () => {
    const { net, cheat, honest } = against(richer)
    sendMessage(cheat.world, Zap, { n: 1 })
    sendMessage(cheat.world, Line, { text: 'behind' })
    net.tick(2)
    expect(linesAt(net)).toEqual(['behind'])
    expect(stats(net.server).counters.unknownDefinitions).toBe(1)
    expect(cheat.reason).toBeUndefined()
    for (let i = 0; i < 200 && cheat.reason === undefined; i++) {
      sendMessage(cheat.world, Zap, { n: i })
      net.tick()
    }
    expect(cheat.reason).toMatchObject({ code: 'malformed', by: 'remote' })
    expectService(net, honest)
  })

  it("closes the connection at once with unknownCalls: 'close'", () => {
    const { net, cheat, honest } = against(richer, { limits: { unknownCalls: 'close' } })
    sendMessage(cheat.world, Zap, { n: 1 })
    net.tick(2)
    expect(cheat.reason).toMatchObject({ code: 'unknown-call', by: 'remote' })
    expect(stats(net.server).counters.unknownDefinitions).toBe(1)
    expectService(net, honest)
  })
})
