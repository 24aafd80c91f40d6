// Spawn keys: a client's own entities that stand for the server's, those of a scene and those made ahead of it.
import {
  addComponent,
  addEntity,
  entityExists,
  hasComponent,
  observe,
  onAdd,
  removeComponent,
  removeEntity,
} from 'bitecs'
import {
  added,
  ArgumentError,
  close,
  connectionOf,
  createClientWorld,
  defineProtocol,
  despawn,
  drain,
  netIdOf,
  NetworkErrors,
  quantized,
  removed,
  replicate,
  sendRpc,
  setPlayer,
  setReady,
  u8,
} from 'bitecs-net'
import { listOf, operations, type SyncList } from 'bitecs-net/collections'
import { entityOfKey, onSpawn, prefabOf, setSpawnKey, spawn, UnmatchedSpawns } from 'bitecs-net/prefabs'
import { stats } from 'bitecs-net/stats'
import { Connection, LocalPlayer, Networked, Owned, Predicted, SpawnOrigin } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

const RED = { color: 3, thrower: 0, name: 'red' }

function setUp(options: Parameters<typeof createTestNetwork>[1] = {}) {
  const net = createTestNetwork(game.arena, options)
  const client = net.clients[0]!
  const copy = (eid: number): number => game.copyOf(client.world, net.server, eid)
  return { net, client, world: client.world, server: net.server, copy }
}

/** A local entity of a client's scene. */
function sceneEntity(world: Parameters<typeof setSpawnKey>[0], key: string): number {
  const eid = addEntity(world)
  setSpawnKey(world, eid, key)
  return eid
}

