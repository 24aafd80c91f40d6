// Lifecycle over the network in memory: what appears and ends, in which order, on which side.
import { addComponent, hasComponent, observe, onRemove, query, removeComponent, removeEntity } from 'bitecs'
import {
  added,
  close,
  connectionOf,
  createClientWorld,
  defineCommand,
  defineProtocol,
  despawn,
  drain,
  f32,
  kick,
  netIdOf,
  NetworkErrors,
  removed,
  replicate,
  sendCommand,
  setOwner,
  setPlayer,
  setReady,
  u16,
  u8,
} from 'bitecs-net'
import { observersOf } from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import { Connected, Connection, Listening, LocalPlayer, Networked, Owned, Ready } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { lifecycleBehaviours, record } from '../support/behaviours-lifecycle.js'
import { inMemory } from '../support/peers.js'

lifecycleBehaviours('the network in memory', inMemory)

describe('connections', () => {
  it('appear connected, then ready, on both sides, and the world shows that it listens', () => {
    const net = createTestNetwork(game.arena, { clients: 0 })
    expect(query(net.server, [Listening]).length).toBe(1)
    const log = record(net.server)
    const { world, connection } = net.connect()
    expect(log).toEqual(['+Connected', '+Ready'])
    const mine = connectionOf(world)
    expect([...query(world, [Connected, Ready])]).toEqual([mine])
    expect(Connection.id[mine]).toBe(Connection.id[connection])
    net.tick(30)
    expect(Connection.roundTrip[connection]).toBeGreaterThan(0)
  })

  it('take part only when the game says so, if it asked for that', () => {
    const net = createTestNetwork(game.arena, { clients: 0 })
    const ship = game.spawnShip(net.server)
    const { world, connection } = net.connect({ autoReady: false })
    net.tick(5)
    expect(hasComponent(net.server, connection, Connected)).toBe(true)
    expect(hasComponent(net.server, connection, Ready)).toBe(false)
    expect(game.networked(world)).toEqual([])
    setReady(world, true)
    net.tick(3)
    expect(hasComponent(net.server, connection, Ready)).toBe(true)
    expect(observersOf(net.server, ship)).toEqual([connection])
    const copy = game.copyOf(world, net.server, ship)
    expect(copy).not.toBe(0)
    setReady(world, false)
    net.tick(3)
    expect(game.networked(world)).toEqual([])
    expect([Networked.reason[copy], observersOf(net.server, ship)]).toEqual(['hidden', []])
    setReady(world, true)
    net.tick(3)
    expect(game.networked(world).length).toBe(1)
  })

  describe('47: two sides whose protocols differ: refused with the list of differences; listed in another order: accepted', () => {
    it('refuse a client with another protocol, with the list; it never appears in the world', () => {
      const Health = { hp: new Uint8Array(100) }
      const other = defineProtocol({
        components: { Health: replicate(Health, { hp: u8 }) },
        remote: { Move: defineCommand({ dx: f32, dy: f32 }), Extra: defineCommand({ n: u16 }) },
      })
      const net = createTestNetwork(game.arena, { clients: 0 })
      const log = record(net.server)
      const client = net.connect({ protocol: other })
      expect(client.reason).toMatchObject({ code: 'protocol-mismatch', by: 'remote' })
      expect(client.reason!.text).toContain('component Health is {hp:u16} on the server, {hp:u8} on the client')
      expect(client.reason!.text).toContain('component Flag is only on the server')
      net.tick(3)
      expect(log).toEqual([])
      expect(query(net.server, [Connection]).length).toBe(0)
      expect(stats(net.server).counters.refusedConnections).toBe(1)
      const [error] = drain(net.server, NetworkErrors)
      expect(error!.message).toContain('command Extra is only on the client')
      expect(Connection.reason[connectionOf(client.world)]?.code).toBe('protocol-mismatch')
    })

    it('accept a client that lists the same things in another order', () => {
      const { Position, Health, Heading, Target, Flag } = game.arena.components
      const { Move, ...rest } = game.arena.remote
      const reordered = defineProtocol({
        messages: { ...game.arena.messages },
        remote: { ...rest, Move },
        components: { Flag, Target, Heading, Health, Position },
        prefabs: { Door: game.Door, Ball: game.Ball },
        relations: { ...game.arena.relations },
      })
      const net = createTestNetwork(game.arena, { clients: 0 })
      const client = net.connect({ protocol: reordered })
      expect(client.reason).toBeUndefined()
      const ship = game.spawnShip(net.server, 3, 4, 5)
      setOwner(net.server, ship, client.connection)
      net.tick(2)
      const copy = game.copyOf(client.world, net.server, ship)
      expect(game.Health.hp[copy]).toBe(5)
      sendCommand(client.world, copy, Move, { dx: 1, dy: 2 })
      net.tick(2)
      expect([...drain(net.server, game.Move)].length).toBe(1)
    })
  })

  it('end with a reason that both sides can read: kicked, and full', () => {
    const net = createTestNetwork(game.arena, { clients: 2, limits: { maxConnections: 2 } })
    const third = net.connect()
    expect(third.reason).toMatchObject({ code: 'server-full' })
    const { world, connection } = net.clients[0]!
    kick(net.server, connection, 'be nice')
    net.tick()
    expect([...drain(net.server, removed(Connected))].map(({ entity, reason }) => [entity, reason])).toEqual([
      [connection, 'kicked'],
    ])
    expect(Connection.reason[connectionOf(world)]).toMatchObject({ code: 'kicked', text: 'be nice' })
    expect([...drain(world, removed(Connected))].map(({ reason }) => reason)).toEqual(['kicked'])
  })

  it('connect again in the same world: a fresh session, with nothing of the old one left', async () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const ship = game.spawnShip(net.server, 1, 1, 9)
    setPlayer(net.server, net.clients[0]!.connection, ship, { onLeave: 'keep' })
    net.tick(3)
    const { world } = net.clients[0]!
    const firstId = Connection.id[net.clients[0]!.connection]!
    await close(world)
    net.tick(2)
    expect(game.networked(world)).toEqual([])
    expect([Connection.player[connectionOf(world)], game.networked(net.server).length]).toEqual([0, 1])
    expect(hasComponent(net.server, ship, Owned)).toBe(false)
    const again = net.connect({ world })
    expect(again.reason).toBeUndefined()
    expect(Connection.id[again.connection]).toBe(firstId + 1)
    expect(Connection.reason[connectionOf(world)]).toBeUndefined()
    net.tick(2)
    expect(game.networked(world).length).toBe(1)
    expect(query(world, [Owned]).length).toBe(0)
    game.Health.hp[ship] = 10
    net.tick(3)
    expect(game.Health.hp[game.copyOf(world, net.server, ship)]).toBe(10)
  })

  it('are refused a world twice over: a second client world is a second client', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    expect(() => createClientWorld(game.arena, { world: net.clients[0]!.world })).toThrow(/client already/)
  })
})

