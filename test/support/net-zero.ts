// A seeded model of changes that cancel out within a tick, with every option of a component, over links with loss.
// After quiet the server and every client hold the same.
import { addComponent, addEntity, createRelation, hasComponent, query, type Relation, removeComponent } from 'bitecs'
import {
  clearOwner,
  close,
  defineProtocol,
  entityOf,
  f32,
  markChanged,
  netIdOf,
  quantized,
  removePlayer,
  replicate,
  type ServerWorld,
  setOwner,
  u32,
} from 'bitecs-net'
import { correct } from 'bitecs-net/authority'
import { listOf, type SyncList } from 'bitecs-net/collections'
import { hideFrom, resetVisibility } from 'bitecs-net/interest'
import { Connection, LocalPlayer, Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { expect } from 'vitest'
import { handOver } from './hand-over.js'
import { generator, type Random, roughConditions } from './seeds.js'

const MAX = 4000
const TICKS = 60
const column = (): { v: Float64Array } => ({ v: new Float64Array(MAX) })
const Scan = column()
const Steps = column()
const Once = column()
const Marked = column()
const Slow = column()
const Own = column()
const Private = column()
const PrivateOnce = column()
const Flag = {}
const Bag = { items: [] as SyncList<number>[] }
const Likes: Relation<object> = createRelation()
const protocol = defineProtocol({
  components: {
    Scan: replicate(Scan, { v: u32 }, { trackChanges: true }),
    Steps: replicate(Steps, { v: quantized(0, 100_000, 0.5) }, { interpolate: true }),
    Once: replicate(Once, { v: u32 }, { send: 'once' }),
    Marked: replicate(Marked, { v: f32 }, { track: 'marked', trackChanges: true }),
    Slow: replicate(Slow, { v: u32 }, { track: 'marked', interval: 4 }),
    Own: replicate(Own, { v: u32 }, { authority: 'client' }),
    Private: replicate(Private, { v: u32 }, { to: 'owner', track: 'marked' }),
    PrivateOnce: replicate(PrivateOnce, { v: u32 }, { to: 'owner', send: 'once' }),
    Flag: replicate(Flag),
    Bag: replicate(Bag, { items: listOf(u32, 64) }),
  },
  relations: { Likes },
})
const COLUMNS = [Scan, Steps, Once, Marked, Slow, Own, Private, PrivateOnce]
const PRIVATE = new Set<object>([Private, PrivateOnce])
const COMPONENTS: readonly object[] = [...COLUMNS, Flag, Bag]

class Model {
  readonly eids: number[]
  private readonly server: ServerWorld
  private value = 1

  constructor(
    readonly net: TestNetwork,
    private readonly random: Random,
  ) {
    this.server = net.server
    this.eids = Array.from({ length: 6 }, () => {
      const eid = addEntity(this.server)
      for (const component of COMPONENTS) this.add(eid, component)
      addComponent(this.server, eid, Networked)
      return eid
    })
  }

  private get clients(): TestClient[] {
    return this.net.clients.filter(({ reason, connection }) => reason === undefined && connection !== 0)
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.random(list.length)]!
  }

  private write(eid: number, store: { v: Float64Array }): void {
    store.v[eid] = this.value++
  }

  /** Adds a component, which begins with a new value. */
  private add(eid: number, component: object): void {
    for (const store of COLUMNS) if (store === component) this.write(eid, store)
    addComponent(this.server, eid, component)
    if (component === Bag && this.random(2) === 0) Bag.items[eid]!.push(this.value++)
  }

  private has(eid: number, component: object): boolean {
    return hasComponent(this.server, eid, component)
  }

  /** One random thing of a server's tick. */
  act(): void {
    const { server, random } = this
    const eid = this.pick(this.eids)
    const component = this.pick(COMPONENTS)
    const what = random(12)
    if (what <= 3) this.replace(eid, component)
    else if (what === 4) {
      if (this.has(eid, component)) removeComponent(server, eid, component)
      else this.add(eid, component)
    } else if (what === 5) this.handAround(eid)
    else if (what === 6) this.movePlayer(eid)
    else if (what === 7) this.hideAndShow(eid)
    else if (what === 8) this.pause(eid)
    else if (what === 9) this.relate(eid)
    else this.change(eid)
  }

  /** Removes and adds a component, once or twice. */
  private replace(eid: number, component: object): void {
    if (!this.has(eid, component)) return
    for (let i = this.random(2); i >= 0; i--) {
      removeComponent(this.server, eid, component)
      this.add(eid, component)
    }
  }

  /**
   * Gives an entity to somebody, or takes it, and mostly gives it back. What its owner writes is the server's
   * meanwhile.
   */
  private handAround(eid: number): void {
    const { server } = this
    if (!this.has(eid, Networked)) return
    const before = Networked.owner[eid]!
    const give = (connection: number): void => {
      if (connection === 0) clearOwner(server, eid)
      else setOwner(server, eid, connection, { onLeave: 'keep' })
    }
    const next = this.pick([0, ...this.clients.map(({ connection }) => connection)])
    give(next)
    if (next !== before) this.write(eid, Own)
    if (this.random(3) > 0) give(before)
  }

  /** Makes an entity a client's player, or takes it away and sets it again. */
  private movePlayer(eid: number): void {
    const { server } = this
    const { connection } = this.pick(this.clients)
    const player = Connection.player[connection]!
    const former = this.pick(['keep', 'release'] as const)
    if (player !== 0 && this.has(player, Networked) && this.random(3) > 0) {
      const wasTheirs = Networked.owner[player] === connection
      removePlayer(server, connection, { former })
      if (wasTheirs && former === 'release') this.write(player, Own)
      handOver(server, connection, player, { onLeave: 'keep' })
    } else if (this.has(eid, Networked)) handOver(server, connection, eid, { former, onLeave: 'keep' })
  }

  private hideAndShow(eid: number): void {
    const { server } = this
    if (!this.has(eid, Networked)) return
    const { connection } = this.pick(this.clients)
    hideFrom(server, eid, connection)
    this.change(eid)
    if (this.random(4) > 0) resetVisibility(server, eid, connection)
  }

  private pause(eid: number): void {
    const { server } = this
    if (this.has(eid, Networked)) removeComponent(server, eid, Networked)
    for (const store of [Once, PrivateOnce, Marked, Own]) this.write(eid, store)
    if (this.random(4) > 0) addComponent(server, eid, Networked)
  }

  private relate(eid: number): void {
    const { server } = this
    const pair = Likes(this.pick(this.eids))
    const had = this.has(eid, pair)
    for (let i = this.random(3); i >= 0; i--) {
      if (this.has(eid, pair)) removeComponent(server, eid, pair)
      else addComponent(server, eid, pair)
    }
    if (had && !this.has(eid, pair) && this.random(2) === 0) addComponent(server, eid, pair)
  }

  private change(eid: number): void {
    for (const store of [Scan, Steps, Marked, Slow, Private]) {
      if (this.random(2) === 0 || !this.has(eid, store)) continue
      this.write(eid, store)
      markChanged(this.server, eid, store)
    }
    if (this.has(eid, Own) && this.has(eid, Networked) && this.random(3) === 0) {
      this.write(eid, Own)
      correct(this.server, eid, Own)
    }
    if (this.has(eid, Bag)) {
      const items = Bag.items[eid]!
      if (items.length > 8) items.clear()
      else items.push(this.value++)
    }
  }

  /** Owners write what is theirs. */
  writeAsOwners(): void {
    for (const { world } of this.clients) {
      for (const copy of query(world, [Networked, Owned, Own])) if (this.random(3) === 0) this.write(copy, Own)
    }
  }
}

