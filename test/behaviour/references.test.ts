// Entities that payloads, fields, collections and calls name: a client gets its own id of each, whatever is sent first.
import { addComponent, addEntity, createRelation, getRelationTargets, hasComponent, observe, onAdd } from 'bitecs'
import {
  array,
  changed,
  defineClientRpc,
  defineMessage,
  defineProtocol,
  despawn,
  drain,
  entity,
  entityOf,
  netIdOf,
  NetworkErrors,
  replicate,
  sendMessage,
  sendRpc,
  setReady,
  struct,
  varint,
} from 'bitecs-net'
import { listOf, operations, type SyncList } from 'bitecs-net/collections'
import { hideFrom, showTo } from 'bitecs-net/interest'
import { definePrefab, onSpawn, setSpawnKey, spawn, usePrefab } from 'bitecs-net/prefabs'
import { loadWorld, saveWorld } from 'bitecs-net/saves'
import { changeScene, defineScene } from 'bitecs-net/scenes'
import { stats } from 'bitecs-net/stats'
import { Networked, Predicted } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const MAX = 40_000
const Target = { entity: new Uint32Array(MAX) }
const Party = { members: [] as SyncList<number>[] }
const ChildOf = createRelation({ exclusive: true })
const Shot = definePrefab({ payload: { shooter: entity, squad: array(struct({ who: entity }), 4) } })
const Turret = definePrefab({ components: [Target] })
const Hit = defineClientRpc({ by: entity, n: varint })
const Spark = defineClientRpc({ by: entity, n: varint }, { channel: 'unreliable' })
const Named = defineClientRpc({ by: entity }, { buffer: 'last' })
const News = defineMessage({ who: array(entity, 8) })
const Rumour = defineMessage({ who: entity, n: varint }, { channel: 'unreliable' })
const Lobby = defineScene()
const protocol = defineProtocol({
  components: {
    Target: replicate(Target, { entity }, { trackChanges: true }),
    Party: replicate(Party, { members: listOf(entity, 64) }),
  },
  relations: { ChildOf },
  prefabs: { Shot, Turret },
  remote: { Hit, Spark, Named },
  messages: { News, Rumour },
  scenes: { Lobby },
})

/** An entity that is networked, with a slot of its own. */
function spawnPlain(net: TestNetwork): number {
  const eid = addEntity(net.server)
  addComponent(net.server, eid, Networked)
  return eid
}

/** Two networked entities, of which the second has the lower slot. */
function spawnOutOfOrder(net: TestNetwork, second: () => number): { first: number; second: number } {
  const before = spawnPlain(net)
  net.tick(2)
  const first = spawnPlain(net)
  net.tick(2)
  despawn(net.server, before)
  // Its slot is free once everyone has acknowledged that.
  net.tick(20)
  return { first, second: second() }
}

const copyOf = (net: TestNetwork, { world }: TestClient, eid: number): number =>
  entityOf(world, netIdOf(net.server, eid))

/** A network whose clients get few spawns in a tick. */
const slowNetwork = (clients = 1): TestNetwork =>
  createTestNetwork(protocol, { clients, limits: { spawnBytesPerTick: 256 } })

/** Records the shots that a client receives: the shooter, and whether it was networked by then. */
function watchShots({
  world,
}: Pick<TestClient, 'world'>): { entity: number; shooter: number; squad: number[]; isThere: boolean }[] {
  const seen: { entity: number; shooter: number; squad: number[]; isThere: boolean }[] = []
  onSpawn(world, Shot, ({ entity: eid, args }) => {
    const isThere = args.shooter !== 0 && hasComponent(world, args.shooter, Networked)
    seen.push({ entity: eid, shooter: args.shooter, squad: args.squad.map(({ who }) => who), isThere })
  })
  return seen
}

const shotAt = (net: TestNetwork, shooter: number): number =>
  spawn(net.server, Shot, { shooter, squad: [{ who: shooter }] })

