// Changes that cancel out within one tick: what was removed and added again, or changed hands and returned.
import { addComponent, addEntity, hasComponent, observe, onAdd, onRemove, removeComponent, type World } from 'bitecs'
import {
  clearOwner,
  defineProtocol,
  entityOf,
  f32,
  netIdOf,
  removePlayer,
  replicate,
  type ServerWorld,
  setOwner,
  setPlayer,
  u32,
} from 'bitecs-net'
import { correct } from 'bitecs-net/authority'
import { listOf, type SyncList } from 'bitecs-net/collections'
import { hideFrom, resetVisibility } from 'bitecs-net/interest'
import { LocalPlayer, Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const MAX = 1000
const Scan = { v: new Uint32Array(MAX) }
const Once = { v: new Uint32Array(MAX) }
const Marked = { v: new Uint32Array(MAX) }
const Own = { v: new Float32Array(MAX) }
const Private = { v: new Uint32Array(MAX) }
const Slow = { v: new Uint32Array(MAX) }
const Flag = {}
const Bag = { items: [] as SyncList<number>[] }
const protocol = defineProtocol({
  components: {
    Scan: replicate(Scan, { v: u32 }),
    Once: replicate(Once, { v: u32 }, { send: 'once' }),
    Marked: replicate(Marked, { v: u32 }, { track: 'marked' }),
    Own: replicate(Own, { v: f32 }, { authority: 'client' }),
    Private: replicate(Private, { v: u32 }, { to: 'owner', track: 'marked' }),
    Slow: replicate(Slow, { v: u32 }, { interval: 5, track: 'marked' }),
    Flag: replicate(Flag),
    Bag: replicate(Bag, { items: listOf(u32, 8) }),
  },
})
const COLUMNS = { Scan, Once, Marked, Own, Private, Slow }
type Name = keyof typeof COLUMNS
const NAMES = Object.keys(COLUMNS) as Name[]

interface Game {
  net: TestNetwork
  server: ServerWorld
  eid: number
  owner: TestClient
  other: TestClient
  copy(client: TestClient): number
  values(client: TestClient): Partial<Record<Name, number>>
}

/** An entity with every component at value 1, owned by the first of two clients, who both have it. */
function begin(conditions = {}): Game {
  const net = createTestNetwork(protocol, { clients: 2, conditions, seed: 7 })
  const { server } = net
  const [owner, other] = net.clients as [TestClient, TestClient]
  const eid = addEntity(server)
  for (const name of NAMES) {
    COLUMNS[name].v[eid] = 1
    addComponent(server, eid, COLUMNS[name])
  }
  addComponent(server, eid, Flag)
  addComponent(server, eid, Bag)
  Bag.items[eid]!.push(1)
  addComponent(server, eid, Networked)
  setOwner(server, eid, owner.connection)
  const copy = (client: TestClient): number => entityOf(client.world, netIdOf(server, eid))
  net.until(() => net.clients.every((client) => hasComponent(client.world, copy(client), Networked)))
  net.tick(3)
  const values = (client: TestClient): Partial<Record<Name, number>> => {
    const at = copy(client)
    const found = NAMES.filter((name) => hasComponent(client.world, at, COLUMNS[name]))
    return Object.fromEntries(found.map((name) => [name, COLUMNS[name].v[at]!]))
  }
  return { net, server, eid, owner, other, copy, values }
}

function all(value: number, names: readonly Name[] = NAMES): Partial<Record<Name, number>> {
  return Object.fromEntries(names.map((name) => [name, value]))
}

const SHARED = NAMES.filter((name) => name !== 'Private')

/** Writes down adds and removes of components in a world. */
function record(world: World, components: Record<string, object>): string[] {
  const log: string[] = []
  for (const [name, component] of Object.entries(components)) {
    observe(world, onAdd(component), () => void log.push(`+${name}`))
    observe(world, onRemove(component), () => void log.push(`-${name}`))
  }
  return log
}

/** Removes and adds every component, with value 2. */
function replace({ server, eid }: Game): void {
  for (const name of NAMES) {
    removeComponent(server, eid, COLUMNS[name])
    COLUMNS[name].v[eid] = 2
    addComponent(server, eid, COLUMNS[name])
  }
}

describe('a component removed and added again within one tick', () => {
  for (const [link, conditions] of [
    ['a clean link', {}],
    ['a link with loss', { loss: 0.3, reorder: 0.3, duplicate: 0.2, latency: 40, jitter: 30 }],
  ] as const) {
    it(`reaches every client with its new value, whatever its options, over ${link}`, () => {
      const game = begin(conditions)
      replace(game)
      game.net.tick(100)
      const late = game.net.connect()
      game.net.tick(100)
      expect(game.values(game.owner)).toEqual(all(2))
      expect(game.values(game.other)).toEqual(all(2, SHARED))
      expect(game.values(late)).toEqual(all(2, SHARED))
    })
  }

  it('is removed and added on the clients too, a tag included', () => {
    const game = begin()
    const log = record(game.other.world, { Once, Flag })
    for (const component of [Once, Flag]) {
      removeComponent(game.server, game.eid, component)
      addComponent(game.server, game.eid, component)
    }
    game.net.tick(2)
    expect(log.sort()).toEqual(['+Flag', '+Once', '-Flag', '-Once'])
  })

  it('is sent once, and nothing else of its entity', () => {
    const game = begin()
    const log = record(game.other.world, { Scan, Once, Networked })
    removeComponent(game.server, game.eid, Once)
    addComponent(game.server, game.eid, Once)
    game.net.tick(5)
    expect(log).toEqual(['-Once', '+Once'])
  })

  it('begins with an empty collection, then has what was put in it since', () => {
    const game = begin()
    const { server, eid } = game
    removeComponent(server, eid, Bag)
    addComponent(server, eid, Bag)
    Bag.items[eid]!.push(2)
    game.net.tick(2)
    expect([...Bag.items[game.copy(game.other)]!]).toEqual([2])
    Bag.items[eid]!.push(3)
    game.net.tick(2)
    expect([...Bag.items[game.copy(game.other)]!]).toEqual([2, 3])
  })

  it('has the server’s value when its owner writes it, and the owner may write it again', () => {
    const game = begin({ latency: 60 })
    const { net, server, eid, owner } = game
    Own.v[game.copy(owner)] = 5
    net.tick()
    // The owner's 5 is in flight.
    removeComponent(server, eid, Own)
    Own.v[eid] = 2
    addComponent(server, eid, Own)
    net.tick(20)
    expect([Own.v[eid], game.values(owner).Own, game.values(game.other).Own]).toEqual([2, 2, 2])
    Own.v[game.copy(owner)] = 6
    net.tick(20)
    expect([Own.v[eid], game.values(game.other).Own]).toEqual([6, 6])
  })

  it('is gone on every side after it is removed once more', () => {
    const game = begin()
    const { server, eid } = game
    removeComponent(server, eid, Once)
    addComponent(server, eid, Once)
    removeComponent(server, eid, Once)
    game.net.tick(3)
    expect(game.values(game.other)).toEqual(
      all(
        1,
        SHARED.filter((name) => name !== 'Once'),
      ),
    )
  })
})

describe('an owner that loses an entity and gets it back within one tick', () => {
  const ways: Record<string, (game: Game) => void> = {
    'because nobody owned it in between': ({ server, eid, owner }) => {
      clearOwner(server, eid)
      Own.v[eid] = 2
      setOwner(server, eid, owner.connection)
    },
    'because another client owned it in between': ({ server, eid, owner, other }) => {
      setOwner(server, eid, other.connection)
      Own.v[eid] = 2
      setOwner(server, eid, owner.connection)
    },
    'with a correction in between': ({ server, eid, owner, other }) => {
      setOwner(server, eid, other.connection)
      Own.v[eid] = 2
      correct(server, eid, Own)
      setOwner(server, eid, owner.connection)
    },
    'because it was the player, was released, and is the player again': ({ server, eid, owner }) => {
      setPlayer(server, owner.connection, eid)
      removePlayer(server, owner.connection, { former: 'release' })
      Own.v[eid] = 2
      setPlayer(server, owner.connection, eid)
    },
  }
  for (const [why, act] of Object.entries(ways)) {
    it(`has the server's value, ${why}`, () => {
      const game = begin()
      act(game)
      game.net.tick(20)
      expect([game.values(game.owner).Own, game.values(game.other).Own]).toEqual([2, 2])
      Own.v[game.copy(game.owner)] = 3
      game.net.tick(5)
      expect([Own.v[game.eid], game.values(game.other).Own]).toEqual([3, 3])
    })
  }

  it('sees Owned removed and added, as the server does, and gets its private components whole', () => {
    const game = begin()
    const { net, server, eid, owner, other } = game
    const logs = [owner, other].map(({ world }) => record(world, { Owned, Private, Own }))
    clearOwner(server, eid)
    Private.v[eid] = 2
    setOwner(server, eid, owner.connection)
    net.tick(3)
    expect(logs).toEqual([['-Owned', '-Private', '+Private', '+Owned'], []])
    expect(game.values(owner).Private).toBe(2)
  })

  it('loses what it wrote before it knew, on a slow link', () => {
    const game = begin({ latency: 100 })
    const { net, server, eid, owner } = game
    Own.v[game.copy(owner)] = 5
    net.tick()
    clearOwner(server, eid)
    Own.v[eid] = 2
    setOwner(server, eid, owner.connection)
    net.tick(30)
    expect([Own.v[eid], game.values(owner).Own, game.values(game.other).Own]).toEqual([2, 2, 2])
  })

  it('gets no events of an owner that was set and cleared before any packet left', () => {
    const game = begin()
    clearOwner(game.server, game.eid)
    game.net.tick(3)
    const logs = [game.owner, game.other].map(({ world }) => record(world, { Owned, Private }))
    setOwner(game.server, game.eid, game.owner.connection)
    clearOwner(game.server, game.eid)
    game.net.tick(3)
    expect(logs).toEqual([[], []])
  })
})

describe('other changes that cancel out within one tick', () => {
  it('a player taken away and set again loses LocalPlayer and gets it back, around Owned', () => {
    const game = begin()
    const { net, server, eid, owner } = game
    setPlayer(server, owner.connection, eid)
    net.tick(3)
    const log = record(owner.world, { LocalPlayer, Owned })
    removePlayer(server, owner.connection)
    setPlayer(server, owner.connection, eid)
    net.tick(3)
    expect(log).toEqual(['-LocalPlayer', '+LocalPlayer'])
    removePlayer(server, owner.connection, { former: 'release' })
    setPlayer(server, owner.connection, eid)
    net.tick(3)
    expect(log.slice(2)).toEqual(['-LocalPlayer', '-Owned', '+Owned', '+LocalPlayer'])
  })

  it('a client’s player that is replaced and set again within one tick is its player once', () => {
    const game = begin()
    const { net, server, eid, owner } = game
    const spare = addEntity(server)
    addComponent(server, spare, Networked)
    setPlayer(server, owner.connection, eid)
    net.tick(3)
    const log = record(owner.world, { LocalPlayer })
    setPlayer(server, owner.connection, spare)
    setPlayer(server, owner.connection, eid)
    net.tick(3)
    expect(log).toEqual(['-LocalPlayer', '+LocalPlayer'])
    expect(hasComponent(owner.world, game.copy(owner), LocalPlayer)).toBe(true)
  })

  it('an entity hidden and shown again stays, and its values go on', () => {
    const game = begin()
    const { net, server, eid, other } = game
    const log = record(other.world, { Networked })
    hideFrom(server, eid, other.connection)
    Scan.v[eid] = 2
    resetVisibility(server, eid, other.connection)
    removeComponent(server, eid, Once)
    Once.v[eid] = 2
    addComponent(server, eid, Once)
    net.tick(3)
    expect([log, game.values(other).Scan, game.values(other).Once]).toEqual([[], 2, 2])
  })

  it('an entity shown, and a component of it replaced, in one tick, has the newest value', () => {
    const game = begin()
    const { net, server, eid, other } = game
    hideFrom(server, eid, other.connection)
    net.tick(3)
    resetVisibility(server, eid, other.connection)
    replace(game)
    net.tick(3)
    expect(game.values(other)).toEqual(all(2, SHARED))
  })

  it('Networked removed and added again is a new entity with all of its values', () => {
    const game = begin()
    const { net, server, eid, owner, other } = game
    removeComponent(server, eid, Networked)
    for (const name of NAMES) COLUMNS[name].v[eid] = 2
    addComponent(server, eid, Networked)
    setOwner(server, eid, owner.connection)
    net.tick(3)
    expect([game.values(owner), game.values(other)]).toEqual([all(2), all(2, SHARED)])
  })
})
