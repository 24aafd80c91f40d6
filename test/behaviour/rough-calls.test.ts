// The rules of calls where they are easiest to break: doubled, swapped and late packets, ends under way, several
// clients.
import {
  clearOwner,
  type ClientWorld,
  type Definition,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  despawn,
  drain,
  entity,
  handle,
  NetworkErrors,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  type ServerWorld,
  setOwner,
  setReady,
  u8,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { addComponent, addEntity, removeEntity } from 'bitecs'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork, type TestNetworkOptions } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

/** A network with a ship of the first client, known to all. */
function shipOfFirst(options: TestNetworkOptions = {}) {
  const net = createTestNetwork(game.arena, { clients: 2, ...options })
  const ship = game.spawnShip(net.server, 1, 2)
  setOwner(net.server, ship, net.clients[0]!.connection)
  net.until(() => net.clients.every(({ world }) => game.copyOf(world, net.server, ship) !== 0))
  net.tick(4)
  const copies = net.clients.map(({ world }) => game.copyOf(world, net.server, ship))
  return { net, ship, copies }
}

function count(world: ServerWorld | ClientWorld, definition: Definition): number {
  return [...drain(world as ServerWorld, definition as typeof game.Move)].length
}

const bad = { latency: 40, jitter: 60, loss: 0.2, duplicate: 0.5, reorder: 0.4, reorderBy: 150 }

describe('1: on a bad network', () => {
  it.each([1, 2, 3, 4, 5])('every reliable command runs once, in order: seed %i', (seed) => {
    const { net, copies } = shipOfFirst({ conditions: bad, seed })
    const seen: number[] = []
    for (let i = 0; i < 150; i++) {
      if (i < 100) sendCommand(net.clients[0]!.world, copies[0]!, game.Move, { dx: i, dy: -i })
      net.tick()
      for (const { args } of drain(net.server, game.Move)) seen.push(args.dx)
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })
})

describe('3: authority', () => {
  it('lets a command run whose sender lost the entity and got it back in flight, but not when another client has it now', () => {
    const { net, ship, copies } = shipOfFirst({ conditions: { latency: 200 } })
    const [a, b] = net.clients.map(({ connection }) => connection) as [number, number]
    sendCommand(net.clients[0]!.world, copies[0]!, game.Move, { dx: 1, dy: 0 })
    net.tick()
    clearOwner(net.server, ship)
    setOwner(net.server, ship, a)
    net.tick(8)
    expect(count(net.server, game.Move)).toBe(1)
    sendCommand(net.clients[0]!.world, copies[0]!, game.Move, { dx: 2, dy: 0 })
    net.tick()
    setOwner(net.server, ship, b)
    net.tick(8)
    expect(count(net.server, game.Move)).toBe(0)
    expect(stats(net.server).counters.unauthorizedCalls).toBe(1)
  })
})

const A = defineCommand({ n: u8 }, { requiresAuthority: false })
const B = defineCommand({ n: u8 }, { requiresAuthority: false })
const C = defineClientRpc({ n: u8 })
const D = defineClientRpc({ n: u8 })
const E = defineTargetRpc({ n: u8 })
const F = defineTargetRpc({ n: u8 })
const G = defineMessage({ n: u8 })
const H = defineMessage({ n: u8 })
const Point = defineClientRpc({ at: entity, n: u8 })
const twins = defineProtocol({ remote: { A, B, C, D, E, F, Point }, messages: { G, H } })

function entityOfAll(net: TestNetwork): number {
  const eid = addEntity(net.server)
  addComponent(net.server, eid, Networked)
  net.tick(3)
  return eid
}

describe('5: of all pairs of the same shape', () => {
  it('each call is in its own queue, and in no other', () => {
    const net = createTestNetwork(twins)
    const { world, connection } = net.clients[0]!
    const eid = entityOfAll(net)
    const copy = game.copyOf(world, net.server, eid)
    const send: [Definition, () => void, ServerWorld | ClientWorld][] = [
      [A, () => sendCommand(world, copy, A, { n: 1 }), net.server],
      [B, () => sendCommand(world, copy, B, { n: 1 }), net.server],
      [C, () => sendRpc(net.server, eid, C, { n: 1 }), world],
      [D, () => sendRpc(net.server, eid, D, { n: 1 }), world],
      [E, () => sendTargetRpc(net.server, eid, E, { n: 1 }, { to: connection }), world],
      [F, () => sendTargetRpc(net.server, eid, F, { n: 1 }, { to: connection }), world],
      [G, () => sendMessage(net.server, G, { n: 1 }), world],
      [H, () => sendMessage(net.server, H, { n: 1 }), world],
      [G, () => sendMessage(world, G, { n: 1 }), net.server],
      [H, () => sendMessage(world, H, { n: 1 }), net.server],
    ]
    for (const [i, [, act]] of send.entries()) {
      act()
      net.tick(2)
      const arrived = send.map(([definition, , at]) => count(at, definition))
      expect(arrived).toEqual(send.map((_, other) => (other === i ? 1 : 0)))
    }
  })
})

describe('7: a client RPC', () => {
  it('goes past a client that is not ready, and who becomes ready later does not get it', () => {
    const { net, ship } = shipOfFirst()
    setReady(net.clients[1]!.world, false)
    net.tick(3)
    sendRpc(net.server, ship, game.Boom, { x: 1, shooter: 0 })
    sendRpc(net.server, ship, game.Spark, { n: 1 })
    net.tick(2)
    setReady(net.clients[1]!.world, true)
    const late = net.connect()
    net.tick(4)
    const got = [net.clients[0]!, net.clients[1]!, late].map(({ world }) => [
      count(world, game.Boom),
      count(world, game.Spark),
    ])
    expect(got).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
    ])
  })
})

