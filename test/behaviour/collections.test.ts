// Tests synchronised collections: lists, maps and sets between two and more peers.
import {
  addComponent,
  addEntity,
  createEntityIndex,
  createWorld,
  observe,
  onAdd,
  removeComponent,
  removeEntity,
} from 'bitecs'
import { ArgumentError, createServerWorld, despawn, drain, replicate, setReady, UsageError } from 'bitecs-net'
import { operations } from 'bitecs-net/collections'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { replicateState, runSystems, sendToClients, serverReceive, updateInterest } from 'bitecs-net/systems'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/bags.js'
import { collectionBehaviours } from '../support/behaviours-collections.js'
import { inMemory } from '../support/peers.js'

const { Bag, Party, Tag } = game

collectionBehaviours('the network in memory', inMemory)

/** A network with one client, and how to find its copy of an entity. */
function bagNetwork(clients = 1) {
  const net = createTestNetwork(game.bags, { clients })
  const copy = (eid: number, client = 0): number => game.copyOf(net.clients[client]!.world, net.server, eid)
  return { net, server: net.server, world: net.clients[0]!.world, copy }
}

describe('a collection', () => {
  it('exists, empty, as soon as its component is added, before and after its entity is networked', () => {
    const { net, server, copy } = bagNetwork()
    const eid = addEntity(server)
    addComponent(server, eid, Bag)
    Bag.items[eid]!.push({ id: 1, count: 1 })
    expect(Bag.perks[eid]!.size).toBe(0)
    addComponent(server, eid, Networked)
    net.tick(2)
    expect([...Bag.items[copy(eid)]!]).toEqual([{ id: 1, count: 1 }])
    addComponent(server, eid, Party)
    Party.queue[eid]!.push(eid)
    net.tick(2)
    expect([...Party.queue[copy(eid)]!]).toEqual([copy(eid)])
  })

  it('exists on entities that are older than the server world', () => {
    const entityIndex = createEntityIndex()
    const world = createWorld(entityIndex)
    const eid = addEntity(world)
    addComponent(world, eid, Bag)
    const server = createServerWorld(game.bags, { world })
    Bag.items[eid]!.push({ id: 3, count: 3 })
    addComponent(server, eid, Networked)
    expect(Bag.items[eid]!.length).toBe(1)
  })

  it('exists in every observer of its component: filled on a client, empty on a server', () => {
    const { net, server, world } = bagNetwork()
    const sizes: string[] = []
    observe(server, onAdd(Bag), (eid: number) => void sizes.push(`server ${Bag.items[eid]!.length}`))
    observe(world, onAdd(Bag), (eid: number) => void sizes.push(`client ${Bag.items[eid]!.length}`))
    const bag = game.spawn(server, Bag)
    Bag.items[bag]!.push({ id: 1, count: 1 })
    net.tick(2)
    expect(sizes).toEqual(['server 0', 'client 1'])
  })

  it('is new for each entity that reuses an id, on both sides', () => {
    const { net, server, copy } = bagNetwork()
    const first = game.spawn(server, Bag)
    Bag.items[first]!.push({ id: 1, count: 1 })
    net.tick(2)
    const firstCopy = copy(first)
    despawn(server, first)
    net.tick(2)
    const ids = new Set<number>()
    for (let i = 0; i < 4; i++) {
      const bag = game.spawn(server, Bag)
      net.tick(2)
      ids.add(bag).add(copy(bag))
      expect(Bag.items[bag]!.length).toBe(0)
      expect(Bag.items[copy(bag)]!.length).toBe(0)
    }
    expect(ids.has(first) && ids.has(firstCopy)).toBe(true)
  })
})

