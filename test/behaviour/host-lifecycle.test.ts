// Tests the lifecycle of a host's world: its one connection entity, the order of its components, starts and ends.
import {
  addEntity,
  createEntityIndex,
  hasComponent,
  observe,
  onAdd,
  onRemove,
  query,
  removeComponent,
  removeEntity,
} from 'bitecs'
import {
  added,
  clearOwner,
  close,
  connectionOf,
  drain,
  despawn,
  hasAuthority,
  kick,
  netIdOf,
  removed,
  removePlayer,
  sendCommand,
  sendRpc,
  serverTick,
  setOwner,
  setPlayer,
  setReady,
  UsageError,
} from 'bitecs-net'
import { createHostWorld, type HostWorld } from 'bitecs-net/host'
import { observersOf } from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import {
  Connected,
  Connection,
  Listening,
  LocalConnection,
  LocalPlayer,
  Networked,
  Owned,
  Ready,
} from 'bitecs-net/components'
import { startHost } from 'bitecs-net/host'
import { hostFrame, hostPipeline, hostTick, runSystems } from 'bitecs-net/systems'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { record } from '../support/behaviours-lifecycle.js'

/** A host's world that the test ticks by hand. */
function playAlone(world: HostWorld = createHostWorld(game.arena)): {
  world: HostWorld
  run: (ticks?: number) => void
} {
  startHost(world)
  const pipeline = hostPipeline({})
  return {
    world,
    run(ticks = 3) {
      for (let i = 0; i < ticks; i++) runSystems(world, pipeline)
    },
  }
}