describe('a prefab payload that names an entity', () => {
  it('has the own id of each client, for one that was there, one that joins late and after a change of scenes', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    const [here] = net.clients
    const { first: shooter, second: shot } = spawnOutOfOrder(net, () => 0)
    expect(shot).toBe(0)
    const seen = watchShots(here!)
    shotAt(net, shooter)
    net.tick(3)
    expect(seen).toMatchObject([{ shooter: copyOf(net, here!, shooter), isThere: true }])
    const late = net.begin()
    const seenLate = watchShots(late)
    net.tick(6)
    const own = copyOf(net, late, shooter)
    expect(seenLate).toMatchObject([{ shooter: own, squad: [own], isThere: true }])
    changeScene(net.server, Lobby)
    net.tick(12)
    expect(seen.at(-1)).toMatchObject({ shooter: copyOf(net, here!, shooter), isThere: true })
    expect(seenLate.at(-1)).toMatchObject({ shooter: copyOf(net, late, shooter), isThere: true })
  })

  it('resolves when both were hidden and are shown again in one tick', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    const { first: shooter, second: shot } = spawnOutOfOrder(net, () => 0)
    expect(shot).toBe(0)
    const one = shotAt(net, shooter)
    net.tick(3)
    const client = net.clients[1]!
    for (const eid of [one, shooter]) hideFrom(net.server, eid, client.connection)
    net.tick(3)
    const seen = watchShots(client)
    for (const eid of [one, shooter]) showTo(net.server, eid, client.connection)
    net.tick(3)
    expect(seen).toMatchObject([{ shooter: copyOf(net, client, shooter), isThere: true }])
  })

  it('is 0 where the client is not to see the entity, and the spawn waits for nothing', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    const client = net.clients[0]!
    const seen = watchShots(client)
    const shooter = spawnPlain(net)
    hideFrom(net.server, shooter, client.connection)
    shotAt(net, shooter)
    net.tick(2)
    expect(seen).toMatchObject([{ shooter: 0, isThere: false }])
  })

  it('resolves to an entity that is networked after it in the same tick', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    const client = net.clients[1]!
    const seen = watchShots(client)
    const shooter = addEntity(net.server)
    shotAt(net, shooter)
    addComponent(net.server, shooter, Networked)
    net.tick(2)
    expect(seen).toMatchObject([{ shooter: copyOf(net, client, shooter), isThere: true }])
  })

  it('resolves in a world that was loaded from a save', () => {
    const saved = createTestNetwork(protocol, { clients: 0 })
    const { first: shooter, second: shot } = spawnOutOfOrder(saved, () => 0)
    expect(shot).toBe(0)
    shotAt(saved, shooter)
    saved.tick()
    const net = createTestNetwork(protocol, { clients: 2 })
    const client = net.clients[0]!
    const seen = watchShots(client)
    loadWorld(net.server, saveWorld(saved.server))
    net.tick(3)
    expect(seen).toMatchObject([{ isThere: true }])
  })

  it('names each other in a circle: both know the id that the other one keeps', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    const client = net.clients[1]!
    const seen = watchShots(client)
    const [a, b] = [addEntity(net.server), addEntity(net.server)]
    usePrefab(net.server, a, Shot, { shooter: b, squad: [] })
    usePrefab(net.server, b, Shot, { shooter: a, squad: [] })
    for (const eid of [a, b]) addComponent(net.server, eid, Networked)
    net.tick(2)
    const [ownA, ownB] = [copyOf(net, client, a), copyOf(net, client, b)]
    const shown = new Map(seen.map(({ entity: eid, shooter }) => [eid, shooter]))
    expect(shown).toEqual(
      new Map([
        [ownA, ownB],
        [ownB, ownA],
      ]),
    )
    expect(stats(client.world).counters.malformedPackets).toBe(0)
  })
})

