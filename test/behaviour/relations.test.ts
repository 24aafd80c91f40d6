// Relations of bitECS, replicated: pairs come and go with both of their entities, and nobody hears of one he cannot
// see.
import {
  addComponent,
  addEntity,
  entityExists,
  getWorldComponents,
  hasComponent,
  observe,
  onAdd,
  query,
  removeComponent,
  removeEntity,
  Wildcard,
} from 'bitecs'
import { added, despawn, drain, entityOf, netIdOf, removed, setReady } from 'bitecs-net'
import { hideFrom, resetVisibility } from 'bitecs-net/interest'
import { setSpawnKey } from 'bitecs-net/prefabs'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { add, ChildOf, copyOf, family, Knows, Likes, Name, targets, Watches } from '../support/family.js'

function setUp(clients = 1) {
  const net = createTestNetwork(family, { clients })
  const { server } = net
  const { world } = net.clients[0] ?? net.connect()
  const copy = (eid: number): number => copyOf(world, server, eid)
  /** A parent and its child, spawned. */
  const pair = (): { parent: number; child: number } => {
    const parent = add(server, 1)
    const child = add(server, 2)
    addComponent(server, child, ChildOf(parent))
    net.tick(2)
    return { parent, child }
  }
  return { net, server, world, copy, pair }
}

describe('45: relations map to the entities of each world', () => {
  it('with the spawn, also when child and parent come in the wrong order', () => {
    const { net, server, world, copy } = setUp()
    const child = add(server, 2)
    const parent = add(server, 1)
    addComponent(server, child, ChildOf(parent))
    net.tick(2)
    expect(hasComponent(world, copy(child), ChildOf(copy(parent)))).toBe(true)
    expect(copy(parent)).not.toBe(parent)
    expect([...query(world, [ChildOf(copy(parent))])]).toEqual([copy(child)])
  })

  it('later, when a pair is added or removed', () => {
    const { net, server, world, copy } = setUp()
    const eids = [1, 2, 3].map((id) => add(server, id))
    const [a, b, c] = eids as [number, number, number]
    net.tick(2)
    addComponent(server, a, Likes(b))
    addComponent(server, a, Likes(c))
    net.tick(2)
    expect(targets(world, copy(a), Likes)).toEqual([2, 3])
    removeComponent(server, a, Likes(b))
    net.tick(2)
    expect(targets(world, copy(a), Likes)).toEqual([3])
    removeComponent(server, a, Likes(c))
    net.tick(2)
    expect(targets(world, copy(a), Likes)).toEqual([])
    expect(hasComponent(world, copy(a), Likes(Wildcard))).toBe(false)
  })

  it('an exclusive pair moves to its new target', () => {
    const { net, server, world, copy, pair } = setUp()
    const { child } = pair()
    const other = add(server, 3)
    addComponent(server, child, ChildOf(other))
    net.tick(2)
    expect(targets(world, copy(child), ChildOf)).toEqual([3])
    expect(targets(server, child, ChildOf)).toEqual([3])
  })

  it('a pair removed and added again within a tick, or there and gone, is no change', () => {
    const { net, server, world, copy, pair } = setUp()
    const { parent, child } = pair()
    let changes = 0
    observe(world, onAdd(ChildOf(copy(parent))), () => void changes++)
    removeComponent(server, child, ChildOf(parent))
    addComponent(server, child, ChildOf(parent))
    addComponent(server, child, Likes(parent))
    removeComponent(server, child, Likes(parent))
    net.tick(2)
    expect([targets(world, copy(child), ChildOf), changes]).toEqual([[1], 0])
  })

  it('the same two entities in several relations, both ways, and an entity with itself', () => {
    const { net, server, world, copy } = setUp()
    const a = add(server, 1)
    const b = add(server, 2)
    for (const relation of [ChildOf, Watches, Likes]) addComponent(server, a, relation(b))
    addComponent(server, b, Likes(a))
    addComponent(server, b, Watches(b))
    net.tick(2)
    const shown = (eid: number): number[][] => [ChildOf, Watches, Likes].map((one) => targets(world, copy(eid), one))
    expect([shown(a), shown(b)]).toEqual([
      [[2], [2], [2]],
      [[], [2], [1]],
    ])
    removeComponent(server, a, Watches(b))
    removeComponent(server, b, Likes(a))
    net.tick(2)
    expect([shown(a), shown(b)]).toEqual([
      [[2], [], [2]],
      [[], [2], []],
    ])
  })

  it('those of a late joiner, and those that were there before the world was networked', () => {
    const { net, server } = setUp()
    const parent = add(server, 1, false)
    const child = add(server, 2, false)
    addComponent(server, child, ChildOf(parent))
    addComponent(server, child, Networked)
    net.tick(2)
    addComponent(server, parent, Networked)
    net.tick(2)
    const late = net.connect()
    net.tick(2)
    for (const { world } of [net.clients[0]!, late]) {
      expect(targets(world, copyOf(world, server, child), ChildOf)).toEqual([1])
    }
  })

  it('one that the protocol does not list stays on the server', () => {
    const { net, server, world, copy, pair } = setUp()
    const { parent, child } = pair()
    addComponent(server, child, Knows(parent))
    net.tick(2)
    expect(targets(world, copy(child), Knows)).toEqual([])
  })

  it('a recycled entity id does not inherit the pairs of the entity before it', () => {
    const { net, server, world, copy } = setUp()
    const parent = add(server, 1)
    const child = add(server, 2)
    addComponent(server, child, Likes(parent))
    net.tick(2)
    removeEntity(server, parent)
    const next = add(server, 9)
    expect(next).toBe(parent)
    net.tick(3)
    expect([targets(world, copy(child), Likes), copy(next) !== 0]).toEqual([[], true])
    addComponent(server, child, Likes(next))
    net.tick(2)
    expect(targets(world, copy(child), Likes)).toEqual([9])
  })
})