describe('11: a call', () => {
  it('from the server is dropped and counted by a client whose copy has ended, and counts against no budget', () => {
    const { net, ship } = shipOfFirst({ clients: 1 })
    const { world } = net.clients[0]!
    // The unreliable call is overtaken by the despawn.
    net.setServerConditions({ reorder: 1, reorderBy: 300 })
    for (let n = 0; n < 100; n++) sendRpc(net.server, ship, game.Spark, { n })
    net.tick()
    net.setServerConditions({ reorder: 0 })
    despawn(net.server, ship)
    net.tick(20)
    expect(count(world, game.Spark)).toBe(0)
    expect(stats(world).counters.staleCalls).toBe(100)
    expect(net.clients[0]!.reason).toBeUndefined()
  })

  it('from a client is dropped when another entity has the slot by now: it never reaches that one', () => {
    const { net, ship, copies } = shipOfFirst({ conditions: { latency: 300 } })
    for (let i = 0; i < 60; i++) sendCommand(net.clients[1]!.world, copies[1]!, game.Knock, { door: i })
    net.tick()
    removeEntity(net.server, ship)
    const others = Array.from({ length: 20 }, () => game.spawnShip(net.server))
    expect(others).toContain(ship)
    net.tick(20)
    expect(count(net.server, game.Knock)).toBe(0)
    expect(stats(net.server).counters.staleCalls).toBe(60)
    expect(net.clients[1]!.reason).toBeUndefined()
  })

  it.each([false, true])(
    'that names an entity which ends behind it finds it; sent behind its end, 0: host %s',
    (host) => {
      const net = createTestNetwork(twins, host ? { host, clients: 0 } : { conditions: { latency: 100 } })
      const world = net.host?.world ?? net.clients[0]!.world
      const [eid, gone] = [entityOfAll(net), entityOfAll(net)]
      net.tick(6)
      const [copy, last] = [game.copyOf(world, net.server, eid), game.copyOf(world, net.server, gone)]
      sendRpc(net.server, eid, Point, { at: gone, n: 1 })
      despawn(net.server, gone)
      sendRpc(net.server, eid, Point, { at: gone, n: 2 })
      const seen: number[][] = []
      for (let i = 0; i < 8; i++) {
        net.tick()
        for (const { args } of drain(world, Point)) seen.push([args.n, args.at])
      }
      expect(seen).toEqual([
        [1, last],
        [2, 0],
      ])
      expect(game.networked(world)).toEqual([copy])
    },
  )
})

