// Tests the events of observers: the server's systems see when a client begins or stops observing an entity, and why.
import { addComponent, addEntity, removeComponent, removeEntity } from 'bitecs'
import { close, despawn, drain, entityOf, kick, netIdOf, type ServerWorld, setReady } from 'bitecs-net'
import { ObserversAdded, ObserversRemoved, observersOf } from 'bitecs-net/interest'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

/** What a system would see now: entity and connection. */
function began(server: ServerWorld): number[][] {
  return Array.from(drain(server, ObserversAdded), ({ entity, connection }) => [entity, connection])
}

/** The same of what ended: entity, connection, reason. */
function ended(server: ServerWorld): unknown[][] {
  return Array.from(drain(server, ObserversRemoved), (event) => [event.entity, event.connection, event.reason])
}

describe('an observer', () => {
  it('is reported to every system once, in the tick after it began to observe an entity', () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const connections = net.clients.map(({ connection }) => connection)
    const first = game.spawnShip(net.server)
    const second = game.spawnShip(net.server)
    net.tick()
    expect(observersOf(net.server, first)).toEqual(connections)
    expect(began(net.server)).toEqual([])
    net.tick()
    const expected = connections.flatMap((connection) => [
      [first, connection],
      [second, connection],
    ])
    expect(began(net.server)).toEqual(expected)
    expect(began(net.server)).toEqual(expected)
    for (const { netId } of drain(net.server, ObserversAdded))
      expect([first, second]).toContain(entityOf(net.server, netId))
    net.tick()
    expect([began(net.server), ended(net.server)]).toEqual([[], []])
  })

  it('is reported for every entity when it joins late', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const ships = Array.from({ length: 100 }, () => game.spawnShip(net.server))
    net.tick(3)
    const seen: number[][] = []
    const late = net.begin()
    for (let i = 0; i < 10; i++) {
      net.tick()
      seen.push(...began(net.server))
    }
    expect(seen).toEqual(ships.map((ship) => [ship, late.connection]))
  })

  it('is reported with the reason why it stopped: destroyed, hidden, or disconnected in the tick that removes Connected', async () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const [a, b] = net.clients.map(({ connection }) => connection) as [number, number]
    const [first, second] = [game.spawnShip(net.server), game.spawnShip(net.server)]
    net.tick(3)
    const name = netIdOf(net.server, first)
    despawn(net.server, first)
    net.tick(2)
    expect(ended(net.server)).toEqual([
      [first, a, 'destroyed'],
      [first, b, 'destroyed'],
    ])
    expect(Array.from(drain(net.server, ObserversRemoved), ({ netId }) => netId)).toEqual([name, name])
    setReady(net.clients[0]!.world, false)
    net.until(() => observersOf(net.server, second).length === 1)
    net.tick()
    expect(ended(net.server)).toEqual([[second, a, 'hidden']])
    kick(net.server, b)
    net.tick()
    expect(ended(net.server)).toEqual([[second, b, 'disconnected']])
    net.tick()
    expect(ended(net.server)).toEqual([])
    await close(net.server)
  })

  it('is not reported for an entity that began and ended within a tick; one that was replaced is reported as ended and begun', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { connection } = net.clients[0]!
    despawn(net.server, game.spawnShip(net.server))
    net.tick(2)
    expect([began(net.server), ended(net.server)]).toEqual([[], []])
    const ship = game.spawnShip(net.server)
    net.tick(2)
    const names = [netIdOf(net.server, ship)]
    removeComponent(net.server, ship, Networked)
    addComponent(net.server, ship, Networked)
    names.push(netIdOf(net.server, ship))
    net.tick(2)
    expect([began(net.server), ended(net.server)]).toEqual([[[ship, connection]], [[ship, connection, 'destroyed']]])
    const told = [ObserversRemoved, ObserversAdded].map((kind) => {
      for (const { netId } of drain(net.server, kind as typeof ObserversAdded)) return netId
      return 0
    })
    expect(told).toEqual(names)
  })

  it('is reported with the former entity, even if its id and slot are in use again', () => {
    const told: number[][] = []
    // It spawns before it drains.
    const system = (server: ServerWorld): void => {
      for (let i = 0; i < 5; i++) addComponent(server, addEntity(server), Networked)
      for (const { entity, netId } of drain(server, ObserversRemoved)) told.push([entity, netId])
    }
    const net = createTestNetwork(game.arena, { clients: 1, serverSystems: [system] })
    const gone: number[][] = []
    for (let i = 0; i < 10; i++) {
      const eid = addEntity(net.server)
      addComponent(net.server, eid, Networked)
      net.tick(3)
      gone.push([eid, netIdOf(net.server, eid)])
      removeEntity(net.server, eid)
      net.tick(2)
    }
    expect(told).toEqual(gone)
  })

  it('is a host’s own client too', () => {
    const net = createTestNetwork(game.arena, { host: true, clients: 1 })
    const ship = game.spawnShip(net.server)
    net.tick(2)
    expect(observersOf(net.server, ship)).toHaveLength(2)
    expect(began(net.server)).toEqual(observersOf(net.server, ship).map((connection) => [ship, connection]))
    despawn(net.server, ship)
    net.tick(2)
    expect(ended(net.server).map(([entity, , reason]) => [entity, reason])).toEqual([
      [ship, 'destroyed'],
      [ship, 'destroyed'],
    ])
  })

  it('is reported when the server sends, even if its packets do not arrive', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    net.setServerConditions({ down: true })
    const ship = game.spawnShip(net.server)
    net.tick(2)
    expect(began(net.server)).toEqual([[ship, net.clients[0]!.connection]])
    expect(game.networked(net.clients[0]!.world)).toEqual([])
  })
})

describe('events of observers', () => {
  it('are those of the last tick in a world that is drained rarely', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const ships: number[] = []
    for (let i = 0; i < 200; i++) {
      ships.push(game.spawnShip(net.server))
      net.tick()
    }
    net.tick()
    expect(began(net.server).map(([entity]) => entity)).toEqual([ships.at(-1)])
  })
})
