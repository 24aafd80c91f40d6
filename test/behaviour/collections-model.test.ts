// A seeded model test of collections: random operations, entities and components against clients on a bad network.
// Once the network is quiet, every client shows exactly what the server has. A failing seed gets its own test.
import { addComponent, addEntity, hasComponent, query, removeComponent, removeEntity } from 'bitecs'
import { type ClientWorld, despawn, drain, netIdOf, NetworkErrors, setReady } from 'bitecs-net'
import { operations } from 'bitecs-net/collections'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import * as game from '../support/bags.js'
import { failingSeeds, generator, type Random, roughConditions, seedCount } from '../support/seeds.js'

const SEEDS = seedCount(480, 120)
const TICKS = 70
const PERKS = ['fast', 'tough', 'lucky']
const { Bag, Party, Tag } = game
const COMPONENTS = [Bag, Party, Tag]

/** Makes a random change to one collection of a bag. */
function fiddle(bag: number, random: Random): void {
  const items = Bag.items[bag]!
  const item = { id: random(50), count: random(200) }
  const what = random(12)
  if (what <= 2 && items.length < 32) items.push(item)
  if (what === 3 && items.length < 32) items.insert(random(items.length + 1), item)
  if (what === 4 && items.length > 0) items.set(random(items.length), item)
  if (what === 5 && items.length > 0) items.removeAt(random(items.length))
  if (what === 6 && random(6) === 0) items.clear()
  const kind = `kind ${random(10)}`
  if (what <= 8 && what >= 7) Bag.ammo[bag]!.set(kind, random(1000))
  if (what === 9) Bag.ammo[bag]!.delete(kind)
  if (what === 10) Bag.perks[bag]!.add(PERKS[random(3)]!)
  if (what === 11) Bag.perks[bag]!.delete(PERKS[random(3)]!)
}

/** Makes a random change to a collection that names other entities, including removed ones. */
function regroup(group: number, others: readonly number[], random: Random): void {
  const who = others[random(others.length)]!
  const members = Party.members[group]!
  const queue = Party.queue[group]!
  const threat = Party.threat[group]!
  const plans = Party.plans[group]!
  const what = random(9)
  if (what === 0 && members.size < 8) members.add(who)
  if (what === 1) members.delete([...members][random(8)] ?? who)
  if (what === 2 && queue.length < 8) queue.insert(random(queue.length + 1), who)
  if (what === 3) queue.pop()
  if (what === 4 && (threat.has(who) || threat.size < 8)) threat.set(who, random(100))
  if (what === 5) threat.delete([...threat.keys()][random(8)] ?? who)
  if (what === 6 && plans.length < 8) plans.push({ who, at: random(100) / 3 })
  if (what === 7 && plans.length > 0) plans.set(random(plans.length), { who, at: random(5) })
  if (what === 8 && random(8) === 0) [members, queue, threat, plans][random(4)]!.clear()
}

interface Model {
  readonly net: TestNetwork
  readonly random: Random
  /** Entities of the server, networked or not. */
  readonly alive: number[]
  /** The same, and the removed ones. */
  readonly ever: number[]
}

function begin({ net, random, alive, ever }: Model): void {
  const eid = addEntity(net.server)
  if (random(2) === 0) addComponent(net.server, eid, Networked)
  for (const component of COMPONENTS) if (random(3) > 0) addComponent(net.server, eid, component)
  if (random(4) > 0) addComponent(net.server, eid, Networked)
  alive.push(eid)
  ever.push(eid)
}

function toggle({ server }: TestNetwork, eid: number, component: object): void {
  if (hasComponent(server, eid, component)) removeComponent(server, eid, component)
  else addComponent(server, eid, component)
}

/** One random action of a server's tick. */
function act(model: Model): void {
  const { net, random, alive, ever } = model
  const eid = alive.length > 0 ? alive[random(alive.length)]! : 0
  const what = random(20)
  if (eid === 0 || what === 0) begin(model)
  else if (what === 1) {
    if (random(2) === 0) despawn(net.server, eid)
    else removeEntity(net.server, eid)
    alive.splice(alive.indexOf(eid), 1)
  } else if (what === 2) toggle(net, eid, COMPONENTS[random(3)]!)
  else if (what === 3) toggle(net, eid, Networked)
  else if (what === 4) {
    // Remove and add within a tick.
    const component = [Bag, Party, Networked][random(3)]!
    if (!hasComponent(net.server, eid, component)) return
    removeComponent(net.server, eid, component)
    addComponent(net.server, eid, component)
    if (component === Bag) fiddle(eid, random)
  } else if (what === 5) {
    const client = net.clients[random(net.clients.length)]!
    if (client.reason === undefined && client.connection !== 0) setReady(client.world, random(3) > 0)
  } else {
    for (let i = random(6); i >= 0; i--) {
      if (hasComponent(net.server, eid, Bag)) fiddle(eid, random)
      if (hasComponent(net.server, eid, Party)) regroup(eid, ever, random)
    }
  }
}

