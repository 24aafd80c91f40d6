// Many calls of one tick: their order, which of them pass, and what becomes of those of a client that is kicked.
import { addComponents, addEntity } from 'bitecs'
import {
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  drain,
  entityOf,
  handle,
  kick,
  netIdOf,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  setOwner,
  stats,
  u32,
} from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const Prize = defineTargetRpc({ n: u32 })
const Boom = defineClientRpc({ n: u32 })
const Say = defineMessage({ n: u32 })
const Fire = defineCommand({ n: u32 })
const Touch = defineCommand({ n: u32 }, { requiresAuthority: false })
const Aim = defineCommand({ n: u32 }, { rate: { perSecond: 1, burst: 2 } })
const protocol = defineProtocol({ remote: { Prize, Boom, Fire, Touch, Aim }, messages: { Say } })

/** A ship that every client sees; its owner is the first one. */
function launch(net: TestNetwork): number {
  const ship = addEntity(net.server)
  addComponents(net.server, ship, Networked)
  setOwner(net.server, ship, net.clients[0]!.connection)
  net.tick(5)
  return ship
}

describe('calls and messages of one tick', () => {
  it('arrive in the order in which they were made, those to one client among those to several and to all', () => {
    const net = createTestNetwork(protocol, { clients: 3 })
    const ship = launch(net)
    const connections = net.clients.map(({ connection }) => connection)
    const expected: number[][] = [[], [], []]
    const goesTo = (n: number, ...clients: number[]): void => {
      for (const client of clients) expected[client]!.push(n)
    }
    for (let n = 0; n < 90;) {
      for (const client of [2, 0, 1]) {
        const next = (client + 1) % 3
        sendTargetRpc(net.server, ship, Prize, { n }, { to: connections[client]! })
        goesTo(n++, client)
        sendMessage(net.server, Say, { n }, { to: connections[next]! })
        goesTo(n++, next)
        sendRpc(net.server, ship, Boom, { n }, { except: connections[client]! })
        goesTo(n++, next, (client + 2) % 3)
        sendMessage(net.server, Say, { n })
        goesTo(n++, 0, 1, 2)
      }
    }
    net.tick(3)
    net.clients.forEach(({ world }, client) => {
      // Every call has the number of its arrival, whatever its definition.
      const got: [id: number, n: number][] = []
      for (const { id, args } of drain(world, Prize)) got.push([id, args.n])
      for (const { id, args } of drain(world, Boom)) got.push([id, args.n])
      for (const { id, args } of drain(world, Say)) got.push([id, args.n])
      got.sort((a, b) => a[0] - b[0])
      expect(got.map(([, n]) => n)).toEqual(expected[client])
    })
  })
})

describe('commands of one packet', () => {
  it('are let through one by one: those on an own entity among those on that of another, and up to the rate', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    const [first, second] = net.clients
    const ships = [launch(net), launch(net), launch(net)]
    setOwner(net.server, ships[1]!, second!.connection)
    net.tick(3)
    const copies = ships.map((ship) => entityOf(first!.world, netIdOf(net.server, ship)))
    const before = { ...stats(net.server).counters }
    for (const [n, ship] of [0, 0, 1, 1, 0, 2, 2, 1, 0].entries()) {
      sendCommand(first!.world, copies[ship]!, Fire, { n })
      sendCommand(first!.world, copies[ship]!, Touch, { n })
    }
    for (let n = 0; n < 3; n++) sendCommand(first!.world, copies[0]!, Aim, { n })
    net.tick(2)
    const heard = (command: typeof Fire): [number, number][] =>
      Array.from(drain(net.server, command), ({ entity, args }) => [ships.indexOf(entity), args.n])
    expect(heard(Fire)).toEqual([0, 1, 4, 5, 6, 8].map((n) => [[0, 0, 1, 1, 0, 2, 2, 1, 0][n], n]))
    expect(heard(Touch)).toEqual([0, 0, 1, 1, 0, 2, 2, 1, 0].map((ship, n) => [ship, n]))
    expect(heard(Aim)).toEqual([
      [0, 0],
      [0, 1],
    ])
    const { counters } = stats(net.server)
    expect(counters.unauthorizedCalls - before.unauthorizedCalls).toBe(3)
    expect(counters.rateLimitedCalls - before.rateLimitedCalls).toBe(1)
  })
})

describe('a client that is kicked where its calls are taken in', () => {
  it('is not heard any more: what else has arrived from it, of any definition, is dropped and counted', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    const [cheat, other] = net.clients
    const ship = launch(net)
    const kicked = cheat!.connection
    const heard: string[] = []
    handle(net.server, Fire, ({ sender, args }) => {
      heard.push(`fire ${args.n}`)
      if (args.n === 1) kick(net.server, sender)
    })
    handle(net.server, Say, ({ sender, args }) => {
      heard.push(`${sender === kicked ? 'cheat' : 'other'} says ${args.n}`)
    })
    const mine = entityOf(cheat!.world, netIdOf(net.server, ship))
    for (let n = 0; n < 4; n++) {
      sendCommand(cheat!.world, mine, Fire, { n })
      sendMessage(cheat!.world, Say, { n })
      sendMessage(other!.world, Say, { n })
    }
    const late = (): number => stats(net.server).counters.staleCalls
    const before = late()
    net.tick(2)
    expect(heard).toEqual(['fire 0', 'fire 1', 'other says 0', 'other says 1', 'other says 2', 'other says 3'])
    expect(late() - before).toBe(6)
  })
})
