// Tests links that carry packets in one direction only, or whose directions recover at different times.
import { addComponent, addEntity, hasComponent, type World } from 'bitecs'
import {
  connectionOf,
  defineMessage,
  defineProtocol,
  drain,
  entityOf,
  netIdOf,
  replicate,
  sendMessage,
  u32,
} from 'bitecs-net'
import { Connected, Interrupted, Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { serverState } from '../../../src/world/state.js'
import { connectByLinks, type Fate } from '../../support/links.js'

const Health = { value: new Uint32Array(100) }
const Ping = defineMessage({ n: u32 }, { from: 'client' })
const Pong = defineMessage({ n: u32 }, { from: 'server' })
const protocol = defineProtocol({
  components: { Health: replicate(Health, { value: u32 }) },
  messages: { Ping, Pong },
})

/** A second is 20 ticks. */
const SECOND = 20

function start(fate?: () => Fate) {
  const net = connectByLinks(protocol, fate)
  const { server, client } = net
  const { session } = serverState(server).peers[0]!
  const own = connectionOf(client)
  const has = (world: World, eid: number, tag: typeof Interrupted): boolean => hasComponent(world, eid, tag)
  const isWhole = (): boolean =>
    session.state === 'open' && !has(server, session.entity, Interrupted) && !has(client, own, Interrupted)
  /** Ticks until `holds`, at most `limit`. Returns how many there were. */
  const ticksUntil = (holds: () => boolean, limit: number): number => {
    let ticks = 0
    while (!holds() && ticks < limit) {
      net.tick()
      ticks++
    }
    return ticks
  }
  /** Whether a message reaches the server, and its reply the client, within `ticks`. */
  let n = 0
  const isUsable = (ticks: number): boolean => {
    const wanted = ++n
    sendMessage(client, Ping, { n: wanted })
    for (let i = 0; i < ticks; i++) {
      net.tick()
      for (const { args, sender } of drain(server, Ping)) sendMessage(server, Pong, args, { to: sender })
      for (const { args } of drain(client, Pong)) if (args.n === wanted) return true
    }
    return false
  }
  const isInterrupted = () => [has(server, session.entity, Interrupted), has(client, own, Interrupted)]
  return { ...net, session, own, isWhole, ticksUntil, isUsable, isInterrupted }
}

describe('a link that is dead in one direction', () => {
  it.each(['setUpAlive', 'setDownAlive'] as const)(
    'is Interrupted on both sides within the timeout, and the session resumes on another link: %s(false)',
    (direction) => {
      const net = start()
      const { server, client, own, links, session, isInterrupted } = net
      const eid = addEntity(server)
      addComponent(server, eid, Health)
      addComponent(server, eid, Networked)
      net.tick(10)
      links[0]![direction](false)
      const seen = [false, false]
      const ticks = net.ticksUntil(() => {
        isInterrupted().forEach((is, i) => (seen[i] ||= is))
        return seen[0]! && seen[1]!
      }, 4 * SECOND)
      expect(ticks).toBeLessThanOrEqual(3 * SECOND + 1)
      expect(net.ticksUntil(net.isWhole, SECOND)).toBeLessThan(SECOND / 2)
      expect(links.length).toBe(2)
      Health.value[eid] = 7
      net.tick(3)
      expect(Health.value[entityOf(client, netIdOf(server, eid))]).toBe(7)
      expect([hasComponent(client, own, Connected), session.state]).toEqual([true, 'open'])
      expect(net.isUsable(5)).toBe(true)
    },
  )

  it('stays Interrupted while no other link works, although packets arrive, and closes after the resume time', () => {
    const net = start(() => 'dead')
    net.links[0]!.setUpAlive(false)
    net.tick(4 * SECOND)
    for (let second = 4; second < 12; second++) {
      expect(net.isInterrupted()).toEqual([true, true])
      net.tick(SECOND)
    }
    net.tick(4 * SECOND)
    expect([net.session.state, hasComponent(net.client, net.own, Connected)]).toEqual(['closed', false])
  })

  it('resumes on the same link within a second after the dead direction works again', () => {
    const net = start(() => 'unopened')
    net.links[0]!.setDownAlive(false)
    net.tick(3 * SECOND + 1)
    expect(net.isInterrupted()).toEqual([true, true])
    net.links[0]!.setDownAlive(true)
    expect(net.ticksUntil(net.isWhole, 4 * SECOND)).toBeLessThanOrEqual(SECOND)
    expect(net.isUsable(5)).toBe(true)
  })
})

describe('a session after an outage in both directions', () => {
  it.each(['setUpAlive', 'setDownAlive'] as const)(
    'is usable within 3.5 seconds, although its old link works in the other direction only: %s(false)',
    async (dead) => {
      const other = dead === 'setUpAlive' ? 'setDownAlive' : 'setUpAlive'
      for (let ticks = 7 * SECOND; ticks <= 9.5 * SECOND; ticks += 5) {
        let isUp = true
        const net = start(() => (isUp ? 'alive' : 'unopened'))
        const [first] = net.links
        first!.setUpAlive(false)
        first!.setDownAlive(false)
        isUp = false
        net.tick(ticks)
        isUp = true
        first![other](true)
        // Packets on the old link must not end the attempts to open another.
        net.tick(SECOND)
        await net.failTry()
        expect([ticks, net.ticksUntil(net.isWhole, 4 * SECOND) <= 2.5 * SECOND]).toEqual([ticks, true])
        expect(net.isUsable(5)).toBe(true)
        expect(net.session.state).toBe('open')
      }
    },
  )
})

describe('a bad link', () => {
  it('is not interrupted in an idle world with a quarter of the packets lost in each direction', () => {
    const interruptions: [seed: number, tick: number][] = []
    for (let seed = 1; seed <= 3; seed++) {
      const net = createTestNetwork(protocol, { seed, conditions: { loss: 0.25, latency: 60 } })
      const [client] = net.clients
      const own = connectionOf(client!.world)
      for (let tick = 0; tick < 300 * SECOND; tick++) {
        net.tick()
        const shown = [
          hasComponent(net.server, client!.connection, Interrupted),
          hasComponent(client!.world, own, Interrupted),
        ]
        if (shown[0] || shown[1]) interruptions.push([seed, tick])
      }
    }
    expect(interruptions).toEqual([])
  })

  it('carries at most two heartbeats a second while they are answered, however long the round trip is', () => {
    const net = createTestNetwork(protocol, { conditions: { latency: 600 } })
    // Until then, separate packets repeat which structure was applied.
    net.tick(15 * SECOND)
    const { transport } = serverState(net.server)
    const before = transport!.counters.packetsReceived
    net.tick(20 * SECOND)
    // In each second: two heartbeats of the client, and two answers to those of the server.
    expect(transport!.counters.packetsReceived - before).toBeLessThanOrEqual(20 * 4 + 4)
  })
})

describe('a test network', () => {
  it('changes and cuts the link in use after an attempt to resume was given up', () => {
    let left = 0
    for (let seed = 1; seed <= 6; seed++) {
      for (const latency of [0, 30, 60, 90]) {
        for (let outage = 50; outage < 70; outage += 3) {
          const net = createTestNetwork(protocol, {
            sessions: { resumeTime: 30_000 },
            seed,
            conditions: { latency, loss: 0.2 },
          })
          const client = net.clients[0]!
          net.tick(SECOND)
          client.setConditions({ down: true })
          net.setServerConditions({ down: true })
          net.tick(outage)
          net.setServerConditions({ down: false })
          net.tick(SECOND)
          client.setConditions({ down: false })
          net.tick(5 * SECOND)
          if (client.reason !== undefined || hasComponent(net.server, client.connection, Interrupted)) left++
        }
      }
    }
    expect(left).toBe(0)
  })

  it('cuts the link in use while the client tries another', () => {
    const net = createTestNetwork(protocol, { sessions: { resumeTime: 30_000 } })
    const client = net.clients[0]!
    net.setServerConditions({ down: true })
    client.setConditions({ down: true })
    net.tick(4 * SECOND)
    net.setServerConditions({ down: false })
    client.setConditions({ down: false })
    net.tick(2 * SECOND)
    expect(hasComponent(net.server, client.connection, Interrupted)).toBe(false)
    client.cut()
    net.tick()
    expect(hasComponent(net.server, client.connection, Connected)).toBe(true)
    expect(hasComponent(net.server, client.connection, Interrupted)).toBe(true)
    net.tick(SECOND)
    expect(hasComponent(net.server, client.connection, Interrupted)).toBe(false)
  })
})
