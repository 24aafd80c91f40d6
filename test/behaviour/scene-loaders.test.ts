// Loaders of scenes: their progress, their failures, what newer changes and ends of sessions do to them, and what
// waits.
import { createEntityIndex, query } from 'bitecs'
import {
  close,
  connectionOf,
  createClientWorld,
  drain,
  entityOf,
  handle,
  kick,
  netIdOf,
  NetworkErrors,
  sendMessage,
  type ServerWorld,
} from 'bitecs-net'
import {
  changeScene,
  isScene,
  loadScene,
  type SceneLoad,
  type SceneLoader,
  SceneEvents,
  scenesOf,
  setSceneLoader,
  unloadScene,
} from 'bitecs-net/scenes'
import { stats } from 'bitecs-net/stats'
import { Connected, Connection, Loading, Networked, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestNetworkOptions } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import {
  Chat,
  Hud,
  Lobby,
  ManualLoader,
  Match,
  Results,
  spawnHealthy,
  staged,
  textsOf,
  tickAwaiting,
} from '../support/behaviours-scenes.js'
import { has } from '../support/peers.js'

/** One client with a loader of the test's own. */
function stage(options: TestNetworkOptions = {}) {
  const net = createTestNetwork(staged, { clients: 1, ...options })
  const client = net.clients[0]!
  const loader = new ManualLoader()
  setSceneLoader(client.world, loader.loader)
  return { net, client, loader, connection: client.connection }
}

const heardByServer = (world: ServerWorld): string[] => {
  const texts: string[] = []
  for (const { args } of drain(world, Chat)) texts.push(args.text)
  return texts
}

describe('a loader', () => {
  it('runs in the tick, not in a promise, and one scene at a time', async () => {
    let inTick = false
    const outside: string[] = []
    const running: string[] = []
    let most = 0
    const net = createTestNetwork(staged, { clients: 1 })
    const loader: SceneLoader = async ({ name }) => {
      if (!inTick) outside.push(name)
      running.push(name)
      most = Math.max(most, running.length)
      await Promise.resolve()
      await Promise.resolve()
      running.splice(running.indexOf(name), 1)
    }
    setSceneLoader(net.clients[0]!.world, loader)
    const loading = query(net.clients[0]!.world, [Loading])
    expect(loading.length).toBe(0)
    changeScene(net.server, Lobby)
    loadScene(net.server, Hud)
    loadScene(net.server, Results, { winner: '' })
    changeScene(net.server, Match, { seed: 1, map: '' })
    loadScene(net.server, Hud)
    for (let i = 0; i < 12; i++) {
      inTick = true
      net.tick()
      inTick = false
      const before = query(net.clients[0]!.world, [Loading]).length
      for (let turn = 0; turn < 6; turn++) await Promise.resolve()
      // What it comes to is shown by the next tick, not by the promise.
      expect(query(net.clients[0]!.world, [Loading]).length).toBe(before)
    }
    expect(outside).toEqual([])
    expect(most).toBe(1)
    expect(scenesOf(net.clients[0]!.world).map(({ name }) => name)).toEqual(['Match', 'Hud'])
  })

  it('gets the scene and its arguments, with the types of that scene', async () => {
    const { net, client } = stage()
    const maps: string[] = []
    setSceneLoader(client.world, (load) => {
      if (isScene(load, Match)) maps.push(`${load.args.map} ${load.args.seed + 1}`)
    })
    changeScene(net.server, Match, { seed: 41, map: 'dust' })
    await tickAwaiting(net, 3)
    expect(maps).toEqual(['dust 42'])
  })

  it('says how far it is: on the client at once, on the server ten times a second at most', async () => {
    const { net, client, loader, connection } = stage({ tickRate: 50 })
    const own = connectionOf(client.world)
    changeScene(net.server, Match, { seed: 1, map: '' })
    expect(Connection.progress[connection]).toBe(0)
    await tickAwaiting(net, 3)
    const { load } = loader.last
    const shown = new Set<number>()
    for (let i = 1; i <= 50; i++) {
      load.progress(i / 100)
      await tickAwaiting(net)
      expect(Connection.progress[own]).toBe(i / 100)
      shown.add(Connection.progress[connection]!)
    }
    // A second: ten reports, and what was shown before them.
    expect(shown.size).toBeGreaterThan(7)
    expect(shown.size).toBeLessThan(13)
    await tickAwaiting(net, 8)
    expect(Connection.progress[connection]).toBe(0.5)
    load.progress(7)
    await tickAwaiting(net, 8)
    expect(Connection.progress[connection]).toBe(1)
    expect(has(net.server, connection, Loading)).toBe(true)
    load.progress(-1)
    await tickAwaiting(net, 8)
    expect(Connection.progress[connection]).toBe(0)
    expect(() => load.progress(NaN)).toThrow(/fraction: must be a number from 0 to 1/)
    loader.last.done()
    await tickAwaiting(net, 4)
    expect(Connection.progress[connection]).toBe(1)
    expect(Connection.progress[own]).toBe(1)
  })
})

