// Replication over the network in memory: structure, values, loss, joins, ids.
import {
  addComponent,
  addComponents,
  addEntity,
  createEntityIndex,
  hasComponent,
  query,
  removeComponent,
  removeEntity,
} from 'bitecs'
import {
  type ClientWorld,
  close,
  createServerWorld,
  defineProtocol,
  despawn,
  drain,
  entityOf,
  f32,
  i8,
  netIdOf,
  NetworkErrors,
  quantized,
  replicate,
  serverTick,
  setOwner,
  u8,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { converged, convergenceBehaviours } from '../support/behaviours-replication.js'
import type { MakePeers } from '../support/peers.js'

const badNetwork: MakePeers = async (protocol, clients) => {
  const conditions = { loss: 0.2, jitter: 40, latency: 20, duplicate: 0.1, reorder: 0.2, reorderBy: 60 }
  const net = createTestNetwork(protocol, { clients, conditions, seed: 7 })
  return {
    server: net.server,
    clients: net.clients,
    async until(what, condition) {
      for (let i = 0; i < 200; i++) {
        if (condition()) return
        net.tick()
      }
      throw new Error(`in vain for 200 ticks: ${what}`)
    },
    async settle(count = 6) {
      net.tick(count)
    },
    async onServer(act) {
      act()
      net.tick()
    },
    join: () => Promise.resolve(net.connect()),
    async close() {
      await close(net.server)
    },
  }
}

convergenceBehaviours('a network that loses, doubles and reorders', badNetwork)

describe('structure', () => {
  it('reaches a client that joins late for 10,000 entities, with current values', () => {
    const net = createTestNetwork(game.arena, { clients: 0 })
    const ships: number[] = []
    for (let i = 0; i < 10_000; i++) ships.push(game.spawnShip(net.server, i / 4, -i / 4, i))
    net.tick(2)
    const late = net.connect()
    net.until(() => game.networked(late.world).length === 10_000)
    expect(converged(net, ships)).toBe(true)
  })

  describe('35: marker added before or after the components; components added and removed later; a tag; an empty entity; several at once', () => {
    it('is the same whether Networked comes before or behind the components', () => {
      const net = createTestNetwork(game.arena, { clients: 1 })
      const { world } = net.clients[0]!
      const before = addEntity(net.server)
      addComponents(net.server, before, [Networked, game.Health, game.Flag])
      game.Health.hp[before] = 5
      const behind = addEntity(net.server)
      addComponents(net.server, behind, [game.Flag, game.Health, Networked])
      game.Health.hp[behind] = 6
      const empty = addEntity(net.server)
      addComponent(net.server, empty, Networked)
      net.tick(2)
      const copies = [before, behind, empty].map((eid) => game.copyOf(world, net.server, eid))
      expect(copies.map((copy) => hasComponent(world, copy, game.Flag))).toEqual([true, true, false])
      expect(copies.map((copy) => hasComponent(world, copy, Networked))).toEqual([true, true, true])
      expect(copies.slice(0, 2).map((copy) => game.Health.hp[copy])).toEqual([5, 6])
    })

    it('changes later: components come and go, several at once, and the others stay', () => {
      const net = createTestNetwork(game.arena, { clients: 1 })
      const { world } = net.clients[0]!
      const ship = game.spawnShip(net.server, 1, 2, 3)
      net.tick(2)
      const copy = game.copyOf(world, net.server, ship)
      game.Heading.angle[ship] = 0.5
      game.Heading.seed[ship] = Math.PI
      addComponents(net.server, ship, [game.Heading, game.Flag])
      removeComponent(net.server, ship, game.Health)
      net.tick(2)
      const has = (component: object): boolean => hasComponent(world, copy, component)
      expect([has(game.Heading), has(game.Flag), has(game.Health), has(game.Position)]).toEqual([
        true,
        true,
        false,
        true,
      ])
      expect([game.Heading.angle[copy], game.Heading.seed[copy]]).toEqual([0.5, Math.PI])
      game.Position.x[ship] = 9
      net.tick(2)
      expect(game.Position.x[copy]).toBe(game.quantize(9))
    })
  })

  it('36: a component removed keeps the entity and its other components; it returns with the current value, not the old one', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world } = net.clients[0]!
    const ship = game.spawnShip(net.server, 1, 2, 3)
    net.tick(2)
    const copy = game.copyOf(world, net.server, ship)
    removeComponent(net.server, ship, game.Health)
    net.tick(2)
    game.Health.hp[ship] = 50
    net.tick(2)
    expect(game.Health.hp[copy]).toBe(3)
    expect([hasComponent(world, copy, game.Health), hasComponent(world, copy, game.Position)]).toEqual([false, true])
    expect([game.copyOf(world, net.server, ship), game.Position.y[copy]]).toEqual([copy, game.quantize(2)])
    addComponent(net.server, ship, game.Health)
    net.tick(2)
    expect([hasComponent(world, copy, game.Health), game.Health.hp[copy]]).toEqual([true, 50])
    // And within one tick, with another value.
    removeComponent(net.server, ship, game.Health)
    game.Health.hp[ship] = 51
    addComponent(net.server, ship, game.Health)
    net.tick(3)
    expect([hasComponent(world, copy, game.Health), game.Health.hp[copy]]).toEqual([true, 51])
  })

  it("37: pausing (Networked removed on the server) despawns on clients and keeps the server's entity", () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const ship = game.spawnShip(net.server, 1, 2, 3)
    net.tick(2)
    removeComponent(net.server, ship, Networked)
    net.tick(2)
    expect(net.clients.map(({ world }) => game.networked(world).length)).toEqual([0, 0])
    expect([hasComponent(net.server, ship, game.Health), game.Health.hp[ship]]).toEqual([true, 3])
    game.Health.hp[ship] = 4
    addComponent(net.server, ship, Networked)
    net.tick(2)
    expect(net.clients.map(({ world }) => game.Health.hp[game.copyOf(world, net.server, ship)])).toEqual([4, 4])
  })
})