describe('an entity of a client’s scene', () => {
  it('29: is hidden and destroyed differently: hidden it lives on and is matched again, destroyed it goes', () => {
    const { net, server, world, copy } = setUp()
    const door = sceneEntity(world, 'door')
    addComponent(world, door, game.Glow)
    const ours = spawn(server, game.Door, {}, { key: 'door', set: (eid) => (game.Position.x[eid] = 5) })
    net.tick(2)
    expect(copy(ours)).toBe(door)
    expect(game.Position.x[door]).toBe(game.quantize(5))
    setReady(world, false)
    net.tick(3)
    expect(Networked.reason[door]).toBe('hidden')
    expect([entityExists(world, door), hasComponent(world, door, Networked)]).toEqual([true, false])
    expect([netIdOf(world, door), entityOfKey(world, 'door')]).toEqual([0, door])
    // What was the server's stays as it was last seen; the game's own does, too.
    expect([hasComponent(world, door, game.Position), hasComponent(world, door, game.Glow)]).toEqual([true, true])
    game.Position.x[ours] = 9
    setReady(world, true)
    net.tick(3)
    expect(copy(ours)).toBe(door)
    expect(game.Position.x[door]).toBe(game.quantize(9))
    game.Position.x[ours] = 10
    net.tick(2)
    expect(game.Position.x[door]).toBe(game.quantize(10))
    despawn(server, ours)
    net.tick(2)
    expect([entityExists(world, door), entityOfKey(world, 'door')]).toEqual([false, 0])
  })

  it('46: outlives the connection, and stands for the server’s entity in the next session', () => {
    const { net, client, server, world, copy } = setUp()
    const door = sceneEntity(world, 'door')
    const ours = spawn(server, game.Door, {}, { key: 'door', owner: client.connection, onLeave: 'keep' })
    net.tick(2)
    expect(hasComponent(world, door, Owned)).toBe(true)
    void close(world)
    expect([Owned, Networked].map((component) => hasComponent(world, door, component))).toEqual([false, false])
    expect(Networked.reason[door]).toBe('disconnected')
    client.running = false
    net.connect({ world })
    expect(copy(ours)).toBe(door)
    expect(hasComponent(world, door, Owned)).toBe(false)
  })

  it('is built by the hook of the prefab each time it is matched, and torn down each time it is not', () => {
    const { net, server, world } = setUp()
    const log: string[] = []
    const ball = sceneEntity(world, 'ball')
    onSpawn(world, game.Ball, ({ entity, args }) => {
      log.push(`build ${entity} ${args.name}`)
      return () => log.push('tear down')
    })
    const ours = spawn(server, game.Ball, RED, { key: 'ball' })
    net.tick(2)
    setReady(world, false)
    net.tick(3)
    expect(log).toEqual([`build ${ball} red`, 'tear down'])
    // What the prefab brought goes with it, and what was the game's own stays.
    expect(hasComponent(world, ball, game.Glow)).toBe(false)
    addComponent(world, ball, game.Glow)
    setReady(world, true)
    net.tick(3)
    setReady(world, false)
    net.tick(3)
    expect(hasComponent(world, ball, game.Glow)).toBe(true)
    setReady(world, true)
    net.tick(3)
    expect(log.splice(2, 2)).toEqual([`build ${ball} red`, 'tear down'])
    despawn(server, ours)
    net.tick(2)
    expect(log.slice(2)).toEqual([`build ${ball} red`, 'tear down'])
  })

  it('begins and ends in order, its values the server’s before anything is shown', () => {
    const { net, client, server, world } = setUp()
    const door = sceneEntity(world, 'door')
    game.Health.hp[door] = 1
    const log: string[] = []
    for (const [name, component] of Object.entries({ Health: game.Health, Networked, Owned, LocalPlayer })) {
      observe(world, onAdd(component), (eid: number) => void log.push(`${name} ${eid === door} ${game.Health.hp[eid]}`))
    }
    const ours = game.spawnShip(server, 1, 2, 33)
    setSpawnKey(server, ours, 'door')
    setPlayer(server, client.connection, ours)
    net.tick(2)
    expect(log).toEqual(['Health true 33', 'Networked true 33', 'Owned true 33', 'LocalPlayer true 33'])
  })

  it('45: that the game removes is forgotten: its id is never taken for it', () => {
    const { net, server, world, copy } = setUp()
    const door = sceneEntity(world, 'door')
    removeEntity(world, door)
    const other = addEntity(world)
    expect(other).toBe(door)
    expect(entityOfKey(world, 'door')).toBe(0)
    const ours = spawn(server, game.Door, {}, { key: 'door' })
    net.tick(2)
    expect(copy(ours)).not.toBe(0)
    expect(copy(ours)).not.toBe(other)
    // While it is matched: the slot stays the server's, and the next spawn is an ordinary copy.
    const late = sceneEntity(world, 'late')
    const second = spawn(server, game.Door, {}, { key: 'late' })
    net.tick(2)
    expect(copy(second)).toBe(late)
    removeEntity(world, late)
    net.tick(2)
    expect(copy(second)).toBe(0)
    setReady(world, false)
    net.tick(2)
    setReady(world, true)
    net.tick(3)
    expect(copy(second)).not.toBe(0)
    expect([...drain(world, NetworkErrors)]).toEqual([])
  })

  it('is an ordinary copy once SpawnOrigin is removed: it ends when it is hidden', () => {
    const { net, server, world, copy } = setUp()
    const door = sceneEntity(world, 'door')
    const ours = spawn(server, game.Door, {}, { key: 'door' })
    net.tick(2)
    removeComponent(world, door, SpawnOrigin)
    expect(copy(ours)).toBe(door)
    setReady(world, false)
    net.tick(2)
    expect(entityExists(world, door)).toBe(false)
  })

  it('is the same entity to the client when the server despawns it and spawns it again with its key in one tick', () => {
    const { net, server, world, copy } = setUp()
    const door = sceneEntity(world, 'door')
    const first = spawn(server, game.Door, {}, { key: 'door' })
    net.tick(2)
    despawn(server, first)
    const second = spawn(server, game.Door, {}, { key: 'door' })
    net.tick(1)
    drain(world, removed(Networked))
    net.tick(1)
    expect(copy(second)).toBe(door)
    expect([...drain(world, removed(Networked))].map(({ entity, reason }) => [entity, reason])).toEqual([
      [door, 'replaced'],
    ])
    setReady(world, false)
    net.tick(2)
    expect(entityExists(world, door)).toBe(true)
  })

  it('takes over the copy when it claims its key after the spawn: values, owner, player, prefab and references', () => {
    const { net, client, server, world, copy } = setUp()
    const log: string[] = []
    onSpawn(world, game.Ball, ({ entity, args }) => {
      log.push(`build ${entity} ${args.name}`)
      return () => log.push(`tear down ${entity}`)
    })
    const ours = spawn(server, game.Ball, RED, { key: 'ball', set: (eid) => (game.Health.hp[eid] = 7) })
    setPlayer(server, client.connection, ours)
    const follower = game.spawnShip(server)
    addComponent(server, follower, game.Target)
    game.Target.entity[follower] = ours
    net.tick(3)
    const made = copy(ours)
    expect(game.Target.entity[copy(follower)]).toBe(made)
    const ball = addEntity(world)
    addComponent(world, ball, game.Flag)
    setSpawnKey(world, ball, 'ball')
    expect(copy(ours)).toBe(ball)
    expect(entityExists(world, made)).toBe(false)
    expect(Networked.reason[made]).toBe('replaced')
    expect(log).toEqual([`build ${made} red`, `tear down ${made}`, `build ${ball} red`])
    expect([game.Health.hp[ball], hasComponent(world, ball, game.Flag)]).toEqual([7, false])
    expect([Networked, Owned, LocalPlayer, game.Glow].every((component) => hasComponent(world, ball, component))).toBe(
      true,
    )
    expect([Connection.player[connectionOf(world)], Networked.owner[ball]]).toEqual([ball, connectionOf(world)])
    expect(game.Target.entity[copy(follower)]).toBe(ball)
    game.Health.hp[ours] = 8
    net.tick(2)
    expect(game.Health.hp[ball]).toBe(8)
    // From then on it is the scene's.
    setReady(world, false)
    net.tick(2)
    expect(entityExists(world, ball)).toBe(true)
  })

  it('takes over the collections of the copy, too: the game’s hold on them goes with them, and operations go on', () => {
    const Bag = { items: [] as SyncList<number>[] }
    const protocol = defineProtocol({ components: { Bag: replicate(Bag, { items: listOf(u8, 8) }) } })
    const net = createTestNetwork(protocol)
    const { world } = net.clients[0]!
    const ours = addEntity(net.server)
    addComponent(net.server, ours, Bag)
    addComponent(net.server, ours, Networked)
    setSpawnKey(net.server, ours, 'bag')
    Bag.items[ours]!.push(1)
    net.tick(2)
    const held = Bag.items[entityOfKey(world, 'bag')]!
    expect([...held]).toEqual([1])
    const early = sceneEntity(world, 'bag')
    expect(Bag.items[early]).toBe(held)
    Bag.items[ours]!.push(2)
    net.tick(2)
    expect([...held]).toEqual([1, 2])
    expect([...drain(world, operations(Bag, 'items'))].map(({ entity }) => entity)).toEqual([early])
    // And where the scene was there before, with a bag of its own.
    setReady(world, false)
    net.tick(3)
    setReady(world, true)
    net.tick(3)
    expect([...Bag.items[early]!]).toEqual([1, 2])
    Bag.items[ours]!.push(3)
    net.tick(2)
    expect([...Bag.items[early]!]).toEqual([1, 2, 3])
  })

  it('may be claimed by the hook that builds the copy it replaces', () => {
    const { net, server, world, copy } = setUp()
    let body = 0
    onSpawn(world, game.Door, ({ entity }) => {
      if (body !== 0) return
      body = addEntity(world)
      expect(body).not.toBe(entity)
      setSpawnKey(world, body, 'door')
    })
    const ours = spawn(server, game.Door, {}, { key: 'door' })
    net.tick(2)
    expect(body).not.toBe(0)
    expect(copy(ours)).toBe(body)
    expect(game.networked(world)).toEqual([body])
  })

  it('is interpolated like any other, also where it took over a copy', () => {
    const Place = { x: new Float32Array(1000) }
    const protocol = defineProtocol({
      components: { Place: replicate(Place, { x: quantized(-100, 100, 0.01) }, { interpolate: true }) },
    })
    const net = createTestNetwork(protocol)
    const { world } = net.clients[0]!
    const ours = addEntity(net.server)
    addComponent(net.server, ours, Place)
    addComponent(net.server, ours, Networked)
    setSpawnKey(net.server, ours, 'place')
    for (let i = 0; i < 10; i++) {
      Place.x[ours] = i
      net.tick()
    }
    const local = sceneEntity(world, 'place')
    const before = Place.x[local]!
    for (let i = 10; i < 20; i++) {
      Place.x[ours] = i
      net.tick()
      expect(Place.x[local]).toBeGreaterThan(before)
    }
    net.tick(5)
    expect(Place.x[local]).toBeCloseTo(19, 1)
  })

  it('39: stays matched under loss, doubling and reordering, hidden and shown over and over', () => {
    const conditions = { latency: 80, jitter: 60, loss: 0.2, duplicate: 0.1, reorder: 0.2 }
    const { net, server, world, copy } = setUp({ conditions, seed: 7 })
    const doors = Array.from({ length: 5 }, (_, i) => sceneEntity(world, `door/${i}`))
    const ours = doors.map((_, i) => spawn(server, game.Door, {}, { key: `door/${i}` }))
    for (let round = 0; round < 6; round++) {
      net.until(() => ours.every((eid, i) => copy(eid) === doors[i]))
      for (const eid of ours) game.Position.x[eid] = round
      setReady(world, false)
      net.until(() => game.networked(world).length === 0)
      net.tick(20)
      setReady(world, true)
    }
    net.until(() => ours.every((eid, i) => copy(eid) === doors[i] && game.Position.x[doors[i]!] === game.quantize(5)))
    expect(stats(world).counters.malformedPackets).toBe(0)
  })
})