describe('the order of relations', () => {
  it('spawns parents before their children at any depth, and a cycle does not block it', () => {
    const { net, server, world, copy } = setUp()
    const spawned: number[] = []
    observe(world, onAdd(Networked), (eid: number) => void spawned.push(Name.id[eid]!))
    const chain = Array.from({ length: 3000 }, (_, i) => add(server, i))
    for (let i = 1; i < chain.length; i++) addComponent(server, chain[i - 1]!, ChildOf(chain[i]!))
    const a = add(server, 5001)
    const b = add(server, 5002)
    addComponent(server, a, Watches(b))
    addComponent(server, b, Watches(a))
    net.tick(2)
    expect(spawned.filter((id) => id < 5000)).toEqual(chain.map((_, i) => 2999 - i))
    expect([targets(world, copy(a), Watches), targets(world, copy(b), Watches)]).toEqual([[5002], [5001]])
  })

  it('a pair is there when the systems of the tick see the spawn', () => {
    const net = createTestNetwork(family, {
      clientSystems: [
        (world) => {
          for (const { entity } of drain(world, added(Networked))) seen.push(targets(world, entity, ChildOf))
        },
      ],
    })
    const seen: number[][] = []
    const parent = add(net.server, 1)
    const child = add(net.server, 2)
    addComponent(net.server, child, ChildOf(parent))
    net.tick(2)
    expect(seen).toEqual([[], [1]])
  })

  it('a pair is gone before its entities go, and they go as the server removed them', () => {
    const { net, server, world, copy, pair } = setUp()
    const { parent, child } = pair()
    const ends: [number, number[]][] = []
    const note = (eid: number): void => void ends.push([Name.id[eid]!, [...query(world, [ChildOf(copy(parent))])]])
    const copies = [copy(parent), copy(child)]
    for (const { entity } of drain(world, removed(Networked))) note(entity)
    removeEntity(server, parent)
    expect(entityExists(server, child)).toBe(false)
    net.tick(2)
    for (const { entity } of drain(world, removed(Networked))) note(entity)
    expect(ends.map(([id]) => id)).toEqual([2, 1])
    expect(copies.map((eid) => entityExists(world, eid))).toEqual([false, false])
  })
})

