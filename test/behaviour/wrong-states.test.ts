// Every verb in every state in which it cannot do its work: it throws, or NetworkErrors or a counter reports it.
import { addComponent, addEntity, createEntityIndex, createWorld, hasComponent } from 'bitecs'
import * as N from 'bitecs-net'
import { correct, validateWrites } from 'bitecs-net/authority'
import { groupsOf, joinGroup, leaveGroup, membersOf } from 'bitecs-net/groups'
import {
  everyone,
  hideFrom,
  observersOf,
  resetVisibility,
  setInterest,
  setMaxBytesPerSecond,
  setPriority,
  showTo,
} from 'bitecs-net/interest'
import { definePrefab, onSpawn, prefabOf, spawn } from 'bitecs-net/prefabs'
import { isWaiting, reply, request, RequestDisconnectedError, RequestLostAuthorityError } from 'bitecs-net/requests'
import { saveWorld } from 'bitecs-net/saves'
import { changeScene, defineScene, loadScene, scenesOf, setScene, setSceneLoader, unloadScene } from 'bitecs-net/scenes'
import { stats, transfers } from 'bitecs-net/stats'
import { accept, ban, bans, deny, unban, userOf, violationsOf } from 'bitecs-net/users'
import { Connected, Networked } from 'bitecs-net/components'
import { applyReplication, dispatchCalls, interpolate, receiveFromServer, updateInterest } from 'bitecs-net/systems'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const Health = { hp: new Uint16Array(60_000) }
const Boom = N.defineClientRpc({ n: N.u8 })
const Door = N.defineClientRpc({ n: N.u8 }, { buffer: 'last' })
const Tell = N.defineTargetRpc({ n: N.u8 })
const Ask = N.defineTargetRpc({}, { returns: { n: N.u8 } })
const Fire = N.defineCommand({ n: N.u8 })
const Buy = N.defineCommand({}, { returns: { n: N.u8 } })
const Say = N.defineMessage({ n: N.u8 })
const Ship = definePrefab({ components: [Health] })
const Arena = defineScene()
const Cave = defineScene()
const protocol = N.defineProtocol({
  components: { Health: N.replicate(Health, { hp: N.u16 }, { authority: 'client' }) },
  remote: { Boom, Door, Tell, Ask, Fire, Buy },
  messages: { Say },
  prefabs: { Ship },
  scenes: { Arena, Cave },
})

interface Setup {
  readonly net: TestNetwork
  readonly server: N.ServerWorld
  readonly a: TestClient
  readonly b: TestClient
  /** Owned by the first client. */
  readonly ship: number
  /** The first client's copy of it, and the second's. */
  readonly copy: number
  readonly foreign: number
  readonly plain: N.ServerWorld & N.ClientWorld
}

function begin(): Setup {
  const net = createTestNetwork(protocol, { clients: 2 })
  const [a, b] = net.clients
  const ship = launch(net.server)
  N.setOwner(net.server, ship, a!.connection)
  net.tick(4)
  const netId = N.netIdOf(net.server, ship)
  const copy = N.entityOf(a!.world, netId)
  const foreign = N.entityOf(b!.world, netId)
  return { net, server: net.server, a: a!, b: b!, ship, copy, foreign, plain: createWorld() as never }
}

function launch(server: N.ServerWorld): number {
  const ship = addEntity(server)
  addComponent(server, ship, Health)
  addComponent(server, ship, Networked)
  return ship
}

function drainErrors(world: N.NetworkWorld): string[] {
  return Array.from(N.drain(world, N.NetworkErrors), ({ code, name }) => `${code} ${name}`)
}

type Act = (setup: Setup) => unknown