describe('a field or a list that names an entity', () => {
  it('holds the own id of a client in onSpawn, and in observers of Networked and of the component', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    const { first: prey, second: turret } = spawnOutOfOrder(net, () => 0)
    expect(turret).toBe(0)
    const one = spawn(net.server, Turret, {}, { set: (eid) => (Target.entity[eid] = prey) })
    addComponent(net.server, one, Party)
    Party.members[one]!.push(prey)
    net.tick(2)
    const late = net.begin()
    const { world } = late
    const seen: unknown[] = []
    const look = (where: string, eid: number): void => {
      seen.push([where, Target.entity[eid], hasComponent(world, Target.entity[eid]!, Networked)])
    }
    observe(world, onAdd(Target), (eid: number) => look('component', eid))
    observe(world, onAdd(Party), (eid: number) => seen.push(['list', [...Party.members[eid]!][0]]))
    observe(world, onAdd(Networked), (eid: number) => {
      if (hasComponent(world, eid, Target)) look('networked', eid)
    })
    onSpawn(world, Turret, ({ entity: eid }) => look('spawn', eid))
    net.tick(6)
    const own = copyOf(net, late, prey)
    expect(seen).toEqual(
      expect.arrayContaining([
        ['component', own, true],
        ['list', own],
        ['spawn', own, true],
        ['networked', own, true],
      ]),
    )
    expect(seen).toHaveLength(4)
  })

  it('is changed when the entity comes into view later, also while its own entity is young', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    const client = net.clients[0]!
    const prey = spawnPlain(net)
    hideFrom(net.server, prey, client.connection)
    net.tick(2)
    const turret = spawn(net.server, Turret, {}, { set: (eid) => (Target.entity[eid] = prey) })
    net.tick()
    showTo(net.server, prey, client.connection)
    const events: unknown[] = []
    for (let tick = 0; tick < 4; tick++) {
      net.tick()
      for (const { entity: eid, before, after } of drain(client.world, changed(Target))) {
        events.push([eid, before.entity, after.entity])
      }
    }
    expect(events).toEqual([[copyOf(net, client, turret), 0, copyOf(net, client, prey)]])
  })

  it('is right in an observer of a component that is added while the entity still waits for its spawn', () => {
    const net = slowNetwork()
    const turret = spawnPlain(net)
    net.tick(2)
    const client = net.clients[0]!
    const names: number[] = []
    observe(client.world, onAdd(Target), (eid: number) => names.push(Target.entity[eid]!))
    const crowd = Array.from({ length: 400 }, () => spawnPlain(net))
    net.tick(2)
    const prey = crowd.at(-1)!
    expect(copyOf(net, client, prey)).toBe(0)
    Target.entity[turret] = prey
    addComponent(net.server, turret, Target)
    net.tick(2)
    expect(names).toEqual([copyOf(net, client, prey)])
    expect(names[0]).toBeGreaterThan(0)
  })

  it('is right in an operation on a list while the entity still waits for its spawn', () => {
    const net = slowNetwork()
    const party = spawnPlain(net)
    addComponent(net.server, party, Party)
    net.tick(2)
    const client = net.clients[0]!
    const crowd = Array.from({ length: 400 }, () => spawnPlain(net))
    net.tick(2)
    Party.members[party]!.push(crowd.at(-1)!)
    const values: unknown[] = []
    for (let tick = 0; tick < 3; tick++) {
      net.tick()
      for (const operation of drain(client.world, operations(Party, 'members'))) values.push(operation.after)
    }
    expect(values).toEqual([copyOf(net, client, crowd.at(-1)!)])
    expect(values[0]).toBeGreaterThan(0)
  })
})

describe('a chain of ten thousand entities', () => {
  it('is spawned over many ticks, each entity after the one that it names', () => {
    const net = createTestNetwork(protocol, { clients: 0, limits: { spawnBytesPerTick: 2000 } })
    const links = Array.from({ length: 10_000 }, () => spawnPlain(net))
    for (const [i, eid] of links.entries()) {
      Target.entity[eid] = links[i + 1] ?? 0
      addComponent(net.server, eid, Target)
    }
    net.tick()
    const late = net.begin()
    let wrong = 0
    observe(late.world, onAdd(Networked), (eid: number) => {
      if (Target.entity[eid] !== 0 && !hasComponent(late.world, Target.entity[eid]!, Networked)) wrong++
    })
    let had = 0
    let most = 0
    for (let tick = 0; tick < 300 && had < links.length; tick++) {
      net.tick()
      const has = stats(late.world).entities
      most = Math.max(most, has - had)
      had = has
    }
    expect([had, wrong]).toEqual([links.length, 0])
    expect(most).toBeLessThan(500)
  }, 60_000)

  it('may be closed to a ring, and every reference resolves to an entity', () => {
    const net = createTestNetwork(protocol, { clients: 0, limits: { spawnBytesPerTick: 2000 } })
    const links = Array.from({ length: 1000 }, () => spawnPlain(net))
    for (const [i, eid] of links.entries()) {
      Target.entity[eid] = links[(i + 1) % links.length]!
      addComponent(net.server, eid, Target)
    }
    net.tick()
    const late = net.begin()
    const first = new Map<number, number>()
    observe(late.world, onAdd(Networked), (eid: number) => first.set(eid, Target.entity[eid]!))
    net.tick(60)
    expect(first.size).toBe(links.length)
    for (const [i, eid] of links.entries()) {
      expect(first.get(copyOf(net, late, eid))).toBe(copyOf(net, late, links[(i + 1) % links.length]!))
    }
  }, 30_000)
})

