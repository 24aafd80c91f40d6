// Tests many calls of one tick: their order, which of them are dropped, and the calls of a kicked client.
import { addComponents, addEntity } from 'bitecs'
import {
  bytes,
  type ClientWorld,
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
  u32,
} from 'bitecs-net'
import { reply, request } from 'bitecs-net/requests'
import { defineScene, loadScene, setSceneLoader } from 'bitecs-net/scenes'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ManualLoader, tickAwaiting } from '../support/behaviours-scenes.js'

const Prize = defineTargetRpc({ n: u32 })
const Boom = defineClientRpc({ n: u32 })
const Say = defineMessage({ n: u32 })
const Fire = defineCommand({ n: u32 })
const Touch = defineCommand({ n: u32 }, { requiresAuthority: false })
const Aim = defineCommand({ n: u32 }, { rate: { perSecond: 1, burst: 2 } })
const Buy = defineCommand({ n: u32 }, { returns: {} })
const Chart = defineMessage({ data: bytes(200_000) }, { large: true })
const Arena = defineScene({})
const protocol = defineProtocol({
  remote: { Prize, Boom, Fire, Touch, Aim, Buy },
  messages: { Say, Chart },
  scenes: { Arena },
})

/** A ship that every client observes and the first client owns. */
function launch(net: TestNetwork): number {
  const ship = addEntity(net.server)
  addComponents(net.server, ship, Networked)
  setOwner(net.server, ship, net.clients[0]!.connection)
  net.tick(5)
  return ship
}

describe('calls and messages of one tick', () => {
  it('arrive in the order sent, whether they go to one client, several or all', () => {
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
      const got: [order: number, n: number][] = []
      for (const { order, args } of drain(world, Prize)) got.push([order, args.n])
      for (const { order, args } of drain(world, Boom)) got.push([order, args.n])
      for (const { order, args } of drain(world, Say)) got.push([order, args.n])
      got.sort((a, b) => a[0] - b[0])
      expect(got.map(([, n]) => n)).toEqual(expected[client])
    })
  })
})

