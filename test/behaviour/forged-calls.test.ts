// Calls and messages that no honest client sends, from a client whose protocol passes for the server's.
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

/** Under the names of the genuine ones, what a cheat would like them to be. */
const AnyBytes = defineMessage({ text: raw })
const LongLine = defineMessage({ text: string(100) })
const EarlyLine = defineMessage({ text: string(10) }, { beforeAuthentication: true })
const EarlyMove = defineMessage({ dx: f32 }, { from: 'client', beforeAuthentication: true })
/** Behind all others in the order of the names, so that the others keep their numbers. */
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

/** That nobody else is the worse for it. */
function expectService(net: TestNetwork, honest: TestClient): void {
  sendMessage(honest.world, Line, { text: 'honest' })
  net.tick(2)
  expect(linesAt(net)).toEqual(['honest'])
  expect(honest.reason).toBeUndefined()
}

describe('4: a command on an entity the sender does not observe, on an unknown net id, with an unknown id, or from a connection that is not ready: dropped and counted, never run', () => {
  const codes = (net: TestNetwork): string[] => [...drain(net.server, NetworkErrors)].map(({ code }) => code)

  it('from a connection that is not ready, while the client still has the entity', () => {
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

  // Net ids that no world of a client names come as bytes: test/unit/world/dropped-calls.test.ts.

  it('with an unknown id, on its own entity', () => {
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

describe('19: before authentication only messages marked so are dispatched; any other counts against the connection', () => {
  function greet(forged: object) {
    const net = createTestNetwork(plain, { clients: 0, users: { authenticate: 'by-messages' } })
    const cheat = net.begin({ protocol: forged as typeof plain })
    net.tick(2)
    return { net, cheat }
  }

  it('a message that is not marked is dropped and counted, and those that are arrive', () => {
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

  it('one that goes on is closed, with a reason', () => {
    const { net, cheat } = greet(earlier)
    for (let i = 0; i < 100 && cheat.reason === undefined; i++) {
      sendMessage(cheat.world, EarlyLine, { text: 'again' })
      net.tick()
    }
    expect(cheat.reason).toMatchObject({ code: 'malformed', by: 'remote' })
    expect(linesAt(net)).toEqual([])
  })

  it('a command that comes as a message runs no more than a message does', () => {
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
    ['more than it has', [9, ...text('abc')]],
    ['less than it has', [1, ...text('abc')]],
    ['more than is allowed', [11, ...text('abcdefghijk')]],
    ['nothing, and has something', [0, 1]],
    ['a length without an end', [0x80]],
    ['nothing at all', []],
  ])('%s', (_, payload) => {
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
  it('that is a byte longer than the receiver allows is refused, and the largest passes', () => {
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
  it('counts, and too many close the connection with a reason', () => {
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

  it('closes at the first, where the policy says so', () => {
    const { net, cheat, honest } = against(richer, { limits: { unknownCalls: 'close' } })
    sendMessage(cheat.world, Zap, { n: 1 })
    net.tick(2)
    expect(cheat.reason).toMatchObject({ code: 'unknown-call', by: 'remote' })
    expect(stats(net.server).counters.unknownDefinitions).toBe(1)
    expectService(net, honest)
  })
})
