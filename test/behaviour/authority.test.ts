// Tests components that owners write, over the network in memory: values in flight, loss, checks and corrections.
import { addComponent, hasComponent, observe, onAdd, removeComponent } from 'bitecs'
import {
  changed,
  type ClientWorld,
  clearOwner,
  defineProtocol,
  drain,
  f32,
  NetworkErrors,
  replicate,
  type ServerWorld,
  setOwner,
  setReady,
  u8,
  varint,
} from 'bitecs-net'
import { correct, validateWrites } from 'bitecs-net/authority'
import { listOf, type SyncList } from 'bitecs-net/collections'
import { stats } from 'bitecs-net/stats'
import { Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork, type TestNetworkOptions } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { copyOf } from '../support/arena.js'
import { authorityBehaviours } from '../support/behaviours-authority.js'
import * as game from '../support/flyers.js'
import { asHost, inMemory } from '../support/peers.js'

authorityBehaviours('the network in memory', inMemory)

interface Flight {
  readonly net: TestNetwork
  readonly flyer: number
  /** The copies of the clients, the owner's first. */
  readonly copies: readonly number[]
}

/** A flyer of the first client, which every client has. */
function fly(clients = 2, options: TestNetworkOptions = {}): Flight {
  const net = createTestNetwork(game.flight, { clients, ...options })
  const flyer = game.spawnFlyer(net.server, 0, 0, net.clients[0]!.connection)
  const copies = (): number[] => net.clients.map(({ world }) => copyOf(world, net.server, flyer))
  net.until(() => copies().every((copy) => copy !== 0) && hasComponent(net.clients[0]!.world, copies()[0]!, Owned))
  net.tick(10)
  return { net, flyer, copies: copies() }
}

describe('values in flight', () => {
  it('27: are dropped when the owner changes, even when the entity returns to the sender meanwhile', () => {
    const { net, flyer, copies } = fly(2, { conditions: { latency: 150 } })
    const [first, second] = [net.clients[0]!.connection, net.clients[1]!.connection]
    game.Place.x[copies[0]!] = 10
    net.tick()
    setOwner(net.server, flyer, second)
    net.tick()
    setOwner(net.server, flyer, first)
    const seen = new Set<number>()
    for (let i = 0; i < 20; i++) {
      net.tick()
      seen.add(game.Place.x[flyer]!)
    }
    expect([...seen]).toEqual([0])
    expect(stats(net.server).counters.staleWrites).toBe(1)
    // The owner's copy has the server's value, not the one that the owner wrote.
    expect(game.Place.x[copies[0]!]).toBe(0)
    game.Place.x[copies[0]!] = 5
    net.tick(10)
    expect([game.Place.x[flyer], game.Place.x[copies[1]!]]).toEqual([5, 5])
  })

  it('27: are counted after the owner is cleared, but the client is not penalized', () => {
    const { net, flyer, copies } = fly(2, { conditions: { latency: 150 } })
    for (let i = 0; i < 40; i++) {
      game.Place.x[copies[0]!] = i + 1
      net.tick()
      if (i === 20) clearOwner(net.server, flyer)
    }
    const { unauthorizedWrites, malformedPackets } = stats(net.server).counters
    expect([unauthorizedWrites > 0, malformedPackets, net.clients[0]!.reason]).toEqual([true, 0, undefined])
    const last = game.Place.x[flyer]!
    game.Place.x[flyer] = last + 0.5
    net.tick(20)
    expect(copies.map((copy) => game.Place.x[copy])).toEqual([game.quantize(last + 0.5), game.quantize(last + 0.5)])
  })

  it('are dropped when written before the owner knows of a correction, and apply when written after', () => {
    const { net, flyer, copies } = fly(2, { conditions: { latency: 120 } })
    const own = copies[0]!
    let wasCorrected = false
    let highest = -Infinity
    for (let i = 0; i < 60; i++) {
      game.Place.x[own]! += 1
      if (i === 30) {
        game.Place.x[flyer] = -500
        correct(net.server, flyer, game.Place)
        wasCorrected = true
      }
      net.tick()
      if (wasCorrected) highest = Math.max(highest, game.Place.x[flyer]!)
    }
    expect(highest).toBeLessThan(-450)
    net.tick(10)
    expect(game.Place.x[flyer]).toBe(game.Place.x[own])
    expect(game.Place.x[copies[1]!]).toBe(game.Place.x[own])
    expect(game.Place.x[own]).toBeGreaterThan(-490)
    // A correction of one component does not drop writes to another.
    game.View.yaw[own] = 1.5
    correct(net.server, flyer, game.Place)
    net.tick(10)
    expect(game.View.yaw[flyer]).toBe(1.5)
  })

  it('are dropped when their component is removed and added again', () => {
    const { net, flyer, copies } = fly(1, { conditions: { latency: 150 } })
    game.Place.x[copies[0]!] = 70
    net.tick()
    removeComponent(net.server, flyer, game.Place)
    net.tick()
    game.Place.x[flyer] = 3
    addComponent(net.server, flyer, game.Place)
    for (let i = 0; i < 15; i++) {
      net.tick()
      expect(game.Place.x[flyer]).toBe(3)
    }
    expect(game.Place.x[copies[0]!]).toBe(3)
    game.Place.x[copies[0]!] = 4
    net.tick(8)
    expect(game.Place.x[flyer]).toBe(4)
  })
})