describe('38: values arrive for an entity whose spawn is still in flight: held, then applied; two packets swapped, one with Health, one with Position of the same entity: both applied; older values of a component after newer: ignored', () => {
  it('values that arrive before the spawn of their entity are held, then applied', () => {
    // A lost reliable packet comes late, everything unreliable passes it.
    const net = createTestNetwork(game.arena, { clients: 1, seed: 3 })
    const [client] = net.clients
    net.tick(5)
    let held = 0
    for (let round = 0; round < 30; round++) {
      net.setServerConditions({ latency: 10, loss: 0.5 })
      const ship = game.spawnShip(net.server, 1, 1, 1)
      net.tick()
      game.Health.hp[ship] = 2 + round
      net.tick(2)
      net.setServerConditions({ loss: 0 })
      net.until(() => converged(net, [ship]))
      held = stats(client!.world).counters.heldPackets
    }
    expect(held).toBeGreaterThan(0)
    expect(stats(client!.world).counters.holdOverflows).toBe(0)
  })

  it('a packet with Health and one with Position that were swapped', () => {
    const net = createTestNetwork(game.arena, { clients: 1, conditions: { latency: 60 }, seed: 5 })
    const { world } = net.clients[0]!
    const ship = game.spawnShip(net.server, 0, 0, 100)
    net.until(() => converged(net, [ship]))
    const copy = game.copyOf(world, net.server, ship)
    net.setServerConditions({ reorder: 1, reorderBy: 220 })
    game.Health.hp[ship] = 50
    net.tick()
    net.setServerConditions({ reorder: 0 })
    game.Position.x[ship] = 2
    const seen: string[] = []
    for (let i = 0; i < 8; i++) {
      net.tick()
      seen.push(`${game.Health.hp[copy]} ${game.Position.x[copy]}`)
    }
    expect([...new Set(seen)]).toEqual(['100 0', '100 2', '50 2'])
  })

  it('older values behind newer', () => {
    const net = createTestNetwork(game.arena, { clients: 1, conditions: { latency: 60 }, seed: 5 })
    const { world } = net.clients[0]!
    const ship = game.spawnShip(net.server, 0, 0, 100)
    net.until(() => converged(net, [ship]))
    const copy = game.copyOf(world, net.server, ship)
    net.setServerConditions({ reorder: 1, reorderBy: 120 })
    game.Health.hp[ship] = 50
    game.Position.x[ship] = 1
    net.tick()
    net.setServerConditions({ reorder: 0 })
    game.Position.x[ship] = 2
    net.tick()
    const seen: number[] = []
    for (let i = 0; i < 8; i++) {
      net.tick()
      seen.push(Math.round(game.Position.x[copy]!))
    }
    expect(game.Health.hp[copy]).toBe(50)
    expect(seen.at(-1)).toBe(2)
    // Once it shows 2 it never shows 1 again.
    expect(seen.slice(seen.indexOf(2)).every((x) => x === 2)).toBe(true)
  })
})

