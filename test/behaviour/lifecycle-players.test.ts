// Players: which entity stands for a connection, what becomes of the one before it, and what the server's world shows.
import { entityExists, observe, onAdd, onRemove, query } from 'bitecs'
import {
  added,
  clearOwner,
  connectionOf,
  despawn,
  drain,
  type FormerPlayer,
  netIdOf,
  removed,
  removePlayer,
  setOwner,
  setPlayer,
  UsageError,
} from 'bitecs-net'
import { Connection, LocalPlayer, Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

/** Records the events of authority and players in a client's world, by the entity's hit points. */
function record(world: object): string[] {
  const log: string[] = []
  for (const [name, component] of Object.entries({ Networked, Owned, LocalPlayer })) {
    observe(world, onAdd(component), (eid: number) => void log.push(`+${name} ${game.Health.hp[eid]}`))
    observe(world, onRemove(component), (eid: number) => void log.push(`-${name} ${game.Health.hp[eid]}`))
  }
  return log
}

/** A client whose player has 1 hit point, another ship with 2, and what its world is told from here on. */
function start(): { net: TestNetwork; first: number; second: number; log: string[] } {
  const net = createTestNetwork(game.arena, { clients: 2 })
  const first = game.spawnShip(net.server, 0, 0, 1)
  const second = game.spawnShip(net.server, 0, 0, 2)
  setPlayer(net.server, net.clients[0]!.connection, first)
  net.tick(2)
  return { net, first, second, log: record(net.clients[0]!.world) }
}

describe('28: replacing a player removes LocalPlayer from the old entity before it is added to the new one, each once', () => {
  const expected: Record<FormerPlayer, string[]> = {
    keep: ['-LocalPlayer 1', '+Owned 2', '+LocalPlayer 2'],
    release: ['-LocalPlayer 1', '-Owned 1', '+Owned 2', '+LocalPlayer 2'],
    unspawn: ['-LocalPlayer 1', '+Owned 2', '+LocalPlayer 2', '-Owned 1', '-Networked 1'],
    despawn: ['-LocalPlayer 1', '+Owned 2', '+LocalPlayer 2', '-Owned 1', '-Networked 1'],
  }
  it.each(Object.entries(expected) as [FormerPlayer, string[]][])('each once, with the former: %s', (former, order) => {
    const { net, first, second, log } = start()
    const { world, connection } = net.clients[0]!
    setPlayer(net.server, connection, second, { former })
    expect(Connection.player[connection]).toBe(second)
    net.tick(3)
    expect(log).toEqual(order)
    expect(Connection.player[connectionOf(world)]).toBe(game.copyOf(world, net.server, second))
    expect(Networked.owner[second]).toBe(connection)
    expect(entityExists(net.server, first)).toBe(former !== 'despawn')
    expect(netIdOf(net.server, first) !== 0).toBe(former === 'keep' || former === 'release')
    expect(query(net.server, [Owned]).includes(first)).toBe(former === 'keep')
  })

  it('an entity that has only just spawned becomes the player in one step', () => {
    const { net, log } = start()
    const third = game.spawnShip(net.server, 0, 0, 3)
    setPlayer(net.server, net.clients[0]!.connection, third, { former: 'despawn' })
    net.tick(3)
    const begins = ['+Networked 3', '-LocalPlayer 1', '+Owned 3', '+LocalPlayer 3']
    expect(log).toEqual([...begins, '-Owned 1', '-Networked 1'])
  })

  it('twice in one tick, the client sees the last alone, which it lost and got back', () => {
    const { net, first, second, log } = start()
    const { connection } = net.clients[0]!
    setPlayer(net.server, connection, second, { former: 'release' })
    setPlayer(net.server, connection, first, { former: 'release' })
    net.tick(3)
    expect(log).toEqual(['-LocalPlayer 1', '-Owned 1', '+Owned 1', '+LocalPlayer 1'])
    expect([Networked.owner[first], Networked.owner[second]]).toEqual([connection, 0])
  })

  it('setting the same player again changes nothing', () => {
    const { net, first, log } = start()
    setPlayer(net.server, net.clients[0]!.connection, first, { former: 'despawn' })
    net.tick(3)
    expect(log).toEqual([])
    expect(entityExists(net.server, first)).toBe(true)
  })

  it('the former that another connection owns by now is left alone', () => {
    const { net, first, second } = start()
    const [a, b] = net.clients
    setOwner(net.server, first, b!.connection)
    setPlayer(net.server, a!.connection, second, { former: 'despawn' })
    net.tick(2)
    expect(Networked.owner[first]).toBe(b!.connection)
  })
})

describe('a player', () => {
  const expected: Record<FormerPlayer, string[]> = {
    keep: ['-LocalPlayer 1'],
    release: ['-LocalPlayer 1', '-Owned 1'],
    unspawn: ['-LocalPlayer 1', '-Owned 1', '-Networked 1'],
    despawn: ['-LocalPlayer 1', '-Owned 1', '-Networked 1'],
  }
  it.each(Object.entries(expected) as [FormerPlayer, string[]][])('is removed, the entity: %s', (former, order) => {
    const { net, log } = start()
    const { world, connection } = net.clients[0]!
    removePlayer(net.server, connection, { former })
    expect(Connection.player[connection]).toBe(0)
    net.tick(3)
    expect(log).toEqual(order)
    expect(Connection.player[connectionOf(world)]).toBe(0)
    removePlayer(net.server, connection, { former })
    net.tick(2)
    expect(log).toEqual(order)
  })

  it('is removed by setting none, too', () => {
    const { net, log } = start()
    const { connection } = net.clients[0]!
    setPlayer(net.server, connection, 0, { former: 'release' })
    net.tick(3)
    expect([log, Connection.player[connection]]).toEqual([['-LocalPlayer 1', '-Owned 1'], 0])
  })

  it('moves from one client to another: each sees its own transitions once', () => {
    const { net, first, log } = start()
    const [a, b] = net.clients
    const other = record(b!.world)
    expect(() => setPlayer(net.server, b!.connection, first)).toThrow(/belongs to connection \d+: take it away/)
    removePlayer(net.server, a!.connection, { former: 'release' })
    setPlayer(net.server, b!.connection, first)
    expect([Connection.player[a!.connection], Connection.player[b!.connection]]).toEqual([0, first])
    net.tick(3)
    expect(log).toEqual(['-LocalPlayer 1', '-Owned 1'])
    expect(other).toEqual(['+Owned 1', '+LocalPlayer 1'])
  })

  it('stays the player, with LocalPlayer, when it loses its owner', () => {
    const { net, first, log } = start()
    clearOwner(net.server, first)
    net.tick(2)
    expect(log).toEqual(['-Owned 1'])
    expect(Connection.player[net.clients[0]!.connection]).toBe(first)
  })

  it('is no longer the player on either side after its despawn', () => {
    const { net, first, log } = start()
    const { world, connection } = net.clients[0]!
    despawn(net.server, first)
    expect(Connection.player[connection]).toBe(0)
    net.tick(2)
    expect(log).toEqual(['-LocalPlayer 1', '-Owned 1', '-Networked 1'])
    expect([Connection.player[connectionOf(world)], query(world, [LocalPlayer]).length]).toEqual([0, 0])
  })

  it('is drained: added and removed, where one tick has both', () => {
    const { net, second } = start()
    const { world, connection } = net.clients[0]!
    setPlayer(net.server, connection, second)
    net.tick(1)
    net.tick(1)
    const hp = (events: Iterable<{ entity: number }>): number[] => [...events].map((e) => game.Health.hp[e.entity]!)
    expect([hp(drain(world, removed(LocalPlayer))), hp(drain(world, added(LocalPlayer)))]).toEqual([[1], [2]])
  })

  it('needs options that exist, a networked entity and an open connection; else nothing has changed', () => {
    const { net, first, second } = start()
    const { connection } = net.clients[0]!
    const bad = { former: 'explode' as never }
    expect(() => setPlayer(net.server, connection, second, bad)).toThrow(/former is 'keep', .* got "explode"/)
    expect(() => removePlayer(net.server, connection, bad)).toThrow(UsageError)
    expect(() => setPlayer(net.server, connection, second, { onLeave: { graceMs: -1 } })).toThrow(/onLeave\.graceMs/)
    expect(() => setPlayer(net.server, connection, 999_999)).toThrow(/not networked/)
    expect(() => setPlayer(net.server, 999_999, second)).toThrow(/not an open connection/)
    expect(() => removePlayer(net.server, 999_999)).toThrow(/not an open connection/)
    expect([Connection.player[connection], Networked.owner[second]]).toEqual([first, 0])
  })
})