describe('an entity made ahead of the server’s', () => {
  it('becomes an ordinary networked entity when the spawn has come, and its key may be used again', () => {
    const { net, server, world, copy } = setUp()
    const shot = addEntity(world)
    setSpawnKey(world, shot, 'shot', { kind: 'predicted' })
    const ours = game.spawnShip(server)
    setSpawnKey(server, ours, 'shot')
    sendRpc(server, ours, game.Boom, { x: 1, shooter: ours })
    net.tick(2)
    expect(copy(ours)).toBe(shot)
    expect([...drain(world, game.Boom)].map(({ entity, args }) => [entity, args.shooter])).toEqual([[shot, shot]])
    expect([...drain(world, added(Networked))].map(({ entity }) => entity)).toEqual([shot])
    setReady(world, false)
    net.tick(2)
    expect(entityExists(world, shot)).toBe(false)
    setReady(world, true)
    net.tick(3)
    expect(copy(ours)).not.toBe(0)
    despawn(server, ours)
    net.tick(2)
    const next = addEntity(world)
    setSpawnKey(world, next, 'shot', { kind: 'predicted' })
    const second = spawn(server, game.Door, {}, { key: 'shot' })
    net.tick(2)
    expect(copy(second)).toBe(next)
    net.tick(80)
    expect(entityExists(world, next)).toBe(true)
  })

  it('is reported to every system of one frame when it is not confirmed in time, then removed', () => {
    const { net, world } = setUp()
    const shot = addEntity(world)
    setSpawnKey(world, shot, 'shot', { kind: 'predicted', waitTicks: 10 })
    let waited = 0
    let told: unknown[] = []
    net.until(() => {
      waited++
      told = [...drain(world, UnmatchedSpawns)]
      return told.length > 0
    })
    expect(waited).toBeGreaterThanOrEqual(10)
    expect(waited).toBeLessThanOrEqual(12)
    expect(told).toMatchObject([{ entity: shot, key: 'shot' }])
    expect([...drain(world, UnmatchedSpawns)]).toHaveLength(1)
    expect([entityExists(world, shot), hasComponent(world, shot, Predicted)]).toEqual([true, true])
    net.tick()
    expect(entityExists(world, shot)).toBe(false)
    expect([...drain(world, UnmatchedSpawns)]).toEqual([])
  })

  it('stays when Predicted is removed from it, and a late spawn makes a separate copy', () => {
    const { net, server, world, copy } = setUp()
    const kept = addEntity(world)
    const early = addEntity(world)
    setSpawnKey(world, kept, 'kept', { kind: 'predicted', waitTicks: 5 })
    setSpawnKey(world, early, 'early', { kind: 'predicted', waitTicks: 5 })
    // No code waits for this one now, so it is not reported.
    removeComponent(world, early, Predicted)
    const told: number[] = []
    for (let i = 0; i < 10; i++) {
      for (const { entity } of drain(world, UnmatchedSpawns)) {
        told.push(entity)
        removeComponent(world, entity, Predicted)
      }
      net.tick()
    }
    expect(told).toEqual([kept])
    expect([entityExists(world, kept), entityExists(world, early)]).toEqual([true, true])
    const late = spawn(server, game.Door, {}, { key: 'kept' })
    net.tick(2)
    expect(copy(late)).not.toBe(kept)
    expect(hasComponent(world, kept, Networked)).toBe(false)
  })

  it('45: leaves an entity alone that got its id while it was reported', () => {
    const { net, world } = setUp()
    const shot = addEntity(world)
    setSpawnKey(world, shot, 'shot', { kind: 'predicted', waitTicks: 3 })
    net.until(() => [...drain(world, UnmatchedSpawns)].length > 0)
    removeEntity(world, shot)
    const other = addEntity(world)
    expect(other).toBe(shot)
    setSpawnKey(world, other, 'other', { kind: 'predicted', waitTicks: 30 })
    net.tick(2)
    expect(entityExists(world, other)).toBe(true)
  })

  it('waits no longer than the connection lasts', () => {
    const { net, client, world } = setUp()
    const shot = addEntity(world)
    setSpawnKey(world, shot, 'shot', { kind: 'predicted', waitTicks: 1000 })
    void close(world)
    expect(entityExists(world, shot)).toBe(true)
    client.step()
    expect([...drain(world, UnmatchedSpawns)]).toMatchObject([{ entity: shot, key: 'shot' }])
    client.step()
    expect(entityExists(world, shot)).toBe(false)
    expect(net.server).toBeDefined()
  })

  it('is one client’s alone: the others get a copy like any other', () => {
    const { net, server, world, copy } = setUp({ clients: 2 })
    const shot = addEntity(world)
    setSpawnKey(world, shot, 'client 1/shot 1', { kind: 'predicted' })
    const ours = spawn(server, game.Door, {}, { key: 'client 1/shot 1' })
    net.tick(2)
    expect(copy(ours)).toBe(shot)
    const other = net.clients[1]!.world
    const theirs = game.copyOf(other, server, ours)
    expect(theirs).not.toBe(0)
    expect(entityOfKey(other, 'client 1/shot 1')).toBe(theirs)
  })
})

