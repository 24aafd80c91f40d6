// Tests which entities each client sees: rooms, predicates, forced visibility. Also their effect on packets in flight,
// owners, calls and a host's own client.
import { addComponent, addEntity, hasComponent } from 'bitecs'
import {
  despawn,
  drain,
  entityOf,
  NetworkErrors,
  netIdOf,
  sendRpc,
  setOwner,
  setPlayer,
  setReady,
  UsageError,
} from 'bitecs-net'
import {
  allOf,
  anyOf,
  everyone,
  hideFrom,
  joinRoom,
  leaveRoom,
  ObserversAdded,
  ObserversRemoved,
  observersOf,
  predicate,
  resetVisibility,
  roomOf,
  rooms,
  roomsOf,
  setInterest,
  setRoom,
  showTo,
} from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import { LocalPlayer, Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

/** The given entities that a client has, by their ids on the server. */
function seen(net: TestNetwork, client: number, ships: readonly number[]): number[] {
  return ships.filter((ship) => game.copyOf(net.clients[client]!.world, net.server, ship) !== 0)
}

const connectionsOf = (net: TestNetwork): number[] => net.clients.map(({ connection }) => connection)

describe('43: visibility lost and regained; lost while changes are in flight; changed while hidden; owner exempt; forced shown and hidden', () => {
  it('an entity that is hidden and shown again returns with its current values', () => {
    const net = createTestNetwork(game.arena, { clients: 2, interest: rooms() })
    const [a, b] = connectionsOf(net) as [number, number]
    const ship = game.spawnShip(net.server, 1, 2, 30)
    setRoom(net.server, ship, 'cellar')
    joinRoom(net.server, a, 'cellar')
    net.tick(3)
    expect([seen(net, 0, [ship]), seen(net, 1, [ship])]).toEqual([[ship], []])
    leaveRoom(net.server, a, 'cellar')
    joinRoom(net.server, b, 'cellar')
    net.tick(3)
    expect([seen(net, 0, [ship]), seen(net, 1, [ship])]).toEqual([[], [ship]])
    game.Health.hp[ship] = 31
    net.tick(3)
    setRoom(net.server, ship, undefined)
    net.tick(3)
    const copies = net.clients.map(({ world }) => game.copyOf(world, net.server, ship))
    expect(copies.map((copy) => game.Health.hp[copy])).toEqual([31, 31])
    game.Health.hp[ship] = 32
    net.tick(3)
    expect(copies.map((copy) => game.Health.hp[copy])).toEqual([32, 32])
  })

  it('late packets change neither a hidden entity nor one that returns', () => {
    const net = createTestNetwork(game.arena, { clients: 1, interest: rooms() })
    const [{ world, connection }] = net.clients as [TestNetwork['clients'][number]]
    const ship = game.spawnShip(net.server, 0, 0, 1)
    const other = game.spawnShip(net.server)
    setRoom(net.server, ship, 1)
    joinRoom(net.server, connection, 1)
    net.tick(3)
    // This unreliable packet arrives long after the ones that are sent later.
    net.setServerConditions({ latency: 400 })
    game.Health.hp[ship] = 2
    game.Health.hp[other] = 2
    net.tick()
    net.setServerConditions({ latency: 0 })
    leaveRoom(net.server, connection, 1)
    net.tick(2)
    expect(seen(net, 0, [ship])).toEqual([])
    game.Health.hp[ship] = 3
    joinRoom(net.server, connection, 1)
    net.tick(3)
    const copy = game.copyOf(world, net.server, ship)
    expect(game.Health.hp[copy]).toBe(3)
    net.tick(20)
    expect(game.Health.hp[copy]).toBe(3)
    expect(game.Health.hp[game.copyOf(world, net.server, other)]).toBe(2)
    expect(stats(world).counters.malformedPackets).toBe(0)
  })

  it('an entity that changes while hidden costs no bytes, and returns with its current components', () => {
    const net = createTestNetwork(game.arena, { clients: 1, interest: rooms({ unplaced: 'nobody' }) })
    const [{ world, connection }] = net.clients as [TestNetwork['clients'][number]]
    const ship = game.spawnShip(net.server, 0, 0, 1)
    setRoom(net.server, ship, 'a')
    joinRoom(net.server, connection, 'a')
    net.tick(3)
    setRoom(net.server, ship, undefined)
    net.tick(4)
    const quiet = (): number => stats(net.server).transport.bytesSent
    const { length } = [...drain(world, NetworkErrors)]
    expect(length).toBe(0)
    const before = quiet()
    net.tick(5)
    const keepAlives = quiet() - before
    for (let i = 0; i < 5; i++) {
      game.Health.hp[ship] = 50 + i
      if (i === 2) addComponent(net.server, ship, game.Flag)
      net.tick()
    }
    expect(quiet() - before - keepAlives).toBeLessThanOrEqual(keepAlives + 40)
    setRoom(net.server, ship, 'a')
    net.tick(2)
    const copy = game.copyOf(world, net.server, ship)
    expect(game.Health.hp[copy]).toBe(54)
    expect(hasComponent(world, copy, game.Flag)).toBe(true)
  })

  it('an owner sees its entities anywhere, and a former owner only as the policy allows', () => {
    const net = createTestNetwork(game.arena, { clients: 2, interest: rooms({ unplaced: 'nobody' }) })
    const [a, b] = connectionsOf(net) as [number, number]
    const ship = game.spawnShip(net.server, 0, 0, 5)
    setOwner(net.server, ship, a)
    net.tick(3)
    const [{ world }] = net.clients as [TestNetwork['clients'][number]]
    expect([seen(net, 0, [ship]), seen(net, 1, [ship])]).toEqual([[ship], []])
    expect(hasComponent(world, game.copyOf(world, net.server, ship), Owned)).toBe(true)
    game.Health.hp[ship] = 6
    net.tick(2)
    expect(game.Health.hp[game.copyOf(world, net.server, ship)]).toBe(6)
    hideFrom(net.server, ship, a)
    hideFrom(net.server, ship, 'all')
    net.tick(2)
    expect(seen(net, 0, [ship])).toEqual([ship])
    setOwner(net.server, ship, b)
    net.tick(2)
    expect([seen(net, 0, [ship]), seen(net, 1, [ship])]).toEqual([[], [ship]])
    const other = net.clients[1]!.world
    expect(hasComponent(other, game.copyOf(other, net.server, ship), Owned)).toBe(true)
  })

  it('forced visibility applies to one connection or all, one before all, until it is reset', () => {
    const net = createTestNetwork(game.arena, { clients: 3, interest: rooms() })
    const connections = connectionsOf(net)
    const [a, b] = connections as [number, number]
    const ship = game.spawnShip(net.server, 0, 0, 1)
    const see = (): number[] => {
      net.tick(2)
      const who = [0, 1, 2].filter((client) => seen(net, client, [ship]).length > 0)
      expect(observersOf(net.server, ship)).toEqual(who.map((client) => connections[client]))
      game.Health.hp[ship]!++
      net.tick(2)
      for (const client of who) {
        const { world } = net.clients[client]!
        expect(game.Health.hp[game.copyOf(world, net.server, ship)]).toBe(game.Health.hp[ship])
      }
      return who
    }
    expect(see()).toEqual([0, 1, 2])
    hideFrom(net.server, ship, a)
    expect(see()).toEqual([1, 2])
    setRoom(net.server, ship, 'far')
    expect(see()).toEqual([])
    showTo(net.server, ship, b)
    expect(see()).toEqual([1])
    joinRoom(net.server, a, 'far')
    expect(see()).toEqual([1])
    resetVisibility(net.server, ship, a)
    expect(see()).toEqual([0, 1])
    showTo(net.server, ship, 'all')
    expect(see()).toEqual([0, 1, 2])
    hideFrom(net.server, ship, b)
    expect(see()).toEqual([0, 2])
    hideFrom(net.server, ship, 'all')
    expect(see()).toEqual([])
    showTo(net.server, ship, b)
    expect(see()).toEqual([1])
    resetVisibility(net.server, ship)
    expect(see()).toEqual([0])
  })

  it('an entity that is forced hidden costs its client no bytes, while similar entities do', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const [connection] = connectionsOf(net) as [number]
    const [ship, other] = [game.spawnShip(net.server), game.spawnShip(net.server)]
    net.tick(3)
    const cost = (changed: number): number => {
      net.tick(10)
      const before = stats(net.server).transport.bytesSent
      for (let i = 0; i < 20; i++) {
        if (changed !== 0) game.Health.hp[changed]!++
        net.tick()
      }
      return stats(net.server).transport.bytesSent - before
    }
    expect(cost(ship)).toBe(cost(other))
    hideFrom(net.server, ship, connection)
    expect(cost(ship)).toBeLessThan(cost(other) - 20)
    expect(Math.abs(cost(ship) - cost(0))).toBeLessThan(20)
  })

  it('an entity that reuses an id does not inherit its forced visibility', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const [connection] = connectionsOf(net) as [number]
    for (let i = 0; i < 8; i++) {
      const ship = game.spawnShip(net.server)
      net.tick(3)
      expect(seen(net, 0, [ship])).toEqual([ship])
      hideFrom(net.server, ship, i % 2 === 0 ? connection : 'all')
      net.tick(2)
      expect(seen(net, 0, [ship])).toEqual([])
      despawn(net.server, ship)
      net.tick(4)
    }
  })
})

