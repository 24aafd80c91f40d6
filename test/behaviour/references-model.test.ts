// A seeded model of references: entities that name each other in every way there is, budgets that are small, clients
// that come and go, scenes and hiding. Whenever a client is shown a name, it is its own id of an entity that the server
// shows it.
import { addComponent, addEntity, hasComponent, observe, onAdd, removeComponent } from 'bitecs'
import {
  type ClientWorld,
  defineClientRpc,
  defineProtocol,
  despawn,
  drain,
  entity,
  entityOf,
  netIdOf,
  NetworkErrors,
  replicate,
  sendRpc,
  setReady,
  u32,
} from 'bitecs-net'
import { listOf, type SyncList } from 'bitecs-net/collections'
import { hideFrom, showTo } from 'bitecs-net/interest'
import { definePrefab, onSpawn, usePrefab } from 'bitecs-net/prefabs'
import { changeScene, defineScene } from 'bitecs-net/scenes'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { failingSeeds, generator, type Random, roughConditions, seedCount } from '../support/seeds.js'

const SEEDS = seedCount(12, 12)
const TICKS = 120
const MAX = 20_000
const Named = { at: new Uint32Array(MAX), id: new Uint32Array(MAX) }
const Listed = { all: [] as SyncList<number>[] }
const Bullet = definePrefab({ components: [Named], payload: { by: entity, netId: u32 } })
const Call = defineClientRpc({ by: entity, netId: u32 })
const Spark = defineClientRpc({ by: entity, netId: u32 }, { channel: 'unreliable' })
const Kept = defineClientRpc({ by: entity, netId: u32 }, { buffer: 'last' })
const Map = defineScene()
const protocol = defineProtocol({
  components: {
    // `id` is what `at` should name: both are values of one tick.
    Named: replicate(Named, { at: entity, id: u32 }),
    Listed: replicate(Listed, { all: listOf(entity, 8) }),
  },
  prefabs: { Bullet },
  remote: { Call, Spark, Kept },
  scenes: { Map },
})

class Model {
  readonly entities: number[] = []
  /**
   * By client world: the net ids that have been hidden from it at any time. What such a name is shown as depends on
   * when.
   */
  private readonly hidden = new WeakMap<ClientWorld, Set<number>>()
  private readonly ended = new Set<number>()
  readonly wrong: string[] = []
  checked = 0

  constructor(
    readonly net: TestNetwork,
    private readonly random: Random,
  ) {}

  private any(): number {
    return this.entities[this.random(this.entities.length)] ?? 0
  }

  /** Has a client check every name that it is shown. */
  watch({ world }: TestClient): void {
    this.hidden.set(world, new Set())
    observe(world, onAdd(Named), (eid: number) => this.check(world, 'column', Named.id[eid]!, Named.at[eid]!))
    observe(world, onAdd(Networked), (eid: number) => {
      if (hasComponent(world, eid, Named)) this.check(world, 'networked', Named.id[eid]!, Named.at[eid]!)
      if (!hasComponent(world, eid, Listed)) return
      // What a list names is checked by its length: none of it may be nobody.
      for (const one of Listed.all[eid]!)
        if (one === 0 && this.hidden.get(world)!.size + this.ended.size === 0) this.wrong.push('list')
    })
    onSpawn(world, Bullet, ({ args }) => this.check(world, 'payload', args.netId, args.by))
  }

  drain({ world }: TestClient): void {
    for (const { args } of drain(world, Call)) this.check(world, 'call', args.netId, args.by)
    for (const { args } of drain(world, Spark)) this.check(world, 'spark', args.netId, args.by)
    for (const { args } of drain(world, Kept)) this.check(world, 'kept', args.netId, args.by)
  }

  private check(world: ClientWorld, where: string, netId: number, shown: number): void {
    if (netId === 0 || this.ended.has(netId) || this.hidden.get(world)!.has(netId)) return
    this.checked++
    const known = entityOf(world, netId)
    // One that is announced has an id, and no net id, until it is spawned: it must be the same then.
    if (shown !== 0 && (known === 0 || shown === known)) return
    this.wrong.push(`${where}: ${netId} is shown as ${shown}, and is ${known}`)
  }

  act(): void {
    const { net, random, entities } = this
    const { server } = net
    const what = random(12)
    const one = this.any()
    if (what <= 4 || entities.length < 6) this.spawnSome(1 + random(5))
    else if (what === 5 && entities.length > 40) {
      this.ended.add(netIdOf(server, one))
      entities.splice(entities.indexOf(one), 1)
      despawn(server, one)
    } else if (what === 6) this.rename(one)
    else if (what === 7) {
      const { world, connection } = net.clients[random(net.clients.length)]!
      if (connection === 0) return
      this.hidden.get(world)?.add(netIdOf(server, one))
      if (random(2) === 0) hideFrom(server, one, connection)
      else showTo(server, one, connection)
    } else {
      const by = this.any()
      const call = [Call, Spark, Kept][random(3)]!
      sendRpc(server, one, call, { by, netId: netIdOf(server, by) })
    }
  }

  /** A column is added again with another name: its observers see it. */
  private rename(one: number): void {
    const { server } = this.net
    const at = this.any()
    removeComponent(server, one, Named)
    this.name(one, at)
    addComponent(server, one, Named)
  }

  private name(one: number, at: number): void {
    Named.at[one] = at
    Named.id[one] = netIdOf(this.net.server, at)
  }

  /** Entities of one tick, which name each other and older ones, in circles too. */
  private spawnSome(count: number): void {
    const { random, entities } = this
    const { server } = this.net
    const fresh = Array.from({ length: count }, () => addEntity(server))
    for (const eid of fresh) addComponent(server, eid, Networked)
    entities.push(...fresh)
    for (const eid of fresh) {
      if (random(2) === 0) {
        const by = this.any()
        usePrefab(server, eid, Bullet, { by, netId: netIdOf(server, by) })
      } else addComponent(server, eid, Named)
      this.name(eid, random(3) === 0 ? fresh[random(count)]! : this.any())
      if (random(3) === 0) {
        addComponent(server, eid, Listed)
        for (let n = random(4); n > 0; n--) Listed.all[eid]!.push(this.any())
      }
    }
  }
}

function play(seed: number): void {
  const random = generator(seed)
  const net = createTestNetwork(protocol, {
    clients: 1,
    seed,
    limits: { spawnBytesPerTick: 256 },
    conditions: roughConditions(random),
  })
  const model = new Model(net, random)
  model.watch(net.clients[0]!)
  for (let tick = 0; tick < TICKS; tick++) {
    for (let n = random(4); n > 0; n--) model.act()
    if (tick === 30 || tick === 70) model.watch(net.begin())
    if (tick === 50) changeScene(net.server, Map)
    if (tick === 90) setReady(net.clients[0]!.world, false)
    if (tick === 95) setReady(net.clients[0]!.world, true)
    // A client whose frames are slow takes what several ticks sent at once.
    net.clients[0]!.running = tick % 5 === 0
    net.tick()
    for (const client of net.clients) if (client.running) model.drain(client)
  }
  expect(model.wrong).toEqual([])
  expect(model.checked).toBeGreaterThan(100)
  expect([...drain(net.server, NetworkErrors)]).toEqual([])
  for (const { world } of net.clients) expect(stats(world).counters.malformedPackets).toBe(0)
}

it(`shows each client its own ids of what it is to see, for ${SEEDS} seeds`, () => {
  expect(failingSeeds(play, SEEDS)).toEqual([])
}, 120_000)