describe('calls of several definitions', () => {
  /** A server and one client, whose ship is `mine` there. */
  function duel(): { net: TestNetwork; world: ClientWorld; mine: number; ship: number } {
    const net = createTestNetwork(protocol)
    const ship = launch(net)
    const { world } = net.clients[0]!
    return { net, world, ship, mine: entityOf(world, netIdOf(net.server, ship)) }
  }

  it('are handled in the order in which they arrived, including requests and messages', () => {
    const { net, world, mine } = duel()
    const ran: [string, number, number][] = []
    handle(net.server, Say, ({ args, order }) => void ran.push(['say', args.n, order]))
    handle(net.server, Buy, ({ id, args, order }) => {
      ran.push(['buy', args.n, order])
      reply(net.server, id, {})
    })
    handle(net.server, Fire, ({ args, order }) => void ran.push(['fire', args.n, order]))
    for (let n = 0; n < 30; n += 5) {
      sendCommand(world, mine, Fire, { n })
      sendCommand(world, mine, Buy, { n: n + 1 })
      void request(world, mine, Buy, { n: n + 2 })
      sendMessage(world, Say, { n: n + 3 })
      sendCommand(world, mine, Fire, { n: n + 4 })
    }
    net.tick(2)
    expect(ran.map(([, n]) => n)).toEqual(Array.from({ length: 30 }, (_, n) => n))
    const orders = ran.map(([, , order]) => order)
    expect(orders).toEqual([...new Set(orders)].sort((a, b) => a - b))
  })

  it('are handled by a client in the order in which they arrived', () => {
    const { net, world, ship } = duel()
    const ran: number[] = []
    handle(world, Say, ({ args }) => void ran.push(args.n))
    handle(world, Boom, ({ args }) => void ran.push(args.n))
    handle(world, Prize, ({ args }) => void ran.push(args.n))
    for (let n = 0; n < 12; n += 3) {
      sendRpc(net.server, ship, Boom, { n })
      sendMessage(net.server, Say, { n: n + 1 })
      sendTargetRpc(net.server, ship, Prize, { n: n + 2 })
    }
    net.tick(2)
    expect(ran).toEqual(Array.from({ length: 12 }, (_, n) => n))
  })

  it('are drained together in the order in which they arrived, each with its definition', () => {
    const { net, world, mine, ship } = duel()
    for (const n of [1, 2, 3, 4, 5, 6, 7]) {
      if (n % 3 === 0) sendMessage(world, Say, { n })
      else sendCommand(world, mine, n % 2 === 0 ? Fire : Touch, { n })
    }
    net.tick(2)
    const seen: unknown[] = []
    for (const call of drain(net.server, [Touch, Say, Fire])) {
      if (call.definition === Fire) seen.push(['fire', call.args.n])
      else if (call.definition === Say) seen.push(['say', call.args.n])
      else if (call.definition === Touch) seen.push(['touch', call.entity === ship ? call.args.n : 0])
      if (seen.length === 5) break
    }
    expect(seen).toEqual([
      ['touch', 1],
      ['fire', 2],
      ['say', 3],
      ['fire', 4],
      ['touch', 5],
    ])
    // A `break` leaves the rest queued, and draining a list empties the queue of each definition.
    expect(Array.from(drain(net.server, [Say, Fire, Touch]), ({ args }) => args.n)).toEqual([6, 7])
    expect([...drain(net.server, Fire), ...drain(net.server, Say), ...drain(net.server, Touch)]).toEqual([])
  })

  it('are handled in order when a handler adds or removes another handler', () => {
    const { net, world, mine } = duel()
    const ran: string[] = []
    handle(net.server, Touch, ({ args }) => {
      ran.push(`touch ${args.n}`)
      const stop = handle(net.server, Fire, (call) => {
        ran.push(`fire ${call.args.n}`)
        stop()
      })
    })
    for (const n of [1, 2, 3]) {
      sendCommand(world, mine, Touch, { n })
      sendCommand(world, mine, Fire, { n })
      sendCommand(world, mine, Fire, { n: n + 10 })
    }
    net.tick(2)
    expect(ran).toEqual(['touch 1', 'fire 1', 'touch 2', 'fire 11', 'touch 3', 'fire 2'])
    expect(Array.from(drain(net.server, Fire), ({ args }) => args.n)).toEqual([12, 3, 13])
  })

  it('are handled in order after they waited for the server to load a scene', async () => {
    const { net, world, mine } = duel()
    const loader = new ManualLoader()
    setSceneLoader(net.server, loader.loader)
    loadScene(net.server, Arena)
    await tickAwaiting(net, 2)
    const ran: number[] = []
    handle(net.server, Say, ({ args }) => void ran.push(args.n))
    handle(net.server, Fire, ({ args }) => void ran.push(args.n))
    handle(net.server, Touch, ({ args }) => void ran.push(args.n))
    for (let n = 0; n < 9; n += 3) {
      sendCommand(world, mine, Touch, { n })
      sendMessage(world, Say, { n: n + 1 })
      sendCommand(world, mine, Fire, { n: n + 2 })
      await tickAwaiting(net)
    }
    await tickAwaiting(net, 2)
    expect(ran).toEqual([])
    loader.last.done()
    await tickAwaiting(net, 2)
    expect(ran).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('are ordered by completion: a large message arrives after the calls that overtook it', () => {
    const { net, world, mine } = duel()
    sendMessage(world, Chart, { data: new Uint8Array(100_000) })
    sendCommand(world, mine, Fire, { n: 1 })
    const seen: unknown[] = []
    for (let i = 0; i < 20; i++) {
      net.tick()
      for (const { definition } of drain(net.server, [Chart, Fire])) {
        seen.push(definition === Chart ? 'chart' : 'fire')
      }
    }
    expect(seen).toEqual(['fire', 'chart'])
  })

  it('are handled in order by each side of a host', () => {
    const net = createTestNetwork(protocol, { host: true, clients: 0 })
    const world = net.server
    const ship = addEntity(world)
    addComponents(world, ship, Networked)
    setOwner(world, ship, net.host.connection)
    net.tick(3)
    const ran = { server: [] as number[], client: [] as number[] }
    for (const side of ['server', 'client'] as const) {
      handle(world, Say, ({ args }) => void ran[side].push(args.n), { side })
    }
    handle(world, Fire, ({ args }) => void ran.server.push(args.n))
    handle(world, Boom, ({ args }) => void ran.client.push(args.n))
    for (const n of [1, 4]) {
      sendCommand(world, ship, Fire, { n })
      sendMessage(world, Say, { n: n + 1 }, { side: 'client' })
      sendCommand(world, ship, Fire, { n: n + 2 })
      sendRpc(world, ship, Boom, { n })
      sendMessage(world, Say, { n: n + 1 }, { side: 'server' })
      sendRpc(world, ship, Boom, { n: n + 2 })
    }
    net.tick(3)
    expect(ran).toEqual({ server: [1, 2, 3, 4, 5, 6], client: [1, 2, 3, 4, 5, 6] })
  })

  it('cannot be drained together when this side does not receive one of them', () => {
    const { net, world } = duel()
    expect(() => drain(net.server, [Fire, Boom] as never)).toThrow(
      /Boom is a client RPC: servers send it, clients drain it/,
    )
    expect(() => drain(world, [Boom, Fire] as never)).toThrow(/Fire is a command: clients send it, servers drain it/)
    expect([...drain(net.server, [])]).toEqual([])
  })
})

describe('commands of one packet', () => {
  it('are checked one by one, for authority over each entity and for the rate limit', () => {
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

describe('a client that a handler kicks', () => {
  it('has its remaining calls of every definition dropped and counted', () => {
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
    const others = [0, 1, 2, 3].map((n) => `other says ${n}`)
    expect(heard).toEqual(['fire 0', 'cheat says 0', 'fire 1', ...others])
    expect(late() - before).toBe(5)
  })
})
