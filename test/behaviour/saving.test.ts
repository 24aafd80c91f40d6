// Saving a world and loading it: all of what is replicated comes back, or nothing does.
import { addComponent, addEntity, entityExists, getRelationTargets, hasComponent, observe, onAdd, query } from 'bitecs'
import {
  createServerWorld,
  defineProtocol,
  despawn,
  drain,
  f32,
  netIdOf,
  NetworkErrors,
  replicate,
  setOwner,
  setPlayer,
} from 'bitecs-net'
import { entityOfKey, onSpawn, setSpawnKey, usePrefab } from 'bitecs-net/prefabs'
import { loadWorld, saveWorld } from 'bitecs-net/saves'
import { Networked } from 'bitecs-net/components'
import { createRandom, createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import {
  add,
  Aim,
  Bag,
  Ball,
  ChildOf,
  errorOf,
  expectPopulated,
  Flag,
  Health,
  Likes,
  Motion,
  populate,
  Position,
  protocol,
  savedShip,
} from '../support/saved-game.js'

describe('a saved world', () => {
  it('comes back with components, values, collections, relations, prefabs and keys, as other entities', () => {
    const first = createServerWorld(protocol)
    populate(first)
    const bytes = saveWorld(first)
    // Ids that are not those of the save.
    const second = createServerWorld(protocol)
    for (let i = 0; i < 50; i++) addEntity(second)
    const { entities, version, owners } = loadWorld(second, bytes)
    expect([version, owners.size]).toEqual([0, 0])
    expectPopulated(second, entities)
    expect([...query(second, [Networked])]).toEqual(entities)
  })

  it('reaches clients as any spawn does, payloads with the entities of each', () => {
    const saved = createServerWorld(protocol)
    populate(saved)
    const bytes = saveWorld(saved)
    const net = createTestNetwork(protocol)
    const { world } = net.clients[0]!
    const throwers: number[] = []
    onSpawn(world, Ball, ({ args }) => void throwers.push(args.thrower, args.color))
    const { entities } = loadWorld(net.server, bytes)
    net.tick(2)
    const [ship, gun] = entities.map((eid) =>
      query(world, [Networked]).find((copy) => netIdOf(world, copy) === netIdOf(net.server, eid))!,
    )
    expect(throwers).toEqual([ship, 9])
    expect([Health.hp[ship!], Aim.at[ship!], getRelationTargets(world, gun!, ChildOf)]).toEqual([65_535, gun, [ship]])
    expect([...Bag.friends[ship!]!]).toEqual([gun])
  })

  it('stands beside what is in the world already, and may be loaded twice when it has no keys', () => {
    const world = createServerWorld(protocol)
    const ship = add(world, Position, Health)
    Health.hp[ship] = 5
    const bytes = saveWorld(world)
    const one = loadWorld(world, bytes)
    const two = loadWorld(world, bytes)
    expect(new Set([ship, ...one.entities, ...two.entities]).size).toBe(3)
    expect([...one.entities, ...two.entities].map((eid) => Health.hp[eid])).toEqual([5, 5])
  })

  it('holds what was asked for, in the order asked for; what is not saved is named by nothing in it', () => {
    const world = createServerWorld(protocol)
    const { ship, gun, ball } = populate(world)
    const { entities } = loadWorld(createServerWorld(protocol), saveWorld(world, { entities: [ball, ship] }))
    expect(entities).toHaveLength(2)
    const [, copy] = entities
    expect([Health.hp[copy!], Aim.at[copy!], [...Bag.friends[copy!]!]]).toEqual([65_535, 0, []])
    expect([...Bag.items[copy!]!].map(({ from }) => from)).toEqual([0, 0])
    expect(() => saveWorld(world, { entities: [ship, ship] })).toThrow(`entity ${ship} is listed twice`)
    const plain = addEntity(world)
    expect(() => saveWorld(world, { entities: [plain] })).toThrow(`entity ${plain} is not networked`)
    expect(() => saveWorld(world, { version: -1 })).toThrow('version')
    expect(gun).not.toBe(0)
  })

  it('says whose its entities were, and which of them was the player, by a name of the game’s own', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    const [alice, bob] = net.clients.map(({ connection }) => connection) as [number, number]
    const player = add(net.server, Position)
    const pet = add(net.server, Position)
    const bobs = add(net.server, Position)
    setPlayer(net.server, alice, player)
    setOwner(net.server, pet, alice)
    setOwner(net.server, bobs, bob)
    const names = new Map([[alice, 'älice']])
    const bytes = saveWorld(net.server, { version: 3, ownerKey: (connection) => names.get(connection) })
    const world = createServerWorld(protocol)
    const { owners, version, entities } = loadWorld(world, bytes)
    expect(version).toBe(3)
    expect([...owners]).toEqual([['älice', { player: entities[0], entities: entities.slice(0, 2) }]])
    expect(entities.map((eid) => Networked.owner[eid])).toEqual([0, 0, 0])
    expect(() => saveWorld(net.server, { ownerKey: () => 'x'.repeat(257) })).toThrow('ownerKey: is 257 bytes long')
  })

  it('of a host without other clients loads in another host', () => {
    const one = createTestNetwork(protocol, { host: true, clients: 0 })
    populate(one.server)
    one.tick(2)
    const two = createTestNetwork(protocol, { host: true, clients: 1 })
    const { entities } = loadWorld(two.server, saveWorld(one.server))
    two.tick(3)
    expectPopulated(two.server, entities)
    const remote = two.clients.find(({ world }) => (world as object) !== two.server)!
    expect(query(remote.world, [Networked])).toHaveLength(3)
  })

  it('without anything in it is a save, too', () => {
    const nothing = defineProtocol({})
    const bytes = saveWorld(createServerWorld(nothing))
    expect(loadWorld(createServerWorld(nothing), bytes).entities).toEqual([])
    const empty = createServerWorld(nothing)
    add(empty)
    expect(loadWorld(createServerWorld(nothing), saveWorld(empty)).entities).toHaveLength(1)
  })
})

