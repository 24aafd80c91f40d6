// Mirror's callbacks, one after another, as components: seen by bitECS' observers at once and drained once a tick.
import { addComponent, hasComponent, observe, onAdd, onRemove, removeComponent } from 'bitecs'
import {
  added,
  changed,
  clearOwner,
  type ClientWorld,
  close,
  connectionOf,
  createServerWorld,
  despawn,
  drain,
  kick,
  type LifecycleComponent,
  NetworkErrors,
  removed,
  removePlayer,
  type ServerWorld,
  setOwner,
  setPlayer,
  setReady,
  UsageError,
} from 'bitecs-net'
import { Connected, Connection, Listening, LocalPlayer, Networked, Owned, Ready } from 'bitecs-net/components'
import { listen } from 'bitecs-net/server'
import { runSystems, serverReceive } from 'bitecs-net/systems'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

const COMPONENTS = { Connected, Ready, Networked, Owned, LocalPlayer, Listening }

/** What happened to the lifecycle components of one world: as its observers saw it, and as a system drained it. */
class Watch {
  readonly observed: string[] = []
  readonly drained: string[] = []

  constructor(private readonly world: ServerWorld | ClientWorld) {
    for (const [name, component] of Object.entries(COMPONENTS)) {
      observe(world, onAdd(component), (eid: number) => void this.observed.push(`+${name} ${eid}`))
      observe(world, onRemove(component), (eid: number) => void this.observed.push(`-${name} ${eid}`))
    }
  }

  /** Drains as a system of the tick would. */
  read(): void {
    for (const [name, component] of Object.entries(COMPONENTS)) {
      for (const { entity } of drain(this.world, added(component))) this.drained.push(`+${name} ${entity}`)
      for (const { entity } of drain(this.world, removed(component))) this.drained.push(`-${name} ${entity}`)
    }
  }

  /** What was observed of one component since the last time, as adds and removes. */
  take(component: keyof typeof COMPONENTS): string[] {
    const mine = this.observed.filter((line) => line.includes(`${component} `))
    this.observed.length = 0
    return mine
  }
}

/** A network whose worlds are watched: the server's from before its clients come. */
function start(clients: number) {
  const watches = new Map<ServerWorld | ClientWorld, Watch>()
  const read = (world: ServerWorld | ClientWorld): void => watches.get(world)?.read()
  const net = createTestNetwork(game.arena, { clients: 0, serverSystems: [read], clientSystems: [read] })
  const watch = (world: ServerWorld | ClientWorld): Watch => {
    const made = new Watch(world)
    watches.set(world, made)
    return made
  }
  // That it listens was recorded before anybody watched.
  net.tick()
  const server = watch(net.server)
  const joined = Array.from({ length: clients }, () => {
    const client = net.connect()
    return { ...client, world: client.world, connection: client.connection, watch: watch(client.world) }
  })
  return { net, server, clients: joined }
}

