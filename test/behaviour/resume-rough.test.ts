// Lines that break at the worst moment: while another is asked for, while much is under way, and by those who mean
// harm.
import { hasComponent, observe, onAdd, onRemove, query } from 'bitecs'
import { close, connectionOf, drain, kick, NetworkErrors, sendCommand, sendRpc, setPlayer } from 'bitecs-net'
import { Connected, Connection, Interrupted, LocalPlayer } from 'bitecs-net/components'
import { createRandom, createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

/** One client with a player of its own. */
function start(options: Parameters<typeof createTestNetwork>[1] = {}) {
  const net = createTestNetwork(game.arena, { clients: 0, sessions: { timeout: 1000, resumeTime: 60_000 }, ...options })
  const client = net.connect({ timeout: 1000 })
  const { connection, world } = client
  const ship = game.spawnShip(net.server, 1, 2, 3)
  setPlayer(net.server, connection, ship)
  const own = connectionOf(world)
  const copy = (): number => game.copyOf(world, net.server, ship)
  net.until(() => copy() !== 0 && hasComponent(world, copy(), LocalPlayer))
  return { net, client, world, server: net.server, connection, own, ship, copy }
}

describe('46: a session that is resumed, at the worst moment', () => {
  it('takes nothing twice that the old line still brings while another is asked for', () => {
    const { net, server, world, ship, connection, own } = start()
    net.setServerConditions({ latency: 1500 })
    const got: number[] = []
    for (let i = 0; i < 40; i++) {
      sendRpc(server, ship, game.Boom, { x: i, shooter: ship })
      net.tick()
      for (const { args } of drain(world, game.Boom)) got.push(args.x)
    }
    net.setServerConditions({ latency: 0 })
    for (let i = 0; i < 100; i++) {
      net.tick()
      for (const { args } of drain(world, game.Boom)) got.push(args.x)
    }
    expect(got).toEqual(Array.from({ length: 40 }, (_, i) => i))
    expect([hasComponent(server, connection, Connected), hasComponent(world, own, Interrupted)]).toEqual([true, false])
  })

  it('delivers every reliable call once, in order, both ways, whatever is slow, down or cut', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed)
      const { net, client, world, server, ship, copy } = start({ seed })
      const got: { server: number[]; client: number[] } = { server: [], client: [] }
      let sent = 0
      for (let tick = 0; tick < 1200; tick++) {
        if (tick < 200) {
          sendCommand(world, copy(), game.Move, { dx: sent, dy: 0 })
          sendRpc(server, ship, game.Boom, { x: sent, shooter: ship })
          sent++
        }
        if (tick < 260 && random() < 0.08) {
          const set = random() < 0.5 ? client.setConditions.bind(client) : net.setServerConditions.bind(net)
          set({
            latency: random() < 0.5 ? 20 : random() * 3000,
            jitter: random() * 100,
            loss: random() * 0.3,
            down: random() < 0.2,
          })
          if (random() < 0.2) client.cut()
        }
        if (tick === 260) {
          client.setConditions({ latency: 10, jitter: 0, loss: 0, down: false })
          net.setServerConditions({ latency: 10, jitter: 0, loss: 0, down: false })
        }
        net.tick()
        for (const { args } of drain(server, game.Move)) got.server.push(args.dx)
        for (const { args } of drain(world, game.Boom)) got.client.push(args.x)
      }
      const all = Array.from({ length: sent }, (_, i) => i)
      expect([seed, got.server, got.client]).toEqual([seed, all, all])
      // Tries may come to nothing; no session of the server's does.
      const codes = [...drain(server, NetworkErrors)].map(({ code }) => code)
      expect(codes.filter((code) => code !== 'handshake-timeout')).toEqual([])
    }
  })

  it('goes on when the line is cut while a large world is on its way', () => {
    const net = createTestNetwork(game.arena, {
      clients: 0,
      sessions: { resumeTime: 60_000 },
      conditions: { latency: 50 },
    })
    for (let i = 0; i < 30_000; i++) game.spawnShip(net.server, i, i, i)
    net.tick()
    const client = net.begin()
    net.until(() => query(client.world, [game.Health]).length > 20_000)
    const { connection } = client
    client.cut()
    net.tick(60)
    expect([client.reason, client.connection]).toEqual([undefined, connection])
    expect(query(client.world, [game.Health]).length).toBe(30_000)
  })

  it('tells who was kicked while its line was breaking, though the server had not noticed', () => {
    const { net, client, server, world, connection, own } = start()
    net.setServerConditions({ down: true })
    net.tick(3)
    kick(server, connection, 'idle')
    net.tick()
    client.cut()
    net.setServerConditions({ down: false })
    net.tick(20)
    expect(hasComponent(world, own, Connected)).toBe(false)
    expect(Connection.reason[own]).toMatchObject({ code: 'kicked', text: 'idle' })
  })

  it('ends within an observer of Interrupted, on either side, and leaves nothing', async () => {
    for (const side of ['server', 'client', 'kick'] as const) {
      const { net, client, server, world, connection, own } = start()
      const ends: string[] = []
      const watched = side === 'client' ? world : server
      observe(watched, onAdd(Interrupted), (eid: number) => {
        ends.push('interrupted')
        if (side === 'kick') kick(server, eid, 'gone')
        else void close(watched)
      })
      observe(watched, onRemove(Interrupted), () => void ends.push('removed'))
      client.cut()
      net.setServerConditions({ down: true })
      client.setConditions({ down: true })
      net.tick(3)
      net.setServerConditions({ down: false })
      net.tick(10)
      expect([side, ends]).toEqual([side, ['interrupted', 'removed']])
      expect([side, hasComponent(watched, side === 'client' ? own : connection, Connected)]).toEqual([side, false])
      await close(world)
      await close(server)
    }
  })

  it('shows silence within the time-out, not up to a tick after it, on both sides', () => {
    const { net, client, server, world, connection, own, ship, copy } = start()
    for (let i = 0; i < 20; i++) {
      sendCommand(world, copy(), game.Move, { dx: i, dy: 0 })
      sendRpc(server, ship, game.Boom, { x: i, shooter: ship })
      net.tick()
    }
    client.setConditions({ down: true })
    net.setServerConditions({ down: true })
    const cutAt = net.now
    const noticedAt = (side: typeof server | typeof world, eid: number): number => {
      net.until(() => hasComponent(side, eid, Interrupted))
      return net.now - cutAt
    }
    expect(noticedAt(server, connection)).toBeLessThanOrEqual(1000)
    expect(noticedAt(world, own)).toBeLessThanOrEqual(1000)
  })
})