describe('writing a collection', () => {
  it('throws for a wrong value, index or size, names the field, and changes nothing', () => {
    const { server } = bagNetwork()
    const bag = game.spawn(server, Bag, Party)
    const items = Bag.items[bag]!
    const fails = (act: () => void, problem: string): void => {
      expect(act).toThrow(ArgumentError)
      expect(act).toThrow(problem)
    }
    fails(() => items.push({ id: -1, count: 0 }), 'Bag.items.id: must be a whole number from 0 to 65535, got -1')
    fails(() => items.push({ id: 1 } as never), 'Bag.items.count: must be a number, got undefined')
    fails(() => items.set(0, { id: 1, count: 1 }), 'Bag.items: index 0 is out of range: it holds 0')
    fails(() => items.insert(1, { id: 1, count: 1 }), 'index 1 is out of range')
    fails(() => items.removeAt(0.5), 'index 0.5 is out of range')
    fails(() => Bag.perks[bag]!.add('slow'), 'Bag.perks: must be one of fast, tough, lucky, got slow')
    fails(() => Bag.ammo[bag]!.set('a'.repeat(17), 1), 'Bag.ammo: is 17 bytes long, at most 16 fit')
    fails(() => Bag.ammo[bag]!.set('arrow', 70_000), 'Bag.ammo: must be a whole number from 0 to 65535')
    fails(() => Party.members[bag]!.add(0), 'Party.members: 0 is no entity')
    for (let i = 0; i < 32; i++) items.push({ id: i, count: 0 })
    fails(() => items.push({ id: 1, count: 1 }), 'Bag.items: is full: it holds at most 32')
    fails(() => items.insert(0, { id: 1, count: 1 }), 'is full')
    for (let i = 0; i < 16; i++) Bag.ammo[bag]!.set(`${i}`, i)
    fails(() => Bag.ammo[bag]!.set('more', 1), 'Bag.ammo: is full: it holds at most 16')
    Bag.ammo[bag]!.set('3', 33)
    expect([items.length, Bag.ammo[bag]!.size, Bag.perks[bag]!.size]).toEqual([32, 16, 0])
  })

  it("throws on a client for the server's entities, and works for the client's own", () => {
    const { net, server, world, copy } = bagNetwork()
    const bag = game.spawn(server, Bag)
    net.tick(2)
    const there = copy(bag)
    for (const act of [
      () => Bag.items[there]!.push({ id: 1, count: 1 }),
      () => Bag.items[there]!.clear(),
      () => Bag.ammo[there]!.set('arrow', 1),
      () => Bag.ammo[there]!.delete('arrow'),
      () => Bag.perks[there]!.add('fast'),
      () => Bag.perks[there]!.clear(),
    ]) {
      expect(act).toThrow(UsageError)
      expect(act).toThrow("is the server's; a client reads it")
    }
    const own = addEntity(world)
    addComponent(world, own, Bag)
    Bag.items[own]!.push({ id: 5, count: 5 })
    net.tick(2)
    expect(Bag.items[own]!.at(0)).toEqual({ id: 5, count: 5 })
  })

  it('stores a frozen copy, rounded as clients receive it', () => {
    const { net, server, copy } = bagNetwork()
    const bag = game.spawn(server, Bag, Party)
    const item = { id: 1, count: 1, note: 'of no type' }
    Bag.items[bag]!.push(item)
    item.count = 9
    expect(Bag.items[bag]!.at(0)).toEqual({ id: 1, count: 1 })
    expect(() => ((Bag.items[bag]!.at(0) as game.Item).count = 2)).toThrow(TypeError)
    Party.plans[bag]!.push({ who: bag, at: 0.1 })
    expect(Party.plans[bag]!.at(-1)).toEqual({ who: bag, at: Math.fround(0.1) })
    expect(Party.plans[bag]!.indexOf({ who: bag, at: 0.1 })).toBe(0)
    net.tick(2)
    expect(Party.plans[copy(bag)]!.at(0)).toEqual({ who: copy(bag), at: Math.fround(0.1) })
    expect(() => ((Bag.items[copy(bag)]!.at(0) as game.Item).count = 2)).toThrow(TypeError)
  })

  it('changes and sends nothing when the value is equal', () => {
    const { net, server, world } = bagNetwork()
    const bag = game.spawn(server, Bag)
    Bag.items[bag]!.push({ id: 1, count: 1 })
    Bag.ammo[bag]!.set('arrow', 3)
    Bag.perks[bag]!.add('fast')
    net.tick(3)
    const { bytesReceived } = stats(world).transport
    net.tick()
    const idle = stats(world).transport.bytesReceived - bytesReceived
    Bag.items[bag]!.set(0, { id: 1, count: 1 })
    Bag.ammo[bag]!.set('arrow', 3)
    expect(Bag.perks[bag]!.add('fast')).toBe(false)
    expect(Bag.perks[bag]!.delete('tough')).toBe(false)
    net.tick()
    expect(stats(world).transport.bytesReceived - bytesReceived).toBe(2 * idle)
    expect([...drain(server, operations(Bag, 'items'))]).toEqual([])
    expect([...drain(world, operations(Bag, 'items'))]).toEqual([])
  })
})

