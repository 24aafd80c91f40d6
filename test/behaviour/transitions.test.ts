// The ordered stream of lifecycle events: a game that follows it holds exactly what is there, whatever one frame
// brings; and no id is handed out again while an event can still name it.
import { addComponents, addEntity, createRelation, hasComponent, query, removeComponent, removeEntity } from 'bitecs'
import {
  added,
  type ClientWorld,
  clearOwner,
  close,
  connectionOf,
  defineProtocol,
  despawn,
  drain,
  entityOf,
  type LifecycleEvent,
  netIdOf,
  removed,
  replicate,
  type ServerWorld,
  setOwner,
  setPlayer,
  transitions,
  u8,
} from 'bitecs-net'
import { setSpawnKey, spawn } from 'bitecs-net/prefabs'
import { Connected, Interrupted, Networked, Owned, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { arena, Ball } from '../support/arena.js'

const empty = defineProtocol({})

/** What a game keeps for each entity that has a component, by events alone. */
class Follower {
  readonly kept = new Set<number>()
  readonly log: string[] = []

  constructor(private readonly component: typeof Networked | typeof Owned) {}

  readonly follow = (world: ServerWorld | ClientWorld): void => {
    for (const { kind, entity } of drain(world, transitions(this.component))) {
      this.log.push(`${kind} ${entity}`)
      if (kind === 'added') this.kept.add(entity)
      else this.kept.delete(entity)
    }
  }

  get sorted(): number[] {
    return [...this.kept].sort((a, b) => a - b)
  }
}

function begin(server: ServerWorld): number {
  const eid = addEntity(server)
  addComponents(server, eid, [Networked])
  return eid
}

/** Ids that entities of a world have got while it made `count` of them. */
function idsOf(world: ServerWorld | ClientWorld, count: number): number[] {
  const made = Array.from({ length: count }, () => addEntity(world))
  for (const eid of made) removeEntity(world, eid)
  return made
}

function inOrder(ids: Iterable<number>): number[] {
  return [...ids].sort((a, b) => a - b)
}

describe('a game that follows transitions', () => {
  it('holds exactly the entities that are there after a frame that brought several ticks', () => {
    const shown = new Follower(Networked)
    const mine = new Follower(Owned)
    const network = createTestNetwork(empty, { clientSystems: [shown.follow, mine.follow] })
    const { server } = network
    const client = network.clients[0]!
    const first = begin(server)
    const ship = begin(server)
    setOwner(server, ship, client.connection)
    network.tick(3)

    client.running = false
    removeEntity(server, first)
    network.tick()
    begin(server)
    network.tick()
    clearOwner(server, ship)
    network.tick()
    setOwner(server, ship, client.connection)
    network.tick()
    client.running = true
    network.tick(10)

    expect(shown.sorted).toEqual(inOrder(query(client.world, [Networked])))
    expect(mine.sorted).toEqual(inOrder(query(client.world, [Networked, Owned])))
    expect(mine.kept.size).toBe(1)
  })

  it('sees an entity that is hidden and shown again within a frame go and return', () => {
    const shown = new Follower(Networked)
    const network = createTestNetwork(empty, { clientSystems: [shown.follow] })
    const { server } = network
    const client = network.clients[0]!
    const ship = begin(server)
    network.tick(3)
    const before = entityOf(client.world, netIdOf(server, ship))
    shown.log.length = 0
    client.running = false
    for (let i = 0; i < 2; i++) {
      pause(server, ship)
      network.tick()
    }
    client.running = true
    network.tick(2)
    const after = entityOf(client.world, netIdOf(server, ship))
    expect(shown.log).toEqual([`removed ${before}`, `added ${after}`])
    expect(after).not.toBe(before)
    expect(shown.sorted).toEqual([after])
  })

  it('sees one ordered stream for several components', () => {
    let status = ''
    const log: string[] = []
    const follow = (world: ClientWorld): void => {
      for (const { kind, component, netId } of drain(world, transitions(Connected, Interrupted, Ready))) {
        const name = component === Connected ? 'Connected' : component === Interrupted ? 'Interrupted' : 'Ready'
        log.push(`${kind} ${name}`)
        expect(netId).toBe(0)
        if (component === Interrupted) status = kind === 'added' ? 'lost' : 'playing'
        if (component === Connected) status = kind === 'added' ? 'playing' : 'ended'
      }
    }
    const network = createTestNetwork(empty, { clientSystems: [follow] })
    network.tick(2)
    expect(log).toEqual(['added Connected', 'added Ready'])
    const client = network.clients[0]!
    // The connection breaks and is mended while the game does not look.
    log.length = 0
    const readLater: LifecycleEvent[] = []
    client.cut()
    network.until(() => {
      for (const event of drain(client.world, transitions(Connected, Interrupted))) readLater.push({ ...event })
      return readLater.length === 2
    })
    expect(readLater.map(({ kind, component }) => [kind, component === Interrupted])).toEqual([
      ['added', true],
      ['removed', true],
    ])
    expect(status).toBe('playing')
  })

  it('yields the same object for each event, and the same events to each system', () => {
    const network = createTestNetwork(empty)
    begin(network.server)
    begin(network.server)
    network.tick(2)
    const { world } = network.clients[0]!
    const read = (): [number, number] => {
      const events = [...drain(world, transitions(Networked))]
      return [events.length, new Set(events).size]
    }
    expect([read(), read()]).toEqual([
      [2, 1],
      [2, 1],
    ])
    expect(transitions(Networked, Owned)).toBe(transitions(Networked, Owned))
    expect([...drain(world, added(Networked))]).toHaveLength(2)
    expect([...drain(world, removed(Networked))]).toHaveLength(0)
  })
})

/** Ends the copies of an entity, or begins them again. */
function pause(server: ServerWorld, eid: number): void {
  if (hasComponent(server, eid, Networked)) removeComponent(server, eid, Networked)
  else addComponents(server, eid, [Networked])
}

describe('an id', () => {
  it('freed on a client is not reused while an event of the frame can name it', () => {
    const network = createTestNetwork(empty)
    const { server } = network
    const client = network.clients[0]!
    const ships = Array.from({ length: 5 }, () => begin(server))
    network.tick(2)
    const copies = new Set(ships.map((ship) => entityOf(client.world, netIdOf(server, ship))))
    for (const ship of ships) despawn(server, ship)
    network.tick(2)
    expect([...drain(client.world, removed(Networked))]).toHaveLength(5)
    // The events of this frame name them, so the game and the library get others.
    expect(idsOf(client.world, 20).filter((id) => copies.has(id))).toEqual([])
    network.tick()
    expect([...drain(client.world, removed(Networked))]).toHaveLength(0)
    expect(idsOf(client.world, 40).filter((id) => copies.has(id)).length).toBe(5)
  })

  it('freed by the game on a client is not given to an entity that arrives in the same frame', () => {
    const shown = new Follower(Networked)
    const network = createTestNetwork(empty, { clientSystems: [shown.follow] })
    const { server } = network
    const client = network.clients[0]!
    const ship = begin(server)
    network.tick(2)
    const copy = entityOf(client.world, netIdOf(server, ship))
    const late = begin(server)
    network.tick()
    removeEntity(client.world, copy)
    network.tick()
    const arrived = entityOf(client.world, netIdOf(server, late))
    expect(arrived).not.toBe(0)
    expect(arrived).not.toBe(copy)
    expect(shown.sorted).toEqual([arrived])
  })

  it('freed by despawn on the server stays reserved until its events are withdrawn', () => {
    const network = createTestNetwork(empty, { clients: 0 })
    const { server } = network
    const ship = begin(server)
    network.tick()
    despawn(server, ship)
    expect(idsOf(server, 3)).not.toContain(ship)
    network.tick()
    expect(Array.from(drain(server, removed(Networked)), ({ entity }) => entity)).toEqual([ship])
    expect(idsOf(server, 3)).not.toContain(ship)
    network.tick()
    expect(idsOf(server, 10)).toContain(ship)
  })

  it('of a client that left is not reused while systems can read that it left', () => {
    const here = new Set<number>()
    const strangers: number[] = []
    const follow = (world: ServerWorld): void => {
      for (const { kind, entity } of drain(world, transitions(Connected))) {
        if (kind === 'added') here.add(entity)
        else if (!here.delete(entity)) strangers.push(entity)
      }
    }
    const network: TestNetwork = createTestNetwork(empty, { clients: 0, serverSystems: [follow] })
    const seen = new Set<number>()
    for (let i = 0; i < 6; i++) {
      const client = network.connect()
      expect(here.has(client.connection)).toBe(true)
      seen.add(client.connection)
      void close(client.world)
      network.tick()
    }
    network.tick(3)
    expect([here.size, strangers]).toEqual([0, []])
    expect(seen.size).toBeGreaterThan(1)
  })

  it('of an entity removed together with its target stays reserved too', () => {
    const Mounted = createRelation({ autoRemoveSubject: true })
    const network = createTestNetwork(empty, { clients: 0 })
    const { server } = network
    const ship = begin(server)
    const gun = begin(server)
    addComponents(server, gun, [Mounted(ship)])
    network.tick()
    despawn(server, ship)
    network.tick()
    expect([...drain(server, removed(Networked))]).toHaveLength(2)
    const ids = idsOf(server, 5)
    expect([ids.includes(ship), ids.includes(gun)]).toEqual([false, false])
    network.tick()
    const later = idsOf(server, 10)
    expect([later.includes(ship), later.includes(gun)]).toEqual([true, true])
  })

  it('is free after two ticks also when thousands of entities end in each', () => {
    const network = createTestNetwork(empty)
    const { server } = network
    const { world } = network.clients[0]!
    let highest = 0
    for (let tick = 0; tick < 5; tick++) {
      const ships = Array.from({ length: 1000 }, () => begin(server))
      network.tick()
      for (const ship of ships) despawn(server, ship)
      highest = Math.max(highest, ...ships)
    }
    network.tick(3)
    // One generation in each of two worlds, and those of two ticks that are held there.
    expect(highest).toBeLessThan(6 * 1000 + 50)
    expect([...query(world, [Networked])]).toEqual([])
    expect(idsOf(server, 10).every((id) => id <= highest + 20)).toBe(true)
  })

  it('is free at once when the world is closed, since it may never tick again', async () => {
    const network = createTestNetwork(empty)
    const { world } = network.clients[0]!
    const ship = begin(network.server)
    network.tick(2)
    const copy = entityOf(world, netIdOf(network.server, ship))
    await close(world)
    expect(idsOf(world, 10)).toContain(copy)
    const gone = begin(network.server)
    network.tick()
    despawn(network.server, gone)
    await close(network.server)
    expect(idsOf(network.server, 20)).toContain(gone)
  })

  it('is handed out sooner rather than one that the game has no room for', () => {
    const Health = { hp: new Uint8Array(40) }
    const protocol = defineProtocol({ components: { Health: replicate(Health, { hp: u8 }) } })
    const network = createTestNetwork(protocol)
    const { server } = network
    const client = network.clients[0]!
    const make = (hp: number): number => {
      const eid = addEntity(server)
      Health.hp[eid] = hp
      addComponents(server, eid, [Health, Networked])
      return eid
    }
    const old = Array.from({ length: 7 }, () => make(1))
    network.tick(2)
    client.running = false
    for (let round = 0; round < 4; round++) {
      for (const eid of old.splice(0)) removeEntity(server, eid)
      network.tick()
      for (let i = 0; i < 7; i++) old.push(make(10 + round))
      network.tick()
    }
    client.running = true
    network.tick(2)
    const copies = [...query(client.world, [Health, Networked])]
    expect(copies).toHaveLength(7)
    expect(copies.map((copy) => Health.hp[copy])).toEqual(Array(7).fill(13))
  })

  it('in reserve is no entity for the verbs', () => {
    const network = createTestNetwork(arena, { clients: 0 })
    const { server } = network
    const ball = spawn(server, Ball, { color: 1, thrower: 0, name: '' })
    despawn(server, ball)
    despawn(server, ball)
    expect(() => setSpawnKey(server, ball, 'ball')).toThrow(/there is no entity/)
    expect(() => setOwner(server, ball, 0)).toThrow(/not networked/)
    expect([...query(server, [Networked])]).toEqual([])
    network.tick(3)
    expect([...query(server, [Networked])]).toEqual([])
  })

  it('removed a second time by the game does not remove the entity that has it now', () => {
    const network = createTestNetwork(empty, { clients: 0 })
    const { server } = network
    const ship = begin(server)
    network.tick()
    despawn(server, ship)
    removeEntity(server, ship)
    const next = begin(server)
    network.tick(4)
    expect([...query(server, [Networked])]).toEqual([next])
  })
})

describe('in a host’s world', () => {
  it('both sides follow the same transitions, each at its own pace', () => {
    const onServer = new Follower(Networked)
    const onClient = new Follower(Networked)
    const network = createTestNetwork(empty, {
      clients: 0,
      host: true,
      serverSystems: [onServer.follow],
      clientSystems: [onClient.follow],
    })
    const { server, host } = network
    const ships = [begin(server), begin(server)]
    network.tick(2)
    host.running = false
    despawn(server, ships[0]!)
    network.tick(5)
    const late = begin(server)
    expect(late).not.toBe(ships[0])
    setPlayer(server, connectionOf(server), late)
    network.tick()
    host.running = true
    network.tick(2)
    const there = inOrder(query(server, [Networked]))
    expect(onServer.sorted).toEqual(there)
    expect(onClient.sorted).toEqual(there)
  })

  it('a client that does not run holds no ids for long', () => {
    const network = createTestNetwork(empty, { clients: 0, host: true })
    const { server, host } = network
    host.running = false
    let highest = 0
    for (let i = 0; i < 500; i++) {
      const ship = begin(server)
      highest = Math.max(highest, ship)
      network.tick()
      despawn(server, ship)
    }
    expect(highest).toBeLessThan(100)
  })
})
