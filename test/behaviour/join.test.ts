// Tests joining an existing world: in chunks, the most important entities first, while the game goes on.
import { addComponent, addEntity, hasComponent, removeComponent, removeEntity } from 'bitecs'
import {
  added,
  connectionOf,
  createServerWorld,
  defineProtocol,
  despawn,
  drain,
  f32,
  removed,
  replicate,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  setOwner,
  setPlayer,
  setReady,
  u16,
  UsageError,
} from 'bitecs-net'
import {
  grid,
  ObserversAdded,
  ObserversRemoved,
  observersOf,
  setInterest,
  setPriority,
  setViewpoint,
} from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import { Connection, Joined, LocalPlayer, Networked, Owned, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork, type TestNetworkOptions } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { joinBehaviours } from '../support/behaviours-join.js'
import { converged } from '../support/behaviours-replication.js'
import { inMemory } from '../support/peers.js'

joinBehaviours('memory', inMemory)

/** A server with ships and no clients. */
function worldOf(count: number, options: TestNetworkOptions = {}): { net: TestNetwork; ships: number[] } {
  const net = createTestNetwork(game.arena, { clients: 0, ...options })
  const ships = Array.from({ length: count }, (_, i) => game.spawnShip(net.server, i % 100, 1, i % 1000))
  net.tick(2)
  return { net, ships }
}

/** A client that has just begun to receive a world of 2,000 ships, at 256 bytes a tick. */
function slowJoin(options: TestNetworkOptions = {}) {
  const { net, ships } = worldOf(2000, { limits: { spawnBytesPerTick: 256 }, ...options })
  const client = net.connect()
  const { world } = client
  const has = (ship: number): boolean => game.copyOf(world, net.server, ship) !== 0
  return { net, ships, client, world, has }
}