describe('both ways of looking', () => {
  it('see the same, each add and remove once, whatever happens', async () => {
    const { net, server, clients } = start(2)
    const [a, b] = clients
    const ships = [1, 2, 3].map((hp) => game.spawnShip(net.server, 0, 0, hp))
    setPlayer(net.server, a!.connection, ships[0]!)
    setOwner(net.server, ships[1]!, b!.connection, { onLeave: { graceMs: 200 } })
    net.tick(3)
    setPlayer(net.server, a!.connection, ships[2]!, { former: 'unspawn' })
    setReady(b!.world, false)
    net.tick(3)
    setOwner(net.server, ships[2]!, b!.connection)
    clearOwner(net.server, ships[2]!)
    setReady(b!.world, true)
    net.tick(3)
    despawn(net.server, game.spawnShip(net.server))
    kick(net.server, b!.connection)
    net.tick(10)
    await close(net.server)
    net.tick(2)
    for (const watch of [server, ...clients.map((client) => client.watch)]) {
      expect(watch.observed.length).toBeGreaterThan(8)
      expect(watch.drained.toSorted()).toEqual(watch.observed.toSorted())
    }
    expect(server.observed.filter((line) => line.startsWith('+Listening'))).toEqual([])
    expect(server.observed.filter((line) => line.startsWith('-Listening'))).toHaveLength(1)
  })

  it('see an add and a remove inside one tick, on the server and in one frame of a client', () => {
    const { net, server, clients } = start(1)
    const [client] = clients
    const ship = game.spawnShip(net.server)
    net.tick(3)
    server.observed.length = server.drained.length = 0
    setOwner(net.server, ship, client!.connection)
    clearOwner(net.server, ship)
    removeComponent(net.server, ship, Networked)
    addComponent(net.server, ship, Networked)
    net.tick(1)
    expect(server.drained).toEqual([`+Networked ${ship}`, `-Networked ${ship}`, `+Owned ${ship}`, `-Owned ${ship}`])
    expect(server.observed.toSorted()).toEqual(server.drained.toSorted())

    net.tick(3)
    client!.watch.observed.length = client!.watch.drained.length = 0
    net.clients[0]!.running = false
    const brief = game.spawnShip(net.server)
    setPlayer(net.server, client!.connection, brief)
    net.tick()
    despawn(net.server, brief)
    net.tick()
    net.clients[0]!.running = true
    net.tick()
    const order = client!.watch.observed.map((line) => line.split(' ')[0])
    expect(order).toEqual(['+Networked', '+Owned', '+LocalPlayer', '-LocalPlayer', '-Owned', '-Networked'])
    expect(client!.watch.drained.toSorted()).toEqual(client!.watch.observed.toSorted())
  })
})

describe('on the server', () => {
  it('OnServerConnect, OnServerDisconnect: Connected on the connection entity, which has the reason when it goes', () => {
    const { net, server, clients } = start(1)
    const { connection } = clients[0]!
    expect(server.take('Connected')).toEqual([`+Connected ${connection}`])
    const reasons: unknown[] = []
    observe(net.server, onRemove(Connected), (eid: number) => void reasons.push(Connection.reason[eid]?.text))
    kick(net.server, connection, 'enough')
    net.tick()
    expect([server.take('Connected'), reasons]).toEqual([[`-Connected ${connection}`], ['enough']])
  })

  it('OnServerReady, NotReady: Ready, after Connected and before its end', () => {
    const { net, server, clients } = start(1)
    const { world, connection } = clients[0]!
    expect(server.take('Ready')).toEqual([`+Ready ${connection}`])
    setReady(world, false)
    net.tick(3)
    setReady(world, true)
    net.tick(3)
    expect(server.take('Ready')).toEqual([`-Ready ${connection}`, `+Ready ${connection}`])
    kick(net.server, connection)
    net.tick()
    expect(server.observed).toEqual([`-Ready ${connection}`, `-Connected ${connection}`])
  })

  it('OnServerAddPlayer: Connection.player, and LocalPlayer in that client’s world', () => {
    const { net, server, clients } = start(2)
    const [a, b] = clients
    const ship = game.spawnShip(net.server)
    setPlayer(net.server, a!.connection, ship)
    expect([Connection.player[a!.connection], Connection.player[b!.connection]]).toEqual([ship, 0])
    net.tick(3)
    const copy = game.copyOf(a!.world, net.server, ship)
    expect(a!.watch.take('LocalPlayer')).toEqual([`+LocalPlayer ${copy}`])
    expect([server.take('LocalPlayer'), b!.watch.take('LocalPlayer')]).toEqual([[], []])
    expect(Connection.player[connectionOf(a!.world)]).toBe(copy)
  })

  it('OnStartServer, OnStopServer of the manager: Listening on the world’s network entity, again and again', async () => {
    const world = createServerWorld(game.arena)
    const watch = new Watch(world)
    for (let i = 0; i < 2; i++) {
      await listen(world, { port: 0 })
      runSystems(world, serverReceive)
      watch.read()
      await close(world)
      runSystems(world, serverReceive)
      watch.read()
    }
    const kinds = watch.observed.map((line) => line.split(' ')[0])
    expect(kinds).toEqual(['+Listening', '-Listening', '+Listening', '-Listening'])
    expect(watch.drained).toEqual(watch.observed)
  })

  it('OnServerError: typed errors, each with a code, the connection, and the cause', () => {
    const { net, clients } = start(1)
    const cause = new Error('the game’s own')
    observe(net.server, onRemove(Connected), () => {
      throw cause
    })
    kick(net.server, clients[0]!.connection)
    net.tick()
    expect(Array.from(drain(net.server, NetworkErrors), (error) => [error.code, error.cause])).toContainEqual([
      'observer-threw',
      cause,
    ])
    expect(hasComponent(net.server, clients[0]!.connection, Connected)).toBe(false)
  })

  it('OnStartServer, OnStopServer of an entity: Networked; OnStartAuthority, OnStopAuthority: Owned', () => {
    const { net, server, clients } = start(1)
    server.observed.length = 0
    const ship = game.spawnShip(net.server)
    setOwner(net.server, ship, clients[0]!.connection)
    net.tick(2)
    clearOwner(net.server, ship)
    setOwner(net.server, ship, clients[0]!.connection)
    despawn(net.server, ship)
    expect(server.observed).toEqual([
      `+Networked ${ship}`,
      `+Owned ${ship}`,
      `-Owned ${ship}`,
      `+Owned ${ship}`,
      `-Owned ${ship}`,
      `-Networked ${ship}`,
    ])
    net.tick()
    const ofShip = server.drained.filter((line) => line.endsWith(` ${ship}`))
    expect(ofShip.toSorted()).toEqual(server.observed.toSorted())
  })
})

