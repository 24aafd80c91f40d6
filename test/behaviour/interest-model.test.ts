// A seeded model test of interest: random places, rooms, owners, shown and hidden entities, for clients on a bad
// network. Once it is quiet, every client has exactly the entities that a plain model of the policy shows, with the
// server's values.
import { addComponent, hasComponent, removeComponent } from 'bitecs'
import {
  clearOwner,
  despawn,
  drain,
  entityOf,
  netIdOf,
  NetworkErrors,
  type ServerWorld,
  setOwner,
  setReady,
} from 'bitecs-net'
import {
  allOf,
  anyOf,
  grid,
  hideFrom,
  joinRoom,
  leaveRoom,
  ObserversAdded,
  ObserversRemoved,
  observersOf,
  predicate,
  resetVisibility,
  rooms,
  setInterest,
  setRoom,
  setViewpoint,
  showTo,
} from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { failingSeeds, generator, type Random, seedCount } from '../support/seeds.js'

const SEEDS = seedCount(240, 60)
const TICKS = 70
const SIZE = 20
const RADIUS = 60
const CLIENTS = 3

const near = grid({ position: game.Position, radius: RADIUS, cellSize: SIZE, hysteresis: 0 })
const teams = rooms({ unplaced: 'nobody' })
/** Entities with little health are seen by odd clients alone. */
const isWeak = (entity: number): boolean => game.Health.hp[entity]! < 50

/** The state that the game has set, as a plain model. */
class Model {
  readonly ships: number[] = []
  readonly rooms = new Map<number, number>()
  readonly joined: Set<number>[] = Array.from({ length: CLIENTS }, () => new Set())
  readonly looks: [number, number][] = Array.from({ length: CLIENTS }, () => [0, 0])
  readonly owners = new Map<number, number>()
  readonly forced = new Map<number, Map<number, boolean>>()
  readonly ready: boolean[] = Array.from({ length: CLIENTS }, () => true)
  policy = 0

  /** Whether the policy, ownership and forced visibility show an entity to a client. */
  sees(client: number, ship: number): boolean {
    if (!this.ready[client]) return false
    if (this.owners.get(ship) === client) return true
    const forced = this.forced.get(ship)
    return forced?.get(client) ?? forced?.get(-1) ?? this.allows(client, ship)
  }

  private allows(client: number, ship: number): boolean {
    const isNear = this.isNear(client, ship)
    const inRoom = this.joined[client]!.has(this.rooms.get(ship) ?? -1)
    const asked = client % 2 === 1 || !isWeak(ship)
    return [isNear && inRoom, isNear || inRoom, isNear && asked, (isNear && asked) || inRoom, true][this.policy]!
  }

  private isNear(client: number, ship: number): boolean {
    const gap = (at: number, look: number): number => {
      const start = Math.floor(at / SIZE) * SIZE
      return Math.max(0, start - look, look - start - SIZE)
    }
    const [x, y] = this.looks[client]!
    return gap(game.Position.x[ship]!, x) ** 2 + gap(game.Position.y[ship]!, y) ** 2 <= RADIUS ** 2
  }
}

const asks = predicate((world, connection, entity) => indexOf(world, connection) % 2 === 1 || !isWeak(entity), {
  interval: 2,
})
const POLICIES = [
  allOf(near, teams),
  anyOf(near, teams),
  allOf(near, asks),
  anyOf(allOf(near, asks), teams),
  anyOf(
    predicate(() => true),
    near,
  ),
]

/** By world: the connections of the clients, in order. */
const connections = new WeakMap<ServerWorld, readonly number[]>()
const indexOf = (world: ServerWorld, connection: number): number => connections.get(world)!.indexOf(connection)

function act(net: TestNetwork, model: Model, random: Random): void {
  const { server } = net
  const { ships } = model
  const all = connections.get(server)!
  const client = random(CLIENTS)
  const connection = all[client]!
  const ship = ships.length > 0 ? ships[random(ships.length)]! : 0
  const hasRooms = model.policy === 0 || model.policy === 1 || model.policy === 3
  const what = random(20)
  if (what <= 2 || ship === 0) {
    ships.push(game.spawnShip(server, random(300) - 150, random(300) - 150, random(100)))
  } else if (what === 3) {
    ships.splice(ships.indexOf(ship), 1)
    forget(model, ship)
    despawn(server, ship)
  } else if (what === 4) {
    removeComponent(server, ship, Networked)
    addComponent(server, ship, Networked)
    // The owner stays, since it belongs to the entity.
    const owner = model.owners.get(ship)
    forget(model, ship)
    if (owner !== undefined) model.owners.set(ship, owner)
  } else if (what <= 6 && hasRooms) {
    const room = random(4)
    if (room === 3) model.rooms.delete(ship)
    else model.rooms.set(ship, room)
    setRoom(server, ship, room === 3 ? undefined : room, teams)
  } else if (what <= 8 && hasRooms) {
    const room = random(3)
    if (random(2) === 0) {
      model.joined[client]!.add(room)
      joinRoom(server, connection, room, teams)
    } else {
      model.joined[client]!.delete(room)
      leaveRoom(server, connection, room, teams)
    }
  } else if (what <= 10 && model.policy !== 4) {
    model.looks[client] = [random(200) - 100, random(200) - 100]
    setViewpoint(server, connection, model.looks[client])
  } else if (what === 11) {
    if (random(2) === 0) {
      model.owners.delete(ship)
      clearOwner(server, ship)
    } else {
      model.owners.set(ship, client)
      setOwner(server, ship, connection)
    }
  } else if (what === 12) force(server, model, ship, client, random(6))
  else if (what === 13 && random(4) === 0) {
    model.ready[client] = !model.ready[client]
    setReady(net.clients[client]!.world, model.ready[client])
  } else {
    for (let i = 0; i < 5; i++) {
      const mover = ships[random(ships.length)]!
      game.Position.x[mover]! += random(60) - 30
      game.Position.y[mover]! += random(60) - 30
      if (i === 0) game.Health.hp[mover] = random(100)
    }
  }
}