describe('34: a late join in chunks', () => {
  it('sends at most its budget of spawns a tick, the first within two round trips of connecting', () => {
    const { net, ships } = worldOf(3000, { limits: { spawnBytesPerTick: 4000 }, conditions: { latency: 100 } })
    const before = net.now
    const client = net.begin()
    let sent = stats(net.server).transport.bytesSent
    let firstAt = 0
    for (let tick = 0; tick < 100 && stats(client.world).entities < ships.length; tick++) {
      net.tick()
      const now = stats(net.server).transport.bytesSent
      // Headers, heartbeats and acknowledgements of a tick come on top.
      expect(now - sent).toBeLessThan(4000 + 200)
      sent = now
      if (firstAt === 0 && stats(client.world).entities > 0) firstAt = net.now
    }
    expect(stats(client.world).entities).toBe(ships.length)
    // Both sides wait for their next tick twice.
    expect(firstAt - before).toBeLessThanOrEqual(2 * 200 + 4 * 50)
  })

  it('takes at most three times the bytes of the values for 10,000 entities', () => {
    const Body = { x: new Float32Array(25_000), y: new Float32Array(25_000), z: new Float32Array(25_000) }
    const Health = { hp: new Uint16Array(25_000) }
    const protocol = defineProtocol({
      components: { Body: replicate(Body, { x: f32, y: f32, z: f32 }), Health: replicate(Health, { hp: u16 }) },
    })
    const net = createTestNetwork(protocol, { clients: 0 })
    for (let i = 0; i < 10_000; i++) {
      const eid = addEntity(net.server)
      addComponent(net.server, eid, Body)
      addComponent(net.server, eid, Health)
      addComponent(net.server, eid, Networked)
    }
    net.tick(2)
    const before = stats(net.server).transport.bytesSent
    const client = net.connect()
    net.until(() => hasComponent(client.world, connectionOf(client.world), Joined))
    expect(stats(client.world).entities).toBe(10_000)
    expect(stats(net.server).transport.bytesSent - before).toBeLessThan(3 * 14 * 10_000)
  })

  it('spawns the player and owned entities first, then those with a high priority, then the rest', () => {
    const { net, ships } = worldOf(2000, { limits: { spawnBytesPerTick: 256 } })
    setPriority(net.server, ships[1500]!, 5)
    const client = net.begin({ autoReady: false })
    net.until(() => client.connection !== 0)
    setOwner(net.server, ships[1000]!, client.connection)
    setPlayer(net.server, client.connection, ships[1999]!)
    setReady(client.world, true)
    net.until(() => stats(client.world).entities > 0)
    const has = (ship: number): boolean => game.copyOf(client.world, net.server, ship) !== 0
    expect([ships[1000]!, ships[1999]!, ships[1500]!, ships[0]!].map(has)).toEqual([true, true, true, true])
    expect([ships[1001]!, ships[1998]!, ships[1501]!].map(has)).toEqual([false, false, false])
    expect(hasComponent(client.world, game.copyOf(client.world, net.server, ships[1999]!), LocalPlayer)).toBe(true)
    expect(hasComponent(client.world, game.copyOf(client.world, net.server, ships[1000]!), Owned)).toBe(true)
  })

  it('spawns the nearest entities first under a grid, where priority counts as nearness', () => {
    const net = createTestNetwork(game.arena, { clients: 0, limits: { spawnBytesPerTick: 256 } })
    setInterest(net.server, grid({ position: game.Position, radius: 1000 }))
    const ships = Array.from({ length: 1000 }, (_, i) => game.spawnShip(net.server, 500 - i, 0))
    setPriority(net.server, ships[0]!, 100)
    net.tick(2)
    const client = net.begin({ autoReady: false })
    net.until(() => client.connection !== 0)
    setViewpoint(net.server, client.connection, [0, 0])
    setReady(client.world, true)
    net.until(() => stats(client.world).entities >= 40)
    const far = ships
      .filter((ship) => game.copyOf(client.world, net.server, ship) !== 0)
      .map((ship) => Math.abs(game.Position.x[ship]!))
    expect(far[0]).toBe(500)
    expect(Math.max(...far.slice(1))).toBeLessThan(80)
  })

  it('brings a large world to 40 clients that connect at once', () => {
    const { net, ships } = worldOf(3000)
    const clients = Array.from({ length: 40 }, () => net.begin())
    net.until(() => clients.every(({ world }) => stats(world).entities === ships.length), 40)
    expect(clients.every(({ world }) => hasComponent(world, connectionOf(world), Joined))).toBe(true)
  })

  it('spawns an entity next when the client becomes its owner', () => {
    const { net, ships, client, world, has } = slowJoin()
    setOwner(net.server, ships[1900]!, client.connection)
    net.tick(2)
    expect(has(ships[1900]!)).toBe(true)
    expect(hasComponent(world, game.copyOf(world, net.server, ships[1900]!), Owned)).toBe(true)
    expect(has(ships[1899]!)).toBe(false)
  })

  it('spawns a waiting entity with its values before a reliable call on it', () => {
    const { net, ships, client, world, has } = slowJoin()
    game.Health.hp[ships[1800]!] = 4321
    sendRpc(net.server, ships[1800]!, game.Boom, { x: 1, shooter: ships[1800]! })
    sendTargetRpc(net.server, ships[1700]!, game.Prize, { gold: 9 }, { to: client.connection })
    net.tick(2)
    const copies = [ships[1800]!, ships[1700]!].map((ship) => game.copyOf(world, net.server, ship))
    expect(game.Health.hp[copies[0]!]).toBe(4321)
    expect([...drain(world, game.Boom)].map((call) => call.entity)).toEqual([copies[0]])
    expect([...drain(world, game.Prize)].map((call) => call.entity)).toEqual([copies[1]])
    expect(has(ships[1799]!)).toBe(false)
    // An unreliable call does not spawn its entity early.
    sendRpc(net.server, ships[1600]!, game.Spark, { n: 1 })
    net.tick(2)
    expect(has(ships[1600]!)).toBe(false)
    expect([...drain(world, game.Spark)]).toEqual([])
  })

  it('delivers messages, and values of spawned entities, in the tick of their change', () => {
    const { net, ships, client, world, has } = slowJoin()
    expect(has(ships[0]!)).toBe(true)
    for (let i = 1; i <= 10; i++) {
      game.Health.hp[ships[0]!] = 500 + i
      game.Health.hp[ships[1999]!] = 500 + i
      sendMessage(net.server, game.Chat, { text: `${i}` }, { to: client.connection })
      net.tick()
      net.clients[0]!.step()
      expect(game.Health.hp[game.copyOf(world, net.server, ships[0]!)]).toBe(500 + i)
      expect([...drain(world, game.Chat)].map(({ args }) => args.text)).toEqual([`${i}`])
    }
    expect(has(ships[1999]!)).toBe(false)
    expect(stats(world).counters.staleValues).toBe(0)
  })

  it('reports the removal of a despawned entity to server systems only if it was reported as added', () => {
    const { net, ships, client, world } = slowJoin()
    const seen = new Set([...drain(net.server, ObserversAdded)].map((event) => event.entity))
    for (const ship of ships.slice(100)) despawn(net.server, ship)
    const gone = new Set(ships.slice(100))
    for (let tick = 0; tick < 30; tick++) {
      net.tick()
      for (const { entity } of drain(net.server, ObserversAdded)) seen.add(entity)
      for (const { entity } of drain(net.server, ObserversRemoved)) expect(seen.has(entity)).toBe(true)
    }
    expect([...seen].filter((entity) => gone.has(entity)).length).toBeLessThan(40)
    expect(stats(world).entities).toBe(100)
    expect(hasComponent(world, connectionOf(world), Joined)).toBe(true)
    expect(client.reason).toBeUndefined()
  })

  it('spawns a waiting entity with its current components and values', () => {
    const { net, ships, world, has } = slowJoin()
    const last = ships[1999]!
    expect(observersOf(net.server, last)).toEqual([])
    removeComponent(net.server, last, game.Health)
    addComponent(net.server, last, game.Flag)
    game.Position.x[last] = 77
    net.tick(5)
    addComponent(net.server, last, game.Health)
    game.Health.hp[last] = 3
    expect(has(last)).toBe(false)
    net.until(() => has(last), 400)
    const copy = game.copyOf(world, net.server, last)
    expect(hasComponent(world, copy, game.Flag)).toBe(true)
    expect([game.Position.x[copy], game.Health.hp[copy]]).toEqual([77, 3])
  })

  it('converges under 20 % loss, with changes, spawns and despawns meanwhile', () => {
    const { net, ships } = worldOf(1500, { limits: { spawnBytesPerTick: 2000 }, seed: 5 })
    const bad = { loss: 0.2, latency: 60, jitter: 30, duplicate: 0.05, reorder: 0.1 }
    net.setServerConditions(bad)
    const client = net.begin()
    client.setConditions(bad)
    for (let tick = 0; tick < 60; tick++) {
      for (let i = 0; i < 50; i++) game.Position.x[ships[(tick * 37 + i * 11) % ships.length]!]! += 1
      if (tick % 3 === 0) removeEntity(net.server, ships.splice((tick * 31) % ships.length, 1)[0]!)
      if (tick % 4 === 0) ships.push(game.spawnShip(net.server, tick, tick, tick))
      net.tick()
    }
    net.until(() => stats(client.world).entities === ships.length && converged(net, ships), 400)
    expect(stats(client.world).counters.malformedPackets).toBe(0)
  })
})

