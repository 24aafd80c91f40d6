// Tests budgets: when not everything fits, a client gets fewer updates, by priority and age, and never older values.
import { addComponent, hasComponent } from 'bitecs'
import { kick, sendMessage, UsageError } from 'bitecs-net'
import { setMaxBytesPerSecond, setPriority } from 'bitecs-net/interest'
import { spawn } from 'bitecs-net/prefabs'
import { stats } from 'bitecs-net/stats'
import { Connected, Connection } from 'bitecs-net/components'
import { createRandom, createTestNetwork, type TestNetworkOptions } from 'bitecs-net/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { converged } from '../support/behaviours-replication.js'

/** A client that observes `count` ships, and a function that moves all of them. */
function crowd(count: number, options: TestNetworkOptions = {}) {
  const net = createTestNetwork(game.arena, { clients: 1, ...options })
  const ships = Array.from({ length: count }, () => game.spawnShip(net.server))
  net.until(() => converged(net, ships), 400)
  const client = net.clients[0]!
  let round = 0
  return {
    net,
    ships,
    client,
    copies: ships.map((ship) => game.copyOf(client.world, net.server, ship)),
    /** Moves every ship to a new place. */
    move: (): number => {
      round++
      for (const ship of ships) game.Position.x[ship] = round
      return round
    },
    bytes: () => stats(net.server).transport.bytesSent,
  }
}

describe('maxBytesPerSecond', () => {
  it('holds while everything changes in every tick; no ship waits for long, and none goes back', () => {
    const { net, copies, move, bytes } = crowd(600, { limits: { maxBytesPerSecond: 20_000 } })
    for (let i = 0; i < 20; i++) {
      move()
      net.tick()
    }
    const before = bytes()
    const shown = copies.map((copy) => game.Position.x[copy]!)
    const last = copies.map(() => 0)
    let longest = 0
    for (let tick = 1; tick <= 100; tick++) {
      move()
      net.tick()
      for (const [i, copy] of copies.entries()) {
        const x = game.Position.x[copy]!
        expect(x).toBeGreaterThanOrEqual(shown[i]!)
        if (x > shown[i]!) last[i] = tick
        shown[i] = x
        longest = Math.max(longest, tick - last[i]!)
      }
    }
    // Five seconds, heartbeats aside. 600 ships of about 6.5 bytes are four ticks' worth of 1,000 bytes.
    expect(bytes() - before).toBeLessThan(5 * 20_000 * 1.05)
    expect(bytes() - before).toBeGreaterThan(5 * 20_000 * 0.8)
    expect(longest).toBeLessThanOrEqual(8)
  })

  it('updates entities in proportion to their priority', () => {
    const { net, ships, copies, move } = crowd(600, { limits: { maxBytesPerSecond: 20_000 } })
    for (const ship of ships.slice(580)) setPriority(net.server, ship, 4)
    const updates = copies.map(() => 0)
    const shown = copies.map(() => 0)
    for (let tick = 0; tick < 200; tick++) {
      move()
      net.tick()
      for (const [i, copy] of copies.entries()) {
        if (game.Position.x[copy]! !== shown[i]) updates[i]!++
        shown[i] = game.Position.x[copy]!
      }
    }
    const mean = (some: number[]): number => some.reduce((sum, n) => sum + n, 0) / some.length
    const ratio = mean(updates.slice(580)) / mean(updates.slice(0, 580))
    expect(ratio).toBeGreaterThan(3)
    expect(ratio).toBeLessThan(5)
  })

  it('sends the newest of the held-back values once it is raised, and refuses invalid values', () => {
    const { net, ships, copies, move, client } = crowd(600, { limits: { maxBytesPerSecond: 2000 } })
    for (let i = 0; i < 30; i++) {
      move()
      if (i === 20) sendMessage(net.server, game.Chat, { text: 'x'.repeat(200) }, { to: client.connection })
      net.tick()
    }
    expect(copies.every((copy) => game.Position.x[copy] === 30)).toBe(false)
    setMaxBytesPerSecond(net.server, client.connection, 1_000_000)
    net.tick(4)
    expect(converged(net, ships)).toBe(true)
    expect(() => setMaxBytesPerSecond(net.server, client.connection, 10)).toThrow(
      /bytesPerSecond is a number from 1,000/,
    )
    expect(() => setMaxBytesPerSecond(net.server, ships[0]!, 10_000)).toThrow(UsageError)
    kick(net.server, client.connection)
    setMaxBytesPerSecond(net.server, client.connection, 10_000)
  })

  it('limits one client without affecting another', () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const ships = Array.from({ length: 400 }, () => game.spawnShip(net.server))
    net.until(() => converged(net, ships))
    setMaxBytesPerSecond(net.server, net.clients[0]!.connection, 2000)
    for (let round = 1; round <= 20; round++) {
      for (const ship of ships) game.Position.x[ship] = round
      net.tick()
    }
    net.clients[1]!.step()
    const shown = (client: number): number[] =>
      ships.map((ship) => game.Position.x[game.copyOf(net.clients[client]!.world, net.server, ship)]!)
    expect(shown(1).every((x) => x === 20)).toBe(true)
    expect(shown(0).every((x) => x === 20)).toBe(false)
  })

  it('lets every client converge at any setting, under loss and with a join in the middle', () => {
    const budget = fc.record({
      maxBytesPerSecond: fc.integer({ min: 1000, max: 60_000 }),
      spawnBytesPerTick: fc.integer({ min: 256, max: 5000 }),
      seed: fc.nat(1000),
    })
    fc.assert(
      fc.property(budget, ({ seed, ...limits }) => {
        const conditions = { loss: 0.15, latency: 30, jitter: 30, duplicate: 0.05, reorder: 0.1 }
        const net = createTestNetwork(game.arena, { clients: 1, conditions, seed, limits })
        const random = createRandom(seed)
        const ships = Array.from({ length: 80 }, () => game.spawnShip(net.server))
        for (let tick = 0; tick < 60; tick++) {
          for (const ship of ships) if (random() < 0.3) game.Position.x[ship] = Math.floor(random() * 1000)
          if (random() < 0.1) addComponent(net.server, ships[Math.floor(random() * 80)]!, game.Flag)
          if (random() < 0.1) setPriority(net.server, ships[Math.floor(random() * 80)]!, 0.01 + random() * 20)
          if (tick === 30) net.begin()
          net.tick()
        }
        net.until(() => net.clients.length === 2 && net.clients.every(({ world }) => stats(world).entities === 80), 600)
        net.until(() => converged(net, ships), 300)
        // Lost acknowledgements cause a few more retransmits; after them nothing is sent again.
        net.tick(80)
        const { resentValues } = stats(net.server).counters
        net.tick(60)
        expect(stats(net.server).counters.resentValues).toBe(resentValues)
      }),
      { numRuns: 25, seed: 20_261_122 },
    )
  })
})