describe('the entities of a client that left', () => {
  it('is despawned, or kept without an owner, as was said; the whole tick still finds it', async () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const first = net.clients[0]!
    const taken = game.spawnShip(net.server, 0, 0, 1)
    const kept = game.spawnShip(net.server, 0, 0, 2)
    setOwner(net.server, taken, first.connection)
    setOwner(net.server, kept, first.connection, { onLeave: 'keep' })
    net.tick(3)
    const { connection } = first
    await close(first.world)
    const watched: unknown[] = []
    observe(net.server, onRemove(Connected), () => {
      watched.push(hasComponent(net.server, taken, Owned), Networked.owner[taken] === connection)
    })
    net.tick()
    expect(watched).toEqual([true, true])
    expect([...drain(net.server, removed(Connected))].map(({ entity }) => entity)).toEqual([connection])
    expect(game.networked(net.server)).toEqual([kept])
    expect([hasComponent(net.server, kept, Owned), Networked.owner[kept]]).toEqual([false, 0])
    net.tick(2)
    expect(game.networked(net.clients[1]!.world).length).toBe(1)
  })
})

describe('ownership', () => {
  it('27: handed over drops what the former owner had under way, however long the way', () => {
    const net = createTestNetwork(game.arena, { clients: 2, conditions: { latency: 100 } })
    const ship = game.spawnShip(net.server)
    setOwner(net.server, ship, net.clients[0]!.connection)
    net.tick(8)
    const copy = game.copyOf(net.clients[0]!.world, net.server, ship)
    sendCommand(net.clients[0]!.world, copy, game.Move, { dx: 1, dy: 1 })
    net.tick()
    setOwner(net.server, ship, net.clients[1]!.connection)
    net.tick(8)
    expect([...drain(net.server, game.Move)]).toEqual([])
    expect(stats(net.server).counters.unauthorizedCalls).toBe(1)
  })
})

