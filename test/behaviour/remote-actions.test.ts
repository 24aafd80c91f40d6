// Remote actions and messages over the network in memory: every rule of who may call what, and what becomes of the
// rest.
import { removeComponent } from 'bitecs'
import {
  added,
  ArgumentError,
  clearOwner,
  close,
  defineCommand,
  defineMessage,
  defineProtocol,
  despawn,
  drain,
  handle,
  ignore,
  NetworkErrors,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  type ServerWorld,
  setOwner,
  u8,
  createClientWorld,
  createServerWorld,
} from 'bitecs-net'
import { ObserversAdded } from 'bitecs-net/interest'
import { UnmatchedSpawns } from 'bitecs-net/prefabs'
import { stats } from 'bitecs-net/stats'
import { Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { remoteActionBehaviours } from '../support/behaviours-remote.js'
import { inMemory } from '../support/peers.js'

remoteActionBehaviours('the network in memory', inMemory)

/** A network with a ship of the first client, known to all. */
function shipOfFirst(clients = 2, conditions = {}) {
  const net = createTestNetwork(game.arena, { clients, conditions })
  const ship = game.spawnShip(net.server, 1, 2)
  setOwner(net.server, ship, net.clients[0]!.connection)
  net.until(() => net.clients.every(({ world }) => game.copyOf(world, net.server, ship) !== 0))
  net.tick()
  const copies = net.clients.map(({ world }) => game.copyOf(world, net.server, ship))
  return { net, ship, copies }
}

describe('commands', () => {
  describe('2: a command on an entity the sender does not own is dropped and counted; the sender stays connected; with requiresAuthority: false it runs, and sender is the calling connection', () => {
    it('drops and counts a command on an entity that the sender does not own, and keeps the sender', () => {
      const { net, copies } = shipOfFirst()
      sendCommand(net.clients[1]!.world, copies[1]!, game.Move, { dx: 1, dy: 1 })
      net.tick(3)
      expect([...drain(net.server, game.Move)]).toEqual([])
      expect(stats(net.server).counters.unauthorizedCalls).toBe(1)
      expect(net.clients[1]!.connection).not.toBe(0)
    })

    it('runs a command without requiresAuthority from anybody, and says who sent it', () => {
      const { net, ship, copies } = shipOfFirst()
      sendCommand(net.clients[1]!.world, copies[1]!, game.Knock, { door: 4 })
      net.tick(2)
      const seen = []
      for (const { entity, sender, args } of drain(net.server, game.Knock)) seen.push([entity, sender, args.door])
      expect(seen).toEqual([[ship, net.clients[1]!.connection, 4]])
    })
  })

  it('3: authority taken away while the command is in flight: dropped on arrival', () => {
    const { net, ship, copies } = shipOfFirst(1, { latency: 200 })
    sendCommand(net.clients[0]!.world, copies[0]!, game.Move, { dx: 1, dy: 1 })
    net.tick()
    clearOwner(net.server, ship)
    net.tick(10)
    expect([...drain(net.server, game.Move)]).toEqual([])
    expect(stats(net.server).counters.unauthorizedCalls).toBe(1)
  })

  it('11: a call that names an entity despawned before it arrives is dropped and counted, and counts against no error budget', () => {
    const { net, ship, copies } = shipOfFirst(1, { latency: 200 })
    for (let i = 0; i < 100; i++) sendCommand(net.clients[0]!.world, copies[0]!, game.Move, { dx: i, dy: 1 })
    net.tick()
    despawn(net.server, ship)
    net.tick(12)
    expect([...drain(net.server, game.Move)]).toEqual([])
    expect(stats(net.server).counters.staleCalls).toBe(100)
    expect(net.clients[0]!.reason).toBeUndefined()
  })

  it("5: two definitions of the same shape never reach each other's queue", () => {
    const { net, copies } = shipOfFirst(1)
    sendCommand(net.clients[0]!.world, copies[0]!, game.Nudge, { dx: 1, dy: 2 })
    net.tick(2)
    expect([...drain(net.server, game.Move)]).toEqual([])
    expect([...drain(net.server, game.Nudge)].length).toBe(1)
  })

  it('13: a rate-limited command over its bucket is dropped and counted; within it, none is', () => {
    const { net, copies } = shipOfFirst(1)
    const shoot = (times: number): void => {
      for (let i = 0; i < times; i++) sendCommand(net.clients[0]!.world, copies[0]!, game.Shoot, { power: i })
    }
    const arrived = (): number => {
      let count = 0
      for (const { args } of drain(net.server, game.Shoot)) if (args.power >= 0) count++
      return count
    }
    shoot(5)
    net.tick(2)
    expect(arrived()).toBe(3)
    expect(stats(net.server).counters.rateLimitedCalls).toBe(2)
    // Two a second: after a second and a half, three more.
    net.tick(30)
    shoot(3)
    net.tick(2)
    expect(arrived()).toBe(3)
    expect(stats(net.server).counters.rateLimitedCalls).toBe(2)
  })

  it('14: an unreliable command or RPC is never delivered twice, also when the network duplicates it', () => {
    const { net, ship, copies } = shipOfFirst(1, { duplicate: 1 })
    const atServer: number[] = []
    const atClient: number[] = []
    for (let i = 0; i < 40; i++) {
      sendCommand(net.clients[0]!.world, copies[0]!, game.Dash, { step: i })
      sendRpc(net.server, ship, game.Spark, { n: i })
      net.tick()
      for (const { args } of drain(net.server, game.Dash)) atServer.push(args.step)
      for (const { args } of drain(net.clients[0]!.world, game.Spark)) atClient.push(args.n)
    }
    net.tick(3)
    for (const { args } of drain(net.server, game.Dash)) atServer.push(args.step)
    for (const { args } of drain(net.clients[0]!.world, game.Spark)) atClient.push(args.n)
    const all = Array.from({ length: 40 }, (_, i) => i)
    expect(atServer).toEqual(all)
    expect(atClient).toEqual(all)
    expect(stats(net.server).counters.duplicatePackets).toBeGreaterThan(0)
  })

  it('leaves the rest in the queue after a break, and each call is drained once', () => {
    const { net, copies } = shipOfFirst(1)
    for (let i = 0; i < 5; i++) sendCommand(net.clients[0]!.world, copies[0]!, game.Move, { dx: i, dy: 0 })
    net.tick(2)
    const seen: number[] = []
    for (const { args } of drain(net.server, game.Move)) {
      seen.push(args.dx)
      if (seen.length === 2) break
    }
    for (const { args } of drain(net.server, game.Move)) seen.push(args.dx)
    expect(seen).toEqual([0, 1, 2, 3, 4])
  })

  it('17: an undrained call is dropped after the set number of ticks and reported once by name', () => {
    const { net, copies } = shipOfFirst(1)
    for (let i = 0; i < 3; i++) {
      sendCommand(net.clients[0]!.world, copies[0]!, game.Move, { dx: i, dy: 0 })
      net.tick(130)
    }
    expect(stats(net.server).counters.undrainedCalls).toBe(3)
    const reports = [...drain(net.server, NetworkErrors)].filter(({ code }) => code === 'undrained')
    expect(reports.map(({ name }) => name)).toEqual(['Move'])
  })
})

describe('client RPCs', () => {
  it('finds its entity even when that is despawned right behind it; the despawn follows', () => {
    const { net, ship, copies } = shipOfFirst()
    sendRpc(net.server, ship, game.Boom, { x: 1, shooter: ship })
    despawn(net.server, ship)
    net.tick(2)
    for (const [i, { world }] of net.clients.entries()) {
      const seen: unknown[] = []
      for (const { entity, args } of drain(world, game.Boom)) seen.push([entity, args.x, game.Health.hp[entity]])
      expect(seen).toEqual([[copies[i], 1, 100]])
    }
    net.tick(2)
    for (const { world } of net.clients) expect(game.networked(world)).toEqual([])
  })

  it('is dropped, and counted at the sender, when its one receiver is gone', async () => {
    const { net, ship } = shipOfFirst(2)
    const gone = net.clients[1]!.connection
    handle(net.server, game.Chat, () => sendTargetRpc(net.server, ship, game.Prize, { gold: 1 }, { to: gone }))
    sendMessage(net.clients[1]!.world, game.Chat, { text: 'bye' })
    net.clients[1]!.step()
    await close(net.clients[1]!.world)
    net.tick()
    expect(stats(net.server).connections).toBe(1)
    expect(stats(net.server).counters.unsentCalls).toBe(1)
    expect(() => sendTargetRpc(net.server, ship, game.Prize, { gold: 1 }, { to: gone })).toThrow(/not a connection/)
  })
})

describe('15: calling from the wrong side, before connecting, or with an argument out of range throws at the call with a message that names the field', () => {
  it('throws at the call, with a message that names the field, when an argument cannot be represented', () => {
    const { net, ship, copies } = shipOfFirst(1)
    const client = net.clients[0]!.world
    expect(() => sendCommand(client, copies[0]!, game.Shoot, { power: 256 })).toThrow(/args\.power: .*0 to 255.*256/)
    expect(() => sendCommand(client, copies[0]!, game.Move, { dx: 1e300, dy: 0 })).toThrow(/args\.dx/)
    expect(() => sendRpc(net.server, ship, game.Others, { n: -1 })).toThrow(ArgumentError)
    expect(() => sendMessage(net.server, game.Chat, { text: 'x'.repeat(201) })).toThrow(/args\.text: is 201 bytes/)
    const wrong = {} as { power: number }
    expect(() => sendCommand(client, copies[0]!, game.Shoot, wrong)).toThrow(
      /args\.power: must be a number, got undefined/,
    )
  })

  it('throws at the call from the wrong side, before connecting, on what is not networked, and what is not listed', () => {
    const { net, ship, copies } = shipOfFirst(1)
    const client = net.clients[0]!.world
    const Unlisted = defineCommand({ n: u8 })
    expect(() => sendCommand(client, copies[0]!, Unlisted, { n: 1 })).toThrow(/not listed/)
    expect(() => sendCommand(client, 0, game.Move, { dx: 0, dy: 0 })).toThrow(/Move: entity 0 is not networked/)
    expect(() => sendRpc(client as unknown as ServerWorld, ship, game.Boom, { x: 0, shooter: 0 })).toThrow(
      /createServerWorld/,
    )
    const alone = createClientWorld(game.arena)
    expect(() => sendCommand(alone, 1, game.Move, { dx: 0, dy: 0 })).toThrow(/not connected/)
    expect(() => drain(net.server, game.News as never)).toThrow(/News is a message: servers send it, clients drain it/)
    expect(() => drain(client, ObserversAdded as never)).toThrow(/ObserversAdded: only servers drain it/)
    expect(() => drain(net.server, UnmatchedSpawns as never)).toThrow(/UnmatchedSpawns: only clients drain it/)
    expect(() => sendMessage(net.server, game.Order as never, { item: 1 } as never)).toThrow(/only the client sends it/)
    expect(() => createServerWorld(game.arena, { world: net.server })).toThrow(/server already/)
  })
})

describe('messages', () => {
  it('20: passes the largest one; one byte more throws at the sender', () => {
    const { net } = shipOfFirst(1)
    const text = `${'é'.repeat(99)}ab`
    expect(new TextEncoder().encode(text).length).toBe(200)
    sendMessage(net.clients[0]!.world, game.Chat, { text })
    sendMessage(net.server, game.News, { text: 'n'.repeat(16_000) })
    net.tick(2)
    expect([...drain(net.server, game.Chat)].map(({ args }) => args.text)).toEqual([text])
    const [news] = drain(net.clients[0]!.world, game.News)
    expect(news!.args.text.length).toBe(16_000)
    expect(() => sendMessage(net.clients[0]!.world, game.Chat, { text: `${text}c` })).toThrow(/201 bytes/)
    expect(() => sendMessage(net.server, game.News, { text: 'n'.repeat(16_001) })).toThrow(/16001 bytes/)
  })

  it('over its rate is dropped and counted, as a command is', () => {
    const Shout = defineMessage({ n: u8 }, { from: 'client', rate: { perSecond: 1, burst: 2 } })
    const net = createTestNetwork(defineProtocol({ messages: { Shout } }))
    for (let n = 0; n < 5; n++) sendMessage(net.clients[0]!.world, Shout, { n })
    net.tick(2)
    const heard: number[] = []
    for (const { args } of drain(net.server, Shout)) heard.push(args.n)
    expect(heard).toEqual([0, 1])
    expect(stats(net.server).counters.rateLimitedCalls).toBe(3)
  })

  it('are dropped without a report when the game ignores them', () => {
    const { net } = shipOfFirst(1)
    ignore(net.clients[0]!.world, game.Chat, game.Boom)
    sendMessage(net.server, game.Chat, { text: 'psst' })
    net.tick(200)
    const { world } = net.clients[0]!
    expect([...drain(world, game.Chat)]).toEqual([])
    expect([stats(world).counters.undrainedCalls, [...drain(world, NetworkErrors)].length]).toEqual([0, 0])
  })

  it('sent between the end of a session and the frame that shows it goes nowhere, and throws nothing', async () => {
    const { net, copies } = shipOfFirst(1)
    const { world } = net.clients[0]!
    await close(net.server)
    sendCommand(world, copies[0]!, game.Move, { dx: 1, dy: 1 })
    net.clients[0]!.step()
    expect(() => sendCommand(world, copies[0]!, game.Move, { dx: 1, dy: 1 })).toThrow(/not connected/)
  })
})

it('shows Owned as an event to every system that drains it', () => {
  const { net, ship } = shipOfFirst(2)
  clearOwner(net.server, ship)
  net.tick()
  setOwner(net.server, ship, net.clients[1]!.connection)
  net.tick()
  const first = [...drain(net.server, added(Owned))].map(({ entity }) => entity)
  const second = [...drain(net.server, added(Owned))].length
  expect([first, second]).toEqual([[ship], 1])
  net.tick()
  expect([...drain(net.server, added(Owned))]).toEqual([])
  removeComponent(net.server, ship, Networked)
})
