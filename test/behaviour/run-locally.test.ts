// Calls that run at the caller too: at once, through the same queue, with the values that travel.
import { addComponent, addEntity } from 'bitecs'
import {
  defineClientRpc,
  defineCommand,
  defineProtocol,
  drain,
  entity,
  handle,
  ignore,
  NetworkErrors,
  quantized,
  sendCommand,
  sendRpc,
  setOwner,
  u8,
} from 'bitecs-net'
import { request } from 'bitecs-net/requests'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { copyOf } from '../support/arena.js'

const Fire = defineCommand({ angle: quantized(0, 1, 0.25), at: entity }, { runLocally: true })
const Wave = defineCommand({ n: u8 }, { runLocally: true, requiresAuthority: false })
const Plain = defineCommand({ n: u8 })
const Buy = defineCommand({ item: u8 }, { runLocally: true, returns: { left: u8 } })
const Boom = defineClientRpc({ power: u8, at: entity }, { runLocally: true })
const Quiet = defineClientRpc({ n: u8 })
const protocol = defineProtocol({ remote: { Fire, Wave, Plain, Buy, Boom, Quiet } })

function setUp() {
  const net = createTestNetwork(protocol, { clients: 2 })
  const { world } = net.clients[0]!
  const ship = addEntity(net.server)
  addComponent(net.server, ship, Networked)
  setOwner(net.server, ship, net.clients[0]!.connection)
  net.tick(3)
  return { net, world, ship, copy: copyOf(world, net.server, ship) }
}

describe('a command with runLocally', () => {
  it("lands in the caller's own queue at once, and at the server, with the same values", () => {
    const { net, world, ship, copy } = setUp()
    sendCommand(world, copy, Fire, { angle: 0.3, at: copy })
    const here: unknown[] = []
    for (const { entity: on, sender, args } of drain(world, Fire)) here.push([on, sender, args.angle, args.at])
    net.tick(2)
    const there: unknown[] = []
    for (const { entity: on, sender, args } of drain(net.server, Fire)) there.push([on, sender, args.angle, args.at])
    const own = [...drain(world, Fire)].length
    // 0.3 is no step of its type: both sides see 0.25.
    expect(there).toEqual([[ship, net.clients[0]!.connection, 0.25, ship]])
    expect(here).toHaveLength(1)
    expect((here[0] as unknown[])[0]).toBe(copy)
    expect((here[0] as unknown[]).slice(2)).toEqual([0.25, copy])
    expect(own).toBe(0)
  })

  it('does not run locally when the server will drop it because the caller does not own the entity', () => {
    const { net, ship } = setUp()
    const other = net.clients[1]!.world
    const copy = copyOf(other, net.server, ship)
    sendCommand(other, copy, Fire, { angle: 0, at: 0 })
    sendCommand(other, copy, Wave, { n: 4 })
    expect([[...drain(other, Fire)].length, [...drain(other, Wave)].length]).toEqual([0, 1])
  })

  it('runs handlers at their point of the frame; what one calls itself is for the next', () => {
    const { net, world, copy } = setUp()
    const ran: number[] = []
    handle(world, Wave, ({ entity: on, args }) => {
      ran.push(args.n)
      if (args.n < 5) sendCommand(world, on, Wave, { n: args.n + 1 })
    })
    sendCommand(world, copy, Wave, { n: 0 })
    expect(ran).toEqual([])
    net.tick()
    expect(ran).toEqual([0])
    net.tick(2)
    expect(ran).toEqual([0, 1, 2])
  })

  it('a loop that sends what it drains ends', () => {
    const { world, copy } = setUp()
    sendCommand(world, copy, Wave, { n: 0 })
    sendCommand(world, copy, Wave, { n: 1 })
    const seen: number[] = []
    for (const { args } of drain(world, Wave)) {
      seen.push(args.n)
      sendCommand(world, copy, Wave, { n: args.n + 10 })
    }
    for (const { args } of drain(world, Wave)) seen.push(args.n)
    expect(seen).toEqual([0, 1, 10, 11])
  })

  it('runs here when it is requested, too', async () => {
    const { net, world, copy } = setUp()
    const answer = request(world, copy, Buy, { item: 3 })
    const here: number[] = []
    for (const { args } of drain(world, Buy)) here.push(args.item)
    expect(here).toEqual([3])
    net.tick(2)
    expect([...drain(net.server, Buy)]).toHaveLength(1)
    answer.catch(() => undefined)
  })

  it('is reported when it is not drained locally, unless it is ignored', () => {
    const { net, world, copy } = setUp()
    sendCommand(world, copy, Wave, { n: 0 })
    net.tick(130)
    expect([...drain(world, NetworkErrors)].map(({ code, name }) => [code, name])).toEqual([['undrained', 'Wave']])
    ignore(world, Wave)
    sendCommand(world, copy, Wave, { n: 0 })
    net.tick(130)
    expect(stats(world).counters.undrainedCalls).toBe(1)
  })
})

describe('a client RPC with runLocally', () => {
  it('enters the server’s own queue at once, on the server’s entity, whichever clients get it', () => {
    const { net, world, ship, copy } = setUp()
    sendRpc(net.server, ship, Boom, { power: 7, at: ship })
    sendRpc(
      net.server,
      ship,
      Boom,
      { power: 8, at: 0 },
      { to: net.clients[1]!.connection, except: [net.clients[1]!.connection] },
    )
    const here: unknown[] = []
    for (const { entity: on, args } of drain(net.server, Boom)) here.push([on, args.power, args.at])
    net.tick(2)
    const there: unknown[] = []
    for (const { entity: on, args } of drain(world, Boom)) there.push([on, args.power, args.at])
    expect(here).toEqual([
      [ship, 7, ship],
      [ship, 8, 0],
    ])
    expect(there).toEqual([[copy, 7, copy]])
  })
})

it('without runLocally nothing is received by the side that calls', () => {
  const { net, world } = setUp()
  expect(() => drain(world, Plain as never)).toThrow(/Plain is a command: clients send it, servers drain it/)
  expect(() => drain(net.server, Quiet as never)).toThrow(/Quiet is a client RPC: servers send it, clients drain it/)
  expect(() => defineCommand({}, { runLocally: 'yes' as never })).toThrow(/runLocally is true or false/)
})
