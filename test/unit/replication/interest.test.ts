// Tests the tables of interest: numbers of tuples, rows of bits, and that unused classes and cells are freed.
import { kick } from 'bitecs-net'
import { allOf, grid, hideFrom, joinRoom, leaveRoom, rooms, roomsOf, setRoom, setViewpoint } from 'bitecs-net/interest'
import { createTestNetwork } from 'bitecs-net/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitRows } from '../../../src/replication/interest/bit-rows.js'
import { TupleTable } from '../../../src/replication/interest/tuple-table.js'
import { serverState } from '../../../src/world/state.js'
import * as game from '../../support/arena.js'

const SEED = 20_261_122

describe('TupleTable', () => {
  it('gives a tuple the same number while it is in use, and different tuples different numbers', () => {
    const action = fc.record({
      tuple: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 }),
      release: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 500 }), (actions) => {
        const table = new TupleTable(3, 2)
        const numbers = new Map<string, number>()
        let broken = 0
        for (const { tuple, release } of actions) {
          table.key.set(tuple)
          const name = tuple.join()
          const known = numbers.get(name) ?? 0
          expect(table.find()).toBe(known)
          if (release && known !== 0) {
            table.release(known)
            numbers.delete(name)
          } else {
            const id = table.intern()
            numbers.set(name, id)
            const isKept = known === 0 || id === known
            if (!isKept || tuple.some((value, i) => table.at(id, i) !== value)) broken++
          }
          expect(new Set(numbers.values()).size).toBe(numbers.size)
          expect(Math.min(Infinity, ...numbers.values())).toBeGreaterThanOrEqual(2)
        }
        expect(broken).toBe(0)
        // Numbers are reused.
        expect(table.end).toBeLessThanOrEqual(2 + 7 ** 3)
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('numbers the empty tuple', () => {
    const table = new TupleTable(0)
    expect([table.find(), table.intern(), table.intern()]).toEqual([0, 1, 1])
  })
})

describe('BitRows', () => {
  it('keep their bits when rows grow', () => {
    const rows = new BitRows(1)
    rows.reserve(100)
    for (let row = 0; row < 100; row++) rows.put(row, row % 32, true)
    rows.widen(4)
    rows.reserve(200)
    for (let row = 0; row < 100; row++) {
      expect(rows.put(row, 100, true)).toBe(true)
      const set = Array.from({ length: 128 }, (_, index) => index).filter((index) => rows.has(row, index))
      expect(set).toEqual([row % 32, 100])
    }
    expect(rows.put(5, 5, true)).toBe(false)
    rows.clearRow(5)
    expect(rows.has(5, 5)).toBe(false)
    expect(rows.has(6, 6)).toBe(true)
  })
})

describe('visibility', () => {
  it('frees classes and cells that are no longer used', () => {
    const match = rooms()
    const interest = allOf(match, grid({ position: game.Position, radius: 30, cellSize: 10, hysteresis: 0 }))
    const net = createTestNetwork(game.arena, { clients: 1, interest })
    const { visibility } = serverState(net.server).replication
    const [{ connection }] = net.clients as [(typeof net.clients)[number]]
    const ship = game.spawnShip(net.server)
    net.tick(2)
    for (let i = 0; i < 300; i++) {
      game.Position.x[ship] = i * 17
      setRoom(net.server, ship, `room ${i}`)
      joinRoom(net.server, connection, `room ${i}`)
      setViewpoint(net.server, connection, [i * 23, i * 5])
      net.tick()
      leaveRoom(net.server, connection, `room ${i}`)
    }
    expect(visibility.classes.end).toBeLessThan(10)
    expect(visibility.cells.map(({ cells }) => cells.end < 150)).toEqual([true, true])
  })

  it('forgets the rooms and hidden entities of a closed connection', () => {
    const net = createTestNetwork(game.arena, { clients: 2, interest: rooms() })
    const { visibility, entities } = serverState(net.server).replication
    const [{ connection }] = net.clients as [(typeof net.clients)[number]]
    const ship = game.spawnShip(net.server)
    net.tick(2)
    const slot = entities.slotOfEntity(ship)
    const shared = visibility.blockClassOf[slot]!
    expect(shared).toBeGreaterThan(0)
    joinRoom(net.server, connection, 'x')
    hideFrom(net.server, ship, connection)
    net.tick(2)
    expect(visibility.blockClassOf[slot]).toBe(0)
    kick(net.server, connection)
    net.tick(4)
    expect(visibility.blockClassOf[slot]).toBe(shared)
    expect(roomsOf(net.server, connection)).toEqual([])
    expect(visibility.observerOfConnection(connection)).toBeUndefined()
  })

  it('works for 70 clients', () => {
    const net = createTestNetwork(game.arena, { clients: 0, interest: rooms() })
    const ship = game.spawnShip(net.server)
    setRoom(net.server, ship, 1)
    for (let i = 0; i < 70; i++) net.begin()
    net.tick(4)
    for (const [i, { connection }] of net.clients.entries()) if (i % 3 === 0) joinRoom(net.server, connection, 1)
    net.tick(3)
    for (const [i, { world }] of net.clients.entries()) {
      expect(game.copyOf(world, net.server, ship) !== 0).toBe(i % 3 === 0)
    }
  })
})