describe('a policy', () => {
  it('keeps the rooms of entities and connections, also while a client is not ready', () => {
    const net = createTestNetwork(game.arena, { clients: 1, interest: rooms() })
    const [connection] = connectionsOf(net) as [number]
    const ship = game.spawnShip(net.server)
    for (const room of ['a', 7, 'b']) joinRoom(net.server, connection, room)
    joinRoom(net.server, connection, 'a')
    leaveRoom(net.server, connection, 'c')
    leaveRoom(net.server, connection, 7)
    setRoom(net.server, ship, 'b')
    expect(roomsOf(net.server, connection)).toEqual(['a', 'b'])
    expect(roomOf(net.server, ship)).toBe('b')
    setRoom(net.server, ship, undefined)
    expect(roomOf(net.server, ship)).toBeUndefined()
    setReady(net.clients[0]!.world, false)
    net.tick(3)
    expect(roomsOf(net.server, connection)).toEqual(['a', 'b'])
  })

  it('combines others with allOf and anyOf', () => {
    const matches = rooms()
    const teams = rooms({ unplaced: 'nobody' })
    const lit = new Set<number>()
    const isLit = predicate((_, __, entity) => lit.has(entity), { interval: 1 })
    const net = createTestNetwork(game.arena, { clients: 2, interest: allOf(matches, anyOf(teams, isLit)) })
    const [a, b] = connectionsOf(net) as [number, number]
    joinRoom(net.server, a, 1, matches)
    joinRoom(net.server, b, 2, matches)
    joinRoom(net.server, a, 'red', teams)
    joinRoom(net.server, b, 'red', teams)
    const ships = Array.from({ length: 6 }, (_, i) => {
      const ship = game.spawnShip(net.server)
      if (i < 4) setRoom(net.server, ship, 1 + (i % 2), matches)
      if (i === 0 || i === 1) setRoom(net.server, ship, 'red', teams)
      if (i === 3 || i === 5) lit.add(ship)
      return ship
    })
    const numbers = (client: number): number[] => seen(net, client, ships).map((ship) => ships.indexOf(ship))
    net.tick(3)
    // In the match and of the team, or lit; 4 and 5 are in no match, which everyone sees.
    expect([numbers(0), numbers(1)]).toEqual([
      [0, 5],
      [1, 3, 5],
    ])
    lit.add(ships[4]!)
    lit.delete(ships[3]!)
    net.tick(3)
    expect([numbers(0), numbers(1)]).toEqual([
      [0, 4, 5],
      [1, 4, 5],
    ])
    for (const ship of ships) game.Health.hp[ship] = 77
    net.tick(3)
    for (const [i, { world }] of net.clients.entries()) {
      for (const ship of seen(net, i, ships)) expect(game.Health.hp[game.copyOf(world, net.server, ship)]).toBe(77)
    }
  })

  it('changes only what differs when it replaces another, and forgets its rooms when replaced', () => {
    const places = rooms()
    const net = createTestNetwork(game.arena, { clients: 1, interest: places })
    const [connection] = connectionsOf(net) as [number]
    const ships = [0, 1, 2].map(() => game.spawnShip(net.server))
    setRoom(net.server, ships[0]!, 'a')
    setRoom(net.server, ships[1]!, 'b')
    joinRoom(net.server, connection, 'a')
    net.tick(3)
    expect(seen(net, 0, ships)).toEqual([ships[0], ships[2]])
    setInterest(net.server, everyone())
    net.tick(2)
    expect(Array.from(drain(net.server, ObserversAdded), ({ entity }) => entity)).toEqual([ships[1]])
    expect([...drain(net.server, ObserversRemoved)]).toEqual([])
    expect(() => joinRoom(net.server, connection, 'b')).toThrow(UsageError)
    setInterest(net.server, places)
    setRoom(net.server, ships[2]!, 'b')
    joinRoom(net.server, connection, 'a')
    net.tick(3)
    expect(seen(net, 0, ships)).toEqual([ships[0], ships[1]])
  })

  it('keeps visibility as it was when its predicate throws, and reports that once', () => {
    let isBroken = false
    const policy = predicate(
      () => {
        if (isBroken) throw new Error('no')
        return true
      },
      { interval: 1 },
    )
    const net = createTestNetwork(game.arena, { clients: 2, interest: policy })
    const ship = game.spawnShip(net.server)
    net.tick(3)
    isBroken = true
    const later = game.spawnShip(net.server)
    net.tick(5)
    expect([seen(net, 0, [ship, later]), seen(net, 1, [ship, later])]).toEqual([[ship], [ship]])
    expect(Array.from(drain(net.server, NetworkErrors), ({ code }) => code)).toEqual(['predicate-threw'])
  })

  it('throws at the call when it, a room or a connection is invalid', () => {
    const net = createTestNetwork(game.arena, { clients: 1, interest: rooms() })
    const [connection] = connectionsOf(net) as [number]
    const ship = game.spawnShip(net.server)
    const loose = addEntity(net.server)
    const calls: [() => void, RegExp][] = [
      [() => setInterest(net.server, {} as never), /policy/],
      [() => createTestNetwork(game.arena, { interest: 'all' as never }), /policy/],
      [() => allOf(), /at least one/],
      [() => anyOf(), /at least one/],
      [() => anyOf(undefined as never), /policy/],
      [() => rooms({ unplaced: 'some' as never }), /unplaced/],
      [() => predicate(undefined as never), /function/],
      [() => predicate(() => true, { interval: 0 }), /interval/],
      [() => joinRoom(net.server, connection, ''), /room/],
      [() => joinRoom(net.server, connection, 1.5), /room/],
      [() => joinRoom(net.server, ship, 'a'), /connection/],
      [() => setRoom(net.server, loose, 'a'), /networked/],
      [() => setRoom(net.server, ship, 'a', rooms()), /no such rooms/],
      [() => showTo(net.server, loose, connection), /networked/],
      [() => hideFrom(net.server, ship, ship), /connection/],
    ]
    for (const [call, message] of calls) {
      expect(call).toThrow(UsageError)
      expect(call).toThrow(message)
    }
    setInterest(net.server, allOf(rooms(), rooms()))
    expect(() => setRoom(net.server, ship, 'a')).toThrow(/several/)
  })
})

