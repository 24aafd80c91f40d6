// Tests groups of connections and the recipients of calls: lists, groups, exceptions, and the observers among them.
import { addComponent, addEntity } from 'bitecs'
import {
  ArgumentError,
  close,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  drain,
  kick,
  NetworkErrors,
  type NetworkWorld,
  optional,
  removed,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  setOwner,
  type ServerWorld,
  setReady,
  u8,
  UsageError,
} from 'bitecs-net'
import { group, groupsOf, joinGroup, leaveGroup, membersOf } from 'bitecs-net/groups'
import { stats } from 'bitecs-net/stats'
import { Connected, Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

function setUp(clients: number, system: (world: ServerWorld) => void = () => {}) {
  const net = createTestNetwork(game.arena, { clients, serverSystems: [system] })
  const ship = game.spawnShip(net.server)
  net.until(() => net.clients.every(({ world }) => game.copyOf(world, net.server, ship) !== 0))
  return { net, ship, ids: net.clients.map(({ connection }) => connection) }
}

/** The texts of the chat that each client got. */
function texts(net: TestNetwork): string[][] {
  return net.clients.map(({ world }) => {
    const got: string[] = []
    for (const { args } of drain(world, game.Chat)) got.push(args.text)
    return got
  })
}

/** The numbers of the booms that each client got. */
function booms(net: TestNetwork): number[][] {
  return net.clients.map(({ world }) => {
    const got: number[] = []
    for (const { args } of drain(world, game.Boom)) got.push(args.x)
    return got
  })
}

describe('a group', () => {
  it('contains each connection that joined it once, until it leaves', () => {
    const { net, ids } = setUp(3)
    const [a, b] = ids as [number, number]
    joinGroup(net.server, a, 'red')
    joinGroup(net.server, b, 'red')
    joinGroup(net.server, a, 'red')
    joinGroup(net.server, a, 'chat')
    expect([membersOf(net.server, 'red'), membersOf(net.server, 'chat')]).toEqual([[a, b], [a]])
    expect([groupsOf(net.server, a), groupsOf(net.server, b), groupsOf(net.server, ids[2]!)]).toEqual([
      ['red', 'chat'],
      ['red'],
      [],
    ])
    leaveGroup(net.server, a, 'red')
    leaveGroup(net.server, a, 'red')
    leaveGroup(net.server, a, 'no such group')
    expect([membersOf(net.server, 'red'), groupsOf(net.server, a)]).toEqual([[b], ['chat']])
  })

  it('loses a connection when it ends, and systems still see the membership in that tick', async () => {
    const farewells: string[] = []
    const { net, ids } = setUp(3, (world) => {
      for (const { entity } of drain(world, removed(Connected))) farewells.push(...groupsOf(world, entity))
    })
    for (const id of ids) joinGroup(net.server, id, 'red')
    await close(net.clients[0]!.world)
    kick(net.server, ids[1]!, 'out')
    net.tick(2)
    expect(membersOf(net.server, 'red')).toEqual([ids[2]])
    expect(farewells).toEqual(['red', 'red'])
    expect(groupsOf(net.server, ids[0]!)).toEqual([])
    await close(net.server)
    expect(membersOf(net.server, 'red')).toEqual([])
  })

  it('is not inherited by a later connection with the same id', async () => {
    const { net, ids } = setUp(1)
    joinGroup(net.server, ids[0]!, 'red')
    await close(net.clients[0]!.world)
    net.tick(2)
    for (let i = 0; i < 5; i++) expect(groupsOf(net.server, net.connect().connection)).toEqual([])
  })

  it('has a name of 1 to 64 characters, and only connections can join it', () => {
    const { net, ids, ship } = setUp(1)
    for (const name of ['', 'x'.repeat(65), 5 as unknown as string]) {
      expect(() => joinGroup(net.server, ids[0]!, name)).toThrow(/1 to 64 characters/)
      expect(() => leaveGroup(net.server, ids[0]!, name)).toThrow(UsageError)
      expect(() => group(name)).toThrow(UsageError)
    }
    expect(() => joinGroup(net.server, ship, 'red')).toThrow(/not a connection/)
    joinGroup(net.server, ids[0]!, 'x'.repeat(64))
  })
})

describe('18: a message', () => {
  it('reaches the members that a group has when the tick is sent, except those left out', () => {
    const { net, ids } = setUp(4)
    const [a, b, c, d] = ids as [number, number, number, number]
    const red = group('red')
    joinGroup(net.server, a, 'red')
    joinGroup(net.server, b, 'red')
    joinGroup(net.server, c, 'red')
    sendMessage(net.server, game.Chat, { text: 'red' }, { to: red })
    sendMessage(net.server, game.Chat, { text: 'not b' }, { to: red, except: b })
    sendMessage(net.server, game.Chat, { text: 'only c' }, { to: red, except: [a, b] })
    leaveGroup(net.server, a, 'red')
    joinGroup(net.server, d, 'red')
    net.tick(2)
    expect(texts(net)).toEqual([[], ['red'], ['red', 'not b', 'only c'], ['red', 'not b', 'only c']])
  })

  it('is no error when its group is empty, and reaches a member that joins in the same tick', () => {
    const { net, ids } = setUp(2)
    sendMessage(net.server, game.Chat, { text: 'empty' }, { to: group('blue') })
    net.tick(2)
    sendMessage(net.server, game.Chat, { text: 'later' }, { to: group('blue') })
    joinGroup(net.server, ids[1]!, 'blue')
    net.tick(2)
    leaveGroup(net.server, ids[1]!, 'blue')
    joinGroup(net.server, ids[1]!, 'blue')
    sendMessage(net.server, game.Chat, { text: 'again' }, { to: group('blue') })
    net.tick(2)
    expect(texts(net)).toEqual([[], ['later', 'again']])
    expect(stats(net.server).counters.unsentCalls).toBe(0)
    expect([...drain(net.server, NetworkErrors)]).toEqual([])
  })

  it('can leave out one or several of all, ready, one or a list', () => {
    const { net, ids } = setUp(3)
    const [a, b, c] = ids as [number, number, number]
    sendMessage(net.server, game.Chat, { text: 'all' }, { to: 'all', except: [a, c] })
    sendMessage(net.server, game.Chat, { text: 'ready' }, { except: new Set([b]) })
    sendMessage(net.server, game.Chat, { text: 'one' }, { to: a, except: [a] })
    sendMessage(net.server, game.Chat, { text: 'list' }, { to: [a, b], except: [b, c] })
    net.tick(2)
    expect(texts(net)).toEqual([['ready', 'list'], ['all'], ['ready']])
  })

  it('throws when `to` names no connections', () => {
    const { net } = setUp(1)
    for (const to of ['nobody', {}, null]) {
      expect(() => sendMessage(net.server, game.Chat, { text: 'x' }, { to: to as never })).toThrow(UsageError)
    }
  })

  it('throws when `except` names no connections, and is not sent', () => {
    const { net } = setUp(1)
    for (const except of ['nobody', {}, null, group('red')]) {
      expect(() => sendMessage(net.server, game.Chat, { text: 'x' }, { except: except as never })).toThrow(
        /except is a connection or a list of them/,
      )
    }
    net.tick(2)
    expect([...drain(net.clients[0]!.world, game.Chat)]).toEqual([])
  })
})

describe('7: a client RPC', () => {
  it('reaches the observers among the connections in `to`: one, a list, a group', () => {
    const { net, ship, ids } = setUp(4)
    const [a, b, c, d] = ids as [number, number, number, number]
    setReady(net.clients[3]!.world, false)
    net.tick(4)
    joinGroup(net.server, c, 'red')
    joinGroup(net.server, d, 'red')
    sendRpc(net.server, ship, game.Boom, { x: 1, shooter: 0 }, { to: a })
    sendRpc(net.server, ship, game.Boom, { x: 2, shooter: 0 }, { to: [a, b, d] })
    sendRpc(net.server, ship, game.Boom, { x: 3, shooter: 0 }, { to: group('red') })
    sendRpc(net.server, ship, game.Boom, { x: 4, shooter: 0 }, { to: [a, b], except: a })
    sendRpc(net.server, ship, game.Boom, { x: 5, shooter: 0 }, { except: [a, b] })
    sendRpc(net.server, ship, game.Boom, { x: 6, shooter: 0 }, { to: group('nobody') })
    net.tick(2)
    expect(booms(net)).toEqual([[1, 2], [2, 4], [3, 5], []])
  })

  it('skips the owner with includeOwner: false, even when `to` names it', () => {
    const { net, ship, ids } = setUp(2)
    setOwner(net.server, ship, ids[0]!)
    sendRpc(net.server, ship, game.Others, { n: 1 }, { to: ids[0]! })
    sendRpc(net.server, ship, game.Others, { n: 2 }, { to: ids })
    sendRpc(net.server, ship, game.Others, { n: 3 }, { to: ids[1]! })
    net.tick(2)
    const got = net.clients.map(({ world }) => {
      const numbers: number[] = []
      for (const { args } of drain(world, game.Others)) numbers.push(args.n)
      return numbers
    })
    expect(got).toEqual([[], [2, 3]])
  })

  it('throws when `to` is not a connection', () => {
    const { net, ship } = setUp(1)
    expect(() => sendRpc(net.server, ship, game.Boom, { x: 1, shooter: 0 }, { to: ship })).toThrow(/not a connection/)
    expect(() => sendRpc(net.server, ship, game.Boom, { x: 1, shooter: 0 }, { to: 'all' as never })).toThrow(UsageError)
  })
})

const Jump = defineCommand({}, { requiresAuthority: false })
const Cheer = defineClientRpc({ times: optional(u8) })
const Nudge = defineTargetRpc({})
const Bell = defineMessage({})
const Both = defineMessage({ n: u8 }, { from: 'both' })
const plain = defineProtocol({ remote: { Jump, Cheer, Nudge }, messages: { Bell, Both } })

describe('a call or message without arguments', () => {
  it('is sent when no field is required', () => {
    const net = createTestNetwork(plain)
    const { world } = net.clients[0]!
    const connection = net.clients[0]!.connection
    const ship = addEntity(net.server)
    addComponent(net.server, ship, Networked)
    net.tick(2)
    const copy = game.copyOf(world, net.server, ship)
    sendCommand(world, copy, Jump)
    sendMessage(world, Bell)
    sendRpc(net.server, ship, Cheer)
    sendRpc(net.server, ship, Cheer, {}, { except: connection })
    sendTargetRpc(net.server, ship, Nudge, {}, { to: connection })
    sendMessage(net.server, Bell)
    net.tick(2)
    const count = (calls: Iterable<unknown>): number => [...calls].length
    expect([count(drain(net.server, Jump)), count(drain(net.server, Bell))]).toEqual([1, 1])
    expect([count(drain(world, Cheer)), count(drain(world, Nudge)), count(drain(world, Bell))]).toEqual([1, 1, 1])
  })

  it('throws and names the field when one is required', () => {
    const net = createTestNetwork(plain)
    const send = sendMessage as (...args: unknown[]) => void
    expect(() => send(net.server, Both)).toThrow(ArgumentError)
    expect(() => send(net.server, Both)).toThrow(/args\.n/)
  })
})

it("a message with from: 'both' is sent and drained by the same code on either side", () => {
  const net = createTestNetwork(plain)
  const worlds: NetworkWorld[] = [net.server, net.clients[0]!.world]
  for (const world of worlds) sendMessage(world, Both, { n: 7 })
  net.tick(2)
  const got = worlds.map((world) => {
    const numbers: number[] = []
    for (const { args } of drain(world, Both)) numbers.push(args.n)
    return numbers
  })
  expect(got).toEqual([[7], [7]])
})