describe('13: a rate', () => {
  it('holds for each client and each definition by itself, and refills by the clock', () => {
    const { net, ship, copies } = shipOfFirst()
    const [a, b] = net.clients
    const shoot = (i: number, times: number): number => {
      for (let n = 0; n < times; n++) sendCommand(net.clients[i]!.world, copies[i]!, game.Shoot, { power: n })
      for (let n = 0; n < times; n++) sendCommand(net.clients[i]!.world, copies[i]!, game.Move, { dx: n, dy: 0 })
      net.tick(1)
      expect(count(net.server, game.Move)).toBe(times)
      return count(net.server, game.Shoot)
    }
    expect(shoot(0, 10)).toBe(3)
    setOwner(net.server, ship, b!.connection)
    net.tick()
    expect(shoot(1, 10)).toBe(3)
    setOwner(net.server, ship, a!.connection)
    net.tick()
    // Two a second at 20 ticks a second: one in ten ticks, and never more than the burst.
    net.tick(10)
    expect(shoot(0, 5)).toBe(1)
    net.tick(9)
    expect(shoot(0, 5)).toBe(1)
    net.tick(2000)
    expect(shoot(0, 5)).toBe(3)
    expect(stats(net.server).counters.rateLimitedCalls).toBe(7 + 7 + 4 + 4 + 2)
  })
})

describe('14: an unreliable call on a bad network', () => {
  it.each([1, 2, 3, 4, 5])('arrives at most once, in whatever order: seed %i', (seed) => {
    const { net, ship, copies } = shipOfFirst({ conditions: bad, seed })
    const { world } = net.clients[0]!
    const seen: number[][] = [[], [], []]
    for (let i = 0; i < 330; i++) {
      if (i < 300) {
        sendCommand(world, copies[0]!, game.Dash, { step: i })
        sendRpc(net.server, ship, game.Spark, { n: i })
        sendMessage(net.server, game.Ping, { n: i })
      }
      net.tick()
      for (const { args } of drain(net.server, game.Dash)) seen[0]!.push(args.step)
      for (const { args } of drain(world, game.Spark)) seen[1]!.push(args.n)
      for (const { args } of drain(world, game.Ping)) seen[2]!.push(args.n)
    }
    for (const list of seen) {
      expect(new Set(list).size).toBe(list.length)
      expect(list.length).toBeGreaterThan(120)
      expect(list).not.toEqual([...list].sort((x, y) => x - y))
    }
    expect(stats(net.server).counters.duplicatePackets).toBeGreaterThan(20)
  })
})

describe('17: undrained calls', () => {
  it.each([
    [118, 1, 1],
    [125, 0, 0],
  ])('is kept for 120 ticks, and no longer: after %i', (ticks, calls, messages) => {
    const { net, ship, copies } = shipOfFirst()
    const { world } = net.clients[0]!
    sendCommand(world, copies[0]!, game.Move, { dx: 1, dy: 1 })
    sendMessage(net.server, game.Chat, { text: 'a' })
    sendRpc(net.server, ship, game.Boom, { x: 1, shooter: 0 })
    net.tick(ticks)
    expect([count(net.server, game.Move), count(world, game.Chat), count(world, game.Boom)]).toEqual([
      calls,
      messages,
      calls,
    ])
  })

  it('is reported once for each name, and again for no later call', () => {
    const { net, ship, copies } = shipOfFirst()
    const { world } = net.clients[1]!
    for (let i = 0; i < 3; i++) {
      sendMessage(net.clients[0]!.world, game.Chat, { text: 'a' })
      sendCommand(net.clients[0]!.world, copies[0]!, game.Move, { dx: 1, dy: 1 })
      sendRpc(net.server, ship, game.Boom, { x: 1, shooter: 0 })
      net.tick(130)
    }
    const names = (at: ServerWorld | ClientWorld): string[] =>
      [...drain(at, NetworkErrors)].filter(({ code }) => code === 'undrained').map(({ name }) => name)
    expect(names(net.server).toSorted()).toEqual(['Chat', 'Move'])
    expect(names(world)).toEqual(['Boom'])
    expect([stats(net.server).counters.undrainedCalls, stats(world).counters.undrainedCalls]).toEqual([6, 3])
    // A handler is somebody.
    handle(world, game.Boom, () => {})
    sendRpc(net.server, ship, game.Boom, { x: 1, shooter: 0 })
    net.tick(130)
    expect(stats(world).counters.undrainedCalls).toBe(3)
  })
})
