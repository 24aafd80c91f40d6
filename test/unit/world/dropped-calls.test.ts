// Tests that every wrong call is counted by its receiver, and reported by kind with connection, entity and name.
import {
  clearOwner,
  close,
  despawn,
  drain,
  netIdOf,
  type NetworkErrorEntry,
  NetworkErrors,
  removed,
  sendCommand,
  sendRpc,
  type ServerWorld,
  setOwner,
  setPlayer,
  setReady,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { removeEntity } from 'bitecs'
import { describe, expect, it } from 'vitest'
import type { ByteWriter } from '../../../src/protocol/bytes.js'
import type { Definition } from '../../../src/protocol/definitions.js'
import { writeNetId } from '../../../src/protocol/net-id.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { Connected, Connection } from 'bitecs-net/components'
import { serverState } from '../../../src/world/state.js'
import * as game from '../../support/arena.js'
import { throwAtClient, throwSections } from './tap.js'

function shipOfFirst(clients = 1, conditions = {}) {
  const net = createTestNetwork(game.arena, { clients, conditions })
  const ship = game.spawnShip(net.server)
  setOwner(net.server, ship, net.clients[0]!.connection)
  net.until(() => net.clients.every(({ world }) => game.copyOf(world, net.server, ship) !== 0))
  net.tick()
  const copies = net.clients.map(({ world }) => game.copyOf(world, net.server, ship))
  return { net, ship, copies, client: net.clients[0]! }
}

/** Writes a call as raw bytes, as a modified client may send it. */
function writeCall(
  writer: ByteWriter,
  netId: number,
  definition: Definition | number,
  payload: readonly number[],
): void {
  writer.u8(SectionKind.Call)
  writeNetId(writer, netId)
  writer.varint(typeof definition === 'number' ? definition : game.arena.ids.get(definition)!)
  writer.varint(payload.length)
  for (const byte of payload) writer.u8(byte)
}

const MOVE = [0, 0, 0, 0, 0, 0, 0, 0]

function errors(world: ServerWorld | TestClient['world']): Partial<NetworkErrorEntry>[] {
  return [...drain(world, NetworkErrors)].map(({ code, connection, entity, name, count }) => {
    return { code, connection, entity, name, count }
  })
}

const move = (client: TestClient, copy: number): void => sendCommand(client.world, copy, game.Move, { dx: 1, dy: 1 })

describe('4: a command on the wire is dropped, counted, reported, and never run, when', () => {
  it('its sender is not ready', () => {
    const { net, ship, client } = shipOfFirst()
    setReady(client.world, false)
    net.tick(3)
    throwSections(client, (writer) => writeCall(writer, netIdOf(net.server, ship), game.Move, MOVE))
    net.tick(2)
    expect([...drain(net.server, game.Move)]).toEqual([])
    expect(stats(net.server).counters.notReadyCalls).toBe(1)
    const { connection } = client
    expect(errors(net.server)).toEqual([{ code: 'not-ready', connection, entity: 0, name: 'Move', count: 1 }])
    expect(client.reason).toBeUndefined()
  })

  it('its sender does not have the entity', () => {
    const { net, client } = shipOfFirst()
    const other = game.spawnShip(net.server)
    setOwner(net.server, other, client.connection)
    throwSections(client, (writer) => writeCall(writer, netIdOf(net.server, other), game.Move, MOVE))
    net.tick()
    expect([...drain(net.server, game.Move)]).toEqual([])
    expect(stats(net.server).counters.staleCalls).toBe(1)
    const { connection } = client
    expect(errors(net.server)).toEqual([{ code: 'not-observed', connection, entity: other, name: 'Move', count: 1 }])
  })

  it('its net id was never issued', () => {
    const { net, client } = shipOfFirst()
    throwSections(client, (writer) => writeCall(writer, 12_345, game.Move, MOVE))
    net.tick()
    expect([...drain(net.server, game.Move)]).toEqual([])
    expect(stats(net.server).counters.unknownEntities).toBe(1)
    const { connection } = client
    expect(errors(net.server)).toEqual([{ code: 'unknown-entity', connection, entity: 0, name: 'Move', count: 1 }])
  })

  it('its definition is unknown, or one that a client may not send', () => {
    const { net, ship, client } = shipOfFirst()
    throwSections(client, (writer) => {
      writeCall(writer, netIdOf(net.server, ship), 0xffffffff, MOVE)
      writeCall(writer, netIdOf(net.server, ship), game.Boom, MOVE)
    })
    net.tick()
    expect(stats(net.server).counters.unknownDefinitions).toBe(2)
    const { connection } = client
    expect(errors(net.server)).toEqual([
      { code: 'unknown-definition', connection, entity: 0, name: '', count: 1 },
      { code: 'unknown-definition', connection, entity: 0, name: 'Boom', count: 1 },
    ])
  })

  it('its arguments do not match its definition', () => {
    const { net, ship, client } = shipOfFirst()
    throwSections(client, (writer) => writeCall(writer, netIdOf(net.server, ship), game.Move, [1]))
    net.tick()
    expect(stats(net.server).counters.malformedCalls).toBe(1)
    expect(errors(net.server)).toMatchObject([{ code: 'malformed-call', name: 'Move', count: 1 }])
  })

  it('its sender does not own the entity, or no longer owns it', () => {
    const { net, ship, copies } = shipOfFirst(2)
    const second = net.clients[1]!
    move(second, copies[1]!)
    net.tick(2)
    const { connection } = second
    expect(errors(net.server)).toEqual([{ code: 'not-owner', connection, entity: ship, name: 'Move', count: 1 }])
    move(net.clients[0]!, copies[0]!)
    clearOwner(net.server, ship)
    net.tick(2)
    expect(errors(net.server)).toMatchObject([{ code: 'not-owner', connection: net.clients[0]!.connection }])
    expect(stats(net.server).counters.unauthorizedCalls).toBe(2)
  })

  it('13: it exceeds its rate limit', () => {
    const { net, ship, copies, client } = shipOfFirst()
    for (let i = 0; i < 5; i++) sendCommand(client.world, copies[0]!, game.Shoot, { power: i })
    net.tick(2)
    expect(stats(net.server).counters.rateLimitedCalls).toBe(2)
    const { connection } = client
    expect(errors(net.server)).toEqual([{ code: 'over-rate', connection, entity: ship, name: 'Shoot', count: 1 }])
  })

  it('11: its entity was despawned before it arrived, which counts against no budget', () => {
    const { net, ship, copies, client } = shipOfFirst(1, { latency: 200 })
    for (let i = 0; i < 100; i++) move(client, copies[0]!)
    net.tick()
    despawn(net.server, ship)
    net.tick(12)
    expect(stats(net.server).counters.staleCalls).toBe(100)
    const { connection } = client
    expect(errors(net.server)).toEqual([{ code: 'late', connection, entity: 0, name: 'Move', count: 1 }])
    expect(client.reason).toBeUndefined()
  })

  it('11: its entity is removed, or its sender disconnects, between arrival and drain', async () => {
    const { net, ship, copies } = shipOfFirst(2)
    const second = net.clients[1]!
    move(net.clients[0]!, copies[0]!)
    sendCommand(second.world, copies[1]!, game.Knock, { door: 1 })
    net.tick()
    removeEntity(net.server, ship)
    await close(second.world)
    net.tick(2)
    expect([...drain(net.server, game.Move)].length + [...drain(net.server, game.Knock)].length).toBe(0)
    expect(errors(net.server)).toEqual([
      { code: 'late', connection: 0, entity: 0, name: 'Knock', count: 1 },
      { code: 'late', connection: net.clients[0]!.connection, entity: 0, name: 'Move', count: 1 },
    ])
    expect(stats(net.server).counters.staleCalls).toBe(2)
  })
})

describe('at a client, a call is dropped, counted and reported, when', () => {
  const receive = (net: TestNetwork, write: (writer: ByteWriter) => void) => {
    throwAtClient(net.server, write)
    net.tick(2)
    return errors(net.clients[0]!.world)
  }

  it('its id is unknown', () => {
    const { net, ship, client } = shipOfFirst()
    const got = receive(net, (writer) => writeCall(writer, netIdOf(net.server, ship), game.Move, MOVE))
    expect(got).toMatchObject([{ code: 'unknown-definition', name: 'Move', entity: 0, count: 1 }])
    expect(stats(client.world).counters.unknownDefinitions).toBe(1)
  })

  it('its arguments do not match its definition', () => {
    const { net, ship, copies, client } = shipOfFirst()
    const got = receive(net, (writer) => writeCall(writer, netIdOf(net.server, ship), game.Boom, [1]))
    expect(got).toMatchObject([{ code: 'malformed-call', name: 'Boom', entity: copies[0], count: 1 }])
    expect(stats(client.world).counters.malformedCalls).toBe(1)
  })

  it('its entity does not exist, or is despawned before the call is drained', () => {
    const { net, ship, client } = shipOfFirst()
    const got = receive(net, (writer) => writeCall(writer, 12_345, game.Boom, [0, 0, 0, 0, 0]))
    expect(got).toMatchObject([{ code: 'late', name: 'Boom', entity: 0, count: 1 }])
    sendRpc(net.server, ship, game.Others, { n: 1 }, {})
    sendRpc(net.server, ship, game.Spark, { n: 1 })
    net.tick(2)
    despawn(net.server, ship)
    net.tick(2)
    expect([...drain(client.world, game.Spark)]).toEqual([])
    expect(errors(client.world)).toMatchObject([{ code: 'late', name: 'Spark', entity: 0, count: 1 }])
    expect(stats(client.world).counters.staleCalls).toBe(2)
  })
})

describe('on the reliable channel, a client accepts', () => {
  it('RPCs and messages of unreliable definitions, in the order in which they were sent', () => {
    const { net, ship, copies, client } = shipOfFirst()
    throwAtClient(net.server, (writer) => {
      writeCall(writer, netIdOf(net.server, ship), game.Spark, [1])
      writer.u8(SectionKind.Message)
      writer.varint(game.arena.ids.get(game.Ping)!)
      for (const byte of [1, 2]) writer.u8(byte)
      writeCall(writer, netIdOf(net.server, ship), game.Whisper, [3])
    })
    net.tick(2)
    const seen: unknown[] = []
    for (const call of drain(client.world, [game.Whisper, game.Ping, game.Spark])) {
      if (call.definition === game.Ping) seen.push([0, call.args.n])
      else if (call.definition === game.Spark || call.definition === game.Whisper) seen.push([call.entity, call.args.n])
    }
    expect(seen).toEqual([
      [copies[0], 1],
      [0, 2],
      [copies[0], 3],
    ])
    expect(errors(client.world)).toEqual([])
  })

  it('a call with an entity that it does not have as argument, at once and with 0 in its place', () => {
    const { net, ship, client } = shipOfFirst()
    throwAtClient(net.server, (writer) => {
      // A slot and a generation that no entity has.
      writeCall(writer, netIdOf(net.server, ship), game.Boom, [99, 1, 0, 0, 0, 0])
    })
    net.tick(2)
    expect(Array.from(drain(client.world, game.Boom), ({ args }) => args.shooter)).toEqual([0])
  })
})

describe('a flood of wrong calls', () => {
  it('is counted exactly, and reported at once, then every five seconds with the number since the last report', () => {
    const { net, copies } = shipOfFirst(2)
    const second = net.clients[1]!
    // Ten calls per tick for twelve seconds.
    const reports: { tick: number; count: number }[] = []
    for (let tick = 0; tick < 240; tick++) {
      for (let i = 0; i < 10; i++) move(second, copies[1]!)
      net.tick()
      for (const { code, count } of drain(net.server, NetworkErrors)) {
        if (code === 'not-owner') reports.push({ tick, count })
      }
    }
    expect(reports.map(({ count }) => count)).toHaveLength(3)
    expect(reports[0]!.count).toBe(1)
    expect(reports[1]!.tick - reports[0]!.tick).toBe(100)
    // After the flood ends, the rest is still reported.
    net.tick(120)
    for (const { tick, count } of errors(net.server) as { tick: number; count: number }[]) reports.push({ tick, count })
    expect(reports.reduce((sum, { count }) => sum + count, 0)).toBe(2400)
    expect(stats(net.server).counters.unauthorizedCalls).toBe(2400)
  })

  it('is reported completely when its client disconnects', async () => {
    const { net, copies } = shipOfFirst(2)
    const second = net.clients[1]!
    for (let i = 0; i < 10; i++) move(second, copies[1]!)
    net.tick(2)
    const { connection } = second
    await close(second.world)
    net.tick()
    expect(errors(net.server).map(({ code, count, connection: of }) => [code, count, of])).toEqual([
      ['not-owner', 1, connection],
      ['not-owner', 9, connection],
    ])
  })
})

describe('23: a call or message with an unknown id', () => {
  it("is counted, and closes the connection if the policy is 'close'", () => {
    for (const unknownCalls of [undefined, 'count', 'close'] as const) {
      const net = createTestNetwork(game.arena, { clients: 2, limits: { unknownCalls } })
      const [wrong, other] = net.clients as [TestClient, TestClient]
      throwSections(wrong, (writer) => writeCall(writer, 1, 999, MOVE))
      net.tick(2)
      expect(stats(net.server).counters.unknownDefinitions).toBe(1)
      expect(wrong.reason?.code).toBe(unknownCalls === 'close' ? 'unknown-call' : undefined)
      expect(other.reason).toBeUndefined()
      expect(errors(net.server)).toMatchObject([{ code: 'unknown-definition', name: '', count: 1 }])
    }
  })

  it("cannot be configured with a policy other than 'count' or 'close'", () => {
    expect(() => createTestNetwork(game.arena, { limits: { unknownCalls: 'ignore' as never } })).toThrow(
      /'count' or 'close'/,
    )
  })
})

describe('a command drained after its entity was despawned, in the tick in which its sender disconnected', () => {
  it('is reported, and keeps no state for the closed connection', () => {
    const net = createTestNetwork(game.arena, {
      clients: 0,
      serverSystems: [
        (world) => {
          for (const { entity } of drain(world, removed(Connected))) despawn(world, Connection.player[entity]!)
          for (const call of drain(world, game.Move)) expect(call).toBeUndefined()
        },
      ],
    })
    for (let i = 0; i < 3; i++) {
      const client = net.connect()
      const ship = game.spawnShip(net.server)
      setPlayer(net.server, client.connection, ship)
      net.tick(3)
      move(client, game.copyOf(client.world, net.server, ship))
      client.step()
      void close(client.world)
      net.tick(2)
    }
    expect(errors(net.server).map(({ code }) => code)).toEqual(['late', 'late', 'late'])
    expect(serverState(net.server).faults.size).toBe(0)
  })
})
