// Tests parts of large messages that no honest client sends.
import { bytes, defineMessage, defineProtocol, drain, sendMessage, u8 } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork, type TestClient } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { Channel } from '../../../src/transport/transport.js'
import { serverState } from '../../../src/world/state.js'
import { throwSections, transportOf, violationsAt } from './tap.js'

const Small = defineMessage({ n: u8 })
const Upload = defineMessage({ data: bytes(100_000) }, { large: true })
const Down = defineMessage({ data: bytes(100_000) }, { large: true, from: 'server' })
const protocol = defineProtocol({ messages: { Small, Upload, Down } })
const idOf = (message: typeof Upload | typeof Down | typeof Small): number => protocol.ids.get(message as never)!

interface Forged {
  id: number
  total: number
  offset: number
  size: number
}

function throwPart(client: TestClient, { id, total, offset, size }: Forged): void {
  if (client.reason !== undefined) return
  const writer = new ByteWriter()
  for (const byte of [PacketKind.Data, 0, 1, 0, SectionKind.MessagePart]) writer.u8(byte)
  for (const field of [id, total, offset, size]) writer.varint(field)
  for (let i = 0; i < size; i++) writer.u8(0)
  transportOf(client.world, 'client').send(1, Channel.Reliable, writer.bytes, writer.length)
}

describe('one-byte messages that are sent as large ones', () => {
  it('are subject to the rate limit of calls', () => {
    let drained = 0
    const net = createTestNetwork(protocol, {
      serverSystems: [(world) => void (drained += [...drain(world, Upload)].length)],
    })
    const hostile = net.clients[0]!
    for (let tick = 0; tick < 5; tick++) {
      throwSections(hostile, (writer) => {
        for (let i = 0; i < 2500; i++) {
          writer.u8(SectionKind.MessagePart)
          for (const field of [idOf(Upload), 1, 0, 1]) writer.varint(field)
          writer.u8(0)
        }
      })
      net.tick()
    }
    net.tick(2)
    expect(drained).toBeGreaterThan(4000)
    expect(drained).toBeLessThan(5000)
    expect(stats(net.server).counters.undrainedCalls).toBe(0)
    expect(hostile.reason?.code).toBe('malformed')
  })
})

describe('forged parts of large messages', () => {
  it.each<[string, Forged[]]>([
    ['of a message that is not large', [{ id: idOf(Small), total: 1, offset: 0, size: 1 }]],
    ['of a message that only the server sends', [{ id: idOf(Down), total: 9, offset: 0, size: 9 }]],
    ['of a definition that does not exist', [{ id: 99, total: 9, offset: 0, size: 9 }]],
    ['that claim more than the definition allows', [{ id: idOf(Upload), total: 100_004, offset: 0, size: 9 }]],
    ['that do not begin at offset 0', [{ id: idOf(Upload), total: 9_000, offset: 5, size: 9 }]],
    [
      'that leave a gap',
      [
        { id: idOf(Upload), total: 9_000, offset: 0, size: 9 },
        { id: idOf(Upload), total: 9_000, offset: 10, size: 9 },
      ],
    ],
    [
      'that change the total size between parts',
      [
        { id: idOf(Upload), total: 9_000, offset: 0, size: 9 },
        { id: idOf(Upload), total: 9_001, offset: 9, size: 9 },
      ],
    ],
  ])('%s count against the connection and are not delivered', (_, parts) => {
    const net = createTestNetwork(protocol)
    for (const part of parts) throwPart(net.clients[0]!, part)
    net.tick(2)
    expect(violationsAt(net.server)).toBe(1)
    expect([...drain(net.server, Upload)]).toEqual([])
    expect(net.clients[0]!.reason).toBeUndefined()
  })

  it('beyond the granted window count against the connection', () => {
    const net = createTestNetwork(protocol)
    for (let offset = 0; offset < 90_000; offset += 15_000) {
      throwPart(net.clients[0]!, { id: idOf(Upload), total: 100_002, offset, size: 15_000 })
    }
    net.tick()
    // The fifth part is beyond 64 KiB, and the sixth leaves a gap.
    expect(violationsAt(net.server)).toBe(2)
  })

  it('are dropped whole when their payload does not match the definition', () => {
    const net = createTestNetwork(protocol)
    throwPart(net.clients[0]!, { id: idOf(Upload), total: 200, offset: 0, size: 200 })
    net.tick()
    expect(stats(net.server).counters.malformedCalls).toBe(1)
    sendMessage(net.clients[0]!.world, Upload, { data: Uint8Array.of(1, 2) })
    net.tick()
    expect([...drain(net.server, Upload)].map(({ args }) => args.data.join())).toEqual(['1,2'])
  })

  it('take memory for the bytes received, never for the size they claim', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    throwPart(net.clients[0]!, { id: idOf(Upload), total: 100_002, offset: 0, size: 1 })
    net.tick()
    expect(serverState(net.server).peers[0]!.incomingParts.payload.bytes.length).toBeLessThan(1000)
  })

  it('include acknowledgements of parts that were never sent, which count against the connection', () => {
    const net = createTestNetwork(protocol)
    const writer = new ByteWriter()
    for (const byte of [PacketKind.Data, 0, 1, 0, SectionKind.PartsTaken, 5]) writer.u8(byte)
    transportOf(net.clients[0]!.world, 'client').send(1, Channel.Reliable, writer.bytes, writer.length)
    net.tick()
    expect(violationsAt(net.server)).toBe(1)
  })
})

