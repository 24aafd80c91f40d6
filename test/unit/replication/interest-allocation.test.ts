// Tests that movement allocates nothing, of entities between cells and of a client's viewpoint. Needs `--expose-gc`.
import { grid, rooms, allOf, joinRoom, setRoom, setViewpoint } from 'bitecs-net/interest'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import * as game from '../../support/arena.js'
import { bytesPerEvent } from '../../support/heap.js'

const SHIPS = 1500
const TICKS = 4

it('entities that move between cells, and clients that move their viewpoints, allocate nothing', () => {
  const match = rooms()
  const interest = allOf(match, grid({ position: game.Position, radius: 60, cellSize: 20, hysteresis: 4 }))
  const net = createTestNetwork(game.arena, { clients: 2, interest })
  const { server } = net
  const [a, b] = net.clients.map(({ connection }) => connection) as [number, number]
  const places = [
    [0, 0],
    [500, 0],
  ]
  joinRoom(server, a, 1)
  joinRoom(server, b, 1)
  const ships = Array.from({ length: SHIPS }, (_, i) => {
    // Some are in view of the first client, the others of no client.
    const ship = game.spawnShip(server, i < 20 ? (i % 2) * 20 : 1000 + i, 0)
    setRoom(server, ship, 1)
    return ship
  })
  setViewpoint(server, a, places[0]!)
  net.tick(4)
  let side = 0
  const turn = (count: number): void => {
    for (let tick = 0; tick < count; tick++) {
      side ^= 1
      for (let i = 0; i < SHIPS; i++) game.Position.x[ships[i]!]! += side === 1 ? 21 : -21
      // There are only empty cells around the second client.
      places[1]![0] = 500 + side * 50
      setViewpoint(server, b, places[1]!)
      net.tick()
    }
  }
  // A tick of three worlds allocates a little; one number on the heap per ship would be 24,000.
  expect(bytesPerEvent(TICKS, turn, 5000)).toBeLessThan(5000)
}, 60_000)