describe('a loader that throws', () => {
  it.each([
    [
      'at once',
      () => {
        throw new Error('no such map')
      },
    ],
    ['later', () => Promise.reject(new Error('no such map'))],
  ] satisfies [string, SceneLoader][])(
    '%s: both sides are told, and the client is closed and never ready',
    async (_, broken) => {
      const { net, client, connection } = stage()
      setSceneLoader(client.world, broken)
      const ready: number[] = []
      changeScene(net.server, Match, { seed: 1, map: '' })
      const events: string[] = []
      for (let i = 0; i < 8; i++) {
        await tickAwaiting(net)
        ready.push(query(net.server, [Connection, Ready]).length)
        for (const { kind, name } of drain(client.world, SceneEvents)) events.push(`${kind} ${name}`)
      }
      expect(Math.max(...ready)).toBe(0)
      expect(client.reason).toMatchObject({ code: 'scene-failed', by: 'remote' })
      expect(events).toEqual(['changing Match', 'failed Match'])
      const [own] = drain(client.world, NetworkErrors)
      expect(own).toMatchObject({ code: 'scene-failed', name: 'Match' })
      expect(own!.message).toMatch(/Match: no such map/)
      expect((own!.cause as Error).message).toBe('no such map')
      expect([...drain(net.server, NetworkErrors)]).toMatchObject([{ code: 'scene-failed', connection }])
      expect(has(client.world, connectionOf(client.world), Loading)).toBe(false)
    },
  )

  it('on the server: clients stay Loading, and calls flow, until the game changes scenes again', async () => {
    const { net, client, loader, connection } = stage()
    setSceneLoader(net.server, ({ name }) => {
      if (name === 'Match') throw new Error('no such map')
    })
    changeScene(net.server, Match, { seed: 1, map: '' })
    await tickAwaiting(net, 2)
    loader.last.done()
    sendMessage(client.world, Chat, { text: 'hello?' })
    await tickAwaiting(net, 10)
    expect([...drain(net.server, NetworkErrors)]).toMatchObject([{ code: 'scene-failed', name: 'Match' }])
    expect(heardByServer(net.server)).toEqual(['hello?'])
    expect(has(net.server, connection, Loading)).toBe(true)
    expect(has(net.server, connection, Ready)).toBe(false)
    changeScene(net.server, Lobby)
    await tickAwaiting(net, 2)
    while (loader.last.load.name !== 'Lobby') {
      loader.last.done()
      await tickAwaiting(net, 1)
    }
    loader.last.done()
    await tickAwaiting(net, 3)
    expect(has(net.server, connection, Ready)).toBe(true)
  })

  it('at an additive scene of the server: unloading it makes everyone go on', async () => {
    const net = createTestNetwork(staged)
    setSceneLoader(net.server, () => {
      throw new Error('out of memory')
    })
    loadScene(net.server, Hud)
    net.tick(5)
    expect(query(net.server, [Connection, Loading]).length).toBe(1)
    unloadScene(net.server, Hud)
    net.tick(5)
    expect(query(net.server, [Connection, Loading]).length).toBe(0)
  })
})

