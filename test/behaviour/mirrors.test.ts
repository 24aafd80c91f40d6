// Mirrors of state that a game keeps by events alone, as the guides say: exact, whatever one frame brings.
import { addComponent, addComponents, addEntity, query, removeComponent } from 'bitecs'
import {
  changed,
  type ClientWorld,
  defineProtocol,
  despawn,
  drain,
  entityOf,
  netIdOf,
  replicate,
  type ServerWorld,
  transitions,
  u8,
} from 'bitecs-net'
import { listOf, operations, type SyncList } from 'bitecs-net/collections'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const MAX = 20_000
const Bag = { items: [] as SyncList<number>[] }
const Health = { hp: new Uint8Array(MAX) }
const protocol = defineProtocol({
  components: {
    Bag: replicate(Bag, { items: listOf(u8, 60) }),
    Health: replicate(Health, { hp: u8 }, { trackChanges: true }),
  },
})

class Mirror {
  readonly lists = new Map<number, number[]>()
  readonly health = new Map<number, number>()
  readonly kinds: string[] = []

  readonly follow = (world: ServerWorld | ClientWorld): void => {
    for (const { kind, entity } of drain(world, transitions(Networked))) {
      if (kind === 'added') {
        this.lists.set(entity, [...(Bag.items[entity] ?? [])])
        this.health.set(entity, Health.hp[entity]!)
      } else {
        this.lists.delete(entity)
        this.health.delete(entity)
      }
    }
    for (const { entity, kind, index, after } of drain(world, operations(Bag, 'items'))) {
      this.kinds.push(kind)
      const list = this.lists.get(entity)
      if (list === undefined) continue
      if (kind === 'reset') list.splice(0, Infinity, ...Bag.items[entity]!)
      else if (kind === 'clear') list.length = 0
      else if (kind === 'remove') list.splice(index, 1)
      else list.splice(index, kind === 'set' ? 1 : 0, after!)
    }
    for (const { entity, before, after } of drain(world, changed(Health))) {
      // A sum of differences, which an event too many would spoil.
      if (this.health.has(entity)) this.health.set(entity, this.health.get(entity)! + after.hp - before.hp)
    }
  }

  get contents(): unknown[] {
    return [...this.lists].map(([entity, list]) => [entity, list, this.health.get(entity)])
  }
}

function real(world: ServerWorld | ClientWorld): unknown[] {
  return [...query(world, [Networked])].map((entity) => [entity, [...(Bag.items[entity] ?? [])], Health.hp[entity]])
}

interface Game {
  readonly network: TestNetwork
  readonly client: TestClient
  readonly mirror: Mirror
  /** Runs ticks of the server within one frame of the client, and expects the mirror to be exact then. */
  readonly expectExact: (...ticks: (() => void)[]) => void
}

function play(): Game {
  const mirror = new Mirror()
  const network = createTestNetwork(protocol, { clientSystems: [mirror.follow] })
  const client = network.clients[0]!
  return {
    network,
    client,
    mirror,
    expectExact: (...ticks) => {
      mirror.kinds.length = 0
      client.running = false
      for (const act of ticks) {
        act()
        network.tick()
      }
      client.running = true
      network.tick(2)
      const inOrder = (rows: unknown[]): unknown[] => rows.toSorted((a, b) => String(a).localeCompare(String(b)))
      expect(inOrder(mirror.contents)).toEqual(inOrder(real(client.world)))
    },
  }
}

function hero(server: ServerWorld, hp = 50): number {
  const eid = addEntity(server)
  Health.hp[eid] = hp
  addComponents(server, eid, [Bag, Health, Networked])
  return eid
}

/** So much that the whole value is sent in place of the operations. */
function muchTo(eid: number): void {
  Bag.items[eid]!.push(1)
  for (let i = 0; i < 5000; i++) Bag.items[eid]!.set(0, i % 7)
}