describe('saved, loaded and saved again', () => {
  it.each(Array.from({ length: 25 }, (_, i) => i + 1))('is the same, byte for byte: seed %i', (seed) => {
    const below = createRandom(seed)
    const random = (bound: number): number => Math.floor(below() * bound)
    const world = createServerWorld(protocol)
    const eids: number[] = []
    const any = (): number => eids[random(eids.length)] ?? 0
    for (let i = 0; i < 60; i++) {
      const eid = addEntity(world)
      if (random(4) === 0) usePrefab(world, eid, Ball, { color: random(256), thrower: any() })
      if (random(6) === 0) setSpawnKey(world, eid, `key ${i}`)
      for (const component of [Position, Health, Motion, Aim, Bag, Flag]) {
        if (random(2) === 0) addComponent(world, eid, component)
      }
      // Off the range too, and between the steps.
      Position.x[eid] = below() * 260 - 130
      Position.y[eid] = random(20) === 0 ? NaN : below() * 200 - 100
      Health.hp[eid] = random(65_536)
      Health.alive[eid] = random(3)
      Motion.seed[eid] = (below() - 0.5) * 10 ** random(300)
      Motion.turn[eid] = random(256) - 128
      Motion.heat[eid] = [NaN, Infinity, -0, below()][random(4)]!
      Aim.at[eid] = any()
      addComponent(world, eid, Networked)
      if (hasComponent(world, eid, Bag)) {
        for (let n = random(8); n > 0; n--) Bag.items[eid]!.push({ id: random(9), from: any() })
        for (let n = random(4); n > 0; n--) Bag.ammo[eid]!.set(`n${random(9)}`, random(99))
        for (let n = random(4); n > 0; n--) if (any() !== 0) Bag.friends[eid]!.add(eids[random(eids.length)]!)
      }
      if (random(3) === 0 && any() !== 0) addComponent(world, eid, ChildOf(eids[random(eids.length)]!))
      for (let n = random(4); n > 0; n--) addComponent(world, eid, Likes(eids[random(eids.length)] ?? eid))
      eids.push(eid)
      if (random(9) === 0) despawn(world, any())
      for (const one of eids.splice(0)) if (entityExists(world, one)) eids.push(one)
    }
    const bytes = saveWorld(world, { version: seed })
    const copy = createServerWorld(protocol)
    loadWorld(copy, bytes)
    expect(saveWorld(copy, { version: seed })).toEqual(bytes)
  })
})

describe('a save that cannot be loaded', () => {
  it('gives different errors for damaged bytes, a newer format, and bytes that are no save', () => {
    const bytes = savedShip()
    const code = (changed: Uint8Array): string => errorOf(() => loadWorld(createServerWorld(protocol), changed)).code
    expect(code(new Uint8Array(0))).toBe('not-a-save')
    expect(code(new TextEncoder().encode('{"a":1}'))).toBe('not-a-save')
    expect(code(bytes.with(4, 2))).toBe('newer-format')
    expect(code(bytes.with(4, 0))).toBe('corrupt-save')
    for (let length = 4; length < bytes.length; length++) expect(code(bytes.slice(0, length))).toBe('corrupt-save')
    for (let at = 5; at < bytes.length; at++) expect(code(bytes.with(at, bytes[at]! ^ 0x10))).toBe('corrupt-save')
    expect(code(Uint8Array.from([...bytes, 0]))).toBe('corrupt-save')
  })

  it('with a key that is taken leaves the world as it was', () => {
    const world = createServerWorld(protocol)
    const { ship } = populate(world)
    const bytes = saveWorld(world)
    const before = query(world, [Networked]).length
    expect(() => loadWorld(world, bytes)).toThrow('the key "ball 1" is entity')
    expect(query(world, [Networked])).toHaveLength(before)
    expect(Health.hp[ship]).toBe(65_535)
  })

  it('leaves nothing behind when an observer of the game throws', () => {
    const world = createServerWorld(protocol)
    const ids: number[] = []
    observe(world, onAdd(Flag), (eid: number) => {
      ids.push(eid)
      throw new Error('no flags here')
    })
    expect(() => loadWorld(world, savedShip())).toThrow('no flags here')
    expect([ids.length, query(world, [Position]).length, query(world, [Networked]).length]).toEqual([1, 0, 0])
    expect(entityOfKey(world, 'ball 1')).toBe(0)
    expect([...drain(world, NetworkErrors)]).toEqual([])
  })

  it('into arrays without room says which, and leaves nothing', () => {
    const roomy = { x: new Float32Array(100) }
    const bytes = (() => {
      const world = createServerWorld(defineProtocol({ components: { Place: replicate(roomy, { x: f32 }) } }))
      for (let i = 0; i < 5; i++) add(world, roomy)
      return saveWorld(world)
    })()
    const tight = { x: new Float32Array(5) }
    const world = createServerWorld(defineProtocol({ components: { Place: replicate(tight, { x: f32 }) } }))
    expect(() => loadWorld(world, bytes)).toThrow('Place.x holds 5 entities, and the save needs one more')
    expect([query(world, [Networked]).length, query(world, [tight]).length]).toEqual([0, 0])
  })
})
