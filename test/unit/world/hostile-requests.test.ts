// Tests requests, replies and cancels that no honest peer sends.
import { addComponent, addEntity } from 'bitecs'
import {
  defineCommand,
  defineProtocol,
  defineTargetRpc,
  despawn,
  drain,
  entityOf,
  netIdOf,
  setOwner,
  u32,
  u8,
} from 'bitecs-net'
import { isWaiting, reply, request } from 'bitecs-net/requests'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetworkOptions } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { ReplyStatus } from '../../../src/protocol/reply-status.js'
import { Channel } from '../../../src/transport/transport.js'
import { serverState } from '../../../src/world/state.js'
import { watch } from '../../support/behaviours-requests.js'
import { fromHex, parseProtocol, readPacket } from '../protocol/independent-reader.js'
import { toHex } from '../protocol/vectors.js'
import { capture, type Captured, transportOf, violationsAt } from './tap.js'

const Buy = defineCommand({ item: u8 }, { returns: { left: u32 } })
const Plain = defineCommand({ item: u8 })
const Ask = defineTargetRpc({}, { returns: { n: u8 }, refuses: ['no'] })
const protocol = defineProtocol({ remote: { Buy, Plain, Ask } })
const described = parseProtocol(protocol.description)
const [ASK, BUY, PLAIN] = [Ask, Buy, Plain].map((definition) => protocol.ids.get(definition)!) as [
  number,
  number,
  number,
]

function stallOfFirst(options: TestNetworkOptions = {}) {
  const net = createTestNetwork(protocol, options)
  const stall = addEntity(net.server)
  addComponent(net.server, stall, Networked)
  setOwner(net.server, stall, net.clients[0]!.connection)
  net.tick(4)
  return { net, server: net.server, stall, client: net.clients[0]! }
}

/** Sends one raw packet of a client, by default on its reliable channel. */
function throwBytes(
  client: TestClient,
  write: (writer: ByteWriter) => void,
  channel: Channel = Channel.Reliable,
): void {
  if (client.reason !== undefined) return
  const writer = new ByteWriter()
  for (const byte of [PacketKind.Data, 0, 1, 0]) writer.u8(byte)
  write(writer)
  transportOf(client.world, 'client').send(1, channel, writer.bytes, writer.length)
}

/** A request section on slot 1, generation 0, whose record is one byte. */
function writeRequest(writer: ByteWriter, definition: number, number: number, slot = 1): void {
  for (const byte of [SectionKind.Request, slot, 0]) writer.u8(byte)
  writer.varint(definition)
  writer.varint(number)
  writer.u8(1)
  writer.u8(9)
}

function writeReply(writer: ByteWriter, number: number, status: number, ...bytes: number[]): void {
  writer.u8(SectionKind.Reply)
  writer.varint(number)
  writer.u8(status)
  writer.varint(bytes.length)
  for (const byte of bytes) writer.u8(byte)
}

/** The server's replies after `prepare`. */
function answersTo(options: TestNetworkOptions, prepare: (net: ReturnType<typeof stallOfFirst>) => void): string[] {
  const setup = stallOfFirst(options)
  const captured: Captured[] = []
  capture(transportOf(setup.server, 'server'), 'server', captured)
  prepare(setup)
  setup.net.tick()
  return captured
    .filter(({ channel }) => channel === Channel.Reliable)
    .flatMap(({ bytes }) => readPacket(fromHex(toHex(bytes)), described))
    .filter((line) => line.startsWith('reply'))
}