describe('a target that ends', () => {
  it('takes the subjects of a relation with autoRemoveSubject along, as on the server; also when despawned', () => {
    const { net, server, world, copy, pair } = setUp()
    const { parent, child } = pair()
    const grandchild = add(server, 3)
    addComponent(server, grandchild, ChildOf(child))
    net.tick(2)
    expect(targets(world, copy(grandchild), ChildOf)).toEqual([2])
    despawn(server, parent)
    expect([child, grandchild].map((eid) => entityExists(server, eid))).toEqual([false, false])
    net.tick(3)
    expect([...query(world, [Networked])]).toEqual([])
    expect(stats(world).counters).toMatchObject({ ignoredPairs: 0, handlerErrors: 0, malformedPackets: 0 })
  })

  it('leaves the subjects of other relations, without the pair', () => {
    const { net, server, world, copy } = setUp()
    const a = add(server, 1)
    const b = add(server, 2)
    addComponent(server, a, Likes(b))
    addComponent(server, a, Watches(b))
    net.tick(2)
    removeEntity(server, b)
    net.tick(2)
    expect([targets(world, copy(a), Likes), targets(world, copy(a), Watches)]).toEqual([[], []])
  })

  it('for the clients only, keeps its children there, and the pair comes back with it', () => {
    const { net, server, world, copy, pair } = setUp()
    const { parent, child } = pair()
    removeComponent(server, parent, Networked)
    net.tick(2)
    expect([copy(child) !== 0, targets(world, copy(child), ChildOf)]).toEqual([true, []])
    expect(targets(server, child, ChildOf)).toEqual([1])
    addComponent(server, parent, Networked)
    net.tick(2)
    expect(targets(world, copy(child), ChildOf)).toEqual([1])
    removeComponent(server, child, Networked)
    net.tick(2)
    addComponent(server, child, Networked)
    net.tick(2)
    expect(targets(world, copy(child), ChildOf)).toEqual([1])
  })

  it('makes a pair with the new entity when it returns within the tick', () => {
    const { net, server, world, copy, pair } = setUp()
    const { parent, child } = pair()
    removeComponent(server, parent, Networked)
    addComponent(server, parent, Networked)
    net.tick(3)
    expect(targets(world, copy(child), ChildOf)).toEqual([1])
    expect(hasComponent(world, copy(child), ChildOf(copy(parent)))).toBe(true)
  })

  it('for one client that takes no part leaves the others theirs', () => {
    const { net, server, copy, world, pair } = setUp(2)
    const { child } = pair()
    const other = net.clients[1]!
    setReady(other.world, false)
    net.tick(3)
    expect(copyOf(other.world, server, child)).toBe(0)
    expect(targets(world, copy(child), ChildOf)).toEqual([1])
    setReady(other.world, true)
    net.tick(10)
    expect(targets(other.world, copyOf(other.world, server, child), ChildOf)).toEqual([1])
  })
})

describe('a target out of sight', () => {
  it('is none, and becomes one as it comes into view', () => {
    const { net, server, world, copy, pair } = setUp(2)
    const { parent, child } = pair()
    const { connection } = net.clients[0]!
    hideFrom(server, parent, connection)
    net.tick(2)
    expect([copy(parent), copy(child) !== 0, targets(world, copy(child), ChildOf)]).toEqual([0, true, []])
    addComponent(server, child, Likes(parent))
    removeComponent(server, child, ChildOf(parent))
    net.tick(2)
    const other = net.clients[1]!.world
    expect(targets(other, copyOf(other, server, child), Likes)).toEqual([1])
    expect(targets(world, copy(child), Likes)).toEqual([])
    resetVisibility(server, parent, connection)
    net.tick(2)
    expect([targets(world, copy(child), ChildOf), targets(world, copy(child), Likes)]).toEqual([[], [1]])
  })

  it('or a subject, makes a pair again whichever of the two comes back first', () => {
    const { net, server, world, copy, pair } = setUp()
    const { parent, child } = pair()
    hideFrom(server, parent, 'all')
    hideFrom(server, child, 'all')
    net.tick(2)
    for (const [first, second] of [
      [parent, child],
      [child, parent],
    ] as const) {
      resetVisibility(server, first)
      net.tick(2)
      resetVisibility(server, second)
      net.tick(2)
      expect(targets(world, copy(child), ChildOf)).toEqual([1])
      hideFrom(server, first, 'all')
      hideFrom(server, second, 'all')
      net.tick(2)
    }
    expect(stats(world).counters).toMatchObject({ ignoredPairs: 0, handlerErrors: 0 })
  })
})