describe('16, 24: the lifecycle of a host', () => {
  it('adds Connected, Ready, values, components, Networked, Owned, then LocalPlayer once it is observed', () => {
    const world = createHostWorld(game.arena)
    const log = record(world)
    const { run } = playAlone(world)
    run()
    expect(log).toEqual(['+Connected', '+Ready'])
    const ship = game.spawnShip(world, 1, 2, 33)
    setPlayer(world, connectionOf(world), ship)
    const spawned = ['+Connected', '+Ready', '+Position hp=0', '+Health hp=0', '+Networked hp=33', '+Owned hp=33']
    expect(log).toEqual(spawned)
    run()
    expect(log).toEqual([...spawned, '+LocalPlayer hp=33'])
    run()
    expect(log.length).toBe(7)
  })

  it('24, 26: removes LocalPlayer, Ready and Connected first, then ends the entities of its client', async () => {
    const { world, run } = playAlone()
    run()
    const ship = game.spawnShip(world, 1, 2, 33)
    const kept = game.spawnShip(world, 1, 2, 44)
    setPlayer(world, connectionOf(world), ship)
    setOwner(world, kept, connectionOf(world), { onLeave: 'keep' })
    run()
    const log = record(world)
    await close(world, 'enough')
    expect(log).toEqual([
      '-LocalPlayer hp=33',
      '-Ready',
      '-Connected',
      '-Owned hp=33',
      '-Networked hp=33',
      '-Health hp=33',
      '-Position hp=33',
      '-Owned hp=44',
    ])
    expect(Connection.reason[connectionOf(world)]).toEqual({ code: 'server-stopped', text: 'enough', by: 'local' })
    expect([...query(world, [Networked])]).toEqual([kept])
  })

  it('has one connection entity for both sides, with LocalConnection, across its sessions', async () => {
    const { world, run } = playAlone()
    const connection = connectionOf(world)
    expect([...query(world, [Connection])]).toEqual([connection])
    run()
    expect([...query(world, [Connected, Ready, LocalConnection])]).toEqual([connection])
    expect(stats(world).connections).toBe(1)
    await close(world)
    expect([...query(world, [Connection])]).toEqual([connection])
    expect(hasComponent(world, connection, LocalConnection)).toBe(true)
    expect(stats(world).connections).toBe(0)
    const log = record(world)
    startHost(world)
    run()
    expect(log).toEqual(['+Connected', '+Ready'])
    expect([...query(world, [Connected])]).toEqual([connection])
    expect(Connection.reason[connection]).toBeUndefined()
    await close(world)
  })

  it('shows each event once to the systems of each side, even with more frames than ticks', () => {
    const seen: Record<'server' | 'client', number> = { server: 0, client: 0 }
    const network = createTestNetwork(game.arena, {
      host: true,
      clients: 0,
      framesPerTick: 3,
      serverSystems: [(world) => void (seen.server += [...drain(world, added(Networked))].length)],
      clientSystems: [(world) => void (seen.client += [...drain(world, added(Networked))].length)],
    })
    for (let i = 0; i < 5; i++) {
      game.spawnShip(network.server)
      network.tick()
    }
    network.tick()
    expect(seen).toEqual({ server: 5, client: 5 })
    const { server, host } = network
    const ends = (side: 'server' | 'client'): number => [...drain(server, removed(Networked), { side })].length
    despawn(server, game.networked(server)[0]!)
    expect([ends('server'), ends('client')]).toEqual([0, 0])
    // The client gets the event after the server's tick, as a remote one does.
    host.step()
    expect([ends('server'), ends('client')]).toEqual([0, 0])
    network.tick()
    expect([ends('server'), ends('client')]).toEqual([1, 0])
    host.step()
    expect([ends('server'), ends('client')]).toEqual([1, 1])
  })

  it('28: moves LocalPlayer to the new player once, and removes it before the former one is released', () => {
    const { world, run } = playAlone()
    run()
    const me = connectionOf(world)
    const [first, second] = [game.spawnShip(world, 0, 0, 1), game.spawnShip(world, 0, 0, 2)]
    setPlayer(world, me, first)
    run()
    const log = record(world)
    setPlayer(world, me, second, { former: 'release' })
    run()
    expect(log).toEqual(['-LocalPlayer hp=1', '+Owned hp=2', '-Owned hp=1', '+LocalPlayer hp=2'])
    log.length = 0
    removePlayer(world, me, { former: 'despawn' })
    run()
    expect(log.slice(0, 3)).toEqual(['-LocalPlayer hp=2', '-Owned hp=2', '-Networked hp=2'])
  })

  it('28: removes LocalPlayer when its player goes to a remote client, and adds it when it returns', () => {
    const network = createTestNetwork(game.arena, { host: true, clients: 1 })
    const { server, host, clients } = network
    const ship = game.spawnShip(server, 0, 0, 5)
    setPlayer(server, host.connection, ship)
    network.tick(2)
    const log = record(server)
    removePlayer(server, host.connection, { former: 'release' })
    setPlayer(server, clients[0]!.connection, ship)
    network.tick(2)
    expect(log).toEqual(['-LocalPlayer hp=5', '-Owned hp=5', '+Owned hp=5'])
    expect(hasComponent(clients[0]!.world, game.copyOf(clients[0]!.world, server, ship), LocalPlayer)).toBe(true)
    log.length = 0
    removePlayer(server, clients[0]!.connection, { former: 'release' })
    setPlayer(server, host.connection, ship)
    network.tick(2)
    expect(log).toEqual(['-Owned hp=5', '+Owned hp=5', '+LocalPlayer hp=5'])
  })

  it('removes LocalPlayer once from a player that is despawned or loses Networked', () => {
    const { world, run } = playAlone()
    run()
    const me = connectionOf(world)
    const log = record(world)
    const count = (entry: string): number => log.filter((line) => line.startsWith(entry)).length
    for (const [end, owned] of [
      [(ship: number) => despawn(world, ship), 1],
      // A player without Networked keeps its owner.
      [(ship: number) => removeComponent(world, ship, Networked), 0],
    ] as const) {
      const ship = game.spawnShip(world, 0, 0, 7)
      setPlayer(world, me, ship)
      run()
      log.length = 0
      end(ship)
      run()
      expect([count('-LocalPlayer'), count('-Owned'), count('-Networked')]).toEqual([1, owned, 1])
      expect(Connection.player[me]).toBe(owned === 1 ? 0 : ship)
      expect([...query(world, [LocalPlayer])]).toEqual([])
    }
    // The next player may get the id of the removed one.
    const ship = game.spawnShip(world)
    setPlayer(world, me, ship)
    run()
    removeEntity(world, ship)
    const next = game.spawnShip(world)
    expect(next).toBe(ship)
    setPlayer(world, me, next)
    run()
    expect([...query(world, [LocalPlayer])]).toEqual([next])
  })

  it('removes LocalPlayer while the client is not ready, as for a remote client', () => {
    const { world, run } = playAlone()
    run()
    const ship = game.spawnShip(world)
    setPlayer(world, connectionOf(world), ship)
    run()
    const log = record(world)
    setReady(world, false)
    run()
    expect(observersOf(world, ship)).toEqual([])
    setReady(world, true)
    run()
    expect(log.map((line) => line.split(' ')[0])).toEqual(['-Ready', '-LocalPlayer', '+Ready', '+LocalPlayer'])
    expect(observersOf(world, ship)).toEqual([connectionOf(world)])
  })

  it('27: shows Owned on entities of any owner, but hasAuthority for those of its own client only', () => {
    const network = createTestNetwork(game.arena, { host: true, clients: 1 })
    const { server, host, clients } = network
    const [mine, theirs, wild] = [game.spawnShip(server), game.spawnShip(server), game.spawnShip(server)]
    setOwner(server, mine, host.connection)
    setOwner(server, theirs, clients[0]!.connection)
    network.tick(2)
    const remote = clients[0]!.world
    expect([mine, theirs, wild].map((ship) => hasComponent(server, ship, Owned))).toEqual([true, true, false])
    expect([mine, theirs, wild].map((ship) => hasAuthority(server, ship))).toEqual([true, false, false])
    expect([mine, theirs, wild].map((ship) => hasAuthority(remote, game.copyOf(remote, server, ship)))).toEqual([
      false,
      true,
      false,
    ])
    clearOwner(server, mine)
    expect(hasAuthority(server, mine)).toBe(false)
    despawn(server, theirs)
    expect(hasAuthority(server, theirs)).toBe(false)
  })
})