/** The expected and the actual state of a client. */
function compare({ net, alive }: Model, client: TestNetwork['clients'][number]): { wanted: unknown; shown: unknown } {
  const { world } = client
  const copyOf = (eid: number): number => game.copyOf(world, net.server, eid)
  // An id that was given to another entity names that one, as a field of entities would.
  const name = (eid: number): number => (netIdOf(net.server, eid) === 0 ? 0 : copyOf(eid))
  const wanted: unknown[] = []
  const shown: unknown[] = []
  for (const eid of alive) {
    if (!hasComponent(net.server, eid, Networked)) continue
    const copy = copyOf(eid)
    wanted.push(COMPONENTS.map((component) => hasComponent(net.server, eid, component)))
    shown.push(COMPONENTS.map((component) => copy !== 0 && hasComponent(world, copy, component)))
    if (copy === 0) continue
    if (hasComponent(net.server, eid, Bag) && hasComponent(world, copy, Bag)) {
      wanted.push(game.contents(eid))
      shown.push(game.contents(copy))
    }
    if (hasComponent(net.server, eid, Party) && hasComponent(world, copy, Party)) {
      wanted.push(game.party(eid, name))
      shown.push(game.party(copy, (own) => own))
    }
  }
  return { wanted, shown }
}

/** Rebuilds the lists of bags from a client's drained operations, and compares them with the real ones. */
class Follower {
  private readonly lists = new Map<number, { real: object; told: unknown[] }>()

  constructor(private readonly world: ClientWorld) {}

  /** Applies the operations of a frame. A list that is new or was reset in this frame is copied. */
  follow(): void {
    const anew = new Set<number>()
    for (const { entity, netId, kind, index, after } of drain(this.world, operations(Bag, 'items'))) {
      const list = this.lists.get(netId)
      if (kind === 'reset' || list?.real !== Bag.items[entity]) anew.add(netId)
      if (anew.has(netId)) continue
      if (kind === 'clear') list!.told.length = 0
      else if (kind === 'remove') list!.told.splice(index, 1)
      else list!.told.splice(index, kind === 'set' ? 1 : 0, after)
    }
    for (const eid of query(this.world, [Networked, Bag])) {
      const netId = netIdOf(this.world, eid)
      const real = Bag.items[eid]!
      const list = this.lists.get(netId)
      if (anew.has(netId) || list?.real !== real) this.lists.set(netId, { real, told: [...real] })
      else if (JSON.stringify(list.told) !== JSON.stringify([...real])) {
        throw new Error(`operations told ${JSON.stringify(list.told)} of ${JSON.stringify([...real])}`)
      }
    }
  }
}

function play(seed: number): void {
  const random = generator(seed)
  const conditions = roughConditions(random)
  const net = createTestNetwork(game.bags, { clients: 3, seed, conditions })
  const followers = net.clients.map(({ world }) => new Follower(world))
  const model: Model = { net, random, alive: [], ever: [] }
  for (let tick = 0; tick < TICKS; tick++) {
    for (let n = random(5); n > 0; n--) act(model)
    if (tick === 35) net.begin()
    if (tick === 20) net.setServerConditions({ down: random(3) === 0 })
    if (tick === 28) net.setServerConditions({ down: false })
    net.tick()
    for (const follower of followers) follower.follow()
  }
  for (const { world, reason } of net.clients) if (reason === undefined) setReady(world, true)
  net.tick(60)
  for (const client of net.clients) {
    expect(client.reason).toBeUndefined()
    const { wanted, shown } = compare(model, client)
    expect(shown).toEqual(wanted)
    expect(stats(client.world).counters).toMatchObject({ malformedPackets: 0, ignoredOperations: 0 })
  }
  expect([...drain(net.server, NetworkErrors)]).toEqual([])
}

it(`every client converges to the server's collections once the network is quiet, for ${SEEDS} seeds`, () => {
  expect(failingSeeds(play, SEEDS)).toEqual([])
}, 240_000)
