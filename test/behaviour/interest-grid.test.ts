// Tests interest by position: a grid around each client's viewpoint, with hysteresis, in two and three dimensions.
import { addComponent, addEntity, createWorld, hasComponent, removeComponent, removeEntity } from 'bitecs'
import {
  createServerWorld,
  defineProtocol,
  despawn,
  drain,
  f32,
  replicate,
  setPlayer,
  u8,
  UsageError,
} from 'bitecs-net'
import {
  allOf,
  anyOf,
  grid,
  type GridPolicy,
  ObserversAdded,
  ObserversRemoved,
  rooms,
  joinRoom,
  setInterest,
  setRoom,
  setViewpoint,
} from 'bitecs-net/interest'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

const SQUARES = { position: game.Position, radius: 100, cellSize: 10, hysteresis: 0 }

/** The given entities that a client has, by their ids on the server. */
function seen(net: TestNetwork, client: number, ships: readonly number[]): number[] {
  return ships.filter((ship) => game.copyOf(net.clients[client]!.world, net.server, ship) !== 0)
}

/** A network whose one client has a player at the origin, which is not among the ships that a test looks at. */
function withPlayer(interest: GridPolicy): { net: TestNetwork; connection: number; player: number } {
  const net = createTestNetwork(game.arena, { clients: 1, interest })
  const [{ connection }] = net.clients as [TestNetwork['clients'][number]]
  const player = game.spawnShip(net.server, 0, 0)
  setPlayer(net.server, connection, player)
  net.tick(3)
  return { net, connection, player }
}