describe('42: values for the owner alone never reach the wire of another client; owner-authoritative values are accepted from the owner alone, echoed to the others, and never overwritten on the owner by older echoes', () => {
  it('a component for the owner alone costs another client no bytes and is never added there', () => {
    const { net, flyer, copies } = fly(2)
    const { world } = net.clients[1]!
    addComponent(net.server, flyer, game.Plans)
    const received = (): number => stats(world).transport.bytesReceived
    net.tick(40)
    const start = received()
    net.tick(20)
    const idle = received() - start
    for (let i = 1; i <= 20; i++) {
      game.Plans.code[flyer] = i
      game.Plans.notes[flyer]!.push(i)
      net.tick()
    }
    expect(received() - start - idle).toBe(idle)
    net.tick(2)
    expect([game.Plans.code[copies[0]!], [...game.Plans.notes[copies[0]!]!].length]).toEqual([20, 20])
    expect(hasComponent(world, copies[1]!, game.Plans)).toBe(false)
  })

  it('the owner keeps each value that it writes and sees no echo, on a slow network that reorders', () => {
    const conditions = { latency: 100, jitter: 60, loss: 0.2, duplicate: 0.1, reorder: 0.2, reorderBy: 80 }
    const { net, flyer, copies } = fly(3, { conditions, seed: 5 })
    const own = copies[0]!
    let newest = 0
    for (let i = 1; i <= 100; i++) {
      expect([game.Place.x[own], game.View.yaw[own]]).toEqual([i - 1, i - 1])
      // The newest packet wins: the server never goes back.
      expect(game.Place.x[flyer]).toBeGreaterThanOrEqual(newest)
      newest = game.Place.x[flyer]!
      game.Place.x[own] = i
      game.View.yaw[own] = i
      net.tick()
    }
    net.tick(60)
    expect([game.Place.x[flyer], game.View.yaw[flyer]]).toEqual([100, 100])
    for (const copy of copies) expect([game.Place.x[copy], game.View.yaw[copy]]).toEqual([100, 100])
    expect(stats(net.clients[0]!.world).counters.lostPackets).toBeGreaterThan(0)
  })

  it('a lost value is sent again once, as it is by then', () => {
    const { net, flyer, copies } = fly(1)
    const [client] = net.clients
    client!.setConditions({ loss: 1 })
    game.Place.x[copies[0]!] = 1
    client!.step()
    game.Place.x[copies[0]!] = 2
    client!.step()
    client!.setConditions({ loss: 0 })
    net.tick(40)
    expect(game.Place.x[flyer]).toBe(2)
    expect(stats(client!.world).counters.resentValues).toBe(1)
  })

  it('values that other clients write to their copies are not sent', () => {
    const { net, flyer, copies } = fly(2)
    game.Place.x[copies[1]!] = 500
    net.tick(10)
    expect([game.Place.x[flyer], game.Place.x[copies[0]!]]).toEqual([0, 0])
    expect(stats(net.server).counters.unauthorizedWrites).toBe(0)
  })
})