describe("a client's collection", () => {
  it('is current after the client was not ready and is ready again', () => {
    const { net, server, world, copy } = bagNetwork()
    const bag = game.spawn(server, Bag)
    Bag.items[bag]!.push({ id: 1, count: 1 })
    net.tick(2)
    setReady(world, false)
    net.until(() => copy(bag) === 0)
    Bag.items[bag]!.push({ id: 2, count: 2 })
    Bag.items[bag]!.removeAt(0)
    net.tick(3)
    setReady(world, true)
    net.until(() => copy(bag) !== 0)
    expect(game.contents(copy(bag))).toEqual(game.contents(bag))
    Bag.items[bag]!.insert(0, { id: 3, count: 3 })
    net.tick(2)
    expect(game.contents(copy(bag))).toEqual(game.contents(bag))
  })

  it('is current after its entity or component was removed and added, in a later or the same tick', () => {
    const { net, server, copy } = bagNetwork()
    const bag = game.spawn(server, Bag)
    Bag.items[bag]!.push({ id: 1, count: 1 })
    net.tick(2)
    removeComponent(server, bag, Networked)
    Bag.items[bag]!.push({ id: 2, count: 2 })
    net.tick(2)
    expect(copy(bag)).toBe(0)
    addComponent(server, bag, Networked)
    net.tick(2)
    expect(Bag.items[copy(bag)]!.length).toBe(2)

    removeComponent(server, bag, Bag)
    net.tick(2)
    addComponent(server, bag, Bag)
    Bag.perks[bag]!.add('lucky')
    net.tick(2)
    expect(game.contents(copy(bag))).toMatchObject({ items: [], ammo: [], perks: ['lucky'] })

    removeComponent(server, bag, Bag)
    addComponent(server, bag, Bag)
    Bag.ammo[bag]!.set('bolt', 2)
    net.tick(2)
    expect(game.contents(copy(bag))).toMatchObject({ items: [], ammo: [['bolt', 2]], perks: [] })
    // Later writes apply to the new collections.
    Bag.ammo[bag]!.set('bolt', 3)
    net.tick(2)
    expect([...Bag.ammo[copy(bag)]!]).toEqual([['bolt', 3]])
  })

  it('is current when a tick has more operations than are kept', () => {
    const { net, server, world, copy } = bagNetwork()
    const bag = game.spawn(server, Bag)
    net.tick(2)
    for (let i = 0; i < 500; i++) Bag.ammo[bag]!.set(`kind ${i % 16}`, i)
    net.tick(2)
    expect(game.contents(copy(bag))).toEqual(game.contents(bag))
    const seen = Array.from(drain(world, operations(Bag, 'ammo')), ({ kind }) => kind)
    expect(seen).toEqual(['reset'])
  })

  it('is current when a system writes between the encoding and the sending of a tick', () => {
    const { net, server, copy } = bagNetwork()
    const there = game.spawn(server, Bag)
    net.tick(2)
    const step = (act: () => void): void => {
      net.clients[0]!.step()
      runSystems(server, [...serverReceive, updateInterest, replicateState])
      act()
      sendToClients(server)
    }
    const coming = game.spawn(server, Bag)
    Bag.items[there]!.push({ id: 1, count: 1 })
    step(() => {
      for (const bag of [there, coming]) Bag.items[bag]!.push({ id: 2, count: 2 })
    })
    net.tick(3)
    for (const bag of [there, coming]) expect(game.contents(copy(bag))).toEqual(game.contents(bag))
    expect(Bag.items[copy(coming)]!.length).toBe(1)
  })
})

