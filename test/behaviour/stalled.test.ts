// Tests that a client whose game does not tick is told apart from one that is gone: both sides see who answers
// heartbeats, and who reads packets.
import { hasComponent, observe, onAdd, type World } from 'bitecs'
import { added, connectionOf, drain, kick, NetworkErrors, removed, sendRpc, type ServerWorld } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Connected, Interrupted, LocalConnection, Stalled } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

/** One client, and seconds of a server that tells it something new in each. */
function start() {
  const net = createTestNetwork(game.arena, { tickRate: 20, sessions: { timeout: 3000, resumeTime: 4000 } })
  const client = net.clients[0]!
  const { connection } = client
  const seconds = (count: number, spawns = true): void => {
    for (let i = 0; i < count; i++) {
      if (spawns) game.spawnShip(net.server)
      net.tick(20)
    }
  }
  const shows = (tag: typeof Connected | typeof Interrupted | typeof Stalled): boolean =>
    hasComponent(net.server, connection, tag)
  return { net, client, seconds, shows }
}

describe('a client', () => {
  it('is closed as stalled when its network answers but its game reads nothing for ten seconds; both sides get the reason', () => {
    const { net, client, seconds, shows } = start()
    client.running = false
    seconds(9)
    expect([shows(Connected), shows(Interrupted)]).toEqual([true, false])
    seconds(3)
    expect(shows(Connected)).toBe(false)
    expect([...drain(net.server, added(Interrupted))]).toEqual([])
    client.running = true
    net.tick(3)
    expect(client.reason).toMatchObject({ code: 'stalled', by: 'remote' })
  })

  it('is closed as stalled when it applies nothing, even if new packets keep arriving', () => {
    const { net, client, shows } = start()
    client.running = false
    let seconds = 0
    for (; seconds < 90 && shows(Connected); seconds++) {
      const ship = game.spawnShip(net.server)
      for (let tick = 0; tick < 20; tick++) {
        // 16 KB per second: more than what the slowest link is given time for.
        for (let i = 0; i < 80; i++) sendRpc(net.server, ship, game.Boom, { x: i, shooter: ship })
        net.tick()
      }
    }
    expect(seconds).toBeLessThanOrEqual(45)
  })

  it('stays connected when its game stops while there is nothing to read', () => {
    const { client, seconds, shows } = start()
    client.running = false
    seconds(30, false)
    expect([shows(Connected), shows(Interrupted)]).toEqual([true, false])
  })

  it('is Interrupted after the time-out when no packet arrives from it, and ends with timeout', () => {
    const { net, client, seconds, shows } = start()
    client.running = false
    client.setConditions({ down: true })
    seconds(4)
    expect([shows(Connected), shows(Interrupted)]).toEqual([true, true])
    const reasons: string[] = []
    net.until(() => {
      for (const { reason } of drain(net.server, removed(Connected))) reasons.push(reason)
      return reasons.length > 0
    })
    expect(reasons).toEqual(['timeout'])
  })
})

