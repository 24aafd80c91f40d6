// Tests calls and the entities they are on or name: their order after spawns, and calls about missing entities.
import { addComponent, addEntity, hasComponent } from 'bitecs'
import {
  array,
  defineMessage,
  defineProtocol,
  despawn,
  drain,
  entity,
  handle,
  NetworkErrors,
  optional,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  setOwner,
  setReady,
  struct,
  varint,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

describe("9: a reliable RPC sent in the same tick as the spawn arrives after it, and sees the spawn's values and every structural change sent before it", () => {
  it("runs in the order of the server's code", () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const client = net.clients[0]!.world
    const ship = game.spawnShip(net.server, 5, 6, 42)
    sendRpc(net.server, ship, game.Boom, { x: 1, shooter: ship })
    net.tick()
    addComponent(net.server, ship, game.Flag)
    sendRpc(net.server, ship, game.Boom, { x: 2, shooter: ship })
    const seen: unknown[] = []
    handle(client, game.Boom, ({ entity: on, args }) => {
      const hasFlag = hasComponent(client, on, game.Flag)
      seen.push([args.x, args.shooter === on, game.Health.hp[on], game.Position.x[on], hasFlag])
    })
    net.tick(3)
    expect(seen).toEqual([
      [1, true, 42, game.quantize(5), false],
      [2, true, 42, game.quantize(5), true],
    ])
  })
})

describe('9: an unreliable RPC sent in the same tick as the spawn', () => {
  it('arrives after it, once, under loss, reordering and duplication', () => {
    const net = createTestNetwork(game.arena, { clients: 1, seed: 7 })
    const { world } = net.clients[0]!
    net.setServerConditions({ latency: 60, loss: 0.3, duplicate: 0.5, reorder: 0.2, reorderBy: 120 })
    const ships: number[] = []
    const seen: number[] = []
    const wrong: unknown[] = []
    const read = (): void => {
      for (const { entity: on, args } of drain(world, game.Spark)) {
        seen.push(args.n)
        if (game.copyOf(world, net.server, ships[args.n]!) !== on) wrong.push([args.n, on])
      }
    }
    for (let n = 0; n < 200; n++) {
      const ship = game.spawnShip(net.server)
      ships.push(ship)
      sendRpc(net.server, ship, game.Spark, { n })
      net.tick()
      read()
    }
    net.setServerConditions({ loss: 0, reorder: 0, duplicate: 0 })
    for (let i = 0; i < 100; i++) {
      net.tick()
      read()
    }
    expect(wrong).toEqual([])
    // No client had acknowledged a spawn when its call left, so nothing is lost and the order is kept.
    expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => n))
    expect(stats(world).counters.staleCalls).toBe(0)
  })
})

describe('9: a call on an entity that the client does not have', () => {
  it('is dropped and counted by the sender when no spawn is queued for that client', () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const ship = game.spawnShip(net.server)
    setReady(net.clients[1]!.world, false)
    net.tick(4)
    const target = net.clients[1]!.connection
    sendTargetRpc(net.server, ship, game.Prize, { gold: 1 }, { to: target })
    sendTargetRpc(net.server, ship, game.Whisper, { n: 1 }, { to: target })
    net.tick(3)
    expect(stats(net.server).counters.unsentCalls).toBe(2)
    const { world } = net.clients[1]!
    expect([...drain(world, game.Prize)].length + [...drain(world, game.Whisper)].length).toBe(0)
    expect([...drain(world, NetworkErrors)]).toEqual([])
  })
})

const Point = defineMessage({ n: varint, who: entity }, { channel: 'unreliable' })
const Crowd = defineMessage(
  { all: array(struct({ who: optional(entity) }), 8), first: entity },
  { channel: 'unreliable' },
)
const names = defineProtocol({ messages: { Point, Crowd } })