describe('an entity that is announced since another one names it', () => {
  /** A client that knows `a`, which names `b`, whose spawn is still to come; and entities that keep its budget busy. */
  function announced() {
    const net = slowNetwork()
    const client = net.clients[0]!
    // A large circle, so that its last one is sent many ticks after it was named.
    const ring = Array.from({ length: 200 }, () => addEntity(net.server))
    for (const [i, eid] of ring.entries()) {
      Target.entity[eid] = ring[(i + 1) % ring.length]!
      addComponent(net.server, eid, Target)
    }
    return { net, client, ring }
  }

  it('shows nowhere before its spawn, and is despawned when it ends before that', () => {
    const { net, client, ring } = announced()
    for (const eid of ring) addComponent(net.server, eid, Networked)
    net.tick(2)
    const last = ring.at(-1)!
    const copy = copyOf(net, client, last)
    const named = Target.entity[copy]!
    expect(named).toBeGreaterThan(0)
    expect(hasComponent(client.world, named, Networked)).toBe(false)
    expect([netIdOf(client.world, named), copyOf(net, client, ring[0]!)]).toEqual([0, 0])
    despawn(net.server, ring[0]!)
    net.tick(2)
    expect(Target.entity[copy]).toBe(0)
    net.tick(60)
    expect(stats(client.world).entities).toBe(ring.length - 1)
    expect(Target.entity[copyOf(net, client, last)]).toBe(0)
  })

  it('stands for the predicted entity that claims its key, also one that claims it late', () => {
    for (const isLate of [false, true]) {
      const { net, client, ring } = announced()
      setSpawnKey(net.server, ring[0]!, 'one', { kind: 'predicted' })
      for (const eid of ring) addComponent(net.server, eid, Networked)
      const own = addEntity(client.world)
      if (!isLate) setSpawnKey(client.world, own, 'one', { kind: 'predicted' })
      net.tick(2)
      const last = copyOf(net, client, ring.at(-1)!)
      if (isLate) setSpawnKey(client.world, own, 'one', { kind: 'predicted' })
      expect(Target.entity[last] === own).toBe(!isLate)
      net.tick(60)
      expect(copyOf(net, client, ring[0]!)).toBe(own)
      expect(Target.entity[last]).toBe(own)
      expect(hasComponent(client.world, own, Predicted)).toBe(false)
      expect(stats(client.world).entities).toBe(ring.length)
    }
  })

  it('stands for the entity of a scene with its key, which lives on when it is hidden before its spawn', () => {
    const { net, client, ring } = announced()
    setSpawnKey(net.server, ring[0]!, 'door')
    const own = addEntity(client.world)
    setSpawnKey(client.world, own, 'door')
    for (const eid of ring) addComponent(net.server, eid, Networked)
    net.tick(2)
    const last = copyOf(net, client, ring.at(-1)!)
    expect(Target.entity[last]).toBe(own)
    hideFrom(net.server, ring[0]!, client.connection)
    net.tick(2)
    expect(Target.entity[last]).toBe(0)
    showTo(net.server, ring[0]!, client.connection)
    net.tick(60)
    expect([copyOf(net, client, ring[0]!), Target.entity[last]]).toEqual([own, own])
  })

  it('goes with everything else when the client takes no part any more', () => {
    const { net, client, ring } = announced()
    for (const eid of ring) addComponent(net.server, eid, Networked)
    net.tick(2)
    setReady(client.world, false)
    net.tick(4)
    expect(stats(client.world).entities).toBe(0)
    setReady(client.world, true)
    net.tick(80)
    expect(stats(client.world).entities).toBe(ring.length)
    for (const [i, eid] of ring.entries()) {
      expect(Target.entity[copyOf(net, client, eid)]).toBe(copyOf(net, client, ring[(i + 1) % ring.length]!))
    }
  })
})

describe('a relation', () => {
  it('spawns parents before their children, and a cycle does not stop it', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    const client = net.clients[0]!
    const [child, parent] = [addEntity(net.server), addEntity(net.server)]
    addComponent(net.server, child, ChildOf(parent))
    addComponent(net.server, parent, ChildOf(child))
    for (const eid of [child, parent]) addComponent(net.server, eid, Networked)
    net.tick(2)
    const own = copyOf(net, client, child)
    expect(getRelationTargets(client.world, own, ChildOf)).toEqual([copyOf(net, client, parent)])
  })
})