const ofServer: Record<string, (world: N.ServerWorld, entity: number, connection: number) => unknown> = {
  sendRpc: (world, entity) => N.sendRpc(world, entity, Boom, { n: 1 }),
  sendTargetRpc: (world, entity, to) => N.sendTargetRpc(world, entity, Tell, { n: 1 }, { to }),
  request: (world, entity, to) => request(world, entity, Ask, {}, { to }),
  setOwner: (world, entity, connection) => N.setOwner(world, entity, connection),
  setPlayer: (world, entity, connection) => N.setPlayer(world, connection, entity),
  clearOwner: (world, entity) => N.clearOwner(world, entity),
  setPriority: (world, entity) => setPriority(world, entity, 2),
  correct: (world, entity) => correct(world, entity, Health),
  setScene: (world, entity) => setScene(world, entity, undefined),
  showTo: (world, entity, connection) => showTo(world, entity, connection),
  hideFrom: (world, entity, connection) => hideFrom(world, entity, connection),
  resetVisibility: (world, entity) => resetVisibility(world, entity),
}
const ofConnection: Record<string, (world: N.ServerWorld, connection: number, entity: number) => unknown> = {
  sendTargetRpc: (world, to, entity) => N.sendTargetRpc(world, entity, Tell, { n: 1 }, { to }),
  'sendRpc to one': (world, to, entity) => N.sendRpc(world, entity, Boom, { n: 1 }, { to }),
  'sendMessage to one': (world, to) => N.sendMessage(world, Say, { n: 1 }, { to }),
  request: (world, to, entity) => request(world, entity, Ask, {}, { to }),
  setOwner: (world, connection, entity) => N.setOwner(world, entity, connection),
  setPlayer: (world, connection, entity) => N.setPlayer(world, connection, entity),
  removePlayer: (world, connection) => N.removePlayer(world, connection),
  spawn: (world, owner) => spawn(world, Ship, {}, { owner }),
  kick: (world, connection) => N.kick(world, connection),
  ban: (world, connection) => ban(world, connection),
  accept: (world, connection) => accept(world, connection),
  deny: (world, connection) => deny(world, connection, 'no'),
  userOf: (world, connection) => userOf(world, connection),
  joinGroup: (world, connection) => joinGroup(world, connection, 'red'),
  changeScene: (world, to) => changeScene(world, Arena, {}, { to }),
  loadScene: (world, to) => loadScene(world, Arena, {}, { to }),
  unloadScene: (world, to) => unloadScene(world, Arena, { to }),
  scenesOf: (world, connection) => scenesOf(world, connection),
  setMaxBytesPerSecond: (world, connection) => setMaxBytesPerSecond(world, connection, 10_000),
  violationsOf: (world, connection) => violationsOf(world, connection),
  showTo: (world, connection, entity) => showTo(world, entity, connection),
  hideFrom: (world, connection, entity) => hideFrom(world, entity, connection),
}
const ofClient: Record<string, (world: N.ClientWorld, entity: number) => unknown> = {
  sendCommand: (world, entity) => N.sendCommand(world, entity, Fire, { n: 1 }),
  sendMessage: (world) => N.sendMessage(world, Say, { n: 1 }),
  request: (world, entity) => request(world, entity, Buy, {}),
}