function spawn(net: ReturnType<typeof createTestNetwork>): number {
  const eid = addEntity(net.server)
  addComponent(net.server, eid, Networked)
  return eid
}

describe("10: an argument of type entity arrives as the receiver's own id; one that it does not have arrives as 0", () => {
  it("arrives as the receiver's own id", () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const { world } = net.clients[1]!
    const [a, b] = [game.spawnShip(net.server), game.spawnShip(net.server)] as const
    setOwner(net.server, a, net.clients[1]!.connection)
    net.tick(2)
    sendRpc(net.server, a, game.Boom, { x: 0, shooter: b })
    net.tick(2)
    const [call] = drain(world, game.Boom)
    expect([call!.entity, call!.args.shooter]).toEqual([
      game.copyOf(world, net.server, a),
      game.copyOf(world, net.server, b),
    ])
    expect(call!.args.shooter).not.toBe(b)
  })

  it('a new entity in the arguments spawns before the call arrives, even an unreliable call', () => {
    const net = createTestNetwork(names, { seed: 3 })
    const { world } = net.clients[0]!
    net.setServerConditions({ latency: 60, loss: 0.3 })
    const seen: number[][] = []
    const who: number[] = []
    const read = (): void => {
      for (const { args } of drain(world, Point)) seen.push([args.n, args.who])
    }
    for (let n = 0; n < 100; n++) {
      who.push(spawn(net))
      sendMessage(net.server, Point, { n, who: who[n]! })
      net.tick()
      read()
    }
    for (let i = 0; i < 100; i++) {
      net.tick()
      read()
    }
    expect(seen).toEqual(who.map((eid, n) => [n, game.copyOf(world, net.server, eid)]))
  })

  it('an entity that despawns within its tick arrives as 0 at once, and delays no other call', () => {
    const net = createTestNetwork(names)
    const { world } = net.clients[0]!
    const brief = spawn(net)
    sendMessage(net.server, Point, { n: 1, who: brief })
    despawn(net.server, brief)
    sendMessage(net.server, Point, { n: 2, who: 0 })
    net.tick(2)
    expect(Array.from(drain(world, Point), ({ args }) => [args.n, args.who])).toEqual([
      [1, 0],
      [2, 0],
    ])
  })

  it('an entity that has despawned when a delayed call arrives is 0', () => {
    const net = createTestNetwork(names)
    const { world } = net.clients[0]!
    const ship = spawn(net)
    net.tick(4)
    // The despawn overtakes the message.
    net.setServerConditions({ reorder: 1, reorderBy: 200 })
    sendMessage(net.server, Point, { n: 1, who: ship })
    net.tick()
    net.setServerConditions({ reorder: 0 })
    despawn(net.server, ship)
    const seen: unknown[] = []
    for (let tick = 0; tick < 6; tick++) {
      net.tick()
      for (const { args } of drain(world, Point)) seen.push([args.n, args.who, game.networked(world).length])
    }
    expect(seen).toEqual([[1, 0, 0]])
  })

  it('a new entity in a list, struct or optional value spawns before the call arrives, too', () => {
    const net = createTestNetwork(names, { seed: 5 })
    const { world } = net.clients[0]!
    net.setServerConditions({ latency: 60, loss: 0.3 })
    const seen: number[][] = []
    const ships: number[][] = []
    const read = (): void => {
      for (const { args } of drain(world, Crowd)) seen.push([args.first, args.all[1]!.who!])
    }
    for (let n = 0; n < 60; n++) {
      const [a, b] = [spawn(net), spawn(net)]
      ships.push([b, a])
      sendMessage(net.server, Crowd, { all: [{}, { who: a }], first: b })
      net.tick()
      read()
    }
    net.setServerConditions({ loss: 0 })
    for (let i = 0; i < 60; i++) {
      net.tick()
      read()
    }
    expect(seen).toEqual(ships.map((pair) => pair.map((eid) => game.copyOf(world, net.server, eid))))
  })
})