/** Compares everything that a client shows with the server's. */
function check(server: ServerWorld, eids: readonly number[], client: TestClient): void {
  const has = (eid: number, component: object): boolean => hasComponent(server, eid, component)
  const { world, connection } = client
  const shown = [...query(world, [Networked])]
  for (const eid of eids) {
    const copy = has(eid, Networked) ? entityOf(world, netIdOf(server, eid)) : 0
    if (!shown.includes(copy)) continue
    shown.splice(shown.indexOf(copy), 1)
    const isOwner = Networked.owner[eid] === connection
    expect(hasComponent(world, copy, Owned), `Owned of ${eid}`).toBe(isOwner)
    expect(hasComponent(world, copy, LocalPlayer), `LocalPlayer of ${eid}`).toBe(Connection.player[connection] === eid)
    for (const component of COMPONENTS) {
      const c = COMPONENTS.indexOf(component)
      const expected = has(eid, component) && (isOwner || !PRIVATE.has(component))
      expect(hasComponent(world, copy, component), `component ${c} of ${eid}`).toBe(expected)
      if (!expected) continue
      for (const store of COLUMNS) {
        if (store === component) expect(store.v[copy], `value of component ${c} of ${eid}`).toBe(store.v[eid])
      }
      if (component === Bag) expect([...Bag.items[copy]!]).toEqual([...Bag.items[eid]!])
    }
    for (const target of eids) {
      const other = has(target, Networked) ? entityOf(world, netIdOf(server, target)) : 0
      if (other !== 0) expect(hasComponent(world, copy, Likes(other))).toBe(has(eid, Likes(target)))
    }
  }
  expect(shown).toEqual([])
}

/** Plays one seed; throws when the sides differ in the end. */
export function play(seed: number): void {
  const random = generator(seed)
  const net = createTestNetwork(protocol, { clients: 2, seed, conditions: roughConditions(random) })
  const model = new Model(net, random)
  net.tick(10)
  for (let tick = 0; tick < TICKS; tick++) {
    if (random(TICKS) === 0 && net.clients.length < 4) net.connect()
    if (random(TICKS) === 0 && net.clients[0]!.reason === undefined) void close(net.clients[0]!.world)
    for (let i = random(6); i > 0; i--) model.act()
    model.writeAsOwners()
    net.tick()
  }
  net.setServerConditions({ loss: 0 })
  for (const client of net.clients) client.setConditions({ loss: 0 })
  // What was hidden is shown again, so that every client has to agree.
  for (const eid of model.eids) {
    if (hasComponent(net.server, eid, Networked)) resetVisibility(net.server, eid)
  }
  const late = net.connect()
  net.tick(120)
  const here = net.clients.filter(({ reason }) => reason === undefined)
  expect(here).toContain(late)
  const networked = model.eids.filter((eid) => hasComponent(net.server, eid, Networked)).length
  for (const client of here) {
    expect([...query(client.world, [Networked])].length).toBe(networked)
    check(net.server, model.eids, client)
  }
}