describe('a call that names an entity', () => {
  it('arrives after the spawn of that entity, in lists too; the bytes used early are saved in later ticks', () => {
    const net = slowNetwork()
    const client = net.clients[0]!
    const ship = spawnPlain(net)
    net.tick(2)
    const crowd = Array.from({ length: 600 }, () => spawnPlain(net))
    net.tick(2)
    const [by, who] = [crowd.at(-1)!, crowd.at(-2)!]
    sendRpc(net.server, ship, Hit, { by, n: 1 })
    sendMessage(net.server, News, { who: [who, 0, by] })
    const seen: unknown[] = []
    net.tick(2)
    for (const { args } of drain(client.world, Hit)) seen.push(args.by)
    for (const { args } of drain(client.world, News)) seen.push(args.who)
    const [ownBy, ownWho] = [copyOf(net, client, by), copyOf(net, client, who)]
    expect(ownBy * ownWho).toBeGreaterThan(0)
    expect(seen).toEqual([ownBy, [ownWho, 0, ownBy]])
    // Sixty are named at once.
    const before = stats(client.world).entities
    for (let i = 0; i < 60; i++) sendRpc(net.server, ship, Hit, { by: crowd[500 - i]!, n: 2 })
    net.tick(2)
    const atOnce = stats(client.world).entities
    expect(atOnce - before).toBeGreaterThanOrEqual(60)
    const owed = Math.trunc((60 * 8) / 256)
    net.tick(owed - 1)
    expect(stats(client.world).entities - atOnce).toBeLessThan(100 * owed)
  })

  it('has 0 at once for what the client is not to see', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    const client = net.clients[0]!
    const [ship, by] = [spawnPlain(net), spawnPlain(net)]
    hideFrom(net.server, by, client.connection)
    sendRpc(net.server, ship, Hit, { by, n: 1 })
    net.tick(2)
    expect([...drain(client.world, Hit)].map(({ args }) => args.by)).toEqual([0])
  })

  it('is of the reliable channel while the spawn is not acknowledged, whatever the network loses and reorders', () => {
    const net = createTestNetwork(protocol, { clients: 1, seed: 11 })
    const client = net.clients[0]!
    const ship = spawnPlain(net)
    net.tick(4)
    net.setServerConditions({ latency: 80, loss: 0.3, reorder: 0.3, reorderBy: 150, duplicate: 0.2 })
    const named = new Map<number, number>()
    const seen = new Map<number, number>()
    for (let n = 1; n <= 80; n++) {
      const by = spawnPlain(net)
      named.set(n, by)
      if (n % 2 === 0) sendRpc(net.server, ship, Spark, { by, n })
      else sendMessage(net.server, Rumour, { who: by, n })
      net.tick()
      for (const { args } of drain(client.world, Spark)) seen.set(args.n, args.by)
      for (const { args } of drain(client.world, Rumour)) seen.set(args.n, args.who)
    }
    net.setServerConditions({ loss: 0, reorder: 0, duplicate: 0 })
    net.tick(60)
    for (const { args } of drain(client.world, Spark)) seen.set(args.n, args.by)
    for (const { args } of drain(client.world, Rumour)) seen.set(args.n, args.who)
    // None is lost: all are of entities that had only just spawned.
    expect(seen.size).toBe(80)
    for (const [n, by] of seen) expect(by).toBe(copyOf(net, client, named.get(n)!))
  })

  it('does not spawn the entity early when it is unreliable, and never arrives with 0 in its place', () => {
    const net = slowNetwork()
    const client = net.clients[0]!
    const ship = spawnPlain(net)
    net.tick(2)
    const crowd = Array.from({ length: 600 }, () => spawnPlain(net))
    net.tick(2)
    const had = stats(client.world).entities
    for (let n = 0; n < 200; n++) sendRpc(net.server, ship, Spark, { by: crowd[300 + n]!, n })
    net.tick(2)
    expect(stats(client.world).entities - had).toBeLessThan(200)
    for (const { args } of drain(client.world, Spark)) expect(args.by).toBeGreaterThan(0)
  })

  it('names the entity for a late joiner when it is buffered, also over a long join', () => {
    const net = createTestNetwork(protocol, { clients: 0, limits: { spawnBytesPerTick: 256 } })
    const ships = Array.from({ length: 300 }, () => spawnPlain(net))
    for (const [i, ship] of ships.entries()) sendRpc(net.server, ship, Named, { by: ships[(i * 7 + 150) % 300]! })
    net.tick(2)
    const late = net.begin()
    const seen: [number, number][] = []
    for (let tick = 0; tick < 60; tick++) {
      net.tick()
      for (const { entity: on, args } of drain(late.world, Named)) seen.push([on, args.by])
    }
    const expected = ships.map((ship, i) => [copyOf(net, late, ship), copyOf(net, late, ships[(i * 7 + 150) % 300]!)])
    expect(new Map(seen)).toEqual(new Map(expected as [number, number][]))
    expect([...drain(late.world, NetworkErrors)]).toEqual([])
  })
})

it("names the world's own entities on a host, whatever its own client sees", () => {
  const net = createTestNetwork(protocol, { host: true, clients: 1 })
  const seen = watchShots(net.host!)
  const shooter = spawnPlain(net)
  shotAt(net, shooter)
  net.tick(2)
  expect(seen).toMatchObject([{ shooter }])
})