describe('a key', () => {
  it('stays a networked entity’s on the server, also where SpawnOrigin was taken from it', () => {
    const { net, server, world, copy } = setUp()
    const door = sceneEntity(world, 'door')
    const ours = spawn(server, game.Door, {}, { key: 'door' })
    net.tick(2)
    removeComponent(server, ours, SpawnOrigin)
    expect(entityOfKey(server, 'door')).toBe(ours)
    expect(() => spawn(server, game.Door, {}, { key: 'door' })).toThrow(/the key "door"/)
    removeComponent(server, ours, Networked)
    expect(entityOfKey(server, 'door')).toBe(0)
    addComponent(server, ours, Networked)
    net.tick(2)
    expect(copy(ours)).not.toBe(door)
    expect(prefabOf(world, copy(ours))).toBeUndefined()
  })

  it('is one entity’s at a time on the server, kept while it is paused, and free when it ends', () => {
    const { net, server } = setUp()
    const door = spawn(server, game.Door, {}, { key: 'door' })
    expect(() => spawn(server, game.Door, {}, { key: 'door' })).toThrow(/the key "door" is entity \d+'s/)
    const other = addEntity(server)
    expect(() => setSpawnKey(server, other, 'door')).toThrow(/keys are for one at a time/)
    setSpawnKey(server, door, 'door')
    setSpawnKey(server, door, 'gate')
    expect([entityOfKey(server, 'door'), entityOfKey(server, 'gate')]).toEqual([0, door])
    net.tick()
    expect(() => setSpawnKey(server, door, 'wall')).toThrow(/clients know entity \d+ already/)
    removeComponent(server, door, Networked)
    expect(entityOfKey(server, 'gate')).toBe(door)
    removeEntity(server, door)
    expect(entityOfKey(server, 'gate')).toBe(0)
    setSpawnKey(server, other, 'gate')
    expect(entityOfKey(server, 'gate')).toBe(other)
  })

  it('is one local entity’s at a time on a client, and an entity has one', () => {
    const { net, server, world, copy } = setUp()
    const door = sceneEntity(world, 'door')
    const other = addEntity(world)
    expect(() => setSpawnKey(world, other, 'door')).toThrow(/the key "door" is entity \d+'s/)
    expect(() => setSpawnKey(world, other, 'door', { kind: 'predicted' })).toThrow(/the key "door" is entity \d+'s/)
    expect(() => setSpawnKey(world, door, 'gate')).toThrow(/has the key "door" already/)
    const ship = game.spawnShip(server)
    const gate = spawn(server, game.Door, {}, { key: 'gate' })
    net.tick(2)
    expect(() => setSpawnKey(world, copy(ship), 'ship')).toThrow(/is the server's/)
    // What has spawned already cannot be made ahead of it.
    expect(() => setSpawnKey(world, other, 'gate', { kind: 'predicted' })).toThrow(/the key "gate" is entity \d+'s/)
    expect(copy(gate)).toBe(entityOfKey(world, 'gate'))
  })

  it('is 1 to 64 bytes of text, of an entity that can have one', () => {
    const { server, world } = setUp()
    const eid = addEntity(server)
    expect(() => setSpawnKey(server, eid, '')).toThrow(ArgumentError)
    expect(() => setSpawnKey(server, eid, 'ü'.repeat(33))).toThrow(/at most|1 to 64 bytes, takes 66/)
    expect(() => setSpawnKey(server, eid, 5 as never)).toThrow(/must be a text/)
    expect(() => spawn(server, game.Door, {}, { key: '' })).toThrow(ArgumentError)
    expect(() => setSpawnKey(world, connectionOf(world), 'me')).toThrow(/is a connection/)
    expect(() => setSpawnKey(world, 9999, 'gone')).toThrow(/there is no entity/)
    const own = addEntity(world)
    expect(() => setSpawnKey(world, own, 'k', { kind: 'other' as never })).toThrow(/kind is/)
    expect(() => setSpawnKey(world, own, 'k', { kind: 'predicted', waitTicks: 0 })).toThrow(/waitTicks is/)
    const alone = createClientWorld(game.arena)
    expect(() => setSpawnKey(alone, addEntity(alone), 'k', { kind: 'predicted' })).toThrow(/needs a connection/)
    expect(sceneEntity(alone, 'k')).not.toBe(0)
    setSpawnKey(server, eid, 'ü'.repeat(32))
  })
})