describe('the start and end of a host', () => {
  it('26: lets its own client be kicked like a remote one while the server runs, and join again', async () => {
    const network = createTestNetwork(game.arena, { host: true, clients: 1 })
    const { server, host, clients } = network
    const me = host.connection
    const ship = game.spawnShip(server, 0, 0, 9)
    setPlayer(server, me, ship)
    network.tick(2)
    const seen: unknown[] = []
    observe(server, onRemove(Connected), (eid: number) => {
      seen.push(
        eid,
        Connection.reason[eid]?.code,
        hasComponent(server, ship, Networked),
        hasComponent(server, ship, LocalPlayer),
      )
    })
    kick(server, me, 'out')
    expect(() => startHost(server)).toThrow(UsageError)
    network.host.step()
    // The session is over, but not yet shown as ended: calls are dropped.
    sendCommand(server, ship, game.Move, { dx: 1, dy: 1 })
    expect(() => startHost(server)).toThrow(/not ended/)
    network.tick()
    expect(seen).toEqual([me, 'kicked', true, false])
    expect(game.networked(server)).toEqual([])
    expect(() => sendCommand(server, ship, game.Move, { dx: 1, dy: 1 })).toThrow(/not connected/)
    network.tick(3)
    expect(game.networked(clients[0]!.world)).toEqual([])
    expect(hasComponent(server, clients[0]!.connection, Connected)).toBe(true)
    startHost(server)
    network.tick(3)
    expect([...query(server, [Connected, LocalConnection])]).toEqual([me])
    await close(server)
  })

  it('33: sends every remote client the reason, and allows a second start in the same process', async () => {
    const network = createTestNetwork(game.arena, { host: true, clients: 2 })
    const { server, clients } = network
    const ship = game.spawnShip(server, 3, 4, 5)
    network.tick(2)
    const logs = clients.map(({ world }) => record(world))
    await close(server, 'that is all')
    network.tick(2)
    expect(clients.map(({ reason }) => reason?.text)).toEqual(['that is all', 'that is all'])
    for (const log of logs) {
      expect(log).toEqual(['-Networked hp=5', '-Position hp=5', '-Health hp=5', '-Ready', '-Connected'])
    }
    expect(game.networked(server)).toEqual([ship])
    startHost(server)
    network.tick(3)
    setOwner(server, ship, connectionOf(server))
    sendCommand(server, ship, game.Move, { dx: 1, dy: 2 })
    network.tick()
    expect([...drain(server, game.Move)].length).toBe(1)
    await close(server)
  })

  it('lets remote clients join late and leave, and despawns their entities with them', async () => {
    const network = createTestNetwork(game.arena, { host: true, clients: 0 })
    const { server, host } = network
    const ship = game.spawnShip(server, 1, 2, 3)
    network.tick(2)
    const late = network.connect()
    expect(game.Health.hp[game.copyOf(late.world, server, ship)]).toBe(3)
    const theirs = game.spawnShip(server, 4, 5, 6)
    setPlayer(server, late.connection, theirs)
    network.tick(2)
    expect(observersOf(server, theirs)).toEqual([host.connection, late.connection])
    await close(late.world, 'bye')
    network.tick(2)
    expect(game.networked(server)).toEqual([ship])
    expect(hasComponent(server, host.connection, Connected)).toBe(true)
    const again = network.connect()
    expect(game.networked(again.world).length).toBe(1)
  })

  it('keeps two hosts in one process apart, even with a shared entity index', async () => {
    const entityIndex = createEntityIndex()
    const one = playAlone(createHostWorld(game.arena, { entityIndex }))
    const other = playAlone(createHostWorld(game.arena, { entityIndex }))
    for (const { run } of [one, other]) run()
    const ships = [one, other].map(({ world }, i) => {
      const ship = game.spawnShip(world, 0, 0, 10 + i)
      setPlayer(world, connectionOf(world), ship)
      return ship
    }) as [number, number]
    expect(ships[0]).not.toBe(ships[1])
    for (const { run } of [one, other]) run()
    expect(netIdOf(one.world, ships[1])).toBe(0)
    sendCommand(one.world, ships[0], game.Move, { dx: 1, dy: 1 })
    sendRpc(other.world, ships[1], game.Boom, { x: 1, shooter: ships[1] })
    // The other world reuses the freed id at once.
    sendRpc(one.world, ships[0], game.Boom, { x: 2, shooter: 0 })
    removeEntity(one.world, ships[0])
    expect(addEntity(other.world)).toBe(ships[0])
    for (const { run } of [one, other]) run()
    expect([...drain(other.world, game.Move)]).toEqual([])
    expect(Array.from(drain(other.world, game.Boom), ({ entity, args }) => [entity, args.x, args.shooter])).toEqual([
      [ships[1], 1, ships[1]],
    ])
    expect(Array.from(drain(one.world, game.Boom), ({ entity, args }) => [entity, args.x])).toEqual([[0, 2]])
    expect([...query(other.world, [LocalPlayer])]).toEqual([ships[1]])
    await close(one.world)
    other.run()
    expect([...query(other.world, [Connected])]).toEqual([connectionOf(other.world)])
    await close(other.world)
  })

  it('adds Listening once at the start and removes it once at the end', async () => {
    const world = createHostWorld(game.arena)
    const log: string[] = []
    observe(world, onAdd(Listening), () => void log.push('+'))
    observe(world, onRemove(Listening), () => void log.push('-'))
    const { run } = playAlone(world)
    run()
    expect(log).toEqual(['+'])
    await close(world)
    expect(log).toEqual(['+', '-'])
  })

  it('does not time out when the page sleeps for a day', () => {
    let now = 0
    const { world, run } = playAlone(createHostWorld(game.arena, { now: () => now }))
    run()
    now += 86_400_000
    run()
    expect(hasComponent(world, connectionOf(world), Ready)).toBe(true)
  })

  it('runs client frames separately, as often as the client draws', () => {
    const world = createHostWorld(game.arena)
    startHost(world)
    const frames: number[] = []
    const frame = hostFrame([(client) => void frames.push([...drain(client, game.Spark)].length)])
    const tick = hostTick([(server) => void [...drain(server, game.Move)]])
    const run = (times: number): void => {
      for (let i = 0; i < times; i++) {
        for (let f = 0; f < 3; f++) runSystems(world, frame)
        runSystems(world, tick)
      }
    }
    run(3)
    const ship = game.spawnShip(world)
    setOwner(world, ship, connectionOf(world))
    run(1)
    frames.length = 0
    for (let i = 0; i < 5; i++) {
      sendRpc(world, ship, game.Spark, { n: i })
      run(1)
    }
    run(1)
    expect(frames).toEqual([0, 0, 0, ...Array.from({ length: 5 }, () => [1, 0, 0]).flat()])
  })

  it("refuses a second start, and a world that is not a host's or already a server's", async () => {
    const world = createHostWorld(game.arena)
    const host = startHost(world)
    expect(() => startHost(world)).toThrow(/plays already/)
    const { server } = createTestNetwork(game.arena, { clients: 0 })
    expect(() => startHost(server as HostWorld)).toThrow(/createHostWorld/)
    expect(() => createHostWorld(game.arena, { world: server })).toThrow(/server already/)
    await host.close()
  })

  it('runs both sides in its loop, a frame before each tick, and goes on when a system throws', async () => {
    const world = createHostWorld(game.arena, { tickRate: 200 })
    const host = startHost(world)
    const order: string[] = []
    const failures: string[] = []
    let done!: () => void
    const finished = new Promise<void>((resolve) => (done = resolve))
    host.run(
      {
        server: [
          function count() {
            order.push('server')
            if (serverTick(world) >= 5) done()
          },
        ],
        client: [
          function fail() {
            order.push('client')
            throw new Error('of the game')
          },
        ],
      },
      { onError: (_, system) => failures.push(system) },
    )
    await finished
    await host.close()
    expect(order.slice(0, 6)).toEqual(['client', 'server', 'client', 'server', 'client', 'server'])
    expect(failures.slice(0, 2)).toEqual(['fail', 'fail'])
    const ticks = serverTick(world)
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(serverTick(world)).toBe(ticks)
  })
})