/** Calls that name no entity or connection, for worlds of the wrong side. */
const onlyServer: Record<string, (world: N.ServerWorld) => unknown> = {
  retire: (world) => N.retire(world, { grace: 0 }),
  bans: (world) => bans(world),
  unban: (world) => unban(world, { user: 'u' }),
  markChanged: (world) => N.markChanged(world, 1, Health),
  writeComponent: (world) => N.writeComponent(world, 1, Health, { hp: 1 }),
  validateWrites: (world) => validateWrites(world, Health as never, () => true),
  setInterest: (world) => setInterest(world, everyone()),
  observersOf: (world) => observersOf(world, 1),
  despawn: (world) => N.despawn(world, addEntity(world)),
  leaveGroup: (world) => leaveGroup(world, 1, 'red'),
  groupsOf: (world) => groupsOf(world, 1),
  membersOf: (world) => membersOf(world, 'red'),
  changeScene: (world) => changeScene(world, Arena),
  saveWorld: (world) => saveWorld(world),
  'drain of a command': (world) => N.drain(world, Fire),
  'handle of a command': (world) => N.handle(world, Fire, () => {}),
  updateInterest: (world) => updateInterest(world),
  'scenesOf a connection': (world) => scenesOf(world, 1),
}
const onlyClient: Record<string, (world: N.ClientWorld) => unknown> = {
  setReady: (world) => N.setReady(world, true),
  connectionOf: (world) => N.connectionOf(world),
  hasAuthority: (world) => N.hasAuthority(world, 1),
  onSpawn: (world) => onSpawn(world, Ship, () => {}),
  'drain of an RPC': (world) => N.drain(world, Boom),
  'handle of an RPC': (world) => N.handle(world, Boom, () => {}),
  receiveFromServer: (world) => receiveFromServer(world),
  applyReplication: (world) => applyReplication(world),
  interpolate: (world) => interpolate(world),
}
const onlyNetworked: Record<string, (world: N.NetworkWorld) => unknown> = {
  netIdOf: (world) => N.netIdOf(world, 1),
  entityOf: (world) => N.entityOf(world, 1),
  serverTick: (world) => N.serverTick(world),
  scenesOf: (world) => scenesOf(world),
  setSceneLoader: (world) => setSceneLoader(world, undefined),
  transfers: (world) => transfers(world),
  stats: (world) => stats(world),
  prefabOf: (world) => prefabOf(world, 1),
  drain: (world) => N.drain(world, N.NetworkErrors),
  isWaiting: (world) => isWaiting(world, 9 as N.CallId),
  ignore: (world) => N.ignore(world, Say),
  dispatchCalls: (world) => dispatchCalls(world),
}

function cases<T>(acts: Record<string, T>): [string, T][] {
  return Object.entries(acts)
}

describe('on a world of the wrong side', () => {
  it.each([...cases(ofServer), ...cases(ofConnection), ...cases(onlyServer as typeof ofServer)])(
    '%s throws on a client, and without a network',
    (_, act) => {
      const { a, plain, copy } = begin()
      for (const world of [a.world, plain]) expect(() => act(world as never, copy, 1)).toThrow(N.UsageError)
    },
  )

  it.each([...cases(ofClient), ...cases(onlyClient as typeof ofClient)])(
    '%s throws on a server, and without a network',
    (name, act) => {
      const { server, plain, ship } = begin()
      expect(() => act(plain as never, ship)).toThrow(N.UsageError)
      // A message of both sides is the server's there.
      const refuses = name === 'sendMessage' ? plain : server
      expect(() => act(refuses as never, ship)).toThrow(N.UsageError)
    },
  )

  it.each(cases(onlyNetworked))('%s throws without a network', (_, act) => {
    expect(() => act(createWorld() as never)).toThrow(N.UsageError)
  })
})

describe('on an entity that is not networked, or has ended', () => {
  it.each(cases(ofServer))('%s throws on the server', (_, act) => {
    const { server, ship, a } = begin()
    expect(() => act(server, addEntity(server), a.connection)).toThrow(/not networked/)
    N.despawn(server, ship)
    expect(() => act(server, ship, a.connection)).toThrow(/not networked/)
  })

  it.each(cases(ofClient).filter(([name]) => name !== 'sendMessage'))('%s throws on a client', (_, act) => {
    const { net, server, ship, a, copy } = begin()
    expect(() => act(a.world, addEntity(a.world))).toThrow(/not networked/)
    N.despawn(server, ship)
    net.tick(3)
    expect(() => act(a.world, copy)).toThrow(/not networked/)
  })
})

describe('with an entity that is no connection', () => {
  it.each(cases(ofConnection))('%s throws', (_, act) => {
    const { server, ship, net, b } = begin()
    const ended = b.connection
    N.kick(server, ended)
    net.tick(3)
    expect(() => act(server, addEntity(server), ship)).toThrow(N.UsageError)
    expect(() => act(server, ended, ship)).toThrow(N.UsageError)
  })
})