describe('a grid', () => {
  it('shows a client the entities around its player, as both move', () => {
    const { net, player } = withPlayer(grid(SQUARES))
    const { server } = net
    const ships = [0, 50, 99, 115, 300, -99, -115].map((x) => game.spawnShip(server, x, 5))
    net.tick(3)
    const where = (): number[] => seen(net, 0, ships).map((ship) => game.Position.x[ship]!)
    expect(where()).toEqual([0, 50, 99, -99])
    game.Position.x[player] = 210
    net.tick(2)
    expect(where()).toEqual([115, 300])
    game.Position.x[ships[3]!] = -20
    game.Position.x[ships[0]!] = 150
    net.tick(2)
    expect(where()).toEqual([150, 300])
    // Observers change in the tick of the move: a client that lost the entity gets nothing more of it.
    game.Position.x[ships[4]!] = 1000
    net.tick()
    expect(seen(net, 0, [ships[4]!])).toEqual([ships[4]])
    net.tick()
    expect(seen(net, 0, [ships[4]!])).toEqual([])
    expect(Array.from(drain(server, ObserversRemoved), ({ entity, reason }) => [entity, reason])).toEqual([
      [ships[4], 'hidden'],
    ])
  })

  it('keeps sending the values of all visible entities across cell borders', () => {
    const { net } = withPlayer(grid(SQUARES))
    const ships = Array.from({ length: 40 }, (_, i) => game.spawnShip(net.server, i * 4 - 80, (i % 7) * 9 - 30))
    net.tick(3)
    for (let step = 0; step < 30; step++) {
      for (const [i, ship] of ships.entries()) {
        game.Position.x[ship]! += (i % 5) - 2
        game.Health.hp[ship] = step * 50 + i
      }
      net.tick()
    }
    net.tick(2)
    const { world } = net.clients[0]!
    const inView = seen(net, 0, ships)
    expect(inView.length).toBeGreaterThan(20)
    for (const ship of inView) {
      const copy = game.copyOf(world, net.server, ship)
      expect(game.Health.hp[copy]).toBe(game.Health.hp[ship])
      expect(game.Position.x[copy]).toBe(game.quantize(game.Position.x[ship]!))
    }
  })

  it('has hysteresis: an entity at the edge of a cell or of the radius does not flicker', () => {
    const { net, player } = withPlayer(grid({ ...SQUARES, hysteresis: 16 }))
    // The cells nearer than 108 of the player's place come into view: here those up to 110.
    const [walker, edge] = [109, 115].map((x) => game.spawnShip(net.server, x, 0)) as [number, number]
    net.tick(3)
    const count = (): number =>
      [ObserversAdded, ObserversRemoved].reduce((sum, kind) => {
        return sum + [...drain(net.server, kind as typeof ObserversAdded)].length
      }, 0)
    expect(seen(net, 0, [walker, edge])).toEqual([walker])
    let changes = 0
    for (let i = 0; i < 20; i++) {
      // It crosses the border between a visible cell and a hidden one.
      game.Position.x[walker] = i % 2 === 0 ? 111 : 109
      // Too little to recompute the player's surroundings.
      game.Position.x[player] = i % 2 === 0 ? 3.5 : 0
      net.tick()
      changes += count()
    }
    expect([changes, seen(net, 0, [walker, edge])]).toEqual([0, [walker]])
    game.Position.x[player] = 5
    net.tick(2)
    expect([count(), seen(net, 0, [walker, edge])]).toEqual([1, [walker, edge]])
    for (let i = 0; i < 20; i++) {
      // Enough to recompute them: the last cell is 105 away, and 115.
      game.Position.x[player] = i % 2 === 0 ? -5 : 5
      net.tick()
      changes += count()
    }
    expect(changes).toBe(0)
    // Within the radius it is always visible; beyond radius, hysteresis and a cell it never is.
    game.Position.x[player] = 0
    game.Position.x[edge] = 99.9
    net.tick(2)
    expect(seen(net, 0, [edge])).toEqual([edge])
    game.Position.x[edge] = 100 + 16 + 15
    net.tick(2)
    expect(seen(net, 0, [edge])).toEqual([])
  })

  it('shows entities without a position as `unplaced` says, and follows added and removed positions', () => {
    for (const unplaced of ['everyone', 'nobody'] as const) {
      const { net } = withPlayer(grid({ ...SQUARES, unplaced }))
      const { server } = net
      const rule = addEntity(server)
      addComponent(server, rule, game.Health)
      addComponent(server, rule, Networked)
      const ship = game.spawnShip(server, 500, 500)
      net.tick(3)
      const without = unplaced === 'everyone'
      expect(seen(net, 0, [rule, ship])).toEqual(without ? [rule] : [])
      removeComponent(server, ship, game.Position)
      addComponent(server, rule, game.Position)
      game.Position.x[rule] = 20
      game.Position.y[rule] = 20
      net.tick(2)
      expect(seen(net, 0, [rule, ship])).toEqual(without ? [rule, ship] : [rule])
      game.Position.x[rule] = 2000
      game.Position.x[ship] = 0
      game.Position.y[ship] = 0
      addComponent(server, ship, game.Position)
      net.tick(2)
      expect(seen(net, 0, [rule, ship])).toEqual([ship])
    }
  })

  it('looks around a set viewpoint: an entity, a place, or the player again', () => {
    const { net, connection } = withPlayer(grid(SQUARES))
    const { server } = net
    const ships = [0, 1000, 2000].map((x) => game.spawnShip(server, x, 0))
    const camera = addEntity(server)
    addComponent(server, camera, game.Position)
    game.Position.x[camera] = 1010
    game.Position.y[camera] = 0
    net.tick(3)
    const look = (): number[] => {
      net.tick(2)
      return seen(net, 0, ships).map((ship) => game.Position.x[ship]!)
    }
    expect(look()).toEqual([0])
    setViewpoint(server, connection, camera)
    expect(look()).toEqual([1000])
    game.Position.x[camera] = 2010
    expect(look()).toEqual([2000])
    setViewpoint(server, connection, [990, 0])
    expect(look()).toEqual([1000])
    setViewpoint(server, connection, undefined)
    expect(look()).toEqual([0])
    setViewpoint(server, connection, camera)
    expect(look()).toEqual([2000])
    // The viewpoint entity is gone: the client keeps seeing its last place.
    removeEntity(server, camera)
    expect(look()).toEqual([2000])
  })

  it('keeps the place where a viewpoint entity ended, and does not follow another one with its id', () => {
    const { net, connection } = withPlayer(grid(SQUARES))
    const { server } = net
    const ships = [game.spawnShip(server, 1005, 5), game.spawnShip(server, 5005, 5)]
    const placeCamera = (x: number): number => {
      const camera = addEntity(server)
      game.Position.x[camera] = x
      game.Position.y[camera] = 0
      addComponent(server, camera, game.Position)
      return camera
    }
    const camera = placeCamera(1000)
    setViewpoint(server, connection, camera)
    net.tick(3)
    expect(seen(net, 0, ships)).toEqual([ships[0]])
    removeEntity(server, camera)
    const other = placeCamera(5000)
    expect(other).toBe(camera)
    net.tick(3)
    expect(seen(net, 0, ships)).toEqual([ships[0]])
    setViewpoint(server, connection, other)
    net.tick(3)
    expect(seen(net, 0, ships)).toEqual([ships[1]])
  })

  it('keeps showing the place where a player ended, and nothing to a client without a viewpoint', () => {
    const net = createTestNetwork(game.arena, { clients: 2, interest: grid(SQUARES) })
    const [a] = net.clients.map(({ connection }) => connection) as [number]
    const ship = game.spawnShip(net.server, 10, 10)
    const player = game.spawnShip(net.server, 0, 0)
    setPlayer(net.server, a, player)
    net.tick(3)
    despawn(net.server, player)
    net.tick(3)
    expect([seen(net, 0, [ship]), seen(net, 1, [ship])]).toEqual([[ship], []])
  })

  it('reads positions that are not replicated, from arrays and from objects', () => {
    const Place = { x: [] as number[], z: [] as number[] }
    const Structs: { x: number; z: number; name: string }[] = []
    const Tag = { kind: new Uint8Array(game.Position.x.length) }
    const protocol = defineProtocol({ components: { Tag: replicate(Tag, { kind: u8 }) } })
    const options = { axes: ['x', 'z'] as const, radius: 50, cellSize: 10, hysteresis: 0 }
    const write = {
      arrays: (eid: number, x: number, z: number) => ((Place.x[eid] = x), (Place.z[eid] = z)),
      structs: (eid: number, x: number, z: number) => (Structs[eid] = { x, z, name: '' }),
    }
    for (const kind of ['arrays', 'structs'] as const) {
      const store = kind === 'arrays' ? Place : Structs
      const interest =
        kind === 'arrays' ? grid({ ...options, position: Place }) : grid({ ...options, position: Structs })
      const net = createTestNetwork(protocol, { clients: 1, interest })
      const [{ connection }] = net.clients as [TestNetwork['clients'][number]]
      const ships = [0, 40, 100].map((x) => {
        const ship = addEntity(net.server)
        for (const component of [Tag, store, Networked]) addComponent(net.server, ship, component)
        write[kind](ship, x, 0)
        return ship
      })
      setViewpoint(net.server, connection, [0, 0])
      net.tick(3)
      expect(seen(net, 0, ships)).toEqual(ships.slice(0, 2))
      write[kind](ships[2]!, 5, 5)
      write[kind](ships[0]!, 0, 300)
      net.tick(2)
      expect(seen(net, 0, ships)).toEqual(ships.slice(1))
      removeComponent(net.server, ships[1]!, store)
      write[kind](ships[1]!, 999, 0)
      net.tick(2)
      expect(seen(net, 0, ships)).toEqual(ships.slice(1))
    }
  })

  it('measures distances in three dimensions when it has three axes', () => {
    const Spot = { x: new Float32Array(20_000), y: new Float32Array(20_000), z: new Float32Array(20_000) }
    const protocol = defineProtocol({ components: { Spot: replicate(Spot, { x: f32, y: f32, z: f32 }) } })
    const interest = grid({ position: Spot, axes: ['x', 'y', 'z'], radius: 10, cellSize: 2, hysteresis: 0 })
    const net = createTestNetwork(protocol, { clients: 1, interest })
    setViewpoint(net.server, net.clients[0]!.connection, [0, 0, 0])
    const ships = [
      [6, 6, 4],
      [9, 9, 9],
      [0, 0, -9],
      [0, 13, 0],
    ].map(([x, y, z]) => {
      const ship = addEntity(net.server)
      for (const component of [Spot, Networked]) addComponent(net.server, ship, component)
      Spot.x[ship] = x!
      Spot.y[ship] = y!
      Spot.z[ship] = z!
      return ship
    })
    net.tick(3)
    expect(seen(net, 0, ships)).toEqual([ships[0], ships[2]])
  })

  it('tolerates positions that are NaN, infinite or beyond all cells', () => {
    const { net, player } = withPlayer(grid(SQUARES))
    const ships = [Infinity, -Infinity, 1e30, NaN, 20].map((x) => game.spawnShip(net.server, x, 0))
    net.tick(3)
    expect(seen(net, 0, ships.slice(4))).toEqual([ships[4]])
    game.Position.x[ships[4]!] = NaN
    net.tick(2)
    expect(seen(net, 0, ships.slice(4))).toEqual([ships[4]])
    game.Position.x[player] = NaN
    net.tick(2)
    expect(seen(net, 0, ships.slice(4))).toEqual([ships[4]])
    game.Position.x[player] = 1e30
    net.tick(2)
    expect(seen(net, 0, ships.slice(4))).toEqual([])
    game.Position.x[player] = 0
    net.tick(2)
    expect(seen(net, 0, ships.slice(4))).toEqual([ships[4]])
  })

  it('combines with rooms, and keeps its viewpoints when the policy around it changes', () => {
    const near = grid(SQUARES)
    const team = rooms({ unplaced: 'nobody' })
    const { net, connection } = withPlayer(near)
    setViewpoint(net.server, connection, [1000, 0])
    const ships = [0, 1000, 1001].map((x) => game.spawnShip(net.server, x, 0))
    setInterest(net.server, allOf(near, team))
    setRoom(net.server, ships[0]!, 'red')
    setRoom(net.server, ships[1]!, 'red')
    joinRoom(net.server, connection, 'red')
    net.tick(3)
    expect(seen(net, 0, ships)).toEqual([ships[1]])
    setInterest(net.server, anyOf(near, team))
    net.tick(2)
    expect(seen(net, 0, ships)).toEqual(ships)
    setInterest(net.server, near)
    net.tick(2)
    expect(seen(net, 0, ships)).toEqual([ships[1], ships[2]])
  })

  it('throws for options out of range, and for an invalid viewpoint', () => {
    const { net, connection } = withPlayer(grid(SQUARES))
    const { position } = SQUARES
    const calls: [() => void, RegExp][] = [
      [() => grid({ position, radius: 0 }), /radius/],
      [() => grid({ position, radius: NaN }), /radius/],
      [() => grid({ position, radius: 1, cellSize: -1 }), /cellSize/],
      [() => grid({ position, radius: 1, hysteresis: -1 }), /hysteresis/],
      [() => grid({ position, radius: 1000, cellSize: 1 }), /cells/],
      [() => grid({ position, radius: 1, axes: ['x', 'w' as 'y'] }), /no array w/],
      [() => grid({ position, radius: 1, axes: ['x'] as never }), /two or three/],
      [() => grid({ position: undefined as never, radius: 1 }), /component/],
      [() => grid({ position, radius: 1, unplaced: 'me' as never }), /unplaced/],
      [() => setViewpoint(net.server, connection, [1]), /2 finite numbers/],
      [() => setViewpoint(net.server, connection, [1, NaN]), /2 finite numbers/],
      [() => setViewpoint(net.server, connection, [1, 2], grid(SQUARES)), /no such grid/],
      [() => setViewpoint(createServerWorld(game.arena, { world: createWorld() }), 1, [1, 2]), /no such grid/],
    ]
    for (const [call, message] of calls) {
      expect(call).toThrow(UsageError)
      expect(call).toThrow(message)
    }
    expect(hasComponent(net.server, connection, Networked)).toBe(false)
  })
})