describe('an owner', () => {
  it('begins with the values of the server, and an observer of Owned may write at once', () => {
    const net = createTestNetwork(game.flight, { clients: 1 })
    const { world, connection } = net.clients[0]!
    const seen: number[] = []
    observe(world, onAdd(Owned), (eid: number) => {
      seen.push(game.Place.x[eid]!)
      game.Place.y[eid] = 9
    })
    const flyer = game.spawnFlyer(net.server, 7, 8, connection)
    net.tick(5)
    expect(seen).toEqual([7])
    expect([game.Place.x[flyer], game.Place.y[flyer]]).toEqual([7, 9])
  })

  it('gets the current values of an entity it already observes, although the last update was lost', () => {
    const { net, flyer, copies } = fly(2)
    net.setServerConditions({ loss: 1 })
    game.Place.x[copies[0]!] = 30
    net.tick()
    net.setServerConditions({ loss: 0 })
    setOwner(net.server, flyer, net.clients[1]!.connection)
    net.tick(2)
    expect(game.Place.x[copies[1]!]).toBe(30)
    game.Place.y[copies[1]!] = 1
    net.tick(10)
    expect(copies.map((copy) => [game.Place.x[copy], game.Place.y[copy]])).toEqual([
      [30, 1],
      [30, 1],
    ])
  })

  it('sends nothing while no value changes by at least the step of its type', () => {
    const { net, copies } = fly(1)
    const { world } = net.clients[0]!
    net.tick(60)
    const sent = (): number => stats(world).transport.bytesSent
    const before = sent()
    net.tick(20)
    const idle = sent() - before
    game.Place.x[copies[0]!] = 0.001
    net.tick(20)
    expect(sent() - before - idle).toBeLessThanOrEqual(idle)
  })

  it('sees its own values at once, where other clients see interpolated ones', () => {
    const { net, copies } = fly(2)
    for (let i = 1; i <= 10; i++) {
      game.Place.x[copies[0]!] = i * 10
      net.tick()
      expect(game.Place.x[copies[0]!]).toBe(i * 10)
    }
    expect(game.Place.x[copies[1]!]).toBeLessThan(100)
    net.tick(10)
    expect(game.Place.x[copies[1]!]).toBe(100)
  })

  it('gets the values of the server after it was not ready for a while', () => {
    const { net, flyer, copies } = fly(1)
    const { world } = net.clients[0]!
    game.Place.x[copies[0]!] = 12
    net.tick(3)
    setReady(world, false)
    net.until(() => copyOf(world, net.server, flyer) === 0)
    game.Place.x[flyer] = 99
    setReady(world, true)
    net.until(() => copyOf(world, net.server, flyer) !== 0)
    const again = copyOf(world, net.server, flyer)
    expect(game.Place.x[again]).toBe(99)
    game.Place.x[again] = 98
    net.tick(4)
    expect(game.Place.x[flyer]).toBe(98)
  })

  it('sends the entities in its fields, and an older reference of the server does not overwrite them', () => {
    const { net, flyer, copies } = fly(2)
    const other = game.spawnFlyer(net.server, 1, 1)
    net.tick(3)
    game.View.at[copies[0]!] = copyOf(net.clients[0]!.world, net.server, other)
    net.tick(4)
    expect(game.View.at[flyer]).toBe(other)
    expect(game.View.at[copies[1]!]).toBe(copyOf(net.clients[1]!.world, net.server, other))
    // The server's first value does not overwrite what the owner wrote.
    game.View.at[copies[0]!] = 0
    net.tick(2)
    game.spawnFlyer(net.server)
    net.tick(4)
    expect([game.View.at[copies[0]!], game.View.at[flyer]]).toEqual([0, 0])
  })
})

describe('a write validator', () => {
  const { Place, View } = game.flight.components

  it('may amend a value, and the owner receives the amended one', () => {
    const { net, flyer, copies } = fly(2)
    const remove = validateWrites(net.server, Place, ({ after }) => {
      after.x = Math.min(after.x, 100)
      return true
    })
    game.Place.x[copies[0]!] = 150
    game.Place.y[copies[0]!] = 5
    net.tick(8)
    for (const eid of [flyer, ...copies]) expect([game.Place.x[eid], game.Place.y[eid]]).toEqual([100, 5])
    remove()
    game.Place.x[copies[0]!] = 150
    net.tick(3)
    expect(game.Place.x[flyer]).toBe(150)
  })

  it('refuses the write and is reported when it throws, and other components still apply', () => {
    const { net, flyer, copies } = fly(1)
    validateWrites(net.server, game.Place, () => {
      throw new Error('a bug')
    })
    game.Place.x[copies[0]!] = 5
    game.View.yaw[copies[0]!] = 2
    net.tick(4)
    expect([game.Place.x[flyer], game.Place.x[copies[0]!], game.View.yaw[flyer]]).toEqual([0, 0, 2])
    const errors = [...drain(net.server, NetworkErrors)]
    expect(errors.map(({ code, name, entity }) => [code, name, entity])).toEqual([
      ['handler-threw', 'Place', flyer],
      ['refused-write', 'Place', flyer],
    ])
  })

  it('is replaced by a later one, and removing the replaced one has no effect', () => {
    const { net, flyer, copies } = fly(1)
    const remove = validateWrites(net.server, View, () => false)
    validateWrites(net.server, View, () => true)
    remove()
    game.View.yaw[copies[0]!] = 3
    net.tick(3)
    expect(game.View.yaw[flyer]).toBe(3)
  })

  it('is not needed to refuse NaN and infinite values, and the owner gets the old value back', () => {
    const { net, flyer, copies } = fly(2)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -Infinity]) {
      game.View.yaw[copies[0]!] = value
      net.tick(4)
      for (const eid of [flyer, ...copies]) expect(game.View.yaw[eid]).toBe(0)
      game.View.seed[copies[0]!] = value
      net.tick(4)
      for (const eid of [flyer, ...copies]) expect(game.View.seed[eid]).toBe(0)
    }
    expect(stats(net.server).counters.refusedWrites).toBe(6)
  })
})

