// A line that breaks: the session waits for it, and goes on over another where it stood; or it ends, and nothing is
// left of it.
import { addComponent, entityExists, hasComponent, query, removeComponent } from 'bitecs'
import {
  added,
  connectionOf,
  despawn,
  drain,
  kick,
  NetworkErrors,
  removed,
  sendCommand,
  sendMessage,
  sendRpc,
  setPlayer,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Connected, Connection, Interrupted, LocalPlayer, Networked, Owned, Ready } from 'bitecs-net/components'
import { createRandom, createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

/** One client with a player of its own. */
function start({ sessions, ...options }: Parameters<typeof createTestNetwork>[1] = {}) {
  const times = { timeout: 1000, resumeTime: 3000, ...sessions }
  const net = createTestNetwork(game.arena, { clients: 0, sessions: times, ...options })
  const client = net.connect({ timeout: 1000 })
  const { connection, world } = client
  const ship = game.spawnShip(net.server, 1, 2, 3)
  setPlayer(net.server, connection, ship)
  const own = connectionOf(world)
  const copy = (): number => game.copyOf(world, net.server, ship)
  net.until(() => copy() !== 0 && hasComponent(world, copy(), LocalPlayer))
  return { net, client, world, server: net.server, connection, own, ship, copy }
}

const texts = (world: TestNetwork['server'] | TestNetwork['clients'][number]['world']): string[] =>
  [...drain(world, game.Chat)].map(({ args }) => args.text)

describe('46: reconnect: a fresh session, nothing of the old one left; with a resume token, the player and its entities are kept', () => {
  it('keeps the connection, its player and what it owns, on both sides, when the line is cut', () => {
    const { net, client, world, server, connection, own, ship, copy } = start()
    const before = copy()
    client.cut()
    net.tick(4)
    expect(client.connection).toBe(connection)
    expect([Connection.player[connection], Connection.player[own]]).toEqual([ship, before])
    expect([copy(), hasComponent(world, before, Owned), hasComponent(world, before, LocalPlayer)]).toEqual([
      before,
      true,
      true,
    ])
    for (const [side, eid] of [
      [server, connection],
      [world, own],
    ] as const) {
      expect([...drain(side, removed(Connected))]).toEqual([])
      expect([hasComponent(side, eid, Connected), hasComponent(side, eid, Ready)]).toEqual([true, true])
      expect(hasComponent(side, eid, Interrupted)).toBe(false)
    }
    expect(stats(server).counters.refusedConnections).toBe(0)
  })

  it('brings what changed meanwhile, and not the world again', () => {
    const { net, client, world, server, connection, ship, copy } = start({ sessions: { resumeTime: 10_000 } })
    const others = Array.from({ length: 500 }, (_, i) => game.spawnShip(server, i, i, i))
    net.tick(3)
    client.setConditions({ down: true })
    net.setServerConditions({ down: true })
    net.tick(30)
    game.Health.hp[ship] = 77
    removeComponent(server, others[0]!, game.Health)
    addComponent(server, others[1]!, game.Flag)
    despawn(server, others[2]!)
    const late = game.spawnShip(server, 9, 9, 9)
    net.tick(10)
    expect(game.Health.hp[copy()]).toBe(3)
    const { bytesSent } = stats(server).transport
    client.setConditions({ down: false })
    net.setServerConditions({ down: false })
    client.cut()
    net.until(() => !hasComponent(server, connection, Interrupted))
    net.tick(3)
    expect(game.Health.hp[copy()]).toBe(77)
    expect(hasComponent(world, game.copyOf(world, server, others[0]!), game.Health)).toBe(false)
    expect(hasComponent(world, game.copyOf(world, server, others[1]!), game.Flag)).toBe(true)
    expect(game.Health.hp[game.copyOf(world, server, late)]).toBe(9)
    expect(game.networked(world).length).toBe(501)
    expect(stats(server).transport.bytesSent - bytesSent).toBeLessThan(2500)
  })

  it('shows Interrupted on both sides while nothing is heard, and the same session goes on after an outage of five seconds', () => {
    const { net, client, world, server, connection, own, ship, copy } = start({ sessions: { resumeTime: 10_000 } })
    client.setConditions({ down: true })
    net.setServerConditions({ down: true })
    net.until(() => hasComponent(server, connection, Interrupted))
    expect(net.now).toBeLessThan(1400)
    expect([...drain(server, added(Interrupted))].map(({ entity }) => entity)).toEqual([connection])
    net.until(() => hasComponent(world, own, Interrupted))
    game.Health.hp[ship] = 42
    sendMessage(server, game.Chat, { text: 'to the client' }, { to: connection })
    sendMessage(world, game.Chat, { text: 'to the server' })
    net.tick(75)
    client.setConditions({ down: false })
    net.setServerConditions({ down: false })
    net.tick(60)
    expect([hasComponent(server, connection, Interrupted), hasComponent(world, own, Interrupted)]).toEqual([
      false,
      false,
    ])
    expect([texts(world), texts(server)]).toEqual([['to the client'], ['to the server']])
    expect([game.Health.hp[copy()], client.connection]).toEqual([42, connection])
    expect([...drain(world, removed(Connected))]).toEqual([])
  })

  it('ends after an outage of twenty seconds, and what connects then is another session, without anything of the old one', () => {
    const { net, client, world, server, connection, own, ship } = start()
    client.setConditions({ down: true })
    net.setServerConditions({ down: true })
    net.tick(400)
    expect(entityExists(server, ship)).toBe(false)
    expect([query(server, [Connected]).length, hasComponent(world, own, Connected)]).toEqual([0, false])
    expect([Connection.reason[own]!.code, game.networked(world)]).toEqual(['timeout', []])
    net.setServerConditions({ down: false })
    const id = Connection.id[own]!
    const again = net.connect({ world })
    expect(Connection.id[own]).not.toBe(id)
    expect([Connection.player[again.connection], Connection.player[own], game.networked(world)]).toEqual([0, 0, []])
    expect(hasComponent(server, connection, Owned)).toBe(false)
  })

  it('delivers every reliable call once, in order, both ways, whenever the line is cut', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed)
      const conditions = {
        latency: random() * 120,
        jitter: random() * 60,
        loss: random() * 0.2,
        reorder: random() * 0.3,
      }
      const { net, client, world, server, ship, copy } = start({ seed, conditions, sessions: { resumeTime: 60_000 } })
      const got: { server: number[]; client: number[] } = { server: [], client: [] }
      let sent = 0
      for (let tick = 0; tick < 250; tick++) {
        if (tick < 100) {
          sendCommand(world, copy(), game.Move, { dx: sent, dy: 0 })
          sendRpc(server, ship, game.Boom, { x: sent, shooter: ship })
          sent++
        }
        if (tick < 120 && random() < 0.06) client.cut()
        net.tick()
        for (const { args } of drain(server, game.Move)) got.server.push(args.dx)
        for (const { args } of drain(world, game.Boom)) got.client.push(args.x)
      }
      const all = Array.from({ length: sent }, (_, i) => i)
      expect([seed, got.server, got.client]).toEqual([seed, all, all])
      expect([...drain(server, NetworkErrors)].map(({ code }) => code)).toEqual([])
    }
  })

  it('tells who comes back too late why the session ended', () => {
    const { net, client, world, server, connection, own } = start()
    client.setConditions({ down: true })
    net.setServerConditions({ down: true })
    net.tick(30)
    kick(server, connection, 'idle')
    net.tick(2)
    client.setConditions({ down: false })
    net.setServerConditions({ down: false })
    client.cut()
    net.tick(10)
    expect(hasComponent(world, own, Connected)).toBe(false)
    expect(Connection.reason[own]).toMatchObject({ code: 'kicked', text: 'idle', by: 'remote' })
    expect(hasComponent(world, own, Interrupted)).toBe(false)
  })

  it('ends at once with the line where the client, or the server, wants no more', () => {
    const asks = createTestNetwork(game.arena, { clients: 0 })
    const never = asks.connect({ reconnect: 'never' })
    never.cut()
    asks.tick(3)
    expect([never.reason?.code, query(asks.server, [Connected]).length]).toEqual(['lost', 0])
    const refuses = createTestNetwork(game.arena, { sessions: { resumeTime: 0 } })
    const [client] = refuses.clients
    client!.cut()
    refuses.tick(3)
    expect([client!.reason?.code, query(refuses.server, [Connected]).length]).toEqual(['lost', 0])
  })

  it('ends when more reliable data waits than is kept, and reports the loss', () => {
    const { net, client, world, server, connection, own } = start({ sessions: { resumeTime: 60_000 } })
    client.setConditions({ down: true })
    net.setServerConditions({ down: true })
    net.tick(25)
    for (let i = 0; i < 20 && hasComponent(server, connection, Connected); i++) {
      sendMessage(server, game.News, { text: 'x'.repeat(16_000) }, { to: connection })
      net.tick()
    }
    expect(query(server, [Connected]).length).toBe(0)
    client.setConditions({ down: false })
    net.setServerConditions({ down: false })
    client.cut()
    net.tick(10)
    expect([hasComponent(world, own, Connected), Connection.reason[own]!.by]).toEqual([false, 'remote'])
  })

  it('is as before for the entity that the client removed, and for Networked', () => {
    const { net, client, world, server, ship } = start()
    const copies = [...query(world, [Networked])]
    client.cut()
    net.tick()
    client.cut()
    net.tick()
    client.cut()
    net.tick(10)
    expect([...query(world, [Networked])]).toEqual(copies)
    despawn(server, ship)
    net.tick(3)
    expect([...query(world, [Networked])]).toEqual([])
  })
})
