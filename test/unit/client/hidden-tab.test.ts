// A client whose frames have stopped: arrivals keep it alive and up to date, and its calls wait for the next frame.
import { hasComponent } from 'bitecs'
import { describe, expect, it } from 'vitest'
import { receiveWhenHidden } from '../../../src/client/hidden-tab.js'
import { drain, removed, sendRpc } from '../../../src/index.js'
import { stats } from '../../../src/stats.js'
import { createTestNetwork } from '../../../src/testing.js'
import { Connected, Networked, Stalled } from '../../../components/index.js'
import * as game from '../../support/arena.js'
import { until } from '../../support/until.js'

describe('a hidden tab', () => {
  it('is shown as stalled within three seconds, though it keeps up, and not from its first frame on', async () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const client = net.clients[0]!
    const { connection } = client
    receiveWhenHidden(client.world)
    const shows = (): boolean => hasComponent(net.server, connection, Stalled)
    const ship = game.spawnShip(net.server, 1, 2, 3)
    net.tick(3)
    const copy = game.copyOf(client.world, net.server, ship)
    client.running = false
    let shownAt = 0
    for (let tick = 1; tick <= 60; tick++) {
      game.Health.hp[ship] = 100 + tick
      net.tick()
      // From a quarter of a second on the helper takes over, in tasks of its own.
      if (tick > 5) await until('the arrival was dealt with', () => game.Health.hp[copy] === 100 + tick)
      if (shows()) shownAt ||= tick
    }
    // Two seconds, and the heart-beats that tell of the last frame and of the answer: ticks of 50 ms.
    expect(shownAt).toBeGreaterThan(40)
    client.running = true
    net.tick()
    expect(shows()).toBe(false)
    net.tick(60)
    expect(shows()).toBe(false)
  })

  it('stays connected, shows what is true, acknowledges, and finds its calls when frames come again', async () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const client = net.clients[0]!
    receiveWhenHidden(client.world)
    const ship = game.spawnShip(net.server, 1, 2, 3)
    net.tick(3)
    const copy = game.copyOf(client.world, net.server, ship)
    client.running = false
    // Longer than the time-out, and than what a client may stay behind.
    for (let second = 0; second < 15; second++) {
      game.Health.hp[ship] = 100 + second
      const late = game.spawnShip(net.server, second, 0, second)
      net.tick(20)
      await until('the arrival was dealt with', () => game.Health.hp[copy] === 100 + second)
      await until('the new ship is there', () => game.copyOf(client.world, net.server, late) !== 0)
    }
    sendRpc(net.server, ship, game.Boom, { x: 9, shooter: ship })
    net.tick(5)
    expect(client.reason).toBeUndefined()
    expect(stats(net.server).connections).toBe(1)
    expect(game.networked(client.world).length).toBe(16)
    client.running = true
    net.tick(2)
    const heard: number[] = []
    for (const { args } of drain(client.world, game.Boom)) heard.push(args.x)
    expect(heard).toEqual([9])
    expect([...drain(client.world, removed(Connected))]).toEqual([])
    expect([...drain(client.world, removed(Networked))]).toEqual([])
  })
})