describe('a client that takes too long', () => {
  it('is closed after sceneTimeout, and not before', async () => {
    const { net, client } = stage({ sessions: { sceneTimeout: 3000 } })
    changeScene(net.server, Match, { seed: 1, map: '' })
    await tickAwaiting(net, 58)
    expect(client.reason).toBeUndefined()
    await tickAwaiting(net, 6)
    expect(client.reason).toMatchObject({ code: 'scene-timeout', text: 'the scene was not loaded within 3000 ms' })
    expect([...drain(net.server, NetworkErrors)].map(({ code }) => code)).toEqual(['scene-timeout'])
  })

  it('has a minute by default, and is taken neither for gone nor for standing still', async () => {
    const { net, client, loader, connection } = stage()
    for (let i = 0; i < 5; i++) spawnHealthy(net.server, i)
    net.tick(3)
    changeScene(net.server, Match, { seed: 1, map: '' })
    await tickAwaiting(net, 59 * 20)
    expect(client.reason).toBeUndefined()
    loader.last.done()
    await tickAwaiting(net, 5)
    expect(has(net.server, connection, Ready)).toBe(true)
    expect(query(client.world, [Networked]).length).toBe(5)
  })

  it('is not late as long as it is the server that loads', async () => {
    const net = createTestNetwork(staged, { sessions: { sceneTimeout: 1000 } })
    const loader = new ManualLoader()
    setSceneLoader(net.server, loader.loader)
    changeScene(net.server, Match, { seed: 1, map: '' })
    await tickAwaiting(net, 100)
    expect(net.clients[0]!.reason).toBeUndefined()
    loader.last.done()
    await tickAwaiting(net, 3)
    expect(query(net.server, [Connection, Ready]).length).toBe(1)
  })
})

describe('a newer change', () => {
  it('aborts the load under way; what was sent in between arrives in order; a report of the old one counts for nothing', async () => {
    const { net, client, loader, connection } = stage()
    changeScene(net.server, Match, { seed: 1, map: '' })
    sendMessage(net.server, Chat, { text: 'match' }, { to: 'all' })
    await tickAwaiting(net, 4)
    const first = loader.last
    changeScene(net.server, Results, { winner: 'red' })
    sendMessage(net.server, Chat, { text: 'results' }, { to: 'all' })
    await tickAwaiting(net, 3)
    expect(first.load.signal.aborted).toBe(true)
    // It waits for the first to stop: two never run at once.
    expect(loader.asked.length).toBe(1)
    first.fail(first.load.signal.reason)
    await tickAwaiting(net, 3)
    expect(loader.said).toEqual(['load Match', 'load Results'])
    expect(has(net.server, connection, Loading)).toBe(true)
    expect(textsOf(client.world)).toEqual([])
    loader.last.done()
    await tickAwaiting(net, 4)
    expect(has(net.server, connection, Ready)).toBe(true)
    expect(textsOf(client.world)).toEqual(['match', 'results'])
    expect([...drain(client.world, NetworkErrors)]).toEqual([])
    expect(scenesOf(client.world).map(({ name }) => name)).toEqual(['Results'])
  })

  it('unloads a scene whose load ended well in spite of the signal', async () => {
    const { net, loader, connection } = stage()
    changeScene(net.server, Match, { seed: 1, map: '' })
    await tickAwaiting(net, 3)
    changeScene(net.server, Results, { winner: 'red' })
    await tickAwaiting(net, 3)
    loader.last.done()
    await tickAwaiting(net, 2)
    expect(loader.said).toEqual(['load Match', 'unload Match'])
    // An unload is not aborted, not even by a change that makes its own change an old one.
    changeScene(net.server, Lobby)
    await tickAwaiting(net, 3)
    expect(loader.last.load.signal.aborted).toBe(false)
    loader.last.done()
    await tickAwaiting(net, 2)
    expect(loader.said).toEqual(['load Match', 'unload Match', 'load Lobby'])
    loader.last.done()
    await tickAwaiting(net, 3)
    expect(has(net.server, connection, Ready)).toBe(true)
  })
})

