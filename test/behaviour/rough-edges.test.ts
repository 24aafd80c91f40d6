// Tests what goes wrong in correct games: systems in between, components that change at random, reused ids, and ends
// in the middle of things.
import { addComponent, addComponents, addEntity, observe, onAdd, removeComponent, removeEntity, query } from 'bitecs'
import {
  close,
  connectionOf,
  defineProtocol,
  despawn,
  drain,
  entityOf,
  kick,
  netIdOf,
  NetworkErrors,
  replicate,
  sendMessage,
  sendRpc,
  setOwner,
  removePlayer,
  setPlayer,
  u16,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Connected, Connection, LocalPlayer, Networked, Owned } from 'bitecs-net/components'
import { serverReceive, serverSend } from 'bitecs-net/systems'
import { createRandom, createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

const pipeline = [...serverReceive, ...serverSend]

describe('a system of the game', () => {
  it.each(pipeline.map((_, i) => i))('may spawn and despawn behind system %i of the pipeline', (place) => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const ships: number[] = []
    const act = (): void => {
      ships.push(game.spawnShip(net.server, ships.length, 0, ships.length))
      if (ships.length > 3) despawn(net.server, ships.shift()!)
    }
    for (let tick = 0; tick < 30; tick++) {
      net.clients[0]!.step()
      pipeline.forEach((system, i) => {
        system(net.server)
        if (i === place && tick < 20) act()
      })
    }
    const { world } = net.clients[0]!
    expect(game.networked(world).length).toBe(3)
    for (const ship of ships) expect(game.Health.hp[game.copyOf(world, net.server, ship)]).toBe(game.Health.hp[ship])
    expect([...drain(world, NetworkErrors)]).toEqual([])
  })
})

describe('many components', () => {
  it('that change independently make new component sets all the time, and the table of sets stays bounded', () => {
    const stores = Array.from({ length: 24 }, () => ({ n: new Uint16Array(400) }))
    const names = stores.map((_, i) => `C${i}`)
    const protocol = defineProtocol({
      components: Object.fromEntries(stores.map((store, i) => [names[i]!, replicate(store, { n: u16 })])),
    })
    const net = createTestNetwork(protocol, { clients: 1 })
    const random = createRandom(5)
    const eids = Array.from({ length: 60 }, () => {
      const eid = addEntity(net.server)
      addComponents(net.server, eid, [...stores, Networked])
      return eid
    })
    for (let tick = 0; tick < 400; tick++) {
      for (const eid of eids) for (const store of stores) if (random() < 0.5) store.n[eid]!++
      // And one that comes and goes, so that what an entity has differs as well.
      const eid = eids[tick % eids.length]!
      const store = stores[Math.floor(random() * stores.length)]!
      removeComponent(net.server, eid, store)
      net.tick()
      addComponent(net.server, eid, store)
    }
    net.tick(3)
    const { world } = net.clients[0]!
    for (const eid of eids) {
      const copy = entityOf(world, netIdOf(net.server, eid))
      expect(stores.map((store) => store.n[copy])).toEqual(stores.map((store) => store.n[eid]))
    }
    expect(stats(world).counters.malformedPackets).toBe(0)
  })
})

describe('undrained calls and messages', () => {
  it('of one session do not appear in the next', async () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world } = net.clients[0]!
    const ship = game.spawnShip(net.server, 0, 0, 1)
    net.tick(2)
    sendRpc(net.server, ship, game.Boom, { x: 1, shooter: ship })
    sendMessage(net.server, game.Chat, { text: 'old' })
    net.tick(2)
    await close(world)
    net.tick(2)
    net.connect({ world })
    sendMessage(net.server, game.Chat, { text: 'new' })
    net.tick(2)
    const texts: string[] = []
    for (const { args } of drain(world, game.Chat)) texts.push(args.text)
    expect(texts).toEqual(['new'])
    expect([...drain(world, game.Boom)]).toEqual([])
  })

  it('of a client that left are never attributed to the next connection with its id', async () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const first = net.clients[0]!
    sendMessage(first.world, game.Chat, { text: 'from the first' })
    net.tick(2)
    const { connection } = first
    await close(first.world)
    net.tick(4)
    expect(Array.from({ length: 20 }, () => addEntity(net.server))).toContain(connection)
    expect([...drain(net.server, game.Chat)]).toEqual([])
    expect(stats(net.server).counters.staleCalls).toBe(1)
  })
})

