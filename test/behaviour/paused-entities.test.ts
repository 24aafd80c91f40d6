// Entities taken out of the network and put back, and entities of the map whose owner leaves.
import { addComponent, addEntity, entityExists, hasComponent, removeComponent, removeEntity } from 'bitecs'
import { clearOwner, close, defineProtocol, entityOf, netIdOf, removePlayer, setOwner, setPlayer } from 'bitecs-net'
import { definePrefab, entityOfKey, setSpawnKey, spawn } from 'bitecs-net/prefabs'
import { Connection, LocalPlayer, Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestClient } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { record } from '../support/behaviours-lifecycle.js'
import * as game from '../support/arena.js'

function begin() {
  const net = createTestNetwork(game.arena, { clients: 2 })
  const [a, b] = net.clients as [TestClient, TestClient]
  const ship = game.spawnShip(net.server, 0, 0, 5)
  const tags = (client: TestClient): boolean[] => {
    const copy = entityOf(client.world, netIdOf(net.server, ship))
    return [Networked, Owned, LocalPlayer].map((tag) => copy !== 0 && hasComponent(client.world, copy, tag))
  }
  return { net, server: net.server, a, b, ship, tags }
}

describe('Networked removed and added again', () => {
  it.each([0, 5])('keeps owner and player, after %i ticks', (ticks) => {
    const { net, server, a, b, ship, tags } = begin()
    setPlayer(server, a.connection, ship, { onLeave: 'keep' })
    net.tick(3)
    const log = record(a.world)
    removeComponent(server, ship, Networked)
    net.tick(ticks)
    addComponent(server, ship, Networked)
    net.tick(3)
    expect([tags(a), tags(b)]).toEqual([
      [true, true, true],
      [true, false, false],
    ])
    expect(log.filter((line) => /Networked|Owned|LocalPlayer/.test(line)).sort()).toEqual([
      '+LocalPlayer hp=5',
      '+Networked hp=5',
      '+Owned hp=5',
      '-LocalPlayer hp=5',
      '-Networked hp=5',
      '-Owned hp=5',
    ])
    // What was said of its owner's end holds.
    void close(a.world)
    net.tick(3)
    expect([entityExists(server, ship), hasComponent(server, ship, Owned)]).toEqual([true, false])
  })

  it('loses its owner when that one leaves meanwhile, and is the game’s whatever was said', () => {
    const { net, server, a, b, ship, tags } = begin()
    setPlayer(server, a.connection, ship)
    net.tick(3)
    removeComponent(server, ship, Networked)
    void close(a.world)
    net.tick(3)
    expect([entityExists(server, ship), hasComponent(server, ship, Owned)]).toEqual([true, false])
    const again = net.connect()
    addComponent(server, ship, Networked)
    net.tick(3)
    expect([tags(again), tags(b)]).toEqual([
      [true, false, false],
      [true, false, false],
    ])
  })

  it('stays without an owner or a player that was taken from it meanwhile', () => {
    const { net, server, a, ship, tags } = begin()
    setPlayer(server, a.connection, ship)
    net.tick(3)
    removeComponent(server, ship, Networked)
    clearOwner(server, ship)
    removePlayer(server, a.connection)
    addComponent(server, ship, Networked)
    net.tick(3)
    expect(tags(a)).toEqual([true, false, false])
    setPlayer(server, a.connection, ship)
    removePlayer(server, a.connection, { former: 'unspawn' })
    addComponent(server, ship, Networked)
    net.tick(3)
    expect(tags(a)).toEqual([true, false, false])
  })

  it('gives nothing to an entity that has its id after it', () => {
    const { net, server, a, ship } = begin()
    setPlayer(server, a.connection, ship)
    net.tick(3)
    removeComponent(server, ship, Networked)
    net.tick(2)
    removeEntity(server, ship)
    expect(Connection.player[a.connection]).toBe(0)
    const next = game.spawnShip(server)
    expect(next).toBe(ship)
    net.tick(3)
    expect([Networked.owner[next], hasComponent(server, next, Owned)]).toEqual([0, false])
    const copy = game.copyOf(a.world, server, next)
    expect([hasComponent(a.world, copy, Owned), hasComponent(a.world, copy, LocalPlayer)]).toEqual([false, false])
  })
})

describe('an entity of every client’s map', () => {
  const Door = definePrefab()
  const protocol = defineProtocol({ prefabs: { Door } })

  it.each([
    ['scene', undefined, true],
    ['scene', 'despawn', false],
    ['predicted', undefined, false],
  ] as const)(
    'with a key of kind %s and onLeave %s, lives on without its owner: %s',
    async (keyKind, onLeave, stays) => {
      const net = createTestNetwork(protocol, { clients: 2 })
      const [a, b] = net.clients as [TestClient, TestClient]
      const mine = addEntity(b.world)
      if (keyKind === 'scene') setSpawnKey(b.world, mine, 'door')
      const door = spawn(net.server, Door, {}, { key: 'door', keyKind })
      net.tick(3)
      setOwner(net.server, door, a.connection, { onLeave })
      net.tick(2)
      await close(a.world)
      net.tick(4)
      expect([entityExists(net.server, door), entityOfKey(b.world, 'door') !== 0]).toEqual([stays, stays])
      if (!stays) return
      expect([entityExists(b.world, mine), hasComponent(net.server, door, Owned)]).toEqual([true, false])
      expect(Networked.owner[door]).toBe(0)
    },
  )
})