describe('values', () => {
  it('of a component that was marked as removed do not return from packets in flight', () => {
    const net = createTestNetwork(game.arena, { clients: 1, conditions: { latency: 60, jitter: 80 }, seed: 9 })
    const { world } = net.clients[0]!
    const ship = game.spawnShip(net.server, 0, 0, 100)
    net.until(() => converged(net, [ship]))
    const copy = game.copyOf(world, net.server, ship)
    for (let i = 0; i < 20; i++) {
      game.Health.hp[ship] = i
      net.tick()
      removeComponent(net.server, ship, game.Health)
      net.tick()
      game.Health.hp[ship] = 1000 + i
      addComponent(net.server, ship, game.Health)
      net.tick()
    }
    net.tick(20)
    expect(game.Health.hp[copy]).toBe(1019)
  })

  it('are sent when changes smaller than a step add up', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const ship = game.spawnShip(net.server, 0, 0, 1)
    net.tick(2)
    const copy = game.copyOf(net.clients[0]!.world, net.server, ship)
    for (let i = 0; i < 40; i++) {
      game.Position.x[ship]! += 0.001
      net.tick()
    }
    net.tick()
    expect(Math.abs(game.Position.x[copy]! - 0.04)).toBeLessThan(0.006)
  })

  it('outside of their range are clamped, NaN keeps the last, and each is reported once', () => {
    const Body = { q: new Float32Array(200), small: new Int16Array(200), any: new Float32Array(200) }
    const protocol = defineProtocol({
      components: { Body: replicate(Body, { q: quantized(-1, 1, 0.5), small: i8, any: f32 }) },
    })
    const net = createTestNetwork(protocol, { clients: 1 })
    const eid = addEntity(net.server)
    addComponents(net.server, eid, [Body, Networked])
    Body.q[eid] = 0.5
    net.tick(2)
    const copy = game.copyOf(net.clients[0]!.world, net.server, eid)
    const values = (): number[] => [Body.q[copy]!, Body.small[copy]!, Body.any[copy]!]
    Body.q[eid] = Number.NaN
    Body.small[eid] = 300
    Body.any[eid] = Number.NaN
    net.tick(2)
    expect(values()).toEqual([0.5, 127, Number.NaN])
    Body.q[eid] = 7
    Body.small[eid] = -300
    Body.any[eid] = Number.POSITIVE_INFINITY
    net.tick(3)
    expect(values()).toEqual([1, -128, Number.POSITIVE_INFINITY])
    const reports = [...drain(net.server, NetworkErrors)].map(({ code, name }) => [code, name])
    expect(reports.toSorted(([, a], [, b]) => a!.localeCompare(b!))).toEqual([
      ['clamped-value', 'Body.q'],
      ['clamped-value', 'Body.small'],
    ])
  })

  it('are reported by name when an entity is beyond the game’s arrays', () => {
    const Tiny = { hp: new Uint8Array(3) }
    const protocol = defineProtocol({ components: { Tiny: replicate(Tiny, { hp: u8 }) } })
    const net = createTestNetwork(protocol, { clients: 1 })
    for (let i = 0; i < 4; i++) addComponents(net.server, addEntity(net.server), [Tiny, Networked])
    net.tick(3)
    const [error] = drain(net.server, NetworkErrors)
    expect(error).toMatchObject({ code: 'store-too-small', name: 'Tiny' })
    expect(error!.message).toContain('hold 3 entities')
    expect(game.networked(net.clients[0]!.world).length).toBe(4)
  })
})