describe('the end of a session while a scene is loaded', () => {
  it('aborts the load and unloads the scenes; calls sent before the end still arrive', async () => {
    const { net, client, loader, connection } = stage()
    changeScene(net.server, Lobby)
    await tickAwaiting(net, 2)
    loader.last.done()
    await tickAwaiting(net, 3)
    loadScene(net.server, Hud)
    await tickAwaiting(net, 3)
    const { load } = loader.last
    expect(load.name).toBe('Hud')
    sendMessage(net.server, Chat, { text: 'you must go' })
    kick(net.server, connection, 'away', 'away')
    await tickAwaiting(net, 2)
    expect(client.reason?.code).toBe('away')
    expect(load.signal.aborted).toBe(true)
    expect(textsOf(client.world)).toEqual(['you must go'])
    expect(has(client.world, connectionOf(client.world), Loading)).toBe(false)
    expect(scenesOf(client.world)).toEqual([])
    loader.last.fail(load.signal.reason)
    await tickAwaiting(net, 2)
    expect(loader.said).toEqual(['load Lobby', 'load Hud', 'unload Lobby'])
    loader.last.done()
    // The next session begins with what its server plays.
    const again = net.begin({ world: client.world })
    await tickAwaiting(net, 3)
    expect(loader.said.at(-1)).toBe('load Lobby')
    loader.last.done()
    await tickAwaiting(net, 3)
    expect(loader.said.at(-1)).toBe('load Hud')
    loader.last.done()
    await tickAwaiting(net, 3)
    expect(has(net.server, again.connection, Ready)).toBe(true)
    expect([...drain(client.world, NetworkErrors)]).toEqual([])
  })

  it('starts no load when the change and the end arrive together', async () => {
    const { net, client, loader, connection } = stage()
    client.running = false
    changeScene(net.server, Lobby)
    sendMessage(net.server, Chat, { text: 'all' }, { to: 'all' })
    await tickAwaiting(net)
    kick(net.server, connection, 'away', 'away')
    await tickAwaiting(net, 2)
    client.running = true
    await tickAwaiting(net)
    expect(textsOf(client.world)).toEqual(['all'])
    // The end waits a frame for the systems that drain the message.
    await tickAwaiting(net, 2)
    expect(has(client.world, connectionOf(client.world), Connected)).toBe(false)
    expect(loader.asked).toEqual([])
    expect([...drain(client.world, SceneEvents)]).toEqual([])
  })

  it('does the same when the client or the network ends the session', async () => {
    for (const end of ['close', 'silence'] as const) {
      const { net, client, loader } = stage({ sessions: { timeout: 1000, resumeTime: 2000 } })
      changeScene(net.server, Lobby)
      await tickAwaiting(net, 3)
      const { load } = loader.last
      if (end === 'close') void close(client.world)
      else net.setServerConditions({ loss: 1 })
      client.setConditions({ loss: 1 })
      await tickAwaiting(net, 200)
      expect(load.signal.aborted).toBe(true)
      expect(has(client.world, connectionOf(client.world), Loading)).toBe(false)
      expect(has(client.world, connectionOf(client.world), Connected)).toBe(false)
    }
  })

  it('on one client does not stop the load of another', async () => {
    const { net, client, loader } = stage({ clients: 2 })
    const other = net.clients[1]!
    changeScene(net.server, Lobby)
    await tickAwaiting(net, 3)
    void close(other.world)
    await tickAwaiting(net, 3)
    loader.last.done()
    await tickAwaiting(net, 3)
    expect(has(net.server, client.connection, Ready)).toBe(true)
    expect(query(net.server, [Connection]).length).toBe(1)
  })
})

describe('packets that wait for a loading client', () => {
  it('is bounded: more closes it, with a reason', async () => {
    const entityIndex = createEntityIndex()
    const net = createTestNetwork(staged, { clients: 0, entityIndex })
    const world = createClientWorld(staged, { entityIndex, now: () => net.now, maxWaitingBytes: 100_000 })
    const client = net.connect({ world })
    setSceneLoader(world, new ManualLoader().loader)
    changeScene(net.server, Lobby)
    await tickAwaiting(net, 3)
    const text = 'x'.repeat(10_000)
    for (let i = 0; i < 9; i++) sendMessage(net.server, Chat, { text }, { to: 'all' })
    await tickAwaiting(net, 3)
    expect(client.reason).toBeUndefined()
    for (let i = 0; i < 2; i++) sendMessage(net.server, Chat, { text }, { to: 'all' })
    await tickAwaiting(net, 3)
    expect(client.reason).toMatchObject({
      code: 'overflow',
      text: 'more than 100000 bytes wait for a scene to be loaded',
    })
    expect([...drain(world, NetworkErrors)]).toMatchObject([{ code: 'overflow' }])
    expect(() => createClientWorld(staged, { maxWaitingBytes: 0 })).toThrow(/maxWaitingBytes/)
  })

  it('is neither state nor messages to those who are ready', async () => {
    const { net, client, loader } = stage()
    const ship = spawnHealthy(net.server, 1)
    net.tick(2)
    changeScene(net.server, Lobby)
    await tickAwaiting(net, 3)
    for (let i = 0; i < 20; i++) {
      spawnHealthy(net.server, i)
      sendMessage(net.server, Chat, { text: 'to the ready' })
      await tickAwaiting(net)
    }
    expect(stats(client.world).counters.packetsWhileLoading).toBe(0)
    expect(entityOf(client.world, netIdOf(net.server, ship))).toBe(0)
    loader.last.done()
    await tickAwaiting(net, 3)
    expect(textsOf(client.world)).toEqual([])
    expect(query(client.world, [Networked]).length).toBe(21)
  })
})