describe('visibility', () => {
  it('10: makes a field or argument that names a hidden entity 0, until the client observes it', () => {
    const net = createTestNetwork(game.arena, { clients: 1, interest: rooms() })
    const [{ world, connection }] = net.clients as [TestNetwork['clients'][number]]
    const seeker = addEntity(net.server)
    for (const component of [game.Target, Networked]) addComponent(net.server, seeker, component)
    const hidden = game.spawnShip(net.server)
    setRoom(net.server, hidden, 'x')
    game.Target.entity[seeker] = hidden
    net.tick(3)
    const copy = game.copyOf(world, net.server, seeker)
    expect(game.Target.entity[copy]).toBe(0)
    sendRpc(net.server, seeker, game.Boom, { x: 1, shooter: hidden })
    net.tick(2)
    expect(Array.from(drain(world, game.Boom), ({ args }) => args.shooter)).toEqual([0])
    joinRoom(net.server, connection, 'x')
    sendRpc(net.server, seeker, game.Boom, { x: 1, shooter: hidden })
    net.tick(2)
    const found = game.copyOf(world, net.server, hidden)
    expect(found).not.toBe(0)
    expect(game.Target.entity[copy]).toBe(found)
    expect(Array.from(drain(world, game.Boom), ({ args }) => args.shooter)).toEqual([found])
    leaveRoom(net.server, connection, 'x')
    net.tick(2)
    expect(game.Target.entity[copy]).toBe(0)
  })

  it('limits an RPC to the connections that observe the entity when the tick is sent', () => {
    const net = createTestNetwork(game.arena, { clients: 3, interest: rooms() })
    const [a, b] = connectionsOf(net) as [number, number]
    const ship = game.spawnShip(net.server)
    setRoom(net.server, ship, 'x')
    joinRoom(net.server, a, 'x')
    net.tick(3)
    const heard = (): number[] => {
      sendRpc(net.server, ship, game.Boom, { x: 1, shooter: 0 })
      net.tick(2)
      return net.clients.map(({ world }) => [...drain(world, game.Boom)].length)
    }
    expect(heard()).toEqual([1, 0, 0])
    joinRoom(net.server, b, 'x')
    expect(heard()).toEqual([1, 1, 0])
    // A client that stops seeing it in this tick gets the calls: they come before the despawn.
    leaveRoom(net.server, a, 'x')
    expect(heard()).toEqual([1, 1, 0])
    expect(heard()).toEqual([0, 1, 0])
  })

  it('45: keeps late packets of a previous entity from a reused id that was hidden in between', () => {
    const net = createTestNetwork(game.arena, {
      clients: 2,
      interest: rooms(),
      conditions: { latency: 60, jitter: 120 },
    })
    const [a] = connectionsOf(net) as [number]
    joinRoom(net.server, a, 'x')
    let hp = 1000
    let reused = 0
    let late = 0
    const names = new Set<number>()
    for (let i = 0; i < 40; i++) {
      const ship = game.spawnShip(net.server, 0, 0, ++hp)
      const slot = netIdOf(net.server, ship) & 0xfffff
      if (names.has(slot)) reused++
      names.add(slot)
      setRoom(net.server, ship, 'x')
      net.tick(1 + (i % 3))
      game.Health.hp[ship] = ++hp
      net.tick()
      setRoom(net.server, ship, 'y')
      game.Health.hp[ship] = ++hp
      net.tick(1 + (i % 4))
      setRoom(net.server, ship, i % 2 === 0 ? 'x' : undefined)
      net.tick(i % 5)
      despawn(net.server, ship)
      const heir = game.spawnShip(net.server, 0, 0, ++hp)
      const lowest = hp
      for (let wait = 0; wait < 12; wait++) {
        net.tick()
        for (const { world } of net.clients) {
          const copy = game.copyOf(world, net.server, heir)
          if (copy !== 0 && game.Health.hp[copy]! < lowest) late++
        }
      }
      expect(seen(net, 0, [heir])).toEqual([heir])
      despawn(net.server, heir)
    }
    expect([late, reused > 5]).toEqual([0, true])
  })

  it('29: distinguishes hidden from destroyed entities, and reports no end of a hidden one', () => {
    const net = createTestNetwork(game.arena, { clients: 1, interest: rooms() })
    const [{ world, connection }] = net.clients as [TestNetwork['clients'][number]]
    const [first, second] = [game.spawnShip(net.server), game.spawnShip(net.server)]
    for (const ship of [first, second]) setRoom(net.server, ship, 1)
    joinRoom(net.server, connection, 1)
    net.tick(3)
    const [one, other] = [game.copyOf(world, net.server, first), game.copyOf(world, net.server, second)]
    setRoom(net.server, first, 2)
    despawn(net.server, second)
    net.tick(2)
    expect([Networked.reason[one], Networked.reason[other]]).toEqual(['hidden', 'destroyed'])
    const ended = Array.from(drain(net.server, ObserversRemoved), ({ entity, reason }) => [entity, reason])
    expect(ended).toEqual([
      [first, 'hidden'],
      [second, 'destroyed'],
    ])
    despawn(net.server, first)
    net.tick(2)
    expect([...drain(net.server, ObserversRemoved)]).toEqual([])
  })

  it('sends nothing for an entity that is hidden and shown again within a tick', () => {
    const net = createTestNetwork(game.arena, { clients: 1, interest: rooms() })
    const [{ world, connection }] = net.clients as [TestNetwork['clients'][number]]
    const ship = game.spawnShip(net.server)
    setRoom(net.server, ship, 1)
    joinRoom(net.server, connection, 1)
    net.tick(3)
    const copy = game.copyOf(world, net.server, ship)
    setRoom(net.server, ship, 2)
    leaveRoom(net.server, connection, 1)
    joinRoom(net.server, connection, 2)
    net.tick(2)
    expect(game.copyOf(world, net.server, ship)).toBe(copy)
    expect([...drain(net.server, ObserversRemoved), ...drain(net.server, ObserversAdded)]).toEqual([])
  })

  it('always includes the player of a client, which becomes LocalPlayer', () => {
    const net = createTestNetwork(game.arena, { clients: 1, interest: rooms({ unplaced: 'nobody' }) })
    const [{ world, connection }] = net.clients as [TestNetwork['clients'][number]]
    const ship = game.spawnShip(net.server)
    setPlayer(net.server, connection, ship)
    net.tick(3)
    expect(hasComponent(world, game.copyOf(world, net.server, ship), LocalPlayer)).toBe(true)
  })

  it("follows the policy for a host's own client and for remote ones", () => {
    const net = createTestNetwork(game.arena, { host: true, clients: 1, interest: rooms({ unplaced: 'nobody' }) })
    const { connection: own } = net.host
    const [other] = connectionsOf(net) as [number]
    const ship = game.spawnShip(net.server)
    setRoom(net.server, ship, 'x')
    net.tick(2)
    expect(observersOf(net.server, ship)).toEqual([])
    joinRoom(net.server, own, 'x')
    net.tick(2)
    expect(observersOf(net.server, ship)).toEqual([own])
    expect(Array.from(drain(net.server, ObserversAdded), ({ entity, connection }) => [entity, connection])).toEqual([
      [ship, own],
    ])
    setPlayer(net.server, own, ship)
    net.tick(2)
    expect(hasComponent(net.server, ship, LocalPlayer)).toBe(true)
    joinRoom(net.server, other, 'x')
    leaveRoom(net.server, own, 'x')
    net.tick(2)
    // The owner observes it, whatever its rooms.
    expect(observersOf(net.server, ship)).toEqual([own, other])
    expect(entityOf(net.server, netIdOf(net.server, ship))).toBe(ship)
  })
})