describe('the client', () => {
  it('44: client despawns its copy locally: nothing throws, later updates are ignored, and a respawn works', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world, connection } = net.clients[0]!
    const ship = game.spawnShip(net.server, 1, 1, 1)
    setOwner(net.server, ship, connection)
    net.tick(2)
    removeEntity(world, game.copyOf(world, net.server, ship))
    game.Health.hp[ship] = 2
    addComponent(net.server, ship, game.Flag)
    net.tick(2)
    removeComponent(net.server, ship, game.Position)
    game.Health.hp[ship] = 3
    net.tick(3)
    expect(game.networked(world)).toEqual([])
    despawn(net.server, ship)
    const next = game.spawnShip(net.server, 4, 4, 4)
    net.tick(3)
    expect(game.Health.hp[game.copyOf(world, net.server, next)]).toBe(4)
    expect([...drain(world, NetworkErrors)]).toEqual([])
    expect(stats(world).counters.staleValues).toBe(0)
  })
})

describe("45: a recycled entity id never receives the previous entity's late packets; relations and entity fields map", () => {
  it("ids: a recycled one never receives the previous entity's late packets", () => {
    const conditions = { latency: 30, jitter: 150, loss: 0.2, reorder: 0.3, reorderBy: 100 }
    const net = createTestNetwork(game.arena, { clients: 1, conditions, seed: 11 })
    const { world } = net.clients[0]!
    const netIds = new Set<number>()
    let ship = game.spawnShip(net.server, 0, 0, 1)
    for (let i = 1; i < 60; i++) {
      game.Health.hp[ship] = 10_000 + i
      net.tick()
      netIds.add(netIdOf(net.server, ship))
      const before = ship
      removeEntity(net.server, ship)
      ship = game.spawnShip(net.server, 0, 0, i)
      expect(ship).toBe(before)
      net.tick()
    }
    net.tick(40)
    expect(game.networked(world).length).toBe(1)
    expect(game.Health.hp[game.copyOf(world, net.server, ship)]).toBe(59)
    expect(netIds.size).toBe(59)
    expect(entityOf(net.server, [...netIds][0]!)).toBe(0)
  })

  it('ids: a slot is given out again only when every client has acknowledged the despawn', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const slot = (eid: number): number => netIdOf(net.server, eid) & 0xfffff
    const first = game.spawnShip(net.server)
    const firstSlot = slot(first)
    net.tick(2)
    net.clients[0]!.running = false
    despawn(net.server, first)
    net.tick(5)
    const second = game.spawnShip(net.server)
    expect(slot(second)).not.toBe(firstSlot)
    net.clients[0]!.running = true
    net.tick(3)
    const third = game.spawnShip(net.server)
    expect(slot(third)).toBe(firstSlot)
    expect(netIdOf(net.server, third)).not.toBe(firstSlot)
  })

  it('fields of entities are mapped, resolve when the entity arrives, and are 0 when it is gone', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world } = net.clients[0]!
    const hunter = addEntity(net.server)
    addComponents(net.server, hunter, [game.Target, Networked])
    const prey = addEntity(net.server)
    game.Target.entity[hunter] = prey
    net.tick(2)
    const copy = game.copyOf(world, net.server, hunter)
    expect(game.Target.entity[copy]).toBe(0)
    addComponents(net.server, prey, [game.Health, Networked])
    net.tick(3)
    const preyCopy = game.copyOf(world, net.server, prey)
    expect([preyCopy !== 0, game.Target.entity[copy]]).toEqual([true, preyCopy])
    despawn(net.server, prey)
    net.tick(2)
    expect(game.Target.entity[copy]).toBe(0)
    // The hunter is spawned in one tick with its new prey, which comes behind it.
    const next = game.spawnShip(net.server)
    game.Target.entity[hunter] = next
    net.tick(3)
    expect(game.Target.entity[copy]).toBe(game.copyOf(world, net.server, next))
  })
})

