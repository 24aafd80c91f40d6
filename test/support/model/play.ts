// The seeded model: random ticks of a server against clients with slow frames on a bad network. In every frame each
// client's game, which knows the world by events alone, agrees with the world; after quiet every client shows exactly
// what it may see.
import { getRelationTargets, hasComponent, query } from 'bitecs'
import { close, drain, entityOf, netIdOf, NetworkErrors, sendMessage } from 'bitecs-net'
import { rooms } from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import { Connection, Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import type { ClientWorld, ServerWorld } from 'bitecs-net'
import { expect } from 'vitest'
import { generator, roughConditions } from '../seeds.js'
import * as game from './game.js'
import { ServerModel } from './server.js'
import { Viewer } from './viewer.js'

const TICKS = 80

/** Checks on the server that the calls of each client come in the order in which it sent them. */
class CallOrder {
  readonly faults: string[] = []
  private readonly received = new Map<number, number>()

  frame(world: ServerWorld): void {
    for (const { sender, args } of drain(world, [game.Zoom, game.Aim, game.Chat])) {
      const number = Connection.id[sender]!
      const before = this.received.get(number) ?? 0
      if (args.n <= before) this.faults.push(`client ${number}: call ${args.n} came behind call ${before}`)
      this.received.set(number, args.n)
    }
  }

  of(number: number): number {
    return this.received.get(number) ?? 0
  }
}

function expectShown(model: ServerModel, { world, connection }: TestClient): void {
  const { server } = model.net
  const visible = [...model.ships.keys()].filter((ship) => model.sees(connection, ship))
  const copyOf = (ship: number): number => entityOf(world, netIdOf(server, ship))
  expect(query(world, [Networked]).length).toBe(visible.length)
  for (const ship of visible) {
    const copy = copyOf(ship)
    expect(copy).not.toBe(0)
    const isOwner = Networked.owner[ship] === connection
    expect(hasComponent(world, copy, Owned)).toBe(isOwner)
    for (const component of game.OPTIONAL) {
      const has = hasComponent(server, ship, component) && (component !== game.Secret || isOwner)
      expect([component, hasComponent(world, copy, component)]).toEqual([component, has])
      if (has) expectSameValues(component, ship, copy)
    }
    if (hasComponent(server, ship, game.Target)) {
      const named = game.Target.entity[ship]!
      const known = netIdOf(server, named) !== 0 && model.sees(connection, named)
      expect(game.Target.entity[copy]).toBe(known ? copyOf(named) : 0)
    }
    expect(game.Score.points[copy]).toBe(game.Score.points[ship])
    expect([...game.Bag.items[copy]!]).toEqual([...game.Bag.items[ship]!])
    const friends = [...game.Bag.friends[ship]!].map((eid) => (model.sees(connection, eid) ? copyOf(eid) : 0))
    expect([...game.Bag.friends[copy]!]).toEqual(friends)
    const followed = getRelationTargets(server, ship, game.Follows).filter((eid) => visible.includes(eid))
    expect(new Set(getRelationTargets(world, copy, game.Follows))).toEqual(new Set(followed.map(copyOf)))
  }
}

function expectSameValues(component: (typeof game.OPTIONAL)[number], ship: number, copy: number): void {
  for (const [field, column] of Object.entries(component) as [string, ArrayLike<number>][]) {
    // Entities have other ids in every world.
    if (component === game.Target && field === 'entity') continue
    const expected = component === game.Position ? game.quantize(column[ship]!) : column[ship]
    expect([field, column[copy]]).toEqual([field, expected])
  }
}

/** Whether a client shows exactly what it may see. */
function isShown(model: ServerModel, client: TestClient): boolean {
  try {
    expectShown(model, client)
    return true
  } catch {
    return false
  }
}

/** Plays a run of random ticks, waits for quiet, and holds every client to what it should show. */
export function playModel(seed: number): void {
  const random = generator(seed)
  const hasRooms = seed % 3 !== 0
  const viewers = new Map<ClientWorld, Viewer>()
  const order = new CallOrder()
  const begun: { model?: ServerModel } = {}
  const watch = (world: ClientWorld): void => {
    if (begun.model === undefined) return
    let viewer = viewers.get(world)
    if (viewer === undefined)
      viewers.set(world, (viewer = new Viewer(world, begun.model, random, world === net.server)))
    viewer.frame()
  }
  const net: TestNetwork = createTestNetwork(game.game, {
    host: seed % 4 === 0,
    clients: 0,
    seed,
    conditions: roughConditions(random),
    sessions: { resumeTime: 60_000 },
    interest: hasRooms ? rooms() : undefined,
    // Some join in small chunks, some lines bear little.
    limits: {
      spawnBytesPerTick: seed % 5 === 0 ? 256 : undefined,
      maxBytesPerSecond: seed % 7 === 0 ? 2500 : undefined,
    },
    serverSystems: [(world) => order.frame(world)],
    clientSystems: [watch],
  })
  const model = (begun.model = new ServerModel(net, random, hasRooms))
  for (let i = 1 + (seed % 3); i >= 0; i--) net.connect()
  const rough = random(4)
  const paces = [1, 1 + random(5), 1, 1 + random(3)]
  const [first, second] = net.clients
  for (let tick = 0; tick < TICKS; tick++) {
    model.act()
    if (tick === 40) net.begin()
    // An outage, a client whose frames stop for a while, one whose link is cut, one that leaves.
    if (tick === 20) net.setServerConditions({ down: rough === 0 })
    if (tick === 30) net.setServerConditions({ down: false })
    for (const [i, client] of net.clients.entries()) client.running = tick % (paces[i % paces.length] ?? 1) === 0
    if (tick >= 50 && tick < 60) first!.running = false
    if (tick === 25 && rough === 1) second!.cut()
    if (tick === 45 && rough === 2) {
      model.forget(second!.connection)
      void close(second!.world)
    }
    net.tick()
  }
  for (const client of net.clients) client.running = true
  const stay = net.clients.filter((client) => client.reason === undefined)
  expect(stay.length).toBe(net.clients.length - (rough === 2 ? 1 : 0))
  // Three losses in a row of the one last packet are rare, and take three round trips.
  for (let wait = 0; wait < 10 && !stay.every((client) => isShown(model, client)); wait++) net.tick(30)
  for (const client of stay) {
    expect(client.reason).toBeUndefined()
    expectShown(model, client)
  }
  expectHostView(model, net, viewers)
  expectLastCalls(
    model,
    order,
    stay.map(({ world }) => viewers.get(world)!),
  )
  expect([...viewers.values()].flatMap(({ faults }) => faults).join('\n')).toBe('')
  expect(order.faults.join('\n')).toBe('')
  expectSilence(net)
  expectNoErrors(net, stay)
}

/** The last of the calls in order has arrived, both ways. */
function expectLastCalls(model: ServerModel, order: CallOrder, viewers: readonly Viewer[]): void {
  const { net } = model
  sendMessage(net.server, game.Chat, { n: ++model.sent }, { to: 'ready' })
  for (const viewer of viewers) viewer.isTalking = false
  const haveArrived = (): boolean =>
    viewers.every(({ received, sent, number }) => received === model.sent && order.of(number) === sent)
  for (let wait = 0; wait < 20 && !haveArrived(); wait++) net.tick(20)
  expect(viewers.map(({ received }) => received)).toEqual(viewers.map(() => model.sent))
  expect(viewers.map(({ number }) => order.of(number))).toEqual(viewers.map(({ sent }) => sent))
}

/** What the host's own client knows by events is what it may see of the world that it shares with the server. */
function expectHostView(model: ServerModel, net: TestNetwork, viewers: ReadonlyMap<ClientWorld, Viewer>): void {
  if (net.host === undefined) return
  const { connection, world } = net.host
  const visible = [...model.ships.keys()].filter((ship) => model.sees(connection, ship))
  expect(new Set(viewers.get(world)!.networked.keys())).toEqual(new Set(visible))
}

/** Acknowledgements are lost too, so a few values are sent twice more; then there is silence. */
function expectSilence(net: TestNetwork): void {
  const resent = (): number => stats(net.server).counters.resentValues
  let before = -1
  for (let i = 0; i < 20 && before !== resent(); i++) {
    before = resent()
    net.tick(20)
  }
  expect(resent()).toBe(before)
}

/**
 * What is reported without anybody's fault: target RPCs to a client that is still joining, calls that come too late.
 */
const HARMLESS = new Set(['not-observed', 'late'])

function faultsOf(world: ServerWorld | ClientWorld): unknown[] {
  return [...drain(world, NetworkErrors)].filter(({ code }) => !HARMLESS.has(code))
}

function expectNoErrors(net: TestNetwork, clients: readonly TestClient[]): void {
  expect(faultsOf(net.server)).toEqual([])
  for (const { world } of clients) {
    expect(faultsOf(world)).toEqual([])
    expect(stats(world).counters.malformedPackets).toBe(0)
  }
}
