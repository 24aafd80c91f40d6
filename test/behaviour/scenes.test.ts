// Scenes: what is told to whom, in which order, and what members of a scene do.
import { addComponent, addEntity, observe, onRemove, query } from 'bitecs'
import {
  added,
  type ClientWorld,
  close,
  connectionOf,
  defineProtocol,
  despawn,
  drain,
  entityOf,
  netIdOf,
  NetworkErrors,
  removed,
  sendMessage,
  type ServerWorld,
  setReady,
  string,
} from 'bitecs-net'
import { withSide } from 'bitecs-net/host'
import {
  changeScene,
  defineScene,
  isScene,
  loadScene,
  type LoadedScene,
  SceneEvents,
  scenesOf,
  setScene,
  setSceneLoader,
  unloadScene,
} from 'bitecs-net/scenes'
import { Connected, Connection, Listening, Loading, Networked, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import {
  Chat,
  Health,
  Hud,
  Lobby,
  ManualLoader,
  Match,
  Results,
  sceneBehaviours,
  spawnHealthy,
  staged,
  textsOf,
  tickAwaiting,
  watch,
} from '../support/behaviours-scenes.js'
import { has, inMemory, reasonOf } from '../support/peers.js'

sceneBehaviours('the network in memory', inMemory)

const names = (scenes: readonly LoadedScene[]): string => scenes.map(({ name }) => name).join(' ')
const copyOf = (net: TestNetwork, client: TestClient, eid: number): number =>
  entityOf(client.world, netIdOf(net.server, eid))

describe('a change of the scene', () => {
  it('is shown on both sides by events with the arguments, each seen by every system', () => {
    const seen: Record<'server' | 'client', string[]> = { server: [], client: [] }
    const tell = (side: 'server' | 'client', event: LoadedScene & { kind: string }): void => {
      seen[side].push(`${event.kind} ${event.name}${isScene(event, Match) ? ` ${event.args.seed}` : ''}`)
    }
    const net = createTestNetwork(staged, {
      serverSystems: [
        (world) => {
          for (const event of drain(world, SceneEvents)) tell('server', event)
        },
        (world) => {
          for (const event of drain(world, SceneEvents)) tell('server', event)
        },
      ],
      clientSystems: [
        (world) => {
          for (const event of drain(world, SceneEvents)) tell('client', event)
        },
      ],
    })
    changeScene(net.server, Lobby)
    net.tick(5)
    changeScene(net.server, Match, { seed: 9, map: 'dust' })
    net.tick(5)
    const once = ['changing Lobby', 'changed Lobby', 'changing Match 9', 'unloaded Lobby', 'changed Match 9']
    expect(seen.client).toEqual(once)
    expect(seen.server).toEqual([
      'changing Lobby',
      'changed Lobby',
      'changing Lobby',
      'changed Lobby',
      'changing Match 9',
      'unloaded Lobby',
      'changed Match 9',
      'changing Match 9',
      'unloaded Lobby',
      'changed Match 9',
    ])
  })

  it('without loaders is over within a few ticks, and everyone is ready again and sees everything', () => {
    const net = createTestNetwork(staged, { clients: 2 })
    const ship = spawnHealthy(net.server, 5)
    net.tick(3)
    changeScene(net.server, Match, { seed: 1, map: '' })
    expect(query(net.server, [Connection, Loading]).length).toBe(2)
    expect(query(net.server, [Connection, Ready]).length).toBe(0)
    net.tick(6)
    expect(query(net.server, [Connection, Loading]).length).toBe(0)
    expect(query(net.server, [Connection, Ready]).length).toBe(2)
    for (const client of net.clients) {
      expect(Health.hp[copyOf(net, client, ship)]).toBe(5)
      expect(has(client.world, connectionOf(client.world), Ready)).toBe(true)
      expect(names(scenesOf(client.world))).toBe('Match')
    }
    expect(names(scenesOf(net.server))).toBe('Match')
  })

  it('shows Loading in the lifecycle queues, on both sides', () => {
    const seen = { server: '', client: '' }
    const wrong: string[] = []
    const look = (side: 'server' | 'client', world: ServerWorld | ClientWorld): void => {
      for (const _ of drain(world, added(Loading))) seen[side] += '+'
      for (const _ of drain(world, removed(Loading))) seen[side] += '-'
      // What a system finds and what the queues have told it are the same in every tick.
      const told = seen[side].endsWith('+') ? 1 : 0
      if (query(world, [Connection, Loading]).length !== told) wrong.push(`${side} ${seen[side]}`)
    }
    const net = createTestNetwork(staged, {
      serverSystems: [(world) => look('server', world)],
      clientSystems: [(world) => look('client', world)],
    })
    changeScene(net.server, Lobby)
    net.tick(6)
    expect(seen).toEqual({ server: '+-', client: '+-' })
    expect(wrong).toEqual([])
  })

  it('for one connection affects no other connection, no scene of the world, and no later joiner', () => {
    const net = createTestNetwork(staged, { clients: 3 })
    const asked = new ManualLoader()
    setSceneLoader(net.server, asked.loader)
    changeScene(net.server, Lobby, {}, { to: net.clients[0]!.connection })
    changeScene(net.server, Results, { winner: 'red' }, { to: [net.clients[1]!.connection] })
    expect(query(net.server, [Connection, Ready])).toContain(net.clients[2]!.connection)
    net.tick(6)
    const late = net.connect()
    expect(net.clients.map(({ world }) => names(scenesOf(world)))).toEqual(['Lobby', 'Results', '', ''])
    expect(names(scenesOf(net.server, net.clients[1]!.connection))).toBe('Results')
    expect(names(scenesOf(net.server))).toBe('')
    expect(query(net.server, [Connection, Ready]).length).toBe(4)
    expect(late.connection).not.toBe(0)
    // The server itself has nothing to load for them.
    expect(asked.said).toEqual([])
    // A change for everyone ends them.
    setSceneLoader(net.server, undefined)
    changeScene(net.server, Match, { seed: 3, map: '' })
    net.tick(6)
    expect(net.clients.map(({ world }) => names(scenesOf(world)))).toEqual(['Match', 'Match', 'Match', 'Match'])
  })

  it('stays when the server stops: the scene is the world’s, not its clients’', async () => {
    const net = createTestNetwork(staged)
    changeScene(net.server, Match, { seed: 4, map: 'ice' })
    net.tick(4)
    await close(net.server)
    net.tick(2)
    expect(names(scenesOf(net.server))).toBe('Match')
  })

  it('keeps a client that does not want to take part from being made ready', () => {
    const net = createTestNetwork(staged, { clients: 0 })
    const client = net.connect({ autoReady: false })
    const log: string[] = []
    watch(net.server, log)
    changeScene(net.server, Lobby)
    net.tick(6)
    expect(log.filter((line) => line.endsWith('Ready'))).toEqual([])
    expect(has(net.server, client.connection, Loading)).toBe(false)
    expect(has(client.world, connectionOf(client.world), Ready)).toBe(false)
    setReady(client.world, true)
    net.tick(3)
    expect(has(net.server, client.connection, Ready)).toBe(true)
  })

  it('counts what the client says of its readiness while it loads, afterwards', async () => {
    const net = createTestNetwork(staged)
    const client = net.clients[0]!
    const loader = new ManualLoader()
    setSceneLoader(client.world, loader.loader)
    changeScene(net.server, Lobby)
    await tickAwaiting(net, 3)
    setReady(client.world, false)
    await tickAwaiting(net, 3)
    setReady(client.world, true)
    await tickAwaiting(net, 3)
    expect(has(net.server, client.connection, Ready)).toBe(false)
    expect(has(client.world, connectionOf(client.world), Ready)).toBe(false)
    setReady(client.world, false)
    await tickAwaiting(net, 3)
    loader.last.done()
    await tickAwaiting(net, 4)
    expect(has(net.server, client.connection, Loading)).toBe(false)
    expect(has(net.server, client.connection, Ready)).toBe(false)
    expect(has(client.world, connectionOf(client.world), Ready)).toBe(false)
  })
})

describe('a client that joins while a scene is played', () => {
  it('gets the scene with its arguments before it is ready: Connected, Loading, Ready', async () => {
    const net = createTestNetwork(staged, { clients: 0 })
    changeScene(net.server, Match, { seed: 77, map: 'moon' })
    loadScene(net.server, Hud)
    spawnHealthy(net.server, 3)
    net.tick(2)
    const log: string[] = []
    watch(net.server, log)
    const client = net.begin()
    const loader = new ManualLoader()
    setSceneLoader(client.world, loader.loader)
    const own: string[] = []
    watch(client.world, own)
    await tickAwaiting(net, 6)
    expect(loader.said).toEqual(['load Match'])
    expect(loader.last.load.args).toEqual({ seed: 77, map: 'moon' })
    expect(log).toEqual(['+Loading'])
    expect(own).not.toContain('+Networked')
    loader.last.done()
    await tickAwaiting(net, 2)
    expect(loader.said).toEqual(['load Match', 'load Hud'])
    loader.last.done()
    await tickAwaiting(net, 4)
    expect(log).toEqual(['+Loading', '-Loading', '+Ready'])
    expect(own.slice(-3)).toEqual(['-Loading', '+Ready', '+Networked'])
    expect(names(scenesOf(client.world))).toBe('Match Hud')
  })

  it('is not ready when it was here before and called setReady(false)', () => {
    const net = createTestNetwork(staged)
    const { world } = net.clients[0]!
    changeScene(net.server, Lobby)
    net.tick(5)
    void close(world)
    net.tick(3)
    const again = net.begin({ world, autoReady: false })
    net.tick(8)
    expect(names(scenesOf(world))).toBe('Lobby')
    expect(has(world, connectionOf(world), Ready)).toBe(false)
    expect(has(net.server, again.connection, Ready)).toBe(false)
  })
})

describe('an additive scene', () => {
  it('leaves the client ready and its entities in place; what is sent waits, in order, values included', async () => {
    const net = createTestNetwork(staged)
    const client = net.clients[0]!
    const ship = spawnHealthy(net.server, 1)
    net.tick(3)
    const log: string[] = []
    watch(client.world, log)
    const loader = new ManualLoader()
    setSceneLoader(client.world, loader.loader)
    loadScene(net.server, Hud)
    const late = spawnHealthy(net.server, 50)
    await tickAwaiting(net, 3)
    expect(has(net.server, client.connection, Ready)).toBe(true)
    expect(has(net.server, client.connection, Loading)).toBe(true)
    // Longer than a client may otherwise stay behind with structure.
    for (let i = 0; i < 300; i++) {
      Health.hp[ship] = i
      sendMessage(net.server, Chat, { text: `${i}` })
      const bullet = spawnHealthy(net.server, i)
      await tickAwaiting(net)
      despawn(net.server, bullet)
    }
    Health.hp[ship] = 4000
    await tickAwaiting(net)
    expect(client.reason).toBeUndefined()
    expect(textsOf(client.world)).toEqual([])
    // The spawn of its tick came before the change.
    expect(copyOf(net, client, late)).not.toBe(0)
    expect(Health.hp[copyOf(net, client, ship)]).toBe(1)
    const further = spawnHealthy(net.server, 60)
    await tickAwaiting(net, 2)
    expect(copyOf(net, client, further)).toBe(0)
    loader.last.done()
    await tickAwaiting(net, 12)
    expect(textsOf(client.world)).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`))
    expect(Health.hp[copyOf(net, client, ship)]).toBe(4000)
    expect(Health.hp[copyOf(net, client, further)]).toBe(60)
    expect(log.filter((line) => !line.includes('Networked'))).toEqual(['+Loading', '-Loading'])
    expect(names(scenesOf(client.world))).toBe('Hud')
  })

  it('converges on a bad network too', async () => {
    const net = createTestNetwork(staged, { seed: 11, conditions: { loss: 0.2, latency: 40, jitter: 30 } })
    const client = net.clients[0]!
    const ships = Array.from({ length: 60 }, (_, i) => spawnHealthy(net.server, i))
    net.tick(20)
    const loader = new ManualLoader()
    setSceneLoader(client.world, loader.loader)
    for (let round = 0; round < 3; round++) {
      if (round === 0) loadScene(net.server, Hud)
      if (round === 1) unloadScene(net.server, Hud)
      if (round === 2) changeScene(net.server, Match, { seed: round, map: '' })
      for (let i = 0; i < 30; i++) {
        ships.forEach((ship, n) => (Health.hp[ship] = n * 100 + i + round))
        sendMessage(net.server, Chat, { text: `${round} ${i}` }, { to: 'all' })
        await tickAwaiting(net)
      }
      loader.last.done()
      for (let i = 0; i < 40; i++) {
        await tickAwaiting(net)
        if (loader.asked.length > round + 1) loader.last.done()
      }
      const shown = ships.map((ship) => Health.hp[copyOf(net, client, ship)])
      expect(shown).toEqual(ships.map((ship) => Health.hp[ship]))
      expect(textsOf(client.world)).toEqual(Array.from({ length: 30 }, (_, i) => `${round} ${i}`))
    }
    expect(query(client.world, [Networked]).length).toBe(60)
  })

  it('is unloaded by itself, and with the others by a change', async () => {
    const said: string[] = []
    const net = createTestNetwork(staged)
    setSceneLoader(net.server, ({ side, action, name }) => void said.push(`${side} ${action} ${name}`))
    setSceneLoader(net.clients[0]!.world, ({ side, action, name }) => void said.push(`${side} ${action} ${name}`))
    changeScene(net.server, Match, { seed: 1, map: '' })
    loadScene(net.server, Hud)
    net.tick(4)
    unloadScene(net.server, Hud)
    net.tick(4)
    expect(names(scenesOf(net.server))).toBe('Match')
    expect(names(scenesOf(net.clients[0]!.world))).toBe('Match')
    loadScene(net.server, Hud)
    changeScene(net.server, Results, { winner: 'blue' })
    net.tick(6)
    const each = ['load Match', 'load Hud', 'unload Hud', 'load Results']
    for (const side of ['server', 'client']) {
      const own = said.filter((line) => line.startsWith(side)).map((line) => line.slice(side.length + 1))
      // Hud was asked for and taken back within a tick: it was never loaded again.
      expect(own).toEqual([...each.slice(0, 3), 'unload Match', 'load Results'])
    }
    await Promise.resolve()
    expect(names(scenesOf(net.server))).toBe('Results')
  })
})

describe('calls and messages around a change', () => {
  it('made before it in the same tick arrive before it, those after it behind it, also around a second change', async () => {
    const net = createTestNetwork(staged, { clients: 2 })
    const client = net.clients[0]!
    const loader = new ManualLoader()
    setSceneLoader(client.world, loader.loader)
    // To those who are ready, as they are at the time of the call.
    sendMessage(net.server, Chat, { text: 'one' })
    changeScene(net.server, Match, { seed: 1, map: '' })
    sendMessage(net.server, Chat, { text: 'nobody is ready' })
    sendMessage(net.server, Chat, { text: 'two' }, { to: 'all' })
    changeScene(net.server, Results, { winner: 'x' })
    sendMessage(net.server, Chat, { text: 'three' }, { to: client.connection })
    await tickAwaiting(net, 4)
    expect(textsOf(client.world)).toEqual(['one'])
    expect(textsOf(net.clients[1]!.world)).toEqual(['one', 'two'])
    // The second took the place of the first before that had begun.
    expect(loader.said).toEqual(['load Results'])
    loader.last.done()
    await tickAwaiting(net, 4)
    expect(textsOf(client.world)).toEqual(['two', 'three'])
    expect([...drain(client.world, NetworkErrors)]).toEqual([])
    expect(has(net.server, client.connection, Ready)).toBe(true)
  })
})

describe('scenes of a host', () => {
  it('are loaded by both of its sides, each by its own loader, and its client is ready when both have', async () => {
    const net = createTestNetwork(staged, { host: true, clients: 1 })
    const { server: world, host } = net
    const [server, client] = [new ManualLoader(), new ManualLoader()]
    setSceneLoader(world, server.loader, { side: 'server' })
    withSide(world, 'client', () => setSceneLoader(world, client.loader))
    const ship = spawnHealthy(world, 5)
    net.tick(3)
    const log: string[] = []
    watch(world, log)
    changeScene(world, Match, { seed: 6, map: 'dust' })
    await tickAwaiting(net, 4)
    expect([server.said, client.said]).toEqual([['load Match'], ['load Match']])
    expect([server.last.load.side, client.last.load.side]).toEqual(['server', 'client'])
    expect(client.last.load.args).toEqual({ seed: 6, map: 'dust' })
    client.last.load.progress(0.25)
    await tickAwaiting(net, 4)
    expect(Connection.progress[host.connection]).toBe(0.25)
    client.last.done()
    await tickAwaiting(net, 4)
    expect(has(world, host.connection, Loading)).toBe(true)
    expect(has(world, host.connection, Ready)).toBe(false)
    sendMessage(world, Chat, { text: 'behind' }, { to: host.connection })
    server.last.done()
    await tickAwaiting(net, 4)
    expect(query(world, [Connection, Ready]).length).toBe(2)
    expect(query(world, [Loading]).length).toBe(0)
    // Its entities are the server's: they were never away.
    expect(log).not.toContain('-Networked')
    expect(has(world, ship, Networked)).toBe(true)
    expect(names(scenesOf(world))).toBe('Match')
    expect(names(scenesOf(world, undefined, { side: 'client' }))).toBe('Match')
    expect(Array.from(drain(world, Chat, { side: 'client' }), ({ args }) => args.text)).toEqual(['behind'])
    // Without a side one loader serves both, and is told for whom.
    const sides: string[] = []
    setSceneLoader(world, ({ side, action, name }) => void sides.push(`${side} ${action} ${name}`))
    changeScene(world, Lobby)
    await tickAwaiting(net, 5)
    expect(sides.sort()).toEqual([
      'client load Lobby',
      'client unload Match',
      'server load Lobby',
      'server unload Match',
    ])
  })
})

describe('the largest scene', () => {
  it('arrives whole', () => {
    const Huge = defineScene({ text: string(16_313) })
    const net = createTestNetwork(defineProtocol({ scenes: { Huge } }))
    const text = 'x'.repeat(16_313)
    changeScene(net.server, Huge, { text })
    net.tick(5)
    const [one] = scenesOf(net.clients[0]!.world)
    expect(isScene(one!, Huge) && one.args.text === text).toBe(true)
    expect(query(net.server, [Connection, Ready]).length).toBe(1)
  })
})

describe('entities of a scene', () => {
  it('end with it, the last one first, and all others stay', () => {
    const net = createTestNetwork(staged)
    const client = net.clients[0]!
    changeScene(net.server, Match, { seed: 1, map: '' })
    loadScene(net.server, Hud)
    const [flag, base, stays, freed, other] = Array.from({ length: 5 }, (_, i) => spawnHealthy(net.server, i))
    for (const eid of [flag!, base!, freed!]) setScene(net.server, eid, Match)
    setScene(net.server, freed!, undefined)
    setScene(net.server, other!, Hud)
    net.tick(5)
    const order: number[] = []
    observe(net.server, onRemove(Networked), (eid: number) => void order.push(eid))
    const copies = new Set([flag!, base!].map((eid) => copyOf(net, client, eid)))
    unloadScene(net.server, Hud)
    expect(order).toEqual([other])
    const reasons: string[] = []
    observe(client.world, onRemove(Networked), (eid: number) => {
      if (copies.has(eid)) reasons.push(Networked.reason[eid]!)
    })
    changeScene(net.server, Results, { winner: '' })
    expect(order).toEqual([other, base, flag])
    expect(has(net.server, stays!, Networked)).toBe(true)
    expect(has(net.server, freed!, Networked)).toBe(true)
    net.tick(6)
    expect(reasons).toEqual(['destroyed', 'destroyed'])
    expect(query(client.world, [Networked]).length).toBe(2)
    // Changing to the same scene again ends its entities too.
    const again = spawnHealthy(net.server, 1)
    setScene(net.server, again, Results)
    changeScene(net.server, Results, { winner: 'more' })
    expect(has(net.server, again, Networked)).toBe(false)
  })

  it('that ended meanwhile do not remove the entities that have their slots now', () => {
    const net = createTestNetwork(staged)
    changeScene(net.server, Lobby)
    net.tick(5)
    const bullets = Array.from({ length: 20 }, () => spawnHealthy(net.server, 1))
    for (const bullet of bullets) setScene(net.server, bullet, Lobby)
    net.tick(3)
    for (const bullet of bullets) despawn(net.server, bullet)
    net.tick(3)
    const ships = Array.from({ length: 20 }, () => spawnHealthy(net.server, 1))
    net.tick()
    changeScene(net.server, Results, { winner: '' })
    for (const ship of ships) expect(has(net.server, ship, Networked)).toBe(true)
  })

  it('are refused for a scene that one connection loads by itself', () => {
    const net = createTestNetwork(staged)
    changeScene(net.server, Lobby, {}, { to: net.clients[0]!.connection })
    const ship = spawnHealthy(net.server, 1)
    expect(() => setScene(net.server, ship, Lobby)).toThrow(/Lobby is not a scene of the world/)
    const plain = addEntity(net.server)
    expect(() => setScene(net.server, plain, undefined)).toThrow(/not networked/)
  })
})

describe('a mistake with scenes', () => {
  it('throws where it is made', () => {
    const net = createTestNetwork(staged)
    const { server } = net
    const { connection } = net.clients[0]!
    const plain = addEntity(server)
    addComponent(server, plain, Health)
    expect(() => changeScene(server, Match, { seed: -1, map: '' })).toThrow(/args\.seed/)
    expect(() => changeScene(server, Lobby, {}, { to: plain })).toThrow(/not an open connection/)
    expect(() => changeScene(server, Lobby, {}, { to: 'everyone' as 'all' })).toThrow(/'all', a connection or a list/)
    expect(() => unloadScene(server, Hud)).toThrow(/Hud is not loaded/)
    expect(() => unloadScene(server, Hud, { to: connection })).toThrow(/Hud is not loaded/)
    loadScene(server, Hud)
    expect(() => loadScene(server, Hud)).toThrow(/Hud is loaded already/)
    expect(() => loadScene(server, Hud, {}, { to: connection })).toThrow(/Hud is loaded already/)
    expect(() => scenesOf(server, plain)).toThrow(/not an open connection/)
    const strange = { ...Hud }
    expect(() => changeScene(server, strange)).toThrow(/not listed/)
    // Refused before anyone was told.
    net.tick(5)
    expect(names(scenesOf(net.clients[0]!.world))).toBe('Hud')
  })

  it('names who has left in a list, and is passed over', () => {
    const net = createTestNetwork(staged, { clients: 2 })
    const list = net.clients.map(({ connection }) => connection)
    void close(net.clients[1]!.world)
    net.tick(4)
    changeScene(net.server, Lobby, {}, { to: list })
    net.tick(5)
    expect(names(scenesOf(net.clients[0]!.world))).toBe('Lobby')
    expect(has(net.server, net.clients[0]!.connection, Ready)).toBe(true)
  })
})

describe('a network entity of the server', () => {
  it('carries Loading while the server’s own loader runs', async () => {
    const net = createTestNetwork(staged)
    const loader = new ManualLoader()
    setSceneLoader(net.server, loader.loader)
    changeScene(net.server, Lobby)
    await tickAwaiting(net, 2)
    expect(query(net.server, [Listening, Loading]).length).toBe(1)
    loader.last.done()
    await tickAwaiting(net, 2)
    expect(query(net.server, [Listening, Loading]).length).toBe(0)
    expect(query(net.server, [Connected, Ready]).length).toBe(1)
    expect(reasonOf(net.clients[0]!.connection)).toBeUndefined()
  })
})