describe('players', () => {
  it('are one connection each: given to another, an entity is the first one’s no longer', () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const [a, b] = net.clients
    const ship = game.spawnShip(net.server)
    setPlayer(net.server, a!.connection, ship)
    net.tick(2)
    removePlayer(net.server, a!.connection, { former: 'release' })
    setPlayer(net.server, b!.connection, ship)
    net.tick(2)
    expect(net.clients.map(({ world }) => query(world, [LocalPlayer]).length)).toEqual([0, 1])
    expect([Connection.player[a!.connection], Connection.player[b!.connection]]).toEqual([0, ship])
  })

  it('are neither player nor owned on a client whose game removed Networked from its copy', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world, connection } = net.clients[0]!
    setPlayer(net.server, connection, game.spawnShip(net.server))
    net.tick(2)
    removeComponent(world, Connection.player[connectionOf(world)]!, Networked)
    setPlayer(net.server, connection, game.spawnShip(net.server))
    net.tick(2)
    expect([query(world, [LocalPlayer]).length, query(world, [Owned]).length]).toEqual([1, 1])
  })

  it('leave no state behind when an observer removes them while they spawn', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const { world } = net.clients[0]!
    observe(world, onAdd(game.Position), (eid: number) => removeEntity(world, eid))
    const ship = game.spawnShip(net.server, 0, 0, 9)
    net.tick(2)
    expect(entityOf(world, netIdOf(net.server, ship))).toBe(0)
    const own = addEntity(world)
    game.Health.hp[own] = 77
    game.Health.hp[ship] = 10
    net.tick(2)
    expect(game.Health.hp[own]).toBe(77)
  })
})

describe('the end of a connection', () => {
  it('comes behind what was said before it: kicked, and stopped', async () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const heard = (i: number): string[] => {
      const texts: string[] = []
      for (const { args } of drain(net.clients[i]!.world, game.News)) texts.push(args.text)
      return texts
    }
    sendMessage(net.server, game.News, { text: 'you cheat' }, { to: net.clients[0]!.connection })
    kick(net.server, net.clients[0]!.connection)
    net.clients[0]!.step()
    expect(heard(0)).toEqual(['you cheat'])
    sendMessage(net.server, game.News, { text: 'good night' })
    await close(net.server)
    net.clients[1]!.step()
    expect(heard(1)).toEqual(['good night'])
  })

  it('reaches clients that have not said hello, too', async () => {
    const net = createTestNetwork(game.arena, { clients: 0 })
    const early = net.begin()
    await close(net.server, 'closing time')
    early.step()
    expect(early.reason).toMatchObject({ by: 'network' })
    const late = createTestNetwork(game.arena, { clients: 0 })
    const waiting = late.begin()
    waiting.step()
    serverReceive[0]!(late.server)
    await close(late.server, 'closing time')
    waiting.step()
    expect(waiting.reason).toMatchObject({ code: 'server-stopped', text: 'closing time' })
  })

  it('39: of an idle world lasts, also when the one packet is lost that says that a client has applied a spawn', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const net = createTestNetwork(game.arena, { seed, conditions: { loss: 0.3, latency: 50, jitter: 40 } })
      game.spawnShip(net.server)
      net.tick(400)
      expect(net.clients[0]!.reason).toBeUndefined()
    }
  })

  it('is not the clients’ fault when the server stood still for longer than the time-out', () => {
    const net = createTestNetwork(game.arena, { clients: 2, sessions: { timeout: 2000, resumeTime: 0 } })
    // Structure is under way that nobody could acknowledge meanwhile.
    game.spawnShip(net.server)
    net.tick()
    net.stall(12_000)
    // It wakes up and catches up before it hears anything.
    for (const system of pipeline) system(net.server)
    net.tick(5)
    expect(net.clients.map(({ reason }) => reason)).toEqual([undefined, undefined])
    // Who is really gone is noticed within the time-out all the same, counted from when the server could hear again.
    net.clients[0]!.setConditions({ down: true })
    net.tick(45)
    expect(stats(net.server).connections).toBe(1)
  })

  it('follows when the game removes a connection entity, and no other connection inherits its state', () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const [a] = net.clients
    const ship = game.spawnShip(net.server)
    const { connection } = a!
    setOwner(net.server, ship, connection)
    net.tick(2)
    expect(() => despawn(net.server, connection)).toThrow(/is a connection: end it with kick/)
    sendMessage(a!.world, game.Chat, { text: 'hello' })
    net.tick()
    removeEntity(net.server, connection)
    const stranger = addEntity(net.server)
    net.tick(3)
    expect(a!.reason).toMatchObject({ code: 'kicked' })
    expect([...drain(net.server, NetworkErrors)].map(({ code }) => code)).toEqual(['connection-removed', 'late'])
    expect([...drain(net.server, game.Chat)]).toEqual([])
    expect(query(net.server, [Connected]).length).toBe(1)
    expect([stranger === connection, game.networked(net.server).length]).toEqual([true, 0])
  })
})
