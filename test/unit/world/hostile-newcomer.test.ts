// Tests that a client cannot affect the server before it is authenticated.
import { addComponent, addEntity, query } from 'bitecs'
import {
  defineCommand,
  defineMessage,
  defineProtocol,
  drain,
  NetworkErrors,
  netIdOf,
  replicate,
  u16,
  u8,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { accept } from 'bitecs-net/users'
import { Authenticating, Connected, Connection, Networked, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { slotOf } from '../../../src/protocol/net-id.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { SectionKind, writeHello } from '../../../src/protocol/packet.js'
import { Channel } from '../../../src/transport/transport.js'
import { serverState } from '../../../src/world/state.js'
import { capture, type Captured, transportOf } from './tap.js'

const Health = { hp: new Uint16Array(1000) }
const Press = defineCommand({ key: u8 }, { requiresAuthority: false })
const Login = defineMessage({ pin: u16 }, { from: 'client', beforeAuthentication: true })
const Wave = defineMessage({ n: u16 })
const components = { Health: replicate(Health, { hp: u16 }) }
const challenging = defineProtocol({ components, remote: { Press }, messages: { Login, Wave } })
const plain = defineProtocol({ components, remote: { Press }, messages: { Wave } })

function throwBytes(
  client: TestClient,
  write: (writer: ByteWriter) => void,
  channel: Channel = Channel.Reliable,
): void {
  if (client.reason !== undefined) return
  const writer = new ByteWriter()
  write(writer)
  transportOf(client.world, 'client').send(1, channel, writer.bytes, writer.length)
}

/** A data packet of one section. */
function throwSection(client: TestClient, write: (writer: ByteWriter) => void): void {
  throwBytes(client, (writer) => {
    for (const byte of [PacketKind.Data, 0, 1, 0]) writer.u8(byte)
    write(writer)
  })
}

const message =
  (protocol: typeof challenging | typeof plain, definition: typeof Login | typeof Wave, size = 2) =>
  (writer: ByteWriter): void => {
    writer.u8(SectionKind.Message)
    writer.varint(protocol.ids.get(definition)!)
    writer.varint(size)
    for (let i = 0; i < size; i++) writer.u8(7)
  }

const command =
  (netId: number) =>
  (writer: ByteWriter): void => {
    writer.u8(SectionKind.Call)
    writer.varint(slotOf(netId))
    writer.varint(0)
    writer.varint(challenging.ids.get(Press)!)
    writer.varint(1)
    writer.u8(3)
  }

const ready = (writer: ByteWriter): void => {
  writer.u8(SectionKind.Ready)
  writer.u8(1)
}

function spawn(net: TestNetwork): number {
  const eid = addEntity(net.server)
  addComponent(net.server, eid, Health)
  addComponent(net.server, eid, Networked)
  net.tick()
  return netIdOf(net.server, eid)
}

/** A server whose authentication never ends, and a client that has sent its hello. */
function begin(protocol: typeof challenging | typeof plain) {
  const net = createTestNetwork(protocol, { clients: 0, users: { authenticate: () => new Promise(() => {}) } })
  const netId = spawn(net)
  const client = net.begin()
  net.tick(2)
  client.running = false
  return { net, client, netId }
}

describe('19: before authentication', () => {
  it.each([
    ['a message that is not marked beforeAuthentication', () => message(challenging, Wave)],
    ['a command', (netId: number) => command(netId)],
    ['a ready section', () => ready],
    ['a message of the server', () => message(challenging, Wave, 0)],
    [
      'a part of a large message',
      () => (writer: ByteWriter) => {
        writer.u8(SectionKind.MessagePart)
        for (let i = 0; i < 8; i++) writer.u8(0)
      },
    ],
  ])('%s is not delivered and counts against the connection', (_, section) => {
    const { net, client, netId } = begin(challenging)
    throwSection(client, section(netId))
    net.tick()
    const { unauthenticatedPackets, malformedPackets } = stats(net.server).counters
    expect(unauthenticatedPackets + malformedPackets).toBe(1)
    expect([...drain(net.server, Wave), ...drain(net.server, Press)]).toEqual([])
    expect(query(net.server, [Ready]).length).toBe(0)
    for (let i = 0; i < 16; i++) throwSection(client, section(netId))
    net.tick()
    client.step()
    expect(client.reason).toMatchObject({ code: 'malformed', by: 'remote' })
    expect([...drain(net.server, NetworkErrors)].map(({ code }) => code)).toContain('malformed')
  })

  it('one wrong section makes the whole packet malformed', () => {
    const { net, client } = begin(challenging)
    throwSection(client, (writer) => {
      message(challenging, Login)(writer)
      message(challenging, Wave)(writer)
      message(challenging, Login)(writer)
    })
    net.tick()
    expect([...drain(net.server, Login)]).toEqual([])
    throwSection(client, message(challenging, Login))
    net.tick()
    expect([...drain(net.server, Login)].length).toBe(1)
  })

  it('every data packet counts against the connection if no message is marked beforeAuthentication', () => {
    const { net, client } = begin(plain)
    throwSection(client, message(plain, Wave))
    throwSection(client, ready)
    net.tick()
    expect(stats(net.server).counters.unauthenticatedPackets).toBe(2)
    expect([...drain(net.server, Wave)]).toEqual([])
    expect(query(net.server, [Connection]).length).toBe(0)
  })

  it('a ready section that was sent too early is not remembered', () => {
    const { net, client } = begin(challenging)
    throwSection(client, ready)
    net.tick()
    accept(net.server, query(net.server, [Authenticating])[0]!)
    net.tick(3)
    expect([query(net.server, [Connected]).length, query(net.server, [Ready]).length]).toEqual([1, 0])
  })

  it('a second hello counts as malformed and does not call authenticate again', () => {
    let asked = 0
    const net = createTestNetwork(plain, {
      clients: 0,
      users: {
        authenticate: () => {
          asked++
          return new Promise(() => {})
        },
      },
    })
    const client = net.begin()
    net.tick(2)
    const { hashHigh, hashLow, description } = plain
    throwBytes(client, (writer) => writeHello(writer, { wireVersion: 1, hashHigh, hashLow, token: 'x', description }))
    net.tick()
    expect([asked, stats(net.server).counters.malformedPackets]).toEqual([1, 1])
  })

  it('a flood of messages marked beforeAuthentication is limited and closes the connection', () => {
    const { net, client } = begin(challenging)
    for (let i = 0; i < 6; i++) {
      throwSection(client, (writer) => {
        for (let j = 0; j < 2000; j++) message(challenging, Login)(writer)
      })
    }
    net.tick(2)
    client.step()
    expect([...drain(net.server, Login)].length).toBeLessThanOrEqual(4096)
    expect(client.reason).toMatchObject({ code: 'malformed' })
  })

  it('the server sends nothing of the world', () => {
    const { net, client } = begin(challenging)
    client.running = true
    const sent: Captured[] = []
    capture(transportOf(net.server, 'server'), 'server', sent)
    throwSection(client, message(challenging, Login))
    net.tick(40)
    const pings = sent.filter(({ bytes }) => bytes[0] === PacketKind.Ping)
    // Packets with acknowledgements only.
    const others = sent.filter(({ bytes }) => bytes[0] !== PacketKind.Data || bytes.length > 8)
    expect([pings.length > 0, others]).toEqual([true, pings])
    expect(client.reason).toBeUndefined()
  })
})

describe('a broken server', () => {
  it('cannot spawn entities on a client that it has not admitted, nor send it other messages', () => {
    const { net, client } = begin(challenging)
    client.running = true
    const session = serverState(net.server).authenticating.values().next().value!.session
    const writer = new ByteWriter()
    for (const byte of [PacketKind.Data, 4, 1, 0, SectionKind.Spawn, 1, 0, 0]) writer.u8(byte)
    transportOf(net.server, 'server').send(session.peer, Channel.Reliable, writer.bytes, writer.length)
    writer.clear()
    for (const byte of [PacketKind.Data, 0, 1, 0]) writer.u8(byte)
    message(challenging, Wave)(writer)
    transportOf(net.server, 'server').send(session.peer, Channel.Reliable, writer.bytes, writer.length)
    net.tick(2)
    expect(query(client.world, [Networked]).length).toBe(0)
    expect([...drain(client.world, Wave)]).toEqual([])
    expect(stats(client.world).counters.malformedPackets).toBe(2)
    expect(client.reason).toBeUndefined()
  })
})