describe('a mirror kept by events', () => {
  it('is exact after a reset and more operations within one frame, which are one reset', () => {
    const { network, mirror, expectExact } = play()
    const eid = hero(network.server)
    const other = hero(network.server)
    network.tick(3)
    expectExact(
      () => Bag.items[eid]!.push(3),
      () => muchTo(eid),
      () => {
        Bag.items[eid]!.push(9)
        Bag.items[other]!.push(4)
      },
    )
    expect(mirror.kinds.toSorted()).toEqual(['add', 'reset'])
    expectExact(() => Bag.items[eid]!.push(8))
    expect(mirror.kinds).toEqual(['add'])
  })

  it('counts nothing twice of an entity that began in the same frame', () => {
    const { network, mirror, expectExact } = play()
    let eid = 0
    expectExact(
      () => (eid = hero(network.server)),
      () => {
        Bag.items[eid]!.push(5)
        Health.hp[eid] = 40
      },
      () => Bag.items[eid]!.push(6),
    )
    expect(mirror.kinds).toEqual([])
  })

  it('is exact when an entity is hidden and shown again, or replaced, within one frame', () => {
    const { network, mirror, expectExact } = play()
    const { server } = network
    const eid = hero(server)
    const gone = hero(server)
    network.tick(3)
    expectExact(
      () => {
        Bag.items[eid]!.push(1)
        Health.hp[eid] = 30
      },
      () => removeComponent(server, eid, Networked),
      () => {
        Bag.items[eid]!.push(2)
        addComponent(server, eid, Networked)
        despawn(server, gone)
        hero(server, 7)
      },
      () => {
        Bag.items[eid]!.push(3)
        Health.hp[eid] = 20
      },
    )
    expect(mirror.lists.size).toBe(2)
  })

  it('is exact when a component is removed and added again within one frame', () => {
    const { network, client, expectExact } = play()
    const { server } = network
    const eid = hero(server)
    Bag.items[eid]!.push(1)
    network.tick(3)
    expectExact(
      () => {
        removeComponent(server, eid, Bag)
        removeComponent(server, eid, Health)
      },
      () => {
        Health.hp[eid] = 90
        addComponents(server, eid, [Bag, Health])
        Bag.items[eid]!.push(4)
      },
      () => Bag.items[eid]!.push(5),
    )
    expect([...Bag.items[entityOf(client.world, netIdOf(server, eid))]!]).toEqual([4, 5])
  })

  it('is exact when a component with collections comes to an entity later', () => {
    const { network, mirror, expectExact } = play()
    const eid = addEntity(network.server)
    addComponents(network.server, eid, [Networked])
    network.tick(3)
    expectExact(() => {
      addComponent(network.server, eid, Bag)
      Bag.items[eid]!.push(4)
    })
    expect(mirror.kinds).toEqual(['reset'])
  })

  it('is exact after more operations than are kept while nothing ticks', () => {
    const { network, client, mirror, expectExact } = play()
    const eid = hero(network.server)
    network.tick(3)
    expectExact(
      ...Array.from({ length: 700 }, () => () => {
        for (let i = 0; i < 100; i++) {
          Bag.items[eid]!.push(i)
          Bag.items[eid]!.removeAt(0)
        }
      }),
      () => Bag.items[eid]!.push(7),
    )
    expect(mirror.kinds).toEqual(['reset'])
    expect(client.reason).toBeUndefined()
  })
})

describe('a mirror in a host’s world', () => {
  it('is exact on the client’s side after a slow frame', () => {
    const mirror = new Mirror()
    const network = createTestNetwork(protocol, { clients: 0, host: true, clientSystems: [mirror.follow] })
    const { server, host } = network
    const eid = hero(server)
    network.tick(3)
    host.running = false
    const late = hero(server)
    network.tick()
    Bag.items[late]!.push(1)
    Bag.items[eid]!.push(2)
    removeComponent(server, eid, Bag)
    network.tick()
    addComponent(server, eid, Bag)
    Bag.items[eid]!.push(3)
    network.tick()
    Bag.items[eid]!.push(4)
    network.tick()
    host.running = true
    network.tick(2)
    expect(mirror.contents).toEqual(real(server))
  })

  it('is exact when an entity is written to and begins again within one slow frame', () => {
    const mirror = new Mirror()
    const network = createTestNetwork(protocol, { clients: 0, host: true, clientSystems: [mirror.follow] })
    const { server, host } = network
    const eid = hero(server)
    network.tick(3)
    host.running = false
    Bag.items[eid]!.push(5)
    Health.hp[eid] = 20
    network.tick()
    removeComponent(server, eid, Networked)
    addComponent(server, eid, Networked)
    network.tick()
    host.running = true
    network.tick(2)
    expect(mirror.contents).toEqual(real(server))
  })

  it('is exact when a component is removed, written and added again within one tick', () => {
    const mirror = new Mirror()
    const network = createTestNetwork(protocol, { clients: 0, host: true, clientSystems: [mirror.follow] })
    const eid = hero(network.server)
    network.tick(3)
    removeComponent(network.server, eid, Health)
    Health.hp[eid] = 7
    addComponent(network.server, eid, Health)
    network.tick(3)
    expect(mirror.contents).toEqual(real(network.server))
  })
})