describe('on a client', () => {
  it('OnClientConnect, OnClientNotReady, OnClientDisconnect: Connected and Ready on its one connection entity', async () => {
    const { net, clients } = start(1)
    const { world, watch } = clients[0]!
    const mine = connectionOf(world)
    setReady(world, false)
    net.tick(3)
    setReady(world, true)
    net.tick(3)
    await close(net.server, 'the end')
    net.tick(2)
    const ofConnection = [`-Ready ${mine}`, `+Ready ${mine}`, `-Ready ${mine}`, `-Connected ${mine}`]
    expect(watch.observed).toEqual(ofConnection)
    expect(watch.drained.toSorted()).toEqual(ofConnection.toSorted())
    expect(Connection.reason[mine]).toEqual({ code: 'server-stopped', text: 'the end', by: 'remote' })
  })

  it('OnClientError: typed errors here too', () => {
    const { net, clients } = start(1)
    const { world } = clients[0]!
    observe(world, onAdd(Networked), () => {
      throw new Error('no')
    })
    game.spawnShip(net.server)
    net.tick(3)
    expect(Array.from(drain(world, NetworkErrors), ({ code }) => code)).toEqual(['observer-threw'])
    expect(game.networked(world)).toHaveLength(1)
  })

  it('OnStartClient, OnStartAuthority, OnStartLocalPlayer, and their ends, in this order and in the reverse', () => {
    const { net, clients } = start(2)
    const [a, b] = clients
    const ship = game.spawnShip(net.server)
    setPlayer(net.server, a!.connection, ship)
    net.tick(3)
    const mine = game.copyOf(a!.world, net.server, ship)
    const theirs = game.copyOf(b!.world, net.server, ship)
    const begins = [`+Networked ${mine}`, `+Owned ${mine}`, `+LocalPlayer ${mine}`]
    expect([a!.watch.observed, b!.watch.observed]).toEqual([begins, [`+Networked ${theirs}`]])
    a!.watch.observed.length = b!.watch.observed.length = 0
    removePlayer(net.server, a!.connection, { former: 'despawn' })
    net.tick(3)
    const ends = [`-LocalPlayer ${mine}`, `-Owned ${mine}`, `-Networked ${mine}`]
    expect([a!.watch.observed, b!.watch.observed]).toEqual([ends, [`-Networked ${theirs}`]])
  })
})

describe('what is not an event', () => {
  it('is refused, and says so', () => {
    const { net } = start(0)
    const other = {} as LifecycleComponent
    expect(() => drain(net.server, added(other))).toThrow(UsageError)
    expect(() => drain(net.server, removed(other))).toThrow(/no lifecycle events/)
    expect(() => drain(net.server, changed(game.Position))).toThrow(/trackChanges/)
  })
})
