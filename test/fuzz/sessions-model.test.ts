// A seeded model of sessions on a bad network: clients connect, disconnect, reconnect in the same world, toggle ready,
// and get and lose players. After a quiet time, each client has the state of the server.
import { addComponent, addEntity, hasComponent, query, removeComponent } from 'bitecs'
import {
  close,
  connectionOf,
  defineProtocol,
  despawn,
  drain,
  entity,
  entityOf,
  kick,
  netIdOf,
  NetworkErrors,
  quantized,
  replicate,
  setPlayer,
  setReady,
  u16,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Connected, Connection, LocalPlayer, Networked, Owned, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/transport/random.js'
import { handOver } from '../support/hand-over.js'
import { oneOf, pick, type Random } from './generate.js'

const MAX = 20_000
const Place = { x: new Float32Array(MAX), y: new Float32Array(MAX) }
const Health = { hp: new Uint16Array(MAX) }
const Follow = { whom: new Uint32Array(MAX), since: new Uint16Array(MAX) }
const Flag = {}
const COMPONENTS = [Place, Health, Follow, Flag]
const protocol = defineProtocol({
  components: {
    Place: replicate(Place, { x: quantized(-100, 100, 0.01), y: quantized(-100, 100, 0.01) }, { interpolate: true }),
    Health: replicate(Health, { hp: u16 }),
    // References and numbers in one interpolated component.
    Follow: replicate(Follow, { whom: entity, since: u16 }, { interpolate: true }),
    Flag: replicate(Flag),
  },
})

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1)
const TICKS = 100

class Model {
  readonly net: TestNetwork
  readonly random: Random
  readonly ships: number[] = []
  clients: TestClient[]

  constructor(seed: number) {
    this.random = createRandom(seed)
    const { random } = this
    this.net = createTestNetwork(protocol, {
      clients: 3,
      seed,
      conditions: {
        latency: pick(random, 100),
        jitter: pick(random, 60),
        loss: pick(random, 25) / 100,
        duplicate: pick(random, 20) / 100,
        reorder: pick(random, 30) / 100,
        reorderBy: 20 + pick(random, 100),
      },
    })
    this.clients = [...this.net.clients]
  }

  private spawn(): void {
    const { server } = this.net
    const eid = addEntity(server)
    // Arrays keep the values of a recycled id.
    Place.x[eid] = Place.y[eid] = Health.hp[eid] = Follow.whom[eid] = Follow.since[eid] = 0
    for (const component of COMPONENTS) if (this.random() < 0.6) addComponent(server, eid, component)
    addComponent(server, eid, Networked)
    this.ships.push(eid)
  }

  private changeWorld(): void {
    const { random, ships, net } = this
    if (ships.length === 0 || random() < 0.15) return this.spawn()
    const ship = oneOf(random, ships)
    const what = random()
    if (what < 0.08) {
      despawn(net.server, ship)
      ships.splice(ships.indexOf(ship), 1)
    } else if (what < 0.3) {
      const component = oneOf(random, COMPONENTS)
      if (hasComponent(net.server, ship, component)) removeComponent(net.server, ship, component)
      else addComponent(net.server, ship, component)
    } else {
      Place.x[ship] = random() * 200 - 100
      Health.hp[ship] = pick(random, 65_536)
      Follow.whom[ship] = oneOf(random, ships)
      Follow.since[ship] = pick(random, 65_536)
    }
  }

  private changeSession(): void {
    const { random, net } = this
    const at = pick(random, this.clients.length)
    const client = this.clients[at]!
    const { connection, world } = client
    const what = random()
    if (client.reason !== undefined) this.clients[at] = net.begin({ world })
    else if (connection === 0) return
    else if (what < 0.15) kick(net.server, connection, 'out')
    else if (what < 0.25) void close(world, 'gone')
    else if (what < 0.55) setReady(world, !hasComponent(world, connectionOf(world), Ready))
    else if (what < 0.65) setPlayer(net.server, connection, 0)
    else if (this.ships.length > 0) handOver(net.server, connection, oneOf(random, this.ships), { onLeave: 'keep' })
  }

