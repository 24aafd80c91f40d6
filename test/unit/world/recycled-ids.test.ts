// Tests recycled entity ids: bitECS reuses an id at once, and the new entity must not be confused with the old one.
import {
  addComponent,
  addEntity,
  entityExists,
  hasComponent,
  observe,
  onRemove,
  query,
  removeComponent,
  removeEntity,
} from 'bitecs'
import {
  added,
  connectionOf,
  defineProtocol,
  despawn,
  drain,
  entityOf,
  netIdOf,
  replicate,
  setOwner,
  setPlayer,
  u16,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Connection, LocalPlayer, Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const Health = { hp: new Uint16Array(4000) }
const protocol = defineProtocol({ components: { Health: replicate(Health, { hp: u16 }) } })

function spawn(world: Parameters<typeof netIdOf>[0], hp: number): number {
  const eid = addEntity(world)
  addComponent(world, eid, Health)
  Health.hp[eid] = hp
  addComponent(world, eid, Networked)
  return eid
}

describe('a recycled entity id', () => {
  it('does not become the player in place of the despawned entity', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    const ship = spawn(net.server, 1)
    setPlayer(net.server, client.connection, ship)
    net.tick(3)
    expect(query(client.world, [LocalPlayer])).toHaveLength(1)
    despawn(net.server, ship)
    net.tick(3)
    expect(Connection.player[connectionOf(client.world)]).toBe(0)
    const others = Array.from({ length: 8 }, () => spawn(net.server, 2))
    expect(others).toContain(ship)
    net.tick(3)
    expect([...query(client.world, [LocalPlayer])]).toEqual([])
    expect(Connection.player[client.connection]).toBe(0)
  })

  it('reused in the same tick names the new entity on the client, too', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    const first = spawn(net.server, 1)
    net.tick(3)
    const before = netIdOf(net.server, first)
    const copy = entityOf(client.world, before)
    removeEntity(net.server, first)
    const second = spawn(net.server, 7)
    expect(second).toBe(first)
    net.tick(3)
    expect(netIdOf(net.server, second)).not.toBe(before)
    expect(entityOf(client.world, before)).toBe(0)
    expect(netIdOf(client.world, copy)).toBe(0)
    expect(Health.hp[entityOf(client.world, netIdOf(net.server, second))]).toBe(7)
  })

  it('is not removed when its former entity, which the game removed locally, despawns', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    const ship = spawn(net.server, 1)
    const turret = spawn(net.server, 2)
    net.tick(3)
    const shipCopy = entityOf(client.world, netIdOf(net.server, ship))
    const turretCopy = entityOf(client.world, netIdOf(net.server, turret))
    // The game removes the turret together with its ship.
    observe(client.world, onRemove(Networked), (eid: number) => {
      if (eid === shipCopy) removeEntity(client.world, turretCopy)
    })
    despawn(net.server, ship)
    net.tick(2)
    expect(entityOf(client.world, netIdOf(net.server, turret))).toBe(0)
    const local = Array.from({ length: 8 }, () => addEntity(client.world))
    despawn(net.server, turret)
    net.tick(2)
    for (const eid of local) expect(entityExists(client.world, eid)).toBe(true)
  })
})

describe('Networked, removed and added again,', () => {
  it('leaves no Owned without an owner', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    const ship = spawn(net.server, 1)
    setOwner(net.server, ship, client.connection)
    net.tick(2)
    removeComponent(net.server, ship, Networked)
    net.tick(2)
    addComponent(net.server, ship, Networked)
    net.tick(2)
    expect(hasComponent(net.server, ship, Owned)).toBe(Networked.owner[ship] !== 0)
    setOwner(net.server, ship, client.connection)
    net.tick(2)
    expect(hasComponent(client.world, entityOf(client.world, netIdOf(net.server, ship)), Owned)).toBe(true)
  })

  it('keeps the owner and Owned', () => {
    const owners: number[] = []
    const net = createTestNetwork(protocol, {
      serverSystems: [
        (world) => {
          for (const { entity } of drain(world, added(Owned))) owners.push(entity)
        },
      ],
    })
    const client = net.clients[0]!
    const ship = spawn(net.server, 1)
    setOwner(net.server, ship, client.connection)
    net.tick(2)
    removeComponent(net.server, ship, Networked)
    net.tick(2)
    addComponent(net.server, ship, Networked)
    net.tick(2)
    expect(owners).toEqual([ship])
    expect(Networked.owner[ship]).toBe(client.connection)
    expect(hasComponent(client.world, entityOf(client.world, netIdOf(net.server, ship)), Owned)).toBe(true)
  })
})

describe('slots', () => {
  it('are reused once every client has applied the despawn', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    let highest = 0
    for (let round = 0; round < 60; round++) {
      const entities = Array.from({ length: 5 }, (_, i) => spawn(net.server, i))
      for (const eid of entities) highest = Math.max(highest, netIdOf(net.server, eid) & 0xfffff)
      net.tick()
      for (const eid of entities) despawn(net.server, eid)
      net.tick()
    }
    expect(highest).toBeLessThanOrEqual(30)
    expect(stats(net.server).entities).toBe(0)
  })
})