describe('the server', () => {
  it('stops with every entity ended in order on every client, and serves again afterwards', async () => {
    const first = createTestNetwork(game.arena, { clients: 2 })
    const ship = game.spawnShip(first.server, 1, 1, 1)
    first.tick(2)
    await close(first.server)
    first.tick(2)
    expect(first.clients.map(({ reason }) => reason?.code)).toEqual(['server-stopped', 'server-stopped'])
    expect(first.clients.map(({ world }) => game.networked(world).length)).toEqual([0, 0])
    expect(game.Health.hp[ship]).toBe(1)
    const second = createTestNetwork(game.arena, { clients: 1 })
    game.spawnShip(second.server, 1, 1, 1)
    second.tick(2)
    expect(game.networked(second.clients[0]!.world).length).toBe(1)
  })

  it('takes over the entities that were networked before its world was', () => {
    const entityIndex = createEntityIndex()
    const world = createServerWorld(game.arena, { entityIndex })
    expect(serverTick(world)).toBe(0)
    expect(netIdOf(world, game.spawnShip(world))).not.toBe(0)
  })
})

describe('the wire', () => {
  it('40: bytes: an idle world of 10,000 entities sends nothing but keep-alives; one changed u8 in it sends one small packet', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const ships: number[] = []
    for (let i = 0; i < 10_000; i++) ships.push(game.spawnShip(net.server, 0, 0, 1))
    net.tick(60)
    const sent = (): number[] => {
      const { packetsSent, bytesSent } = stats(net.server).transport
      return [packetsSent, bytesSent]
    }
    const [packets, bytes] = sent() as [number, number]
    net.tick(100)
    const [idlePackets, idleBytes] = sent() as [number, number]
    // Ten seconds would be twenty heart-beats of each side, each answered; this is five.
    expect(idlePackets - packets).toBeLessThanOrEqual(21)
    expect(idleBytes - bytes).toBeLessThanOrEqual(21 * 9)
    game.Health.hp[ships[5000]!] = 2
    net.tick()
    const [changedPackets, changedBytes] = sent() as [number, number]
    expect(changedPackets - idlePackets).toBeLessThanOrEqual(3)
    expect(changedBytes - idleBytes).toBeLessThanOrEqual(60)
    net.tick()
    expect(game.Health.hp[game.copyOf(net.clients[0]!.world, net.server, ships[5000]!)]).toBe(2)
  })
})

describe('41: 300 entities changed: several packets, each under the limit, no entity split', () => {
  it('all of them arrive in their tick', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world } = net.clients[0]!
    const ships = Array.from({ length: 300 }, () => game.spawnShip(net.server, 0, 0, 1))
    net.until(() => converged(net, ships))
    net.tick(20)
    const before = stats(net.server).transport
    const limit = 1150
    for (const [i, ship] of ships.entries()) {
      game.Position.x[ship] = i
      game.Health.hp[ship] = i
    }
    net.tick()
    const after = stats(net.server).transport
    const packets = after.packetsSent - before.packetsSent
    const bytes = after.bytesSent - before.bytesSent
    // About ten bytes each: more than two packets hold, and three or four carry.
    expect(bytes).toBeGreaterThan(2 * limit)
    expect(packets).toBeGreaterThanOrEqual(Math.ceil(bytes / limit))
    expect(packets).toBeLessThanOrEqual(5)
    net.clients[0]!.step()
    expect(converged(net, ships)).toBe(true)
    expect(stats(world).counters.malformedPackets).toBe(0)
  })

  it('an entity is never shown with one half of a change, whichever packets are lost', () => {
    const net = createTestNetwork(game.arena, { clients: 1, seed: 3, conditions: { loss: 0.3, reorder: 0.2 } })
    const { world } = net.clients[0]!
    const ships = Array.from({ length: 300 }, () => game.spawnShip(net.server, 0, 0, 0))
    net.until(() => converged(net, ships))
    for (let round = 1; round <= 40; round++) {
      for (const ship of ships) game.Position.x[ship] = game.Position.y[ship] = game.Health.hp[ship] = round
      net.tick()
      for (const ship of ships) {
        const copy = game.copyOf(world, net.server, ship)
        expect(game.Position.y[copy]).toBe(game.Position.x[copy])
        expect(game.Health.hp[copy]).toBe(game.Position.x[copy])
      }
    }
  })
})