  step(): void {
    for (let n = pick(this.random, 4); n > 0; n--) this.changeWorld()
    if (this.random() < 0.25) this.changeSession()
    this.net.tick()
  }

  /** Waits until all clients are connected and ready, without further changes. */
  settle(): void {
    // Packets in flight, such as the reason of a kick, arrive first.
    this.net.tick(30)
    for (let i = 0; i < 100; i++) {
      this.clients = this.clients.map((client) =>
        client.reason === undefined ? client : this.net.begin({ world: client.world }),
      )
      this.net.tick(2)
      if (this.clients.every(({ world }) => hasComponent(world, connectionOf(world), Connected))) break
    }
    for (const { world } of this.clients) setReady(world, true)
    for (let i = 0; i < 12 && this.difference() !== ''; i++) this.net.tick(25)
  }

  /** The first difference between a client and the server, or ''. */
  difference(): string {
    for (const [i, { world, connection, reason }] of this.clients.entries()) {
      if (reason !== undefined) return `client ${i} is closed: ${reason.code}`
      const shown = query(world, [Networked]).length
      if (shown !== this.ships.length) return `client ${i} shows ${shown} of ${this.ships.length}`
      for (const ship of this.ships) {
        const copy = entityOf(world, netIdOf(this.net.server, ship))
        const problem = copy === 0 ? 'missing' : this.compare(world, connection, ship, copy)
        if (problem !== '') return `client ${i}, ship ${ship}: ${problem}`
      }
      const players = [...query(world, [LocalPlayer])]
      const player = Connection.player[connection]!
      const expected = player === 0 ? [] : [entityOf(world, netIdOf(this.net.server, player))]
      if (players.join() !== expected.join()) return `client ${i}: players ${players.join()}, not ${expected.join()}`
      if (Connection.player[connectionOf(world)] !== (expected[0] ?? 0)) return `client ${i}: another player`
    }
    return ''
  }

  private compare(world: TestClient['world'], connection: number, ship: number, copy: number): string {
    const { server } = this.net
    for (const [i, component] of COMPONENTS.entries()) {
      if (hasComponent(world, copy, component) !== hasComponent(server, ship, component)) return `component ${i}`
    }
    const has = (component: object): boolean => hasComponent(server, ship, component)
    const x = Math.fround(Math.min(100, -100 + Math.round((Place.x[ship]! + 100) / 0.01) * 0.01))
    if (has(Place) && Place.x[copy] !== x) return `x ${Place.x[copy]}, not ${x}`
    if (has(Health) && Health.hp[copy] !== Health.hp[ship]) return `hp ${Health.hp[copy]}, not ${Health.hp[ship]}`
    if (has(Follow) && Follow.since[copy] !== Follow.since[ship]) return `since ${Follow.since[copy]}`
    const whom = entityOf(world, netIdOf(server, Follow.whom[ship]!))
    if (has(Follow) && Follow.whom[copy] !== whom) return `follows ${Follow.whom[copy]}, not ${whom}`
    const owned = Networked.owner[ship] === connection
    if (hasComponent(world, copy, Owned) !== owned) return owned ? 'not owned' : 'owned'
    return ''
  }
}

describe('sessions that open and close on a bad network', () => {
  it.each(SEEDS)('end with the same state on every side, seed %i', (seed) => {
    const model = new Model(seed)
    for (let i = 0; i < TICKS; i++) model.step()
    model.settle()
    expect(model.difference()).toBe('')
    for (const { world } of model.clients) {
      expect(stats(world).counters.malformedPackets).toBe(0)
      expect([...drain(world, NetworkErrors)].map(({ code }) => code)).toEqual([])
    }
    expect(stats(model.net.server).counters.malformedPackets).toBe(0)
  })
})