describe('Stalled', () => {
  /** When a tag came to and left entities of a world, in milliseconds, over so many ticks. */
  function watch(net: ReturnType<typeof start>['net'], world: World, tag: typeof Interrupted | typeof Stalled) {
    const came: number[] = []
    const left: number[] = []
    const look = (): void => {
      for (const _ of drain(world as ServerWorld, added(tag))) came.push(net.now)
      for (const _ of drain(world as ServerWorld, removed(tag))) left.push(net.now)
    }
    const ticks = (count: number): void => {
      for (let i = 0; i < count; i++) {
        net.tick()
        look()
      }
    }
    return { came, left, ticks }
  }

  it('comes to the connection of a client whose network answers and of whose game nothing is heard, and goes when it ticks', () => {
    const { net, client, shows } = start()
    const { came, left, ticks } = watch(net, net.server, Stalled)
    const stoppedAt = net.now
    client.running = false
    ticks(90)
    expect(came).toHaveLength(1)
    // Two seconds, and a second and a half, since heartbeats that would report the blocked game may be lost.
    expect(came[0]! - stoppedAt).toBeGreaterThan(3500)
    expect(came[0]! - stoppedAt).toBeLessThanOrEqual(4100)
    expect([shows(Stalled), shows(Connected), shows(Interrupted)]).toEqual([true, true, false])
    expect(stats(net.server).states).toMatchObject({ ready: 0, stalled: 1, interrupted: 0 })
    client.running = true
    const backAt = net.now
    ticks(3)
    expect(left).toHaveLength(1)
    expect(left[0]! - backAt).toBeLessThanOrEqual(100)
    expect(stats(net.server).states).toMatchObject({ ready: 1, stalled: 0 })
  })

  it('does not come to one that ticks once a second, nor to one whose heart-beats are lost now and then', () => {
    const { net, client } = start()
    const { came, ticks } = watch(net, net.server, Stalled)
    client.running = false
    for (let second = 0; second < 20; second++) {
      ticks(20)
      client.step()
    }
    client.running = true
    client.setConditions({ loss: 0.2 })
    ticks(1200)
    expect(came).toEqual([])
  })

  it('gives way to Interrupted when the line breaks, and they are never there together', () => {
    const { net, client, shows } = start()
    const stalled = watch(net, net.server, Stalled)
    client.running = false
    stalled.ticks(90)
    expect(shows(Stalled)).toBe(true)
    client.setConditions({ down: true })
    for (let i = 0; i < 80 && !shows(Interrupted); i++) {
      expect([shows(Stalled), shows(Interrupted)]).toEqual([true, false])
      stalled.ticks(1)
    }
    expect([shows(Stalled), shows(Interrupted)]).toEqual([false, true])
    // The line is back, and the game is not: the answers to heart-beats say so.
    client.setConditions({ down: false })
    stalled.ticks(110)
    expect([shows(Stalled), shows(Interrupted)]).toEqual([true, false])
  })

  it('does not come to a client whose process, or whose line, is gone: that one is Interrupted', () => {
    const { net, client, shows } = start()
    const { came, ticks } = watch(net, net.server, Stalled)
    client.running = false
    client.setConditions({ down: true })
    ticks(70)
    expect(came).toEqual([])
    expect(shows(Interrupted)).toBe(true)
  })

  it('does not come to clients because their server stood still', () => {
    const { net } = start()
    const { came, ticks } = watch(net, net.server, Stalled)
    net.stall(8000)
    ticks(40)
    expect(came).toEqual([])
  })

  it('is added on a client that was accepted but whose game never ran, and is removed with the session', () => {
    const { net, shows } = start()
    const late = net.begin({ autoReady: false })
    net.until(() => late.connection !== 0)
    late.running = false
    net.tick(90)
    expect(hasComponent(net.server, late.connection, Stalled)).toBe(true)
    expect(shows(Stalled)).toBe(false)
    const { connection } = late
    kick(net.server, connection, 'away')
    net.tick()
    expect(hasComponent(net.server, connection, Stalled)).toBe(false)
  })

  it('is on the connection of a client whose server does not tick, and goes when that ticks', () => {
    const { net, client } = start()
    const world = client.world
    const connection = connectionOf(world)
    const { came, left } = watch(net, world, Stalled)
    for (let i = 0; i < 90; i++) {
      net.stall(50)
      client.step()
      for (const _ of drain(world, added(Stalled))) came.push(net.now)
    }
    expect(came).toHaveLength(1)
    expect(hasComponent(world, connection, Interrupted)).toBe(false)
    expect(stats(world).states).toMatchObject({ ready: 0, stalled: 1 })
    net.tick(2)
    for (const _ of drain(world, removed(Stalled))) left.push(net.now)
    expect(left).toHaveLength(1)
    expect(hasComponent(world, connection, Connected)).toBe(true)
  })

  it("comes to a host's own client whose frames stop while its server goes on, and goes with the next", () => {
    const net = createTestNetwork(game.arena, { tickRate: 20, host: true })
    const { connection } = net.host
    net.host.running = false
    net.tick(90)
    expect(hasComponent(net.server, connection, LocalConnection)).toBe(true)
    expect(hasComponent(net.server, connection, Stalled)).toBe(true)
    net.host.running = true
    net.tick(2)
    expect(hasComponent(net.server, connection, Stalled)).toBe(false)
    net.tick(60)
    expect(hasComponent(net.server, connection, Stalled)).toBe(false)
  })

  it('waits for as long as the option stalledAfter of the server says', () => {
    const net = createTestNetwork(game.arena, { tickRate: 20, sessions: { stalledAfter: 5000 } })
    const client = net.clients[0]!
    const { came, ticks } = watch(net, net.server, Stalled)
    const stoppedAt = net.now
    client.running = false
    ticks(150)
    expect(came).toHaveLength(1)
    expect(came[0]! - stoppedAt).toBeGreaterThan(6500)
  })

  it('lets an observer end the connection that it comes to', () => {
    const { net, client } = start()
    const stop = observe(net.server, onAdd(Stalled), (connection: number) => kick(net.server, connection, 'away'))
    client.running = false
    const reasons: string[] = []
    for (let i = 0; i < 90; i++) {
      net.tick()
      for (const { reason } of drain(net.server, removed(Stalled))) reasons.push(reason)
    }
    stop()
    expect(stats(net.server).connections).toBe(0)
    client.running = true
    net.tick(2)
    expect(client.reason).toMatchObject({ code: 'kicked', text: 'away' })
    expect(reasons).toEqual(['kicked'])
    expect([...drain(net.server, NetworkErrors)]).toEqual([])
  })
})