describe('a client that holds up large messages', () => {
  /** Seconds until the server has closed it, at most 90. */
  function lasts(net: ReturnType<typeof createTestNetwork>, perTick: () => void): number {
    let ticks = 0
    for (; ticks < 90 * 20 && stats(net.server).connections > 0; ticks++) {
      perTick()
      net.tick()
    }
    return ticks / 20
  }

  it('by acknowledging none of their parts is closed as stalled, and later messages count by their memory', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    client.running = false
    sendMessage(net.server, Down, { data: new Uint8Array(100_000) })
    const { outgoingParts } = serverState(net.server).peers[0]!
    let waited = 0
    const seconds = lasts(net, () => {
      for (let i = 0; i < 100; i++) sendMessage(net.server, Small, { n: i })
      waited = Math.max(waited, outgoingParts.waiting)
    })
    expect(seconds).toBeGreaterThan(9)
    expect(seconds).toBeLessThan(20)
    // 2,000 messages per second, of three bytes each.
    expect(waited).toBeGreaterThan(2000 * 9 * 32)
    client.running = true
    net.tick(3)
    expect(client.reason).toMatchObject({ code: 'stalled', by: 'remote' })
  })

  it('by acknowledging a byte now and then is closed, too', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    client.running = false
    sendMessage(net.server, Down, { data: new Uint8Array(100_000) })
    let tick = 0
    let acknowledged = 0
    const seconds = lasts(net, () => {
      if (++tick % 100 !== 0) return
      throwSections(client, (writer) => {
        writer.u8(SectionKind.PartsTaken)
        writer.varint(++acknowledged)
      })
    })
    expect(seconds).toBeLessThan(30)
  })

  it('by beginning one and hardly continuing it is closed as stalled', () => {
    for (const everyTicks of [Infinity, 100]) {
      const net = createTestNetwork(protocol)
      const client = net.clients[0]!
      let tick = 0
      let offset = 0
      const seconds = lasts(net, () => {
        if (tick++ % everyTicks === 0)
          throwPart(client, { id: idOf(Upload), total: 100_000, offset: offset++, size: 1 })
      })
      expect(seconds).toBeLessThan(45)
      expect(client.reason?.code).toBe('stalled')
    }
  })

  it('because its link is slow is not closed', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    net.setServerConditions({ rate: 16_000, latency: 100 })
    client.setConditions({ rate: 16_000, latency: 100 })
    sendMessage(net.server, Down, { data: new Uint8Array(100_000) })
    sendMessage(client.world, Upload, { data: new Uint8Array(100_000) })
    let [down, up] = [0, 0]
    for (let tick = 0; tick < 30 * 20; tick++) {
      net.tick()
      down += [...drain(client.world, Down)].length
      up += [...drain(net.server, Upload)].length
    }
    expect([down, up, client.reason]).toEqual([1, 1, undefined])
  })
})