describe('forged requests', () => {
  it('are answered on an entity that was never spawned, and from a client that is not ready', () => {
    const forged = answersTo({}, ({ client }) => throwBytes(client, (writer) => writeRequest(writer, BUY, 7, 99)))
    expect(forged).toEqual(['reply 7 despawned'])
    const early = answersTo({}, ({ net }) => {
      const late = net.connect({ autoReady: false })
      throwBytes(late, (writer) => writeRequest(writer, BUY, 8))
    })
    expect(early).toEqual(['reply 8 not ready'])
  })

  it('get the same answer for an unobserved entity as for a despawned one', () => {
    const answers = answersTo({}, ({ server, client }) => {
      const [gone, unseen] = [addEntity(server), addEntity(server)]
      addComponent(server, gone, Networked)
      // No client has it before the end of this tick.
      addComponent(server, unseen, Networked)
      const slots = [gone, unseen].map((eid) => netIdOf(server, eid))
      despawn(server, gone)
      throwBytes(client, (writer) => slots.forEach((slot, i) => writeRequest(writer, BUY, i + 1, slot)))
    })
    expect(answers).toEqual(['reply 1 despawned', 'reply 2 despawned'])
  })

  it('are answered and forgotten when their entity is despawned before they are drained', () => {
    const { net, server, stall, client } = stallOfFirst()
    const captured: Captured[] = []
    throwBytes(client, (writer) => writeRequest(writer, BUY, 7))
    net.tick()
    despawn(server, stall)
    capture(transportOf(server, 'server'), 'server', captured)
    expect([...drain(server, Buy)]).toEqual([])
    expect(serverState(server).openRequests.size).toBe(0)
    net.tick()
    expect(captured.flatMap(({ bytes }) => readPacket(bytes, described))).toContain('reply 7 despawned')
  })

  it('are answered, and count against the budget, when their arguments do not match the definition', () => {
    const setup = stallOfFirst()
    const said = answersTo({}, ({ client }) =>
      throwBytes(client, (writer) => {
        for (const byte of [SectionKind.Request, 1, 0, BUY, 3, 2, 0, 0]) writer.u8(byte)
      }),
    )
    expect(said).toEqual(['reply 3 malformed'])
    throwBytes(setup.client, (writer) => {
      for (const byte of [SectionKind.Request, 1, 0, BUY, 3, 2, 0, 0]) writer.u8(byte)
    })
    setup.net.tick()
    expect(stats(setup.server).counters.malformedCalls).toBe(1)
    expect(violationsAt(setup.server)).toBe(1)
    expect(serverState(setup.server).openRequests.size).toBe(0)
  })

  it.each([
    ['of a command that returns nothing', PLAIN],
    ['of a target RPC that only the server requests', ASK],
    ['of a definition that does not exist', 77],
  ])('%s are dropped, counted, and count against the budget', (_, definition) => {
    const { net, server, client } = stallOfFirst()
    throwBytes(client, (writer) => writeRequest(writer, definition, 1))
    net.tick()
    expect(stats(server).counters.unknownDefinitions).toBe(1)
    expect(violationsAt(server)).toBe(1)
    expect([...drain(server, Plain)]).toEqual([])
  })

  it('are malformed on the unreliable channel, as replies and cancels are', () => {
    const { net, server, client } = stallOfFirst()
    throwBytes(client, (writer) => writeRequest(writer, BUY, 1), Channel.Unreliable)
    throwBytes(client, (writer) => writeReply(writer, 1, ReplyStatus.Undrained), Channel.Unreliable)
    throwBytes(client, (writer) => [SectionKind.Cancel, 1].forEach((byte) => writer.u8(byte)), Channel.Unreliable)
    net.tick()
    expect(stats(server).counters.malformedPackets).toBe(3)
    expect([...drain(server, Buy)]).toEqual([])
  })

  it('are answered as overloaded above 256 open ones, while requests of other clients are still answered', async () => {
    const { net, server, stall, client } = stallOfFirst({ clients: 2 })
    const captured: Captured[] = []
    throwBytes(client, (writer) => {
      for (let number = 1; number <= 1000; number++) writeRequest(writer, BUY, number)
    })
    capture(transportOf(server, 'server'), 'server', captured)
    net.tick()
    expect(serverState(server).openRequests.size).toBe(256)
    expect(stats(server).counters.overloadedRequests).toBe(744)
    const lines = captured.flatMap(({ bytes }) => readPacket(bytes, described))
    expect(lines.filter((line) => line.endsWith('overloaded')).length).toBe(744)
    setOwner(server, stall, net.clients[1]!.connection)
    net.tick(2)
    const other = net.clients[1]!.world
    const outcome = watch(request(other, entityOf(other, netIdOf(server, stall)), Buy, { item: 200 }))
    net.tick()
    for (const { id, args } of drain(server, Buy)) if (args.item === 200) reply(server, id, { left: 3 })
    net.tick(2)
    await Promise.resolve()
    expect(outcome.value).toEqual({ left: 3 })
  })

  it('are forgotten with their connection when the game never answers them', () => {
    const { net, server, client } = stallOfFirst()
    throwBytes(client, (writer) => {
      for (let number = 1; number <= 200; number++) writeRequest(writer, BUY, number)
    })
    net.tick()
    const ids = [...drain(server, Buy)].map(({ id }) => id)
    serverState(server).sessions!.close(serverState(server).peers[0]!.session, 'kicked', 'enough')
    net.tick()
    expect(serverState(server).openRequests.size).toBe(0)
    expect(ids.some((id) => isWaiting(server, id))).toBe(false)
  })
})

describe('forged replies of a client', () => {
  it('to requests that were never made count against its budget, and finally close the connection', () => {
    const { net, server, client } = stallOfFirst()
    throwBytes(client, (writer) => writeReply(writer, 5, ReplyStatus.Undrained))
    net.tick()
    expect(stats(server).counters.unknownReplies).toBe(1)
    expect(violationsAt(server)).toBe(1)
    for (let i = 0; i < 20 && client.reason === undefined; i++) {
      throwBytes(client, (writer) => writeReply(writer, 6, ReplyStatus.Undrained))
      net.tick()
    }
    net.tick(2)
    expect(client.reason?.code).toBe('malformed')
    expect(client.reason?.text).toContain('unknown-reply')
  })

  it('are counted, and count against no budget, when they arrive late or twice', () => {
    const { net, server, stall, client } = stallOfFirst()
    void request(server, stall, Ask, {}, { timeout: 10 })
    net.tick(2)
    throwBytes(client, (writer) => {
      for (let i = 0; i < 50; i++) writeReply(writer, 1, ReplyStatus.Ok, 9)
    })
    net.tick()
    expect(stats(server).counters.lateReplies).toBe(50)
    expect(violationsAt(server)).toBe(0)
  })

  it('reject the request, and count against the budget, when they do not match the definition', async () => {
    const { net, server, stall, client } = stallOfFirst()
    const outcome = watch(request(server, stall, Ask, {}))
    net.tick()
    throwBytes(client, (writer) => writeReply(writer, 1, ReplyStatus.Refused, 1))
    net.tick()
    await Promise.resolve()
    expect(outcome.error).toMatchObject({ code: 'malformed-reply' })
    expect(violationsAt(server)).toBe(1)
  })

  it('and cancellations above the rate of any honest client are dropped unread', () => {
    const { net, server, client } = stallOfFirst()
    for (let packet = 0; packet < 2; packet++) {
      throwBytes(client, (writer) => {
        for (let number = 1; number <= 3500; number++) {
          writer.u8(SectionKind.Cancel)
          writer.varint(number)
        }
      })
    }
    net.tick(2)
    expect(stats(server).counters.rateLimitedCalls).toBeGreaterThan(10)
    expect(client.reason?.code).toBe('malformed')
  })
})