describe('entities', () => {
  describe('30: an entity spawned and despawned within one tick reaches no client; one removed and added again within a tick ends up right', () => {
    it('an entity spawned and despawned within one tick reaches no client; its own events still arrive', () => {
      const net = createTestNetwork(game.arena, { clients: 1 })
      const log = record(net.clients[0]!.world)
      const ship = game.spawnShip(net.server)
      despawn(net.server, ship)
      net.tick(3)
      expect(log).toEqual([])
      const again = game.spawnShip(net.server)
      removeComponent(net.server, again, Networked)
      addComponent(net.server, again, Networked)
      net.tick()
      expect([...drain(net.server, added(Networked))].length).toBe(2)
      expect([...drain(net.server, removed(Networked))].length).toBe(1)
      net.tick(2)
      expect(game.networked(net.clients[0]!.world).length).toBe(1)
    })

    it('entities that lose a component and get it again within one tick have it on every client', () => {
      const net = createTestNetwork(game.arena, { clients: 1 })
      const { world, connection } = net.clients[0]!
      const ship = game.spawnShip(net.server, 1, 1, 5)
      setPlayer(net.server, connection, ship)
      net.tick(3)
      const name = netIdOf(net.server, ship)
      removeComponent(net.server, ship, game.Health)
      game.Health.hp[ship] = 6
      addComponent(net.server, ship, game.Health)
      addComponent(net.server, ship, game.Flag)
      removeComponent(net.server, ship, game.Flag)
      net.tick(3)
      const copy = game.copyOf(world, net.server, ship)
      expect([game.Health.hp[copy], hasComponent(world, copy, game.Flag)]).toEqual([6, false])
      // Networked itself: another entity for its observers, with the same owner, whose player it still is.
      removeComponent(net.server, ship, Networked)
      game.Health.hp[ship] = 7
      addComponent(net.server, ship, Networked)
      net.tick(3)
      expect(netIdOf(net.server, ship)).not.toBe(name)
      const again = game.copyOf(world, net.server, ship)
      expect([game.networked(world), game.Health.hp[again]]).toEqual([[again], 7])
      expect([hasComponent(world, again, Owned), hasComponent(world, again, LocalPlayer)]).toEqual([true, true])
      expect([Networked.owner[ship], Connection.player[connection]]).toEqual([connection, ship])
    })
  })

  it('29: a hidden entity and a destroyed one are told apart by the client; one that returns gets its current values', async () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world } = net.clients[0]!
    const ship = game.spawnShip(net.server, 0, 0, 1)
    net.tick(3)
    const reasons = (): string[] => Array.from(drain(world, removed(Networked)), ({ reason }) => reason)
    const copies = [game.copyOf(world, net.server, ship)]
    const seen: unknown[] = []
    observe(world, onRemove(Networked), (eid: number) => void seen.push(Networked.reason[eid], game.Health.hp[eid]))
    setReady(world, false)
    net.until(() => game.networked(world).length === 0)
    expect([reasons(), seen.splice(0)]).toEqual([['hidden'], ['hidden', 1]])
    expect(netIdOf(net.server, ship)).not.toBe(0)
    game.Health.hp[ship] = 2
    net.tick(3)
    setReady(world, true)
    net.until(() => game.networked(world).length === 1)
    copies.push(game.copyOf(world, net.server, ship))
    expect([game.Health.hp[copies[1]!], Networked.reason[copies[1]!]]).toEqual([2, ''])
    despawn(net.server, ship)
    net.until(() => game.networked(world).length === 0)
    expect([reasons(), seen.splice(0)]).toEqual([['destroyed'], ['destroyed', 2]])
    game.spawnShip(net.server, 0, 0, 3)
    net.until(() => game.networked(world).length === 1)
    await close(net.server)
    net.until(() => game.networked(world).length === 0)
    expect([reasons(), seen]).toEqual([['disconnected'], ['disconnected', 3]])
  })

  it('removed by despawn end in order on the server: Owned, Networked, then the rest, values readable', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const ship = game.spawnShip(net.server, 0, 0, 8)
    setOwner(net.server, ship, net.clients[0]!.connection)
    const log = record(net.server)
    despawn(net.server, ship)
    expect(log.slice(0, 2)).toEqual(['-Owned hp=8', '-Networked hp=8'])
    expect(log.slice(2).sort()).toEqual(['-Health hp=8', '-Position hp=8'])
    despawn(net.server, ship)
  })

  it('entities removed with bitECS alone end for every client too', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const ship = game.spawnShip(net.server)
    net.tick(2)
    const copy = game.copyOf(net.clients[0]!.world, net.server, ship)
    removeEntity(net.server, ship)
    net.tick(2)
    const events = [...drain(net.clients[0]!.world, removed(Networked))]
    expect(events.map(({ entity, reason }) => [entity, reason])).toEqual([[copy, 'destroyed']])
  })
})
