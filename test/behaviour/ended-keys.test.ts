// Tests that scene entities of clients end when the server despawns the entity of their key out of sight, also for
// late joiners.
import { addEntity, entityExists, hasComponent, query, removeComponent, addComponent } from 'bitecs'
import { close, type ClientWorld, defineProtocol, despawn, NetworkErrors, drain } from 'bitecs-net'
import { withSide } from 'bitecs-net/host'
import { hideFrom } from 'bitecs-net/interest'
import { definePrefab, entityOfKey, setSpawnKey, spawn } from 'bitecs-net/prefabs'
import { changeScene, defineScene, setSceneLoader } from 'bitecs-net/scenes'
import { Networked, SpawnOrigin } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

function claim(world: ClientWorld, key: string): number {
  const eid = addEntity(world)
  setSpawnKey(world, eid, key)
  return eid
}

function start(options: { clients?: number } = {}) {
  const net = createTestNetwork(game.arena, options)
  const { server } = net
  const { world } = net.clients[0]!
  const door = claim(world, 'door')
  const ours = spawn(server, game.Door, {}, { key: 'door' })
  net.tick(2)
  expect(game.copyOf(world, server, ours)).toBe(door)
  return { net, server, world, door, ours }
}

describe("a client's scene entity whose server entity despawns", () => {
  it('29: ends on a client from which it was hidden, as on one that observed it', () => {
    const { net, server, world, door, ours } = start({ clients: 2 })
    const other = net.clients[1]!.world
    const seen = claim(other, 'door')
    net.tick()
    hideFrom(server, ours, net.clients[0]!.connection)
    net.tick(2)
    expect([hasComponent(world, door, Networked), entityExists(world, door)]).toEqual([false, true])
    despawn(server, ours)
    net.tick(2)
    expect([entityExists(world, door), entityOfKey(world, 'door')]).toEqual([false, 0])
    expect([entityExists(other, seen), entityOfKey(other, 'door')]).toEqual([false, 0])
    expect([...drain(world, NetworkErrors)]).toEqual([])
  })

  it('ends when it was hidden and despawned in one tick, and when it was never observed', () => {
    const { net, server, world, door, ours } = start()
    const { connection } = net.clients[0]!
    const gate = claim(world, 'gate')
    const unseen = spawn(server, game.Door, {}, { key: 'gate' })
    hideFrom(server, unseen, connection)
    net.tick(2)
    expect(hasComponent(world, gate, Networked)).toBe(false)
    hideFrom(server, ours, connection)
    despawn(server, ours)
    despawn(server, unseen)
    net.tick(2)
    expect([entityExists(world, door), entityExists(world, gate)]).toEqual([false, false])
  })

  it('ends on a client that connects, or claims the key, later', () => {
    const { net, server, world, door, ours } = start()
    despawn(server, ours)
    net.tick(2)
    expect(entityExists(world, door)).toBe(false)
    const again = claim(world, 'door')
    expect(entityOfKey(world, 'door')).toBe(again)
    const late = net.connect()
    const early = net.begin()
    claim(early.world, 'door')
    claim(late.world, 'door')
    net.tick(5)
    for (const where of [world, late.world, early.world]) {
      expect([entityOfKey(where, 'door'), [...query(where, [SpawnOrigin])]]).toEqual([0, []])
    }
    const waits = claim(late.world, 'gate')
    net.tick(2)
    expect(entityExists(late.world, waits)).toBe(true)
  })

  it('ends when a client that was disconnected meanwhile connects again', () => {
    const { net, server, world, door, ours } = start()
    void close(world)
    net.clients[0]!.running = false
    net.tick()
    despawn(server, ours)
    net.tick(2)
    expect(entityExists(world, door)).toBe(true)
    net.connect({ world })
    net.tick(2)
    expect(entityExists(world, door)).toBe(false)
  })

  it('stays when another entity has the key, or the same one is networked again', () => {
    const { net, server, world, door, ours } = start()
    const { connection } = net.clients[0]!
    hideFrom(server, ours, connection)
    net.tick(2)
    despawn(server, ours)
    const next = spawn(server, game.Door, {}, { key: 'door' })
    net.tick(2)
    expect(game.copyOf(world, server, next)).toBe(door)
    hideFrom(server, next, connection)
    net.tick(2)
    removeComponent(server, next, Networked)
    addComponent(server, next, Networked)
    net.tick(2)
    expect(game.copyOf(world, server, next)).toBe(door)
    const late = net.connect()
    const claimed = claim(late.world, 'door')
    net.tick(2)
    expect(game.copyOf(late.world, server, next)).toBe(claimed)
  })

  it("stays when the server's entity had a predicted key", () => {
    const { net, server, world } = start()
    const shot = claim(world, 'shot 1')
    const ours = spawn(server, game.Door, {}, { key: 'shot 1', keyKind: 'predicted' })
    const bare = addEntity(server)
    setSpawnKey(server, bare, 'shot 2', { kind: 'predicted' })
    addComponent(server, bare, Networked)
    const second = claim(world, 'shot 2')
    hideFrom(server, ours, 'all')
    hideFrom(server, bare, 'all')
    net.tick(2)
    despawn(server, ours)
    despawn(server, bare)
    net.tick(2)
    expect([entityExists(world, shot), entityExists(world, second)]).toEqual([true, true])
  })

  it('ends for the last 1,024 ended keys only, so that the list stays bounded', () => {
    const { net, server, world } = start()
    for (let i = 0; i < 1030; i++) {
      despawn(server, spawn(server, game.Door, {}, { key: `crate ${i}` }))
      if (i % 100 === 99) net.tick()
    }
    // A key that ends and begins again evicts no other key.
    for (let i = 0; i < 2000; i++) {
      const again = spawn(server, game.Door, {}, { key: 'crate 1029' })
      if (i % 100 === 99) net.tick()
      despawn(server, again)
    }
    net.tick(2)
    const late = net.connect()
    for (const where of [world, late.world]) {
      const first = claim(where, 'crate 0')
      const last = [claim(where, 'crate 6'), claim(where, 'crate 1029')]
      net.tick(2)
      expect([first, ...last].map((eid) => hasComponent(where, eid, SpawnOrigin))).toEqual([true, false, false])
    }
  })

  it("ends in a host's world too, when its own client has claimed the key", () => {
    const net = createTestNetwork(game.arena, { host: true, clients: 0 })
    const { server } = net
    const ours = spawn(server, game.Door, {}, { key: 'door' })
    hideFrom(server, ours, net.host.connection)
    net.tick(2)
    despawn(server, ours)
    net.tick(2)
    const own = addEntity(server)
    withSide(server, 'client', () => setSpawnKey(server, own, 'door'))
    net.tick(2)
    expect(entityExists(server, own)).toBe(false)
  })
})

describe('another scene', () => {
  it('has its own keys: keys that ended in the last scene end nothing in it', () => {
    const Cave = defineScene()
    const Wall = definePrefab()
    const protocol = defineProtocol({ prefabs: { Wall }, scenes: { Cave } })
    const net = createTestNetwork(protocol)
    const { world } = net.clients[0]!
    const ours = spawn(net.server, Wall, {}, { key: 'wall' })
    net.tick(2)
    despawn(net.server, ours)
    net.tick(2)
    let built = 0
    setSceneLoader(world, ({ action }) => {
      if (action === 'load') built = claim(world, 'wall')
    })
    changeScene(net.server, Cave)
    net.until(() => built !== 0)
    net.tick(5)
    expect(entityExists(world, built)).toBe(true)
    const late = net.connect()
    const claimed = claim(late.world, 'wall')
    net.tick(3)
    expect(entityExists(late.world, claimed)).toBe(true)
  })
})