describe('back-pressure', () => {
  it('a slow link gets fewer values: nothing queues up, and the values that arrive are new', () => {
    const { net, copies, move, client } = crowd(600)
    net.setServerConditions({ rate: 20_000, latency: 20 })
    let round = 0
    for (let tick = 0; tick < 100; tick++) {
      round = move()
      net.tick()
    }
    const shown = copies.map((copy) => game.Position.x[copy]!)
    // The newest that arrives was the server's state a second ago at most, the queue of the link included.
    expect(round - Math.max(...shown)).toBeLessThan(20)
    expect(Math.min(...shown)).toBeGreaterThan(0)
    expect(client.reason).toBeUndefined()
    net.setServerConditions({ rate: 0 })
    net.tick(30)
    expect(copies.every((copy) => game.Position.x[copy] === round)).toBe(true)
  })

  it('a client that never catches up with its reliable queue is closed, and a slow one is not', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const [slow] = net.clients
    const { connection } = slow!
    const text = 'x'.repeat(15_000)
    const send = (): void => sendMessage(net.server, game.News, { text }, { to: connection })
    net.setServerConditions({ rate: 40_000 })
    for (let i = 0; i < 40; i++) send()
    // 600,000 bytes at 40,000 per second: behind for less than ten seconds.
    net.tick(300)
    expect(hasComponent(net.server, connection, Connected)).toBe(true)
    for (let tick = 0; tick < 400 && hasComponent(net.server, connection, Connected); tick++) {
      if (tick % 3 === 0) send()
      net.tick()
    }
    expect(hasComponent(net.server, connection, Connected)).toBe(false)
    expect(Connection.reason[connection]?.code).toBe('overflow')
  })

  it('a spawn waits while the send queue is full, and arrives once it drains', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world, connection } = net.clients[0]!
    net.tick(5)
    net.setServerConditions({ rate: 50_000 })
    for (let i = 0; i < 10; i++) sendMessage(net.server, game.News, { text: 'x'.repeat(15_000) }, { to: connection })
    net.tick()
    const ball = spawn(net.server, game.Ball, { color: 1, thrower: 0, name: '' })
    net.tick(20)
    expect(game.copyOf(world, net.server, ball)).toBe(0)
    net.until(() => game.copyOf(world, net.server, ball) !== 0, 80)
  })
})
