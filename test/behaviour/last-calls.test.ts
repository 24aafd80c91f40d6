// Calls made right before a client loses an entity, its scene or its connection: they arrive, and find the entity.
import { addComponent, addEntity, hasComponent, removeComponent } from 'bitecs'
import {
  bytes,
  close,
  connectionOf,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  despawn,
  drain,
  entityOf,
  kick,
  netIdOf,
  NetworkErrors,
  retire,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  type ServerWorld,
  setOwner,
  u8,
} from 'bitecs-net'
import { hideFrom } from 'bitecs-net/interest'
import { reply, request, RequestDisconnectedError } from 'bitecs-net/requests'
import { changeScene, defineScene, loadScene, setScene, setSceneLoader, unloadScene } from 'bitecs-net/scenes'
import { stats } from 'bitecs-net/stats'
import { ban } from 'bitecs-net/users'
import { Connected, Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ManualLoader, tickAwaiting } from '../support/behaviours-scenes.js'

const Win = defineClientRpc({ n: u8 })
const Prize = defineTargetRpc({ n: u8 })
const Whisper = defineTargetRpc({ n: u8 }, { channel: 'unreliable' })
const Note = defineMessage({ n: u8 })
const Map = defineMessage({ tiles: bytes(100_000) }, { large: true })
const Fire = defineCommand({ n: u8 })
const Buy = defineCommand({}, { returns: { left: u8 } })
const Results = defineScene()
const Cave = defineScene()
const protocol = defineProtocol({
  remote: { Win, Prize, Whisper, Fire, Buy },
  messages: { Note, Map },
  scenes: { Results, Cave },
})
const ADDRESS = '198.51.100.7'

interface Game {
  readonly net: TestNetwork
  readonly server: ServerWorld
  readonly client: TestClient
  readonly ship: number
  /** What the client's systems heard, each with whether its entity was still networked. */
  readonly heard: string[]
}

function begin(): Game {
  const heard: string[] = []
  const listen = (world: TestClient['world']): void => {
    const on = (eid: number): string => (hasComponent(world, eid, Networked) ? 'on the ship' : 'on nothing')
    for (const { entity } of drain(world, Win)) heard.push(`win ${on(entity)}`)
    for (const { entity } of drain(world, Prize)) heard.push(`prize ${on(entity)}`)
    for (const { args } of drain(world, Note)) heard.push(`note ${args.n}`)
    for (const { args } of drain(world, Map)) heard.push(`map of ${args.tiles.length}`)
  }
  const net = createTestNetwork(protocol, { clients: 0, clientSystems: [listen] })
  const client = net.connect({ address: ADDRESS })
  loadScene(net.server, Cave)
  net.tick(4)
  const ship = addEntity(net.server)
  addComponent(net.server, ship, Networked)
  setOwner(net.server, ship, client.connection)
  setScene(net.server, ship, Cave)
  net.tick(4)
  return { net, server: net.server, client, ship, heard }
}

function call({ server, client, ship }: Game): void {
  sendRpc(server, ship, Win, { n: 1 })
  sendTargetRpc(server, ship, Prize, { n: 1 })
  sendMessage(server, Note, { n: 1 }, { to: client.connection })
}

/** Ticks with a client that runs a frame in every `every`th tick. */
function play({ net, client }: Game, every: number, ticks = 60): void {
  for (let tick = 1; tick <= ticks; tick++) {
    client.running = tick % every === 0
    net.tick()
  }
}

const ENDS: Record<string, (game: Game) => unknown> = {
  despawn: ({ server, ship }) => despawn(server, ship),
  'Networked removed': ({ server, ship }) => removeComponent(server, ship, Networked),
  hideFrom: ({ server, ship, client }) => {
    setOwner(server, ship, client.connection)
    removeComponent(server, ship, Networked)
    addComponent(server, ship, Networked)
    hideFrom(server, ship, client.connection)
  },
  changeScene: ({ server }) => changeScene(server, Results),
  unloadScene: ({ server }) => unloadScene(server, Cave),
  kick: ({ server, client }) => kick(server, client.connection),
  ban: ({ server }) => ban(server, { address: ADDRESS }),
  'close of the server': ({ server }) => void close(server),
  'retire and close': ({ server }) => {
    void retire(server, { grace: 0 })
    void close(server)
  },
}

