// A seeded model test: random structure, values and owners against clients on a bad network. After quiet, every client
// shows exactly what the server has. A seed that fails becomes a test of its own, by name.
import { addComponent, addEntity, hasComponent, removeComponent } from 'bitecs'
import { clearOwner, despawn, drain, netIdOf, NetworkErrors, sendRpc, setOwner, stats } from 'bitecs-net'
import { Networked, Owned } from 'bitecs-net/components'
import { createRandom, createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import * as game from '../support/arena.js'

const SEEDS = 150
const TICKS = 80
const COMPONENTS = [game.Position, game.Heading, game.Health, game.Target, game.Flag]

/** Random whole numbers below a bound. */
function generator(seed: number): (below: number) => number {
  const random = createRandom(seed)
  return (below) => Math.floor(random() * below)
}

function write(eid: number, random: (below: number) => number, others: readonly number[]): void {
  const pick = random(5)
  if (pick === 0) game.Position.x[eid] = random(8000) / 8 - 500
  if (pick === 1) game.Position.y[eid] = random(8000) / 8 - 500
  if (pick === 2) game.Health.hp[eid] = random(60_000)
  if (pick === 3) game.Heading.seed[eid] = random(1e9) / 7
  if (pick === 4) game.Target.entity[eid] = others.length > 0 ? others[random(others.length)]! : 0
}

/** One random thing of a server's tick. */
function act(net: TestNetwork, ships: number[], random: (below: number) => number): void {
  const { server, clients } = net
  const what = random(12)
  const ship = ships.length > 0 ? ships[random(ships.length)]! : 0
  if (what <= 1 || ship === 0) {
    const eid = addEntity(server)
    const networkedFirst = random(2) === 0
    if (networkedFirst) addComponent(server, eid, Networked)
    for (const component of COMPONENTS) if (random(2) === 0) addComponent(server, eid, component)
    write(eid, random, ships)
    if (!networkedFirst) addComponent(server, eid, Networked)
    ships.push(eid)
  } else if (what === 2) {
    despawn(server, ship)
    ships.splice(ships.indexOf(ship), 1)
  } else if (what <= 4) {
    const component = COMPONENTS[random(COMPONENTS.length)]!
    if (hasComponent(server, ship, component)) removeComponent(server, ship, component)
    else addComponent(server, ship, component)
  } else if (what === 5 && clients.length > 0) {
    const { connection } = clients[random(clients.length)]!
    if (random(3) === 0) clearOwner(server, ship)
    else if (connection !== 0) setOwner(server, ship, connection, { onLeave: 'keep' })
  } else if (what === 6) {
    // Away and back within a tick: another net id for the same entity.
    removeComponent(server, ship, Networked)
    addComponent(server, ship, Networked)
  } else if (what === 7) sendRpc(server, ship, game.Boom, { x: 1, shooter: ship })
  else for (let i = 0; i < 4; i++) write(ships[random(ships.length)]!, random, ships)
}

function expectSame(net: TestNetwork, ships: readonly number[]): void {
  for (const { world, connection } of net.clients) {
    expect(game.networked(world).length).toBe(ships.length)
    for (const ship of ships) {
      const copy = game.copyOf(world, net.server, ship)
      expect(copy).not.toBe(0)
      const shape = COMPONENTS.map((component) => hasComponent(world, copy, component))
      expect(shape).toEqual(COMPONENTS.map((component) => hasComponent(net.server, ship, component)))
      const [position, heading, health, target] = shape
      if (position) {
        expect(game.Position.x[copy]).toBe(game.quantize(game.Position.x[ship]!))
        expect(game.Position.y[copy]).toBe(game.quantize(game.Position.y[ship]!))
      }
      if (heading) expect(game.Heading.seed[copy]).toBe(game.Heading.seed[ship])
      if (health) expect(game.Health.hp[copy]).toBe(game.Health.hp[ship])
      if (target) {
        const named = game.Target.entity[ship]!
        const known = netIdOf(net.server, named) === 0 ? 0 : game.copyOf(world, net.server, named)
        expect(game.Target.entity[copy]).toBe(known)
      }
      expect(hasComponent(world, copy, Owned)).toBe(Networked.owner[ship] === connection)
    }
  }
}

function isSame(net: TestNetwork, ships: readonly number[]): boolean {
  try {
    expectSame(net, ships)
    return true
  } catch {
    return false
  }
}

function play(seed: number): void {
  const random = generator(seed)
  const conditions = {
    latency: random(120),
    jitter: random(100),
    loss: random(30) / 100,
    duplicate: random(20) / 100,
    reorder: random(30) / 100,
    reorderBy: 20 + random(150),
  }
  const net = createTestNetwork(game.arena, { clients: 2, seed, conditions })
  const ships: number[] = []
  for (let tick = 0; tick < TICKS; tick++) {
    for (let n = random(4); n > 0; n--) act(net, ships, random)
    if (tick === 40) net.begin()
    // An outage, and a client whose frames stand still.
    if (tick === 20) net.setServerConditions({ down: random(3) === 0 })
    if (tick === 30) net.setServerConditions({ down: false })
    if (tick === 50) (net.clients[0] as { running: boolean }).running = false
    if (tick === 60) (net.clients[0] as { running: boolean }).running = true
    net.tick()
  }
  // Three losses in a row of the one last packet are rare, and take three round trips.
  for (let wait = 0; wait < 10 && !isSame(net, ships); wait++) net.tick(30)
  for (const { reason } of net.clients) expect(reason).toBeUndefined()
  expectSame(net, ships)
  // Acknowledgements are lost too, so a few values are told twice more; then there is silence.
  const resent = (): number => stats(net.server).counters.resentValues
  let before = -1
  for (let i = 0; i < 20 && before !== resent(); i++) {
    before = resent()
    net.tick(20)
  }
  expect(resent()).toBe(before)
  expect([...drain(net.server, NetworkErrors)]).toEqual([])
  for (const { world } of net.clients) {
    const codes = [...drain(world, NetworkErrors)].map(({ code }) => code)
    expect(codes.filter((code) => code !== 'undrained')).toEqual([])
    expect(stats(world).counters.malformedPackets).toBe(0)
  }
}

it(`shows every client exactly what the server has, after quiet, for ${SEEDS} seeds`, () => {
  const failed: string[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      play(seed)
    } catch (error) {
      failed.push(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  expect(failed).toEqual([])
}, 60_000)
