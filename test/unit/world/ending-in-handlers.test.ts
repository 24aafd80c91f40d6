// Tests a game that ends a connection or the server inside an observer or a handler: nothing throws or leaks.
import { entityExists, observe, onAdd, query } from 'bitecs'
import { close, drain, handle, kick, NetworkErrors, sendCommand, setPlayer } from 'bitecs-net'
import { Authenticating, Connected, Connection, Networked, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../../support/arena.js'
import { challenging } from '../../support/behaviours-authentication.js'

const codes = (net: TestNetwork): string[] => [...drain(net.server, NetworkErrors)].map(({ code }) => code)

describe('a server that is closed from an observer', () => {
  it.each([
    ['Authenticating', Authenticating],
    ['Connection', Connection],
  ])('of %s, while a client is authenticated, reports no error and leaves no entity', (_, component) => {
    const net = createTestNetwork(challenging, { clients: 0, users: { authenticate: 'by-messages' } })
    const seen: number[] = []
    observe(net.server, onAdd(component), (eid: number) => {
      seen.push(eid)
      void close(net.server)
    })
    const client = net.begin()
    net.tick(3)
    expect(seen).toHaveLength(1)
    expect(codes(net)).toEqual([])
    expect(seen.filter((eid) => entityExists(net.server, eid))).toEqual([])
    expect(client.reason?.code).toBe('server-stopped')
  })

  it.each([
    ['Connection', Connection],
    ['Connected', Connected],
    ['Ready', Ready],
  ])('of %s, when a client connects, reports no error and leaves no entity', (_, component) => {
    const net = createTestNetwork(game.arena, { clients: 0 })
    const seen: number[] = []
    observe(net.server, onAdd(component), (eid: number) => {
      seen.push(eid)
      void close(net.server)
    })
    const client = net.begin()
    net.tick(5)
    expect(seen).toHaveLength(1)
    expect(codes(net)).toEqual([])
    expect(seen.filter((eid) => entityExists(net.server, eid))).toEqual([])
    expect(client.reason?.code).toBe('server-stopped')
  })
})

describe('a handler that ends', () => {
  it.each([
    ['its sender', 'kicked', ['late'], (net: TestNetwork, sender: number) => kick(net.server, sender)],
    ['the whole server', 'server-stopped', [], (net: TestNetwork) => void close(net.server)],
  ])('%s, among several queued calls, gets none of the remaining calls and does not throw', (_, code, errors, end) => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const [first, other] = net.clients
    const ship = game.spawnShip(net.server)
    const { connection } = first!
    setPlayer(net.server, connection, ship)
    net.tick(3)
    let calls = 0
    handle(net.server, game.Move, ({ sender }) => {
      calls++
      end(net, sender)
    })
    const copy = game.copyOf(first!.world, net.server, ship)
    for (let i = 0; i < 5; i++) sendCommand(first!.world, copy, game.Move, { dx: i, dy: 0 })
    net.tick(4)
    expect(calls).toBe(1)
    expect(codes(net)).toEqual(errors)
    expect(entityExists(net.server, connection)).toBe(false)
    expect(first!.reason?.code).toBe(code)
    expect(other!.reason?.code).toBe(code === 'kicked' ? undefined : code)
    expect(query(first!.world, [Networked])).toHaveLength(0)
  })
})
