// Tests the packet builder: it fills packets with whole sections, in order and within the limit, and adds
// acknowledgements.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PacketBuilder, Session } from '../../../src/connection/session.js'
import { ByteReader } from '../../../src/protocol/bytes.js'
import {
  MAX_BLOCK,
  MAX_RELIABLE_PACKET,
  MAX_RELIABLE_PAYLOAD,
  MAX_UNRELIABLE_PACKET,
} from '../../../src/protocol/limits.js'
import { DataHeader } from '../../../src/protocol/packet.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { Channel, createTransportCounters, type Transport } from '../../../src/transport/transport.js'

const SEED = 20_260_113

interface Sent {
  readonly channel: Channel
  readonly bytes: Uint8Array
}

function make(channel: Channel) {
  const sent: Sent[] = []
  const transport: Transport = {
    send: (_peer, on, bytes, length) => sent.push({ channel: on, bytes: bytes.slice(0, length) }) > 0,
    receive: () => undefined,
    buffered: () => 0,
    disconnect: () => undefined,
    close: () => Promise.resolve(),
    counters: createTransportCounters(),
    onArrival: undefined,
    answer: undefined,
  }
  const session = new Session(transport, 1, 0)
  return { sent, session, builder: new PacketBuilder(channel) }
}

function read({ bytes }: Sent): { header: DataHeader; body: number[] } {
  const reader = new ByteReader()
  reader.reset(bytes, 0, bytes.length)
  expect(reader.u8()).toBe(PacketKind.Data)
  const header = new DataHeader()
  header.read(reader)
  expect(reader.failed).toBe(false)
  return { header, body: [...bytes.subarray(reader.offset)] }
}

/** Writes sections of these sizes; each byte of a section is its number. */
function write(builder: PacketBuilder, sizes: readonly number[]): void {
  sizes.forEach((size, i) => {
    expect(builder.fit(size)).toBe(true)
    for (let b = 0; b < size; b++) builder.writer.u8(i & 0xff)
  })
}

describe.each([
  ['reliable', Channel.Reliable, MAX_RELIABLE_PACKET, MAX_RELIABLE_PAYLOAD],
  ['unreliable', Channel.Unreliable, MAX_UNRELIABLE_PACKET, MAX_BLOCK],
] as const)('%s packets', (_, channel, limit, largest) => {
  it('contain whole sections, in order, within the size limit, and as many as fit', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: largest }), fc.constant(largest)),
          {
            minLength: 1,
            maxLength: 40,
          },
        ),
        fc.integer({ min: 0, max: 300 }),
        (sizes, arrived) => {
          const { sent, session, builder } = make(channel)
          for (let s = 0; s < arrived; s++) session.received.mark(s, s % 3 !== 0)
          // A wide window, so that it does not limit the packets.
          session.roundTrip.sample(100_000)
          builder.start(session, 0xffffffff, 0, 1)
          write(builder, sizes)
          builder.finish()
          const packets = sent.map(read)
          for (const { bytes } of sent) expect(bytes.length).toBeLessThanOrEqual(limit)
          expect(packets.flatMap(({ body }) => body).length).toBe(sizes.reduce((sum, size) => sum + size, 0))
          let next = 0
          packets.forEach(({ body }, p) => {
            let size = 0
            while (size < body.length) {
              expect(body.slice(size, size + sizes[next]!).every((byte) => byte === (next & 0xff))).toBe(true)
              size += sizes[next++]!
            }
            expect(size).toBe(body.length)
            const room = limit - sent[p]!.bytes.length
            expect(next === sizes.length || sizes[next]! > room).toBe(true)
          })
        },
      ),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('are not sent without sections', () => {
    const { sent, session, builder } = make(channel)
    builder.start(session, 5, 0, 50)
    builder.finish()
    expect(sent).toEqual([])
  })
})

describe('a packet builder', () => {
  it('numbers unreliable packets consecutively', () => {
    const { sent, session, builder } = make(Channel.Unreliable)
    builder.start(session, 5, 0, 50)
    write(builder, [1000, 1000, 1000])
    builder.finish()
    expect(sent.map((packet) => read(packet).header.sequence)).toEqual([0, 1, 2])
    expect(session.delivery.unacknowledged).toBe(3)
  })

  it('sends an acknowledgement alone once, in a packet without a number', () => {
    const { sent, session, builder } = make(Channel.Unreliable)
    session.received.mark(9, true)
    session.acknowledgeDue = true
    for (let tick = 5; tick < 8; tick++) {
      builder.start(session, tick, 0, 50)
      builder.finish()
    }
    expect(sent).toHaveLength(1)
    const { header, body } = read(sent[0]!)
    expect([header.sequenced, header.acknowledges, header.ack.covers(9), body.length]).toEqual([false, true, true, 0])
    expect(session.delivery.unacknowledged).toBe(0)
  })

  it('marks the structure complete in the last packet, or in an empty one', () => {
    const { sent, session, builder } = make(Channel.Reliable)
    builder.start(session, 5, 0, 50)
    write(builder, [16_000, 16_000])
    builder.completeStructure()
    builder.finish()
    builder.start(session, 6, 0, 50)
    builder.completeStructure()
    builder.finish()
    expect(sent.map((packet) => read(packet).header.completesStructure)).toEqual([false, true, true])
    expect(sent.every(({ channel }) => channel === Channel.Reliable)).toBe(true)
  })

  it('sends only acknowledgements while the window is full', () => {
    const { sent, session, builder } = make(Channel.Unreliable)
    for (let tick = 0; tick < 8; tick++) {
      session.delivery.startTick()
      builder.start(session, tick, 0, 50)
      write(builder, [10])
      builder.finish()
    }
    expect(sent).toHaveLength(8)
    session.delivery.startTick()
    builder.start(session, 8, 0, 50)
    expect(builder.fit(10)).toBe(false)
    builder.finish()
    expect(sent).toHaveLength(8)
    session.acknowledgeDue = true
    session.received.mark(1, true)
    builder.start(session, 9, 0, 50)
    expect(builder.fit(10)).toBe(false)
    builder.finish()
    expect(read(sent[8]!).header.sequenced).toBe(false)
  })
})