describe('values that are sent again', () => {
  it('is what was lost, once: the values of one lost packet, and nothing after its acknowledgement', () => {
    const net = createTestNetwork(game.arena, { clients: 1, conditions: { latency: 40 }, seed: 2 })
    const ships = Array.from({ length: 20 }, () => game.spawnShip(net.server, 0, 0, 0))
    net.until(() => converged(net, ships))
    net.tick(20)
    const { resentValues, lostPackets } = stats(net.server).counters
    net.setServerConditions({ loss: 1 })
    for (const ship of ships) game.Health.hp[ship] = 7
    for (const ship of ships.slice(0, 5)) game.Position.x[ship] = 7
    net.tick()
    net.setServerConditions({ loss: 0 })
    net.until(() => converged(net, ships))
    net.tick(60)
    expect(stats(net.server).counters.lostPackets - lostPackets).toBe(1)
    expect(stats(net.server).counters.resentValues - resentValues).toBe(25)
  })

  it('is the newest value, and what has changed since the loss is not told twice', () => {
    const net = createTestNetwork(game.arena, { clients: 1, conditions: { latency: 40 }, seed: 2 })
    const ships = Array.from({ length: 20 }, () => game.spawnShip(net.server, 0, 0, 0))
    net.until(() => converged(net, ships))
    net.tick(20)
    const { resentValues } = stats(net.server).counters
    net.setServerConditions({ loss: 1 })
    for (const ship of ships) game.Health.hp[ship] = 7
    net.tick()
    net.setServerConditions({ loss: 0 })
    for (const ship of ships.slice(0, 12)) game.Health.hp[ship] = 8
    net.until(() => converged(net, ships))
    net.tick(60)
    expect(stats(net.server).counters.resentValues - resentValues).toBe(8)
  })
})

describe('a component that is interpolated', () => {
  it('shows its values a fixed delay behind the server, between two states, and ends exactly where they end', () => {
    const Place = { x: new Float32Array(100), room: new Uint8Array(100) }
    const protocol = defineProtocol({
      components: { Place: replicate(Place, { x: f32, room: u8 }, { interpolate: true }) },
    })
    const shown: number[] = []
    const watch = (world: ClientWorld): void => {
      const copy = query(world, [Place])[0]
      if (copy !== undefined) shown.push(Place.x[copy]!)
    }
    const net = createTestNetwork(protocol, { clients: 1, framesPerTick: 4, clientSystems: [watch] })
    const eid = addEntity(net.server)
    Place.room[eid] = 1
    addComponents(net.server, eid, [Place, Networked])
    net.tick(8)
    const copy = game.copyOf(net.clients[0]!.world, net.server, eid)
    for (let i = 0; i < 40; i++) {
      if (i < 30) Place.x[eid]! += 10
      Place.room[eid] = i < 15 ? 1 : 2
      net.tick()
      // A number that does not blend is never anything in between.
      expect([1, 2]).toContain(Place.room[copy])
    }
    const steps = shown.slice(1).map((x, i) => x - shown[i]!)
    // Once under way it moves by the same step every frame, never backwards, and between the values that were sent.
    for (const step of steps) expect(step).toBeGreaterThanOrEqual(0)
    // Ten for each tick, so a quarter of it for each frame.
    const moving = steps.slice(steps.findIndex((step) => step > 0) + 4, -60)
    expect(moving.length).toBeGreaterThan(80)
    for (const step of moving) expect(Math.abs(step - 2.5)).toBeLessThan(0.5)
    expect(shown.at(-1)).toBe(300)
    expect(Place.room[copy]).toBe(2)
  })
})