describe('to a client that cannot receive it', () => {
  const outcomes: [string, Act, string[], number][] = [
    [
      'sendTargetRpc, without the entity',
      ({ server, ship, b }) => N.sendTargetRpc(server, ship, Tell, { n: 1 }, { to: b.connection }),
      ['not-observed Tell'],
      1,
    ],
    [
      'sendTargetRpc, 100 times, without the entity',
      ({ server, ship, b }) => {
        for (let n = 0; n < 100; n++) N.sendTargetRpc(server, ship, Tell, { n }, { to: b.connection })
      },
      ['not-observed Tell'],
      100,
    ],
    [
      'sendRpc to one, without the entity',
      ({ server, ship, b }) => N.sendRpc(server, ship, Boom, { n: 1 }, { to: b.connection }),
      [],
      1,
    ],
  ]
  it.each(outcomes)('%s is reported by kind, or counted', (_, act, errors, unsent) => {
    const setup = begin()
    hideFrom(setup.server, setup.ship, setup.b.connection)
    setup.net.tick(3)
    act(setup)
    setup.net.tick(2)
    expect(drainErrors(setup.server)).toEqual(errors)
    expect(stats(setup.server).counters.unsentCalls).toBe(unsent)
  })

  it('sendTargetRpc names connection, entity and definition, also from added(Connected)', () => {
    let ship = 0
    const greet = (world: N.ServerWorld): void => {
      for (const { entity } of N.drain(world, N.added(Connected))) {
        if (ship !== 0) N.sendTargetRpc(world, ship, Tell, { n: 1 }, { to: entity })
      }
    }
    const net = createTestNetwork(protocol, { clients: 0, serverSystems: [greet] })
    ship = launch(net.server)
    const { connection } = net.connect()
    expect([...N.drain(net.server, N.NetworkErrors)]).toMatchObject([
      { code: 'not-observed', connection, entity: ship, name: 'Tell', count: 1 },
    ])
  })

  it('request rejects without the entity, and is not reported as well', async () => {
    const { net, server, ship, b } = begin()
    hideFrom(server, ship, b.connection)
    net.tick(3)
    const asked = request(server, ship, Ask, {}, { to: b.connection })
    net.tick(2)
    await expect(asked).rejects.toMatchObject({ code: 'not-observed' })
    expect(drainErrors(server)).toEqual([])
  })

  it('calls to a connection that has just ended are counted, and requests reject', async () => {
    const left: number[] = []
    let asked: Promise<unknown> | undefined
    let ship = 0
    const system = (world: N.ServerWorld): void => {
      for (const { entity: to } of N.drain(world, N.removed(Connected))) {
        left.push(to)
        N.sendTargetRpc(world, ship, Tell, { n: 1 }, { to })
        N.sendMessage(world, Say, { n: 1 }, { to })
        N.sendMessage(world, Say, { n: 1 }, { to: [to, 60_000] })
        asked = request(world, ship, Ask, {}, { to })
        // What would end with the connection anyway does nothing.
        joinGroup(world, to, 'red')
        setMaxBytesPerSecond(world, to, 10_000)
        N.kick(world, to)
      }
    }
    const net = createTestNetwork(protocol, { serverSystems: [system] })
    ship = launch(net.server)
    net.tick(3)
    await N.close(net.clients[0]!.world)
    net.tick(2)
    expect(left).toHaveLength(1)
    expect(stats(net.server).counters.unsentCalls).toBe(3)
    expect(membersOf(net.server, 'red')).toEqual([])
    await expect(asked).rejects.toBeInstanceOf(RequestDisconnectedError)
  })
})

describe('on a server that does not listen', () => {
  it('sendRpc and sendMessage are counted, and reported once by name; what is buffered is kept', () => {
    const world = N.createServerWorld(protocol)
    const ship = launch(world)
    updateInterest(world)
    for (let n = 0; n < 3; n++) {
      N.sendRpc(world, ship, Boom, { n })
      N.sendMessage(world, Say, { n })
      N.sendMessage(world, Say, { n }, { to: 'all' })
    }
    N.sendRpc(world, ship, Door, { n: 1 })
    expect(drainErrors(world)).toEqual(['not-listening Boom', 'not-listening Say'])
    expect(stats(world).counters.unsentCalls).toBe(9)
  })

  it('so they are once it was closed, and retire throws', async () => {
    const { server } = begin()
    await N.close(server)
    drainErrors(server)
    const ship = launch(server)
    updateInterest(server)
    N.sendRpc(server, ship, Boom, { n: 1 })
    N.sendMessage(server, Say, { n: 1 })
    expect(drainErrors(server)).toEqual(['not-listening Boom', 'not-listening Say'])
    expect(() => N.retire(server, { grace: 0 })).toThrow(/does not listen/)
  })
})

