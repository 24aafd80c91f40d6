// Tests handlers: one for each definition, which another may replace, and which may throw.
import { drain, entityOf, handle, netIdOf, NetworkErrors, sendCommand, sendMessage, setOwner } from 'bitecs-net'
import { request } from 'bitecs-net/requests'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { Look, shop, spawn } from '../support/behaviours-requests.js'

function setUp() {
  const net = createTestNetwork(game.arena)
  const client = net.clients[0]!
  const ship = game.spawnShip(net.server)
  setOwner(net.server, ship, client.connection)
  net.tick(3)
  return { net, client, ship, copy: game.copyOf(client.world, net.server, ship) }
}

describe('6: a throwing handler: the error reaches the error queue with connection, entity and name; later calls in the same tick run', () => {
  it('is reported with connection, entity and name; later calls in the same tick run', () => {
    const { net, client, ship, copy } = setUp()
    const ran: number[] = []
    const cause = new Error('broken')
    const stop = handle(net.server, game.Move, ({ args }) => {
      if (args.dx === 1) throw cause
      ran.push(args.dx)
    })
    for (let i = 0; i < 3; i++) sendCommand(client.world, copy, game.Move, { dx: i, dy: 0 })
    net.tick(2)
    expect(ran).toEqual([0, 2])
    const [error, ...others] = drain(net.server, NetworkErrors)
    expect(others).toEqual([])
    const { connection } = client
    expect(error).toMatchObject({ code: 'handler-threw', name: 'Move', entity: ship, connection, count: 1, cause })
    expect(error!.message).toContain('broken')
    expect(stats(net.server).counters.handlerErrors).toBe(1)
    stop()
    sendCommand(client.world, copy, game.Move, { dx: 5, dy: 0 })
    net.tick(2)
    expect([ran, [...drain(net.server, game.Move)].length]).toEqual([[0, 2], 1])
  })
})

describe('6: an async handler that rejects', () => {
  it('is reported without an unhandled rejection, and its request is answered', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    const net = createTestNetwork(shop)
    const client = net.clients[0]!
    const stall = spawn(net.server)
    net.tick(2)
    const cause = new Error('broken later')
    handle(net.server, Look, async () => {
      await Promise.resolve()
      throw cause
    })
    const copy = entityOf(client.world, netIdOf(net.server, stall))
    const outcome = request(client.world, copy, Look, { at: 1 }).catch((error: unknown) => error)
    net.tick(2)
    await new Promise((resolve) => setImmediate(resolve))
    net.tick(2)
    expect(await outcome).toMatchObject({ code: 'handler-threw' })
    expect([...drain(net.server, NetworkErrors)]).toMatchObject([
      { code: 'handler-threw', name: 'Look', entity: stall, connection: client.connection, cause },
    ])
    expect(stats(net.server).counters.handlerErrors).toBe(1)
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  })
})

describe('23: a replaced handler warns; an unknown id counts and, by policy, closes', () => {
  it('warns by name when it is replaced, and its remover does not remove the new one', () => {
    const { net, client } = setUp()
    const ran: string[] = []
    const first = (): void => void ran.push('first')
    const stopFirst = handle(net.server, game.Order, first)
    handle(net.server, game.Order, () => ran.push('second'))
    expect([...drain(net.server, NetworkErrors)].map(({ code, name }) => [code, name])).toEqual([
      ['handler-replaced', 'Order'],
    ])
    stopFirst()
    sendMessage(client.world, game.Order, { item: 1 })
    net.tick(2)
    expect(ran).toEqual(['second'])
    const stopThird = handle(net.server, game.Order, first)
    stopFirst()
    sendMessage(client.world, game.Order, { item: 2 })
    net.tick(2)
    expect(ran).toEqual(['second', 'first'])
    stopThird()
    sendMessage(client.world, game.Order, { item: 3 })
    net.tick(2)
    expect([...drain(net.server, game.Order)]).toHaveLength(1)
  })

  it('replaces another without a warning with replace: true', () => {
    const { net } = setUp()
    const { world } = net.clients[0]!
    handle(world, game.Chat, () => {})
    handle(world, game.Chat, () => {}, { replace: true })
    expect([...drain(world, NetworkErrors)]).toEqual([])
    handle(world, game.Chat, () => {})
    expect([...drain(world, NetworkErrors)]).toMatchObject([{ code: 'handler-replaced', name: 'Chat' }])
  })
})