describe('the progress of a join', () => {
  it('rises from 0 to 1 on the connection, and Joined is added once the promised entities are there', () => {
    const { net, ships, world } = slowJoin({ limits: { spawnBytesPerTick: 2000 } })
    const connection = connectionOf(world)
    const shown: number[] = []
    let joined = 0
    // Entities that spawn later do not count.
    for (let i = 0; i < 50; i++) ships.push(game.spawnShip(net.server))
    for (let tick = 0; tick < 100; tick++) {
      shown.push(Connection.joinProgress[connection]!)
      net.tick()
      joined += [...drain(world, added(Joined))].length
    }
    expect(shown[0]).toBeGreaterThan(0)
    expect(shown[0]).toBeLessThan(0.2)
    expect(shown.at(-1)).toBe(1)
    expect(shown).toEqual([...shown].sort((a, b) => a - b))
    expect(new Set(shown).size).toBeGreaterThan(8)
    expect(joined).toBe(1)
    net.tick(5)
    expect(stats(world).entities).toBe(ships.length)
  })

  it('is complete at once in an empty world', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world } = net.clients[0]!
    expect(hasComponent(world, connectionOf(world), Joined)).toBe(true)
  })

  it('starts again with each Ready: Joined is removed first, and added when the world is there again', () => {
    const { net, ships, world } = slowJoin({ limits: { spawnBytesPerTick: 32_768 } })
    const connection = connectionOf(world)
    net.until(() => hasComponent(world, connection, Joined))
    setReady(world, false)
    let left = 0
    for (let tick = 0; tick < 3; tick++) {
      net.tick()
      left += [...drain(world, removed(Joined))].length
    }
    expect(left).toBe(1)
    expect(hasComponent(world, connection, Joined)).toBe(false)
    expect(hasComponent(world, connection, Ready)).toBe(false)
    expect([Connection.joinProgress[connection], stats(world).entities]).toEqual([0, 0])
    setReady(world, true)
    net.until(() => hasComponent(world, connection, Joined))
    expect(stats(world).entities).toBe(ships.length)
  })

  it("is complete at once for a host's own client", () => {
    const net = createTestNetwork(game.arena, { host: true, clients: 0, limits: { spawnBytesPerTick: 256 } })
    const ships = Array.from({ length: 500 }, () => game.spawnShip(net.server))
    net.tick(2)
    expect(hasComponent(net.server, net.host!.connection, Joined)).toBe(true)
    expect(ships.every((ship) => observersOf(net.server, ship).includes(net.host!.connection))).toBe(true)
  })
})

describe('budget options and functions', () => {
  it('refuse a value out of range with an error that names it', () => {
    const serve = (options: TestNetworkOptions) => () => createTestNetwork(game.arena, { clients: 0, ...options })
    expect(serve({ limits: { spawnBytesPerTick: 255 } })).toThrow(/spawnBytesPerTick is a whole number from 256/)
    expect(serve({ limits: { maxBytesPerSecond: 999 } })).toThrow(/maxBytesPerSecond is a number from 1,000/)
    const world = createServerWorld(game.arena)
    const ship = game.spawnShip(world)
    expect(() => setPriority(world, ship, 0)).toThrow(/priority is a number from 0.001 to 1,000, got 0/)
    expect(() => setPriority(world, addEntity(world), 1)).toThrow(UsageError)
  })
})