describe.each([1, 2, 20])('calls right before an end, with a frame of the client in every %i ticks', (every) => {
  it.each(Object.keys(ENDS))('in the same tick arrive, and find their entity: %s', (end) => {
    const game = begin()
    game.client.running = every === 1
    call(game)
    ENDS[end]!(game)
    play(game, every)
    expect(game.heard).toEqual(['win on the ship', 'prize on the ship', 'note 1'])
    expect(stats(game.client.world).counters.staleCalls).toBe(0)
  })

  it.each(Object.keys(ENDS))('in the tick before arrive, and find their entity: %s', (end) => {
    const game = begin()
    game.client.running = every === 1
    call(game)
    game.net.tick()
    ENDS[end]!(game)
    play(game, every)
    expect(game.heard).toEqual(['win on the ship', 'prize on the ship', 'note 1'])
    expect(stats(game.client.world).counters.staleCalls).toBe(0)
  })

  it('arrive after changeScene in the same tick, also on an entity of the former scene', () => {
    const game = begin()
    game.client.running = every === 1
    changeScene(game.server, Results)
    // The ship was the cave's, and has ended with it for the server too.
    const other = begin()
    setScene(other.server, other.ship, undefined)
    other.client.running = every === 1
    changeScene(other.server, Results)
    call(other)
    play(other, every)
    expect(() => sendRpc(game.server, game.ship, Win, { n: 1 })).toThrow(/not networked/)
    expect(other.heard).toEqual(['win on the ship', 'prize on the ship', 'note 1'])
  })
})

describe('calls around a change of scenes in one tick', () => {
  it('keep their order: what follows the last call on a lost entity arrives when the scene has loaded', async () => {
    const game = begin()
    const { net, server, client, ship, heard } = game
    const loader = new ManualLoader()
    setSceneLoader(client.world, loader.loader)
    setScene(server, ship, undefined)
    const say = (n: number): void => sendMessage(server, Note, { n }, { to: client.connection })
    say(1)
    changeScene(server, Results)
    say(2)
    sendRpc(server, ship, Win, { n: 1 })
    say(3)
    net.tick(5)
    expect(heard.toSorted()).toEqual(['note 1', 'note 2', 'win on the ship'])
    loader.last.done()
    await tickAwaiting(net, 2)
    loader.last.done()
    await tickAwaiting(net, 4)
    expect(heard.at(-1)).toBe('note 3')
  })

  it('are heard when a scene is loaded beside the others and the entity is despawned', () => {
    const game = begin()
    unloadScene(game.server, Cave, { to: game.client.connection })
    game.net.tick(4)
    loadScene(game.server, Cave, {}, { to: game.client.connection })
    call(game)
    despawn(game.server, game.ship)
    play(game, 1)
    expect(game.heard).toEqual(['win on the ship', 'prize on the ship', 'note 1'])
  })

  it('settle a request with the answer given after changeScene', async () => {
    const { net, server, client, ship } = begin()
    setScene(server, ship, undefined)
    const answer = request(client.world, entityOf(client.world, netIdOf(server, ship)), Buy, {})
    net.tick()
    changeScene(server, Results)
    for (const { id } of drain(server, Buy)) reply(server, id, { left: 7 })
    await tickAwaiting(net, 5)
    await expect(answer).resolves.toEqual({ left: 7 })
  })
})