describe('a copy of the game’s own doing', () => {
  it('stops being a target when the game removes it, and its children stay if their relation keeps them', () => {
    const { net, server, world, copy } = setUp()
    const a = add(server, 1)
    const b = add(server, 2)
    addComponent(server, a, Likes(b))
    net.tick(2)
    removeEntity(world, copy(b))
    expect(targets(world, copy(a), Likes)).toEqual([])
    removeComponent(server, a, Likes(b))
    addComponent(server, a, Watches(b))
    net.tick(2)
    expect(targets(world, copy(a), Watches)).toEqual([])
    despawn(server, b)
    net.tick(2)
    expect(stats(world).counters).toMatchObject({ handlerErrors: 0, ignoredPairs: 0 })
  })

  it('stops being a target when the game removes Networked; later changes of it do not affect the server’s pairs', () => {
    const { world, copy, pair } = setUp()
    const { parent, child } = pair()
    const own = copy(parent)
    removeComponent(world, own, Networked)
    removeEntity(world, own)
    expect(copy(child)).not.toBe(0)
  })

  it('an entity that claims the key of a copy takes its pairs over', () => {
    const { net, server, world, copy, pair } = setUp()
    const parent = add(server, 1, false)
    setSpawnKey(server, parent, 'house')
    addComponent(server, parent, Networked)
    const { child } = pair()
    addComponent(server, child, ChildOf(parent))
    addComponent(server, parent, Likes(child))
    net.tick(2)
    const house = addEntity(world)
    setSpawnKey(world, house, 'house')
    expect(entityOf(world, netIdOf(server, parent))).toBe(house)
    expect(hasComponent(world, copy(child), ChildOf(house))).toBe(true)
    expect(hasComponent(world, house, Likes(copy(child)))).toBe(true)
    despawn(server, child)
    net.tick(2)
    expect(targets(world, house, Likes)).toEqual([])
  })
})

it('the components that pairs are on a client are as many as the entities that it has at once, not as there ever were', () => {
  const { net, server, world } = setUp()
  const counts: number[] = []
  for (let round = 0; round < 30; round++) {
    const parents = [1, 2, 3, 4, 5].map((id) => add(server, id))
    const children = parents.map((parent) => {
      const child = add(server, 9)
      addComponent(server, child, ChildOf(parent))
      addComponent(server, child, Likes(parent))
      return child
    })
    net.tick(2)
    expect(query(world, [ChildOf(Wildcard)]).length).toBe(5)
    for (const child of children) despawn(server, child)
    for (const parent of parents) despawn(server, parent)
    net.tick(4)
    counts.push(getWorldComponents(world).length)
  }
  // Ids of entities come back, and a pair is known by the id of its target.
  expect(counts.at(-1)).toBe(counts[9])
})

it('in a host’s world the pairs are the server’s own, and remote clients get them', () => {
  const net = createTestNetwork(family, { host: true, clients: 1 })
  const { server } = net
  const parent = add(server, 1)
  const child = add(server, 2)
  addComponent(server, child, ChildOf(parent))
  net.tick(3)
  const remote = net.clients.find(({ world }) => (world as object) !== server)!
  expect(targets(remote.world, copyOf(remote.world, server, child), ChildOf)).toEqual([1])
  expect(targets(server, child, ChildOf)).toEqual([1])
  despawn(server, parent)
  net.tick(3)
  expect([...query(server, [Networked])]).toEqual([])
  expect([...query(remote.world, [Networked])]).toEqual([])
})
