// Tests that a mirror of the state, kept by events alone, equals the world after each frame: with several ticks in a
// frame, over bad networks and as a host. A failing seed gets its own test.
import assert from 'node:assert/strict'
import { addComponent, addComponents, addEntity, hasComponent, query, removeComponent, removeEntity } from 'bitecs'
import {
  changed,
  type ClientWorld,
  clearOwner,
  connectionOf,
  defineProtocol,
  despawn,
  drain,
  type LifecycleComponent,
  NetworkErrors,
  removePlayer,
  replicate,
  type ServerWorld,
  setOwner,
  setReady,
  transitions,
  u8,
} from 'bitecs-net'
import { listOf, operations, type SyncList } from 'bitecs-net/collections'
import { Connected, Interrupted, LocalConnection, LocalPlayer, Networked, Owned, Ready } from 'bitecs-net/components'
import { createTestNetwork, type LocalTestClient, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { handOver } from '../support/hand-over.js'
import { failingSeeds, generator, type Random, roughConditions, seedCount } from '../support/seeds.js'

const SEEDS = seedCount(40, 40)
const TICKS = 60
const MAX = 20_000

const Bag = { items: [] as SyncList<number>[] }
const Health = { hp: new Uint8Array(MAX) }
const protocol = defineProtocol({
  components: {
    Bag: replicate(Bag, { items: listOf(u8, 40) }),
    Health: replicate(Health, { hp: u8 }, { trackChanges: true }),
  },
})
const FOLLOWED = { Networked, Owned, LocalPlayer, Connected, Ready, Interrupted } satisfies Record<
  string,
  LifecycleComponent
>

/** The state that a game knows from events alone. */
class Mirror {
  private readonly tagged = new Map<object, Set<number>>(
    Object.values(FOLLOWED).map((component) => [component, new Set<number>()]),
  )
  private readonly lists = new Map<number, number[]>()
  private readonly health = new Map<number, number>()
  /** The game frees ids itself, so an event may be about an earlier entity with the same id. */
  private readonly netIds = new Map<number, number>()

  constructor(private readonly isHost: boolean) {}

  readonly follow = (world: ClientWorld): void => {
    const stream = transitions(Networked, Owned, LocalPlayer, Connected, Ready, Interrupted)
    for (const { kind, component, entity, netId } of drain(world, stream)) {
      const set = this.tagged.get(component)!
      if (set.has(entity) === (kind === 'added')) throw new Error(`${kind} twice: ${entity}`)
      if (kind === 'added') set.add(entity)
      else set.delete(entity)
      if (component !== Networked) continue
      this.lists.delete(entity)
      this.health.delete(entity)
      if (kind === 'removed') continue
      this.netIds.set(entity, netId)
      this.lists.set(entity, [...(Bag.items[entity] ?? [])])
      this.health.set(entity, Health.hp[entity]!)
    }
    for (const { entity, netId, kind, index, after } of drain(world, operations(Bag, 'items'))) {
      const list = this.lists.get(entity)
      if (list === undefined || this.netIds.get(entity) !== netId) continue
      if (kind === 'reset') list.splice(0, Infinity, ...Bag.items[entity]!)
      else if (kind === 'clear') list.length = 0
      else if (kind === 'remove') list.splice(index, 1)
      else list.splice(index, kind === 'set' ? 1 : 0, after!)
    }
    for (const { entity, netId, before, after } of drain(world, changed(Health))) {
      const hp = this.health.get(entity)
      if (hp !== undefined && this.netIds.get(entity) === netId) this.health.set(entity, hp + after.hp - before.hp)
    }
    this.compare(world)
  }

  /**
   * The entities that a client's events are about. A host's world has more: the connections of others, what they own,
   * what is owned while it is out of the network, and every entity while its own client takes no part.
   */
  private expected(world: ClientWorld, component: LifecycleComponent): number[] {
    const there = [...query(world, [component])]
    if (!this.isHost) return there
    const own = connectionOf(world)
    if (component === LocalPlayer) return there
    if (component !== Networked && component !== Owned) return there.filter((eid) => eid === own)
    if (!hasComponent(world, own, Ready)) return []
    if (component === Networked) return there
    return there.filter((eid) => Networked.owner[eid] === own && hasComponent(world, eid, Networked))
  }

  /** Throws when the events differ from the world. */
  private compare(world: ClientWorld): void {
    for (const [name, component] of Object.entries(FOLLOWED)) {
      const there = this.expected(world, component).sort((a, b) => a - b)
      assert.deepEqual([name, ...[...this.tagged.get(component)!].sort((a, b) => a - b)], [name, ...there])
    }
    for (const eid of this.expected(world, Networked)) {
      if (hasComponent(world, eid, Bag)) assert.deepEqual([eid, ...this.lists.get(eid)!], [eid, ...Bag.items[eid]!])
      assert.deepEqual([eid, this.health.get(eid)], [eid, Health.hp[eid]])
    }
  }
}

interface Model {
  readonly net: TestNetwork
  readonly random: Random
  readonly alive: number[]
}

function begin({ net, random, alive }: Model): void {
  const eid = addEntity(net.server)
  Health.hp[eid] = random(200)
  addComponents(net.server, eid, random(3) > 0 ? [Health, Bag] : [Health])
  if (random(5) > 0) addComponent(net.server, eid, Networked)
  alive.push(eid)
}

function fiddle(eid: number, random: Random): void {
  const items = Bag.items[eid]!
  const what = random(8)
  if (what <= 3 && items.length < 40) items.insert(random(items.length + 1), random(200))
  else if (what <= 5 && items.length > 0) items.set(random(items.length), random(200))
  else if (what === 6 && items.length > 0) items.removeAt(random(items.length))
  else {
    const rare = random(36)
    if (rare < 6) items.clear()
    else if (rare < 11 && items.length > 0) for (let i = 0; i < 2000; i++) items.set(0, i % 7)
  }
}

function toggle(server: ServerWorld, eid: number, component: object): void {
  if (hasComponent(server, eid, component)) removeComponent(server, eid, component)
  else addComponent(server, eid, component)
}

/** One random action of a server's tick. */
function act(model: Model): void {
  const { net, random, alive } = model
  const { server } = net
  const all: (TestClient | LocalTestClient)[] = net.host === undefined ? [...net.clients] : [net.host, ...net.clients]
  const { connection, world } = all[random(all.length)]!
  const at = random(Math.max(1, alive.length))
  const eid = alive[at] ?? 0
  const what = random(20)
  if (eid === 0 || what <= 1) return begin(model)
  if (what === 2) {
    alive.splice(at, 1)
    if (random(3) > 0) despawn(server, eid)
    else removeEntity(server, eid)
  } else if (what === 3) toggle(server, eid, Networked)
  else if (what === 4) {
    toggle(server, eid, Bag)
    if (random(2) === 0) toggle(server, eid, Bag)
  } else if (what <= 8) Health.hp[eid] = random(200)
  else if (what === 9 && random(3) === 0) setReady(world, random(3) > 0)
  else if (what <= 12 && hasComponent(server, eid, Networked)) {
    if (what === 10) clearOwner(server, eid)
    else if (connection !== 0 && what === 11) setOwner(server, eid, connection)
    else if (connection !== 0 && random(3) === 0) removePlayer(server, connection)
    else if (connection !== 0) handOver(server, connection, eid)
  } else for (let i = random(5); i >= 0; i--) if (hasComponent(server, eid, Bag)) fiddle(eid, random)
}

function play(seed: number, host: boolean): void {
  const random = generator(seed)
  const mirrors = new Map<object, Mirror>()
  const follow = (world: ClientWorld): void => {
    let mirror = mirrors.get(world)
    if (mirror === undefined)
      mirrors.set(world, (mirror = new Mirror(hasComponent(world, connectionOf(world), LocalConnection))))
    mirror.follow(world)
  }
  const alive: number[] = []
  let isBusy = false
  const work = (): void => {
    if (isBusy) for (let n = random(6); n > 0; n--) act({ net, random, alive })
  }
  const conditions = roughConditions(random)
  const options = { clients: 0, seed, conditions, serverSystems: [work], clientSystems: [follow] }
  const net: TestNetwork = host
    ? createTestNetwork(protocol, { ...options, host: true })
    : createTestNetwork(protocol, options)
  for (let i = 0; i < 2; i++) net.begin()
  isBusy = true
  for (let tick = 0; tick < TICKS; tick++) {
    for (const client of net.clients) client.running = random(3) === 0
    if (net.host !== undefined) net.host.running = random(3) === 0
    if (random(25) === 0) net.clients[random(2)]!.cut()
    net.tick()
  }
  isBusy = false
  for (const client of net.clients) client.running = true
  if (net.host !== undefined) net.host.running = true
  net.tick(30)
  expect([...drain(net.server, NetworkErrors)].filter(({ code }) => code === 'observer-threw')).toEqual([])
}

it(`a mirror kept by events equals each client's world after every frame, for ${SEEDS} seeds`, () => {
  expect(failingSeeds((seed) => play(seed, false), SEEDS)).toEqual([])
}, 180_000)

it(`a mirror kept by events equals a host's world after every frame of its own client, for ${SEEDS} seeds`, () => {
  expect(failingSeeds((seed) => play(seed, true), SEEDS)).toEqual([])
}, 180_000)
