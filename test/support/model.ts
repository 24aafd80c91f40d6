// A seeded model of a server's tick: random structure, values, owners and visibility, against clients on a bad network. After
// quiet every client shows exactly what it may see of the server's world, and nothing else.
import { addComponent, addEntity, getRelationTargets, hasComponent, removeComponent } from 'bitecs'
import {
  clearOwner,
  close,
  despawn,
  drain,
  hideFrom,
  joinRoom,
  leaveRoom,
  netIdOf,
  NetworkErrors,
  resetVisibility,
  rooms,
  sendRpc,
  setOwner,
  setRoom,
  showTo,
  stats,
} from 'bitecs-net'
import { Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { expect } from 'vitest'
import * as game from './arena.js'
import { generator, type Random, roughConditions } from './seeds.js'

const TICKS = 80
const ROOMS = 3
const COMPONENTS = [game.Position, game.Heading, game.Health, game.Target, game.Flag]

/** What the game has said of an entity's visibility. */
interface Said {
  room?: number
  all?: boolean
  readonly pairs: Map<number, boolean>
}

class Model {
  /** Every networked entity of the server, and what was said of it. */
  readonly ships = new Map<number, Said>()
  /** By connection: the rooms that it is in. */
  private readonly members = new Map<number, Set<number>>()

  constructor(
    readonly net: TestNetwork,
    private readonly random: Random,
    private readonly hasRooms: boolean,
  ) {}

  /** Whether a connection should have an entity. */
  sees(connection: number, ship: number): boolean {
    if (Networked.owner[ship] === connection) return true
    const { room, all, pairs } = this.ships.get(ship)!
    const forced = pairs.get(connection) ?? all
    if (forced !== undefined) return forced
    return room === undefined || (this.members.get(connection)?.has(room) ?? false)
  }

  /** A connection has ended: what was said of it is said no more. */
  forget(connection: number): void {
    this.members.delete(connection)
    for (const { pairs } of this.ships.values()) pairs.delete(connection)
  }

  /** One random thing of a server's tick. */
  act(): void {
    const { random, net } = this
    const what = random(18)
    const ship = this.anyShip()
    if (what <= 1 || ship === 0) this.spawn()
    else if (what === 2) {
      despawn(net.server, ship)
      this.ships.delete(ship)
    } else if (what <= 4) this.changeComponents(ship)
    else if (what === 5) this.changeOwner(ship)
    else if (what === 6) this.spawnAnew(ship)
    else if (what === 7) sendRpc(net.server, ship, game.Boom, { x: 1, shooter: ship })
    else if (what <= 11) this.changeVisibility(ship)
    else if (what <= 13) this.changePairs(ship)
    else for (let i = 0; i < 4; i++) this.write(this.anyShip())
  }

  private anyShip(): number {
    const ships = [...this.ships.keys()]
    return ships.length > 0 ? ships[this.random(ships.length)]! : 0
  }

  private anyConnection(): number {
    const { clients } = this.net
    return clients[this.random(clients.length)]!.connection
  }

  private spawn(): void {
    const { server } = this.net
    const eid = addEntity(server)
    const networkedFirst = this.random(2) === 0
    if (networkedFirst) addComponent(server, eid, Networked)
    for (const component of COMPONENTS) if (this.random(2) === 0) addComponent(server, eid, component)
    this.write(eid)
    if (!networkedFirst) addComponent(server, eid, Networked)
    this.ships.set(eid, { pairs: new Map() })
  }

  /** Away and back within a tick: another net id for the same entity, of which nothing is said yet. */
  private spawnAnew(ship: number): void {
    removeComponent(this.net.server, ship, Networked)
    addComponent(this.net.server, ship, Networked)
    this.ships.set(ship, { pairs: new Map() })
  }

  private changeComponents(ship: number): void {
    const { server } = this.net
    const component = COMPONENTS[this.random(COMPONENTS.length)]!
    if (hasComponent(server, ship, component)) removeComponent(server, ship, component)
    else addComponent(server, ship, component)
  }

  private changeOwner(ship: number): void {
    const connection = this.anyConnection()
    if (this.random(3) === 0) clearOwner(this.net.server, ship)
    else if (connection !== 0) setOwner(this.net.server, ship, connection, { onLeave: 'keep' })
  }

  private changeVisibility(ship: number): void {
    const { random, net } = this
    const { server } = net
    const connection = this.anyConnection()
    const said = this.ships.get(ship)!
    const room = random(ROOMS)
    const what = random(this.hasRooms ? 8 : 4)
    if (what >= 6) {
      said.room = random(3) === 0 ? undefined : room
      setRoom(server, ship, said.room)
    } else if (what === 3) {
      said.all = random(2) === 0
      said.pairs.clear()
      if (said.all) showTo(server, ship, 'all')
      else hideFrom(server, ship, 'all')
    } else if (connection === 0) return
    else if (what >= 4) this.changeRooms(connection, room)
    else if (what === 0) {
      said.pairs.set(connection, true)
      showTo(server, ship, connection)
    } else if (what === 1) {
      said.pairs.set(connection, false)
      hideFrom(server, ship, connection)
    } else if (random(2) === 0) {
      said.pairs.delete(connection)
      resetVisibility(server, ship, connection)
    } else {
      said.all = undefined
      said.pairs.clear()
      resetVisibility(server, ship)
    }
  }

  private changeRooms(connection: number, room: number): void {
    const members = this.members.get(connection) ?? new Set()
    this.members.set(connection, members)
    if (members.delete(room)) leaveRoom(this.net.server, connection, room)
    else {
      members.add(room)
      joinRoom(this.net.server, connection, room)
    }
  }

  private changePairs(ship: number): void {
    const { server } = this.net
    const pair = game.Follows(this.anyShip())
    if (hasComponent(server, ship, pair)) removeComponent(server, ship, pair)
    else addComponent(server, ship, pair)
  }

  private write(ship: number): void {
    if (ship === 0) return
    const { random } = this
    const pick = random(5)
    if (pick === 0) game.Position.x[ship] = random(8000) / 8 - 500
    if (pick === 1) game.Position.y[ship] = random(8000) / 8 - 500
    if (pick === 2) game.Health.hp[ship] = random(60_000)
    if (pick === 3) game.Heading.seed[ship] = random(1e9) / 7
    if (pick === 4) game.Target.entity[ship] = this.anyShip()
  }
}

/** Whether a client shows exactly what it may see. */
function isShown(model: Model, client: TestClient): boolean {
  try {
    expectShown(model, client)
    return true
  } catch {
    return false
  }
}

function expectShown(model: Model, { world, connection }: TestClient): void {
  const { server } = model.net
  const visible = [...model.ships.keys()].filter((ship) => model.sees(connection, ship))
  expect(game.networked(world).length).toBe(visible.length)
  for (const ship of visible) {
    const copy = game.copyOf(world, server, ship)
    expect(copy).not.toBe(0)
    const shape = COMPONENTS.map((component) => hasComponent(world, copy, component))
    expect(shape).toEqual(COMPONENTS.map((component) => hasComponent(server, ship, component)))
    const [position, heading, health, target] = shape
    if (position) {
      expect(game.Position.x[copy]).toBe(game.quantize(game.Position.x[ship]!))
      expect(game.Position.y[copy]).toBe(game.quantize(game.Position.y[ship]!))
    }
    if (heading) expect(game.Heading.seed[copy]).toBe(game.Heading.seed[ship])
    if (health) expect(game.Health.hp[copy]).toBe(game.Health.hp[ship])
    if (target) {
      const named = game.Target.entity[ship]!
      const known = netIdOf(server, named) !== 0 && model.sees(connection, named)
      expect(game.Target.entity[copy]).toBe(known ? game.copyOf(world, server, named) : 0)
    }
    const followed = getRelationTargets(server, ship, game.Follows).filter((eid) => visible.includes(eid))
    const copies = followed.map((eid) => game.copyOf(world, server, eid))
    expect(new Set(getRelationTargets(world, copy, game.Follows))).toEqual(new Set(copies))
    expect(hasComponent(world, copy, Owned)).toBe(Networked.owner[ship] === connection)
  }
}

/** Plays a run of random ticks, waits for quiet, and holds every client to what it should show. */
export function playModel(seed: number): void {
  const random = generator(seed)
  const conditions = roughConditions(random)
  const hasRooms = seed % 3 !== 0
  const net = createTestNetwork(game.arena, {
    clients: 2 + (seed % 3),
    seed,
    conditions,
    resumeTime: 60_000,
    interest: hasRooms ? rooms() : undefined,
    // Some join in small chunks, some lines bear little.
    spawnBytesPerTick: seed % 5 === 0 ? 256 : undefined,
    maxBytesPerSecond: seed % 7 === 0 ? 2500 : undefined,
  })
  const model = new Model(net, random, hasRooms)
  const rough = random(4)
  const [first, second] = net.clients
  for (let tick = 0; tick < TICKS; tick++) {
    for (let n = random(4); n > 0; n--) model.act()
    if (tick === 40) net.begin()
    // An outage, a client whose frames stand still, one whose line breaks, one that leaves.
    if (tick === 20) net.setServerConditions({ down: rough === 0 })
    if (tick === 30) net.setServerConditions({ down: false })
    if (tick === 50) first!.running = false
    if (tick === 60) first!.running = true
    if (tick === 25 && rough === 1) second!.cut()
    if (tick === 45 && rough === 2) {
      model.forget(second!.connection)
      void close(second!.world)
    }
    net.tick()
  }
  const stay = net.clients.filter((client) => client.reason === undefined)
  expect(stay.length).toBe(net.clients.length - (rough === 2 ? 1 : 0))
  // Three losses in a row of the one last packet are rare, and take three round trips.
  for (let wait = 0; wait < 10 && !stay.every((client) => isShown(model, client)); wait++) net.tick(30)
  for (const client of stay) {
    expect(client.reason).toBeUndefined()
    expectShown(model, client)
  }
  expectSilence(net)
  expectNoErrors(net, stay)
}

/** Acknowledgements are lost too, so a few values are told twice more; then there is silence. */
function expectSilence(net: TestNetwork): void {
  const resent = (): number => stats(net.server).counters.resentValues
  let before = -1
  for (let i = 0; i < 20 && before !== resent(); i++) {
    before = resent()
    net.tick(20)
  }
  expect(resent()).toBe(before)
}

function expectNoErrors(net: TestNetwork, clients: readonly TestClient[]): void {
  expect([...drain(net.server, NetworkErrors)]).toEqual([])
  for (const { world } of clients) {
    const codes = [...drain(world, NetworkErrors)].map(({ code }) => code)
    expect(codes.filter((code) => code !== 'undrained')).toEqual([])
    expect(stats(world).counters.malformedPackets).toBe(0)
  }
}