describe('on a client', () => {
  it.each(cases(ofClient))('%s throws before it connects, and after its end', async (_, act) => {
    const { a, copy } = begin()
    const early = N.createClientWorld(protocol)
    expect(() => act(early, 1)).toThrow(/not connected/)
    await N.close(a.world)
    expect(() => act(a.world, copy)).toThrow(/not connected/)
  })

  it('a command on an entity of another client is reported on both sides, and a request rejects', async () => {
    const { net, server, b, foreign } = begin()
    N.sendCommand(b.world, foreign, Fire, { n: 1 })
    const asked = request(b.world, foreign, Buy, {})
    net.tick(3)
    expect(drainErrors(b.world)).toEqual(['not-owner Fire', 'not-owner Buy'])
    expect(drainErrors(server)).toEqual(['not-owner Fire', 'not-owner Buy'])
    await expect(asked).rejects.toBeInstanceOf(RequestLostAuthorityError)
  })

  it('setReady before it connects counts for the next session', () => {
    const entityIndex = createEntityIndex()
    const world = N.createClientWorld(protocol, { entityIndex })
    N.setReady(world, false)
    const net = createTestNetwork(protocol, { clients: 0, entityIndex })
    const client = net.begin({ world })
    net.tick(5)
    expect(client.connection).not.toBe(0)
    expect(observersOf(net.server, launch(net.server))).toEqual([])
  })
})

describe('while a scene loads', () => {
  it('a target RPC to a client that loads is reported, and one to all observers goes to those who do not', () => {
    const { net, server, ship, a, b } = begin()
    setSceneLoader(a.world, () => new Promise(() => {}))
    changeScene(server, Arena, {}, { to: a.connection })
    net.tick(3)
    N.sendTargetRpc(server, ship, Tell, { n: 1 })
    N.sendRpc(server, ship, Boom, { n: 2 })
    net.tick(2)
    expect(drainErrors(server)).toEqual(['not-observed Tell'])
    expect(Array.from(N.drain(b.world, Boom), ({ args }) => args.n)).toEqual([2])
    // The client itself has lost the entity.
    expect(N.netIdOf(a.world, 1)).toBe(0)
  })

  it('scenes that are loaded, or not, are refused', () => {
    const { server } = begin()
    loadScene(server, Cave)
    expect(() => loadScene(server, Cave)).toThrow(/loaded already/)
    expect(() => unloadScene(server, Arena)).toThrow(/not loaded/)
  })
})

describe('an entity of another client', () => {
  it('is not made a player until it is taken from that client; of one that has ended it is', () => {
    const { net, server, ship, a, b } = begin()
    expect(() => N.setPlayer(server, b.connection, ship)).toThrow(/belongs to connection \d+: take it away there first/)
    expect(Networked.owner[ship]).toBe(a.connection)
    N.clearOwner(server, ship)
    N.setPlayer(server, b.connection, ship)
    expect(Networked.owner[ship]).toBe(b.connection)
    N.kick(server, b.connection)
    net.tick()
    expect(hasComponent(server, ship, Networked)).toBe(false)
  })
})

describe('an answer', () => {
  it('throws when there is no such request, or a second time; it returns false when the requester no longer waits', async () => {
    const { net, server, a, copy } = begin()
    expect(() => reply(server, 1 as N.CallId<{ n: typeof N.u8 }>, { n: 1 })).not.toThrow(TypeError)
    request(a.world, copy, Buy, {}).catch(() => {})
    net.tick(1)
    const ids = Array.from(N.drain(server, Buy), ({ id }) => id)
    expect(ids).toHaveLength(1)
    await N.close(a.world)
    net.tick(1)
    expect(reply(server, ids[0]!, { n: 1 })).toBe(false)
    expect(() => reply(server, ids[0]!, { n: 1 })).toThrow(/answered already/)
  })
})