function force(server: ServerWorld, model: Model, ship: number, client: number, how: number): void {
  const connection = connections.get(server)![client]!
  const forced = model.forced.get(ship) ?? new Map<number, boolean>()
  model.forced.set(ship, forced)
  if (how === 0) showTo(server, ship, connection)
  if (how === 1) hideFrom(server, ship, connection)
  if (how <= 1) forced.set(client, how === 0)
  if (how === 2) {
    resetVisibility(server, ship, connection)
    forced.delete(client)
  }
  if (how < 3) return
  forced.clear()
  if (how === 3) resetVisibility(server, ship)
  if (how === 4) showTo(server, ship, 'all')
  if (how === 5) hideFrom(server, ship, 'all')
  if (how > 3) forced.set(-1, how === 4)
}

/** The library drops its data about an entity when Networked is removed. */
function forget(model: Model, ship: number): void {
  model.rooms.delete(ship)
  model.owners.delete(ship)
  model.forced.delete(ship)
}

function expectSame(net: TestNetwork, model: Model): void {
  const { server } = net
  for (const [client, { world, connection }] of net.clients.entries()) {
    const expected = model.ships.filter((ship) => model.sees(client, ship))
    const has = model.ships.filter((ship) => game.copyOf(world, server, ship) !== 0)
    expect(has, `client ${client}`).toEqual(expected)
    expect(game.networked(world).length).toBe(expected.length)
    for (const ship of expected) {
      const copy = game.copyOf(world, server, ship)
      expect(game.Health.hp[copy]).toBe(game.Health.hp[ship])
      expect(game.Position.x[copy]).toBe(game.quantize(game.Position.x[ship]!))
      expect(observersOf(server, ship)).toContain(connection)
    }
  }
  for (const ship of model.ships) {
    const who = net.clients.filter((_, client) => model.sees(client, ship)).map(({ connection }) => connection)
    expect(observersOf(server, ship).toSorted((a, b) => a - b)).toEqual(who.toSorted((a, b) => a - b))
  }
}

function isSame(net: TestNetwork, model: Model): boolean {
  try {
    expectSame(net, model)
    return true
  } catch {
    return false
  }
}

function play(seed: number): void {
  const random = generator(seed)
  /** The observers of each entity, according to the events. */
  const told = new Set<string>()
  const read = (world: ServerWorld): void => {
    for (const { netId, connection } of drain(world, ObserversRemoved)) {
      if (!told.delete(`${netId} ${connection}`)) throw new Error('an observer was removed that had not been added')
    }
    for (const { netId, connection } of drain(world, ObserversAdded)) {
      if (told.has(`${netId} ${connection}`)) throw new Error('an observer was added twice')
      told.add(`${netId} ${connection}`)
    }
  }
  const conditions = {
    latency: random(100),
    jitter: random(80),
    loss: random(25) / 100,
    duplicate: random(20) / 100,
    reorder: random(30) / 100,
    reorderBy: 20 + random(120),
  }
  const net = createTestNetwork(game.arena, { clients: CLIENTS, seed, conditions, serverSystems: [read] })
  connections.set(
    net.server,
    net.clients.map(({ connection }) => connection),
  )
  const model = new Model()
  const change = (policy: number): void => {
    model.policy = policy
    setInterest(net.server, POLICIES[policy]!)
  }
  change(random(4))
  // A policy that is replaced forgets its state, so the game sets it again.
  const sayAgain = (): void => {
    const hasRooms = model.policy === 0 || model.policy === 1 || model.policy === 3
    for (const [client, { connection }] of net.clients.entries()) {
      if (model.policy !== 4) setViewpoint(net.server, connection, model.looks[client])
      if (hasRooms) for (const room of model.joined[client]!) joinRoom(net.server, connection, room, teams)
    }
    if (hasRooms) for (const [ship, room] of model.rooms) setRoom(net.server, ship, room, teams)
  }
  sayAgain()
  for (let tick = 0; tick < TICKS; tick++) {
    for (let n = random(5); n > 0; n--) act(net, model, random)
    if (tick === 35) {
      change(random(5))
      sayAgain()
    }
    net.tick()
  }
  for (let wait = 0; wait < 10 && !isSame(net, model); wait++) net.tick(30)
  for (const { reason } of net.clients) expect(reason).toBeUndefined()
  expectSame(net, model)
  net.tick(2)
  for (const ship of model.ships) {
    for (const connection of observersOf(net.server, ship)) {
      expect(told.delete(`${netIdOf(net.server, ship)} ${connection}`)).toBe(true)
    }
  }
  expect([...told]).toEqual([])
  expect([...drain(net.server, NetworkErrors)]).toEqual([])
  for (const { world } of net.clients) {
    expect(stats(world).counters.malformedPackets).toBe(0)
    expect(entityOf(world, 0)).toBe(0)
    expect(hasComponent(world, 0, Networked)).toBe(false)
  }
}

it(`every client has exactly the entities that the policy shows it, for ${SEEDS} seeds`, () => {
  expect(failingSeeds(play, SEEDS)).toEqual([])
}, 240_000)