describe('while the server itself loads', () => {
  it('calls and messages of clients wait in order, handlers too, and clients are ready only when it has loaded', async () => {
    const net = createTestNetwork(staged, { clients: 2 })
    const loader = new ManualLoader()
    setSceneLoader(net.server, loader.loader)
    const handled: string[] = []
    const take = handle(net.server, Chat, ({ args }) => void handled.push(args.text))
    changeScene(net.server, Match, { seed: 1, map: '' })
    await tickAwaiting(net, 2)
    // Longer than calls may wait undrained.
    for (let i = 0; i < 150; i++) {
      sendMessage(net.clients[i % 2]!.world, Chat, { text: `${i}` })
      await tickAwaiting(net)
    }
    await tickAwaiting(net, 2)
    expect(handled).toEqual([])
    for (const { world } of net.clients) expect(has(world, connectionOf(world), Loading)).toBe(false)
    expect(query(net.server, [Connection, Loading]).length).toBe(2)
    take()
    expect(heardByServer(net.server)).toEqual([])
    loader.last.done()
    await tickAwaiting(net, 2)
    expect(heardByServer(net.server)).toEqual(Array.from({ length: 150 }, (_, i) => `${i}`))
    expect(query(net.server, [Connection, Ready]).length).toBe(2)
    expect([...drain(net.server, NetworkErrors)]).toEqual([])
    expect(stats(net.server).counters.undrainedCalls).toBe(0)
  })

  it('a client that sends more than is kept for it is closed, and the other clients lose nothing', async () => {
    const net = createTestNetwork(staged, { clients: 2 })
    const loader = new ManualLoader()
    setSceneLoader(net.server, loader.loader)
    changeScene(net.server, Match, { seed: 1, map: '' })
    await tickAwaiting(net, 2)
    const [loud, calm] = net.clients
    const text = 'x'.repeat(10_000)
    for (let i = 0; i < 60 && loud!.reason === undefined; i++) {
      sendMessage(loud!.world, Chat, { text })
      if (i % 10 === 0) sendMessage(calm!.world, Chat, { text: `${i}`.padEnd(10_000) })
      await tickAwaiting(net, 2)
    }
    expect(loud!.reason).toMatchObject({ code: 'overflow' })
    expect(calm!.reason).toBeUndefined()
    loader.last.done()
    await tickAwaiting(net, 2)
    const heard = heardByServer(net.server)
    expect(heard.filter((one) => one !== text).map((one) => one.trim())).toEqual(['0', '10', '20'])
    // The limit applies to each load separately.
    changeScene(net.server, Results, { winner: '' })
    await tickAwaiting(net, 2)
    for (let i = 0; i < 25; i++) {
      sendMessage(calm!.world, Chat, { text })
      await tickAwaiting(net, 2)
    }
    expect(calm!.reason).toBeUndefined()
  })

  it('a client that was told alone waits for it too', async () => {
    const { net, loader, connection } = stage()
    const own = new ManualLoader()
    setSceneLoader(net.server, own.loader)
    changeScene(net.server, Lobby)
    changeScene(net.server, Results, { winner: '' }, { to: connection })
    await tickAwaiting(net, 3)
    const asked: SceneLoad = loader.last.load
    expect(asked.name).toBe('Results')
    loader.last.done()
    await tickAwaiting(net, 4)
    expect(has(net.server, connection, Ready)).toBe(false)
    own.last.done()
    await tickAwaiting(net, 2)
    expect(has(net.server, connection, Ready)).toBe(true)
  })
})