describe('the end of a connection', () => {
  it('comes after large messages that the window takes, and what follows them', () => {
    const game = begin()
    const { server, client, net } = game
    sendMessage(server, Map, { tiles: new Uint8Array(40_000) }, { to: client.connection })
    sendMessage(server, Note, { n: 2 }, { to: client.connection })
    kick(server, client.connection)
    net.tick(5)
    expect(game.heard).toEqual(['note 2', 'map of 40000'])
    expect(client.reason?.code).toBe('kicked')
  })

  const NO_SPAWN = ['kick', 'ban', 'close of the server', 'changeScene', 'retire and close']
  it.each(NO_SPAWN)(
    'reports calls on an entity that spawned in the same tick, whose spawn does not travel: %s',
    (end) => {
      const game = begin()
      const { server, client, net } = game
      const young = addEntity(server)
      addComponent(server, young, Networked)
      setOwner(server, young, client.connection)
      const { connection } = client
      call({ ...game, ship: young })
      ENDS[end]!(game)
      net.tick(5)
      expect(game.heard).toEqual(['note 1'])
      const reports = [...drain(server, NetworkErrors)].map((error) => [error.code, error.connection, error.name])
      const expected = ['Win', 'Prize'].map((name) => ['not-observed', connection, name])
      expect(reports.map(String).toSorted()).toEqual(expected.map(String).toSorted())
    },
  )

  it('counts the calls that are made after it, that are unreliable, or that do not fit before it', () => {
    const game = begin()
    const { server, client, ship, net } = game
    const before = stats(server).counters.unsentCalls
    sendTargetRpc(server, ship, Whisper, { n: 1 })
    sendMessage(server, Map, { tiles: new Uint8Array(100_000) }, { to: client.connection })
    kick(server, client.connection)
    sendTargetRpc(server, ship, Prize, { n: 1 })
    sendMessage(server, Note, { n: 1 }, { to: client.connection })
    net.tick(2)
    expect(stats(server).counters.unsentCalls - before).toBe(4)
    expect(game.heard).toEqual([])
  })

  it('shows a frame after the calls that came before it', () => {
    const game = begin()
    const { net, client } = game
    const connection = connectionOf(client.world)
    call(game)
    kick(game.server, client.connection)
    net.tick()
    expect(game.heard).toEqual(['win on the ship', 'prize on the ship', 'note 1'])
    expect(hasComponent(client.world, connection, Connected)).toBe(true)
    // What the game calls in that frame goes nowhere, and is counted.
    sendMessage(client.world, Note, { n: 1 })
    net.tick()
    expect(hasComponent(client.world, connection, Connected)).toBe(false)
    expect(stats(client.world).counters.unsentCalls).toBe(1)
  })

  it('comes after the last calls when the client ends it; its pending requests are rejected', async () => {
    const heard: string[] = []
    let ship = 0
    const listen = (world: ServerWorld): void => {
      for (const { entity, args } of drain(world, Fire)) heard.push(`fire ${args.n} ${entity === ship}`)
      for (const { args } of drain(world, Note)) heard.push(`note ${args.n}`)
      for (const { id } of drain(world, Buy)) heard.push(`buy ${id}`)
    }
    const net = createTestNetwork(protocol, { serverSystems: [listen] })
    const client = net.clients[0]!
    ship = addEntity(net.server)
    addComponent(net.server, ship, Networked)
    setOwner(net.server, ship, client.connection)
    net.tick(4)
    const copy = entityOf(client.world, netIdOf(net.server, ship))
    sendCommand(client.world, copy, Fire, { n: 3 })
    sendMessage(client.world, Note, { n: 4 })
    const answer = request(client.world, copy, Buy, {})
    await close(client.world)
    await expect(answer).rejects.toBeInstanceOf(RequestDisconnectedError)
    expect(() => sendMessage(client.world, Note, { n: 5 })).toThrow(/not connected/)
    net.tick(3)
    expect(heard).toEqual(['fire 3 true', 'note 4'])
    expect(stats(net.server).counters.cancelledCalls).toBe(1)
  })

  it("is a host's own client's, too", () => {
    const heard: string[] = []
    const listen = (world: TestClient['world']): void => {
      for (const { entity } of drain(world, Win)) heard.push(`win ${entity}`)
      for (const { entity } of drain(world, Prize)) heard.push(`prize ${entity}`)
      for (const { args } of drain(world, Note)) heard.push(`note ${args.n}`)
    }
    const net = createTestNetwork(protocol, { host: true, clients: 0, clientSystems: [listen] })
    const { server, host } = net
    const ship = addEntity(server)
    addComponent(server, ship, Networked)
    setOwner(server, ship, host.connection)
    net.tick(2)
    const { connection } = host
    sendRpc(server, ship, Win, { n: 1 })
    sendTargetRpc(server, ship, Prize, { n: 1 })
    sendMessage(server, Note, { n: 1 }, { to: connection })
    kick(server, connection)
    net.tick(4)
    expect(heard).toEqual([`win ${ship}`, `prize ${ship}`, 'note 1'])
  })
})