describe('entities in collections', () => {
  it("arrive as each side's own ids, in any order of spawning, and resolve when they spawn", () => {
    const { net, server, copy } = bagNetwork(2)
    const later = addEntity(server)
    const group = game.spawn(server, Party)
    const friend = game.spawn(server, Tag)
    for (const eid of [friend, later]) {
      Party.members[group]!.add(eid)
      Party.queue[group]!.push(eid)
      Party.threat[group]!.set(eid, 5)
      Party.plans[group]!.push({ who: eid, at: 1 })
    }
    net.tick(2)
    const seen = (client: number): unknown => game.party(copy(group, client), (eid) => eid)
    const named = (client: number): unknown => game.party(group, (eid) => copy(eid, client))
    expect(copy(friend)).not.toBe(friend)
    for (const client of [0, 1]) expect(seen(client)).toEqual(named(client))
    expect(seen(0)).toMatchObject({ members: [copy(friend)], queue: [copy(friend), 0] })
    const there = copy(group)
    expect(Party.members[there]!.has(copy(friend))).toBe(true)
    expect(Party.members[there]!.size).toBe(1)
    expect(Party.threat[there]!.get(copy(friend))).toBe(5)
    expect(Party.queue[there]!.indexOf(copy(friend))).toBe(0)

    addComponent(server, later, Networked)
    net.tick(2)
    for (const client of [0, 1]) expect(seen(client)).toEqual(named(client))
    expect(Party.members[there]!.has(copy(later))).toBe(true)
    // Another net id for the same entity.
    removeComponent(server, friend, Networked)
    net.tick(2)
    expect(Party.members[there]!.size).toBe(1)
    addComponent(server, friend, Networked)
    net.tick(2)
    for (const client of [0, 1]) expect(seen(client)).toEqual(named(client))
  })

  it('can be deleted after they were removed, and leave no trace', () => {
    const { net, server, copy } = bagNetwork()
    const group = game.spawn(server, Party)
    net.tick(2)
    for (let round = 0; round < 30; round++) {
      const friend = game.spawn(server, Tag)
      Party.members[group]!.add(friend)
      Party.threat[group]!.set(friend, round)
      net.tick(2)
      expect(Party.members[copy(group)]!.size).toBe(1)
      removeEntity(server, friend)
      if (round % 2 === 0) net.tick()
      expect(Party.members[group]!.delete(friend)).toBe(true)
      Party.threat[group]!.delete(friend)
      net.tick(2)
      expect(Party.members[copy(group)]!.size).toBe(0)
    }
    expect(stats(net.clients[0]!.world).counters.ignoredOperations).toBe(0)
  })
})

describe('operations', () => {
  it('are drained by any number of systems with the values before and after, but not for initial values', () => {
    const { net, server, world, copy } = bagNetwork()
    const bag = game.spawn(server, Bag)
    Bag.items[bag]!.push({ id: 1, count: 1 })
    net.tick(2)
    expect([...drain(world, operations(Bag, 'items'))]).toEqual([])
    const items = Bag.items[bag]!
    items.push({ id: 2, count: 2 })
    items.insert(0, { id: 3, count: 3 })
    items.set(1, { id: 1, count: 9 })
    expect(items.removeAt(2)).toEqual({ id: 2, count: 2 })
    expect(items.pop()).toEqual({ id: 1, count: 9 })
    items.clear()
    Bag.ammo[bag]!.set('arrow', 1)
    Bag.ammo[bag]!.set('arrow', 2)
    Bag.ammo[bag]!.delete('arrow')
    net.tick(2)
    const listed = Array.from(
      drain(world, operations(Bag, 'items')),
      ({ entity, kind, index, before, after }): unknown[] => [entity, kind, index, before, after],
    )
    expect(listed).toEqual([
      [copy(bag), 'add', 1, undefined, { id: 2, count: 2 }],
      [copy(bag), 'insert', 0, undefined, { id: 3, count: 3 }],
      [copy(bag), 'set', 1, { id: 1, count: 1 }, { id: 1, count: 9 }],
      [copy(bag), 'remove', 2, { id: 2, count: 2 }, undefined],
      [copy(bag), 'remove', 1, { id: 1, count: 9 }, undefined],
      [copy(bag), 'clear', -1, undefined, undefined],
    ])
    const told = (): string[] => {
      const lines: string[] = []
      for (const { kind, key, before, after } of drain(world, operations(game.bags.components.Bag, 'ammo'))) {
        lines.push(`${kind} ${key} ${before} ${after}`)
      }
      return lines
    }
    expect(told()).toEqual(['add arrow undefined 1', 'set arrow 1 2', 'remove arrow 2 undefined'])
    expect(told()).toEqual(told())
    net.tick()
    expect(told()).toEqual([])
  })

  it("are drained on the server too, with the server's entities", () => {
    const { net, server } = bagNetwork()
    const bag = game.spawn(server, Bag)
    Bag.items[bag]!.push({ id: 1, count: 1 })
    net.tick()
    Bag.items[bag]!.set(0, { id: 1, count: 2 })
    net.tick()
    const seen = Array.from(
      drain(server, operations(Bag, 'items')),
      ({ entity, kind, index, before, after }): unknown[] => [entity, kind, index, before, after],
    )
    expect(seen).toEqual([[bag, 'set', 0, { id: 1, count: 1 }, { id: 1, count: 2 }]])
  })

  it('cannot be drained from a component or field that the protocol does not list', () => {
    const { server } = bagNetwork()
    const Other = { items: Bag.items }
    expect(() => drain(server, operations(Other, 'items'))).toThrow('no synchronised collection')
    expect(() => drain(server, operations(replicate(Tag), 'x' as never))).toThrow(UsageError)
  })
})