describe('drained changes', () => {
  it("contain the owner's writes on the server and other clients, and corrections on every side", () => {
    const log = new Map<unknown, number[][]>()
    const record = (world: ServerWorld | ClientWorld): void => {
      for (const { before, after } of drain(world as ServerWorld, changed(game.flight.components.Place))) {
        log.set(world, [...(log.get(world) ?? []), [before.x, after.x]])
      }
    }
    const { net, flyer, copies } = fly(2, { serverSystems: [record], clientSystems: [record] })
    const worlds = [net.server, net.clients[0]!.world, net.clients[1]!.world]
    game.Place.x[copies[0]!] = 6
    net.tick(3)
    expect(worlds.map((world) => log.get(world))).toEqual([[[0, 6]], undefined, [[0, 6]]])
    log.clear()
    game.Place.x[flyer] = 2
    correct(net.server, flyer)
    net.tick(3)
    expect(worlds.map((world) => log.get(world))).toEqual([[[6, 2]], [[6, 2]], [[6, 2]]])
  })
})

describe('a host', () => {
  it('writes its own entities as the server, and accepts those of its clients from them', () => {
    const net = createTestNetwork(game.flight, { host: true, clients: 1 })
    const { host } = net
    const seen: number[] = []
    validateWrites(net.server, game.Place, ({ entity }) => seen.push(entity) > 0)
    const own = game.spawnFlyer(net.server, 1, 1, host.connection)
    const other = game.spawnFlyer(net.server, 2, 2, net.clients[0]!.connection)
    net.tick(4)
    const copy = (eid: number): number => copyOf(net.clients[0]!.world, net.server, eid)
    game.Place.x[own] = 50
    game.Place.x[copy(other)] = 60
    net.tick(10)
    expect([game.Place.x[copy(own)], game.Place.x[own], game.Place.x[other]]).toEqual([50, 50, 60])
    expect(new Set(seen)).toEqual(new Set([other]))
    correct(net.server, own)
    setOwner(net.server, own, net.clients[0]!.connection)
    net.tick(4)
    game.Place.x[copy(own)] = 51
    net.tick(4)
    expect(game.Place.x[own]).toBe(51)
  })

  it('hands ownership over and takes it back like any server', async () => {
    const peers = await asHost(game.flight, 3)
    const { flyer, copies } = await game.ownedFlyer(peers, 1)
    game.Place.x[copies[1]!] = 4
    await peers.until('all have it', () => [flyer, copies[2]!].every((eid) => game.Place.x[eid] === 4))
    await peers.onServer(() => setOwner(peers.server, flyer, peers.clients[0]!.connection))
    game.Place.x[flyer] = 9
    await peers.until('the former owner follows', () => game.Place.x[copies[1]!] === 9)
    expect(game.Place.x[copies[2]!]).toBe(9)
    await peers.close()
  })
})

describe('wrong use of client authority', () => {
  it('throws an error that says what to do', () => {
    const { net, flyer } = fly(1)
    expect(() => correct(net.server, flyer, game.Fuel)).toThrow(/only the server writes Fuel/)
    expect(() => correct(net.server, flyer, { x: [] })).toThrow(/list it in defineProtocol/)
    expect(() => correct(net.server, 7999)).toThrow(/not networked/)
    removeComponent(net.server, flyer, game.Trail)
    expect(() => correct(net.server, flyer, game.Trail)).toThrow(/has no Trail/)
    expect(() => validateWrites(net.server, game.Fuel, () => true)).toThrow(/only the server writes Fuel/)
  })

  it('is refused by replicate for a tag, a collection or an unknown authority', () => {
    const Bag = { gold: new Uint8Array(2), items: [] as SyncList<number>[] }
    const options = { authority: 'client' } as const
    expect(() => replicate({}, {}, options)).toThrow(/has no fields of numbers/)
    expect(() => replicate(Bag, { gold: u8, items: listOf(varint, 4) }, options)).toThrow(/the collection items/)
    expect(() => replicate(Bag, { gold: u8 }, { authority: 'owner' as never })).toThrow(/'server' or 'client'/)
  })

  it('is a protocol mismatch when only one side declares it', () => {
    const Look = { yaw: new Float32Array(8000) }
    const make = (authority: 'server' | 'client') =>
      defineProtocol({ components: { Look: replicate(Look, { yaw: f32 }, { authority }) } })
    const net = createTestNetwork(make('client'), { clients: 0, clientProtocol: make('server') })
    expect(net.connect().reason?.text).toMatch(/Look is \{yaw:f32\} by owner on the server, \{yaw:f32\} on the client/)
  })
})
