// The inbox: byte rings that wrap and grow, limits per peer, heart-beats, the order of events.
import { describe, expect, it } from 'vitest'
import { PING_BYTES, PONG_BYTES } from '../../../src/protocol/heartbeat.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { Inbox } from '../../../src/transport/inbox.js'
import { createRandom } from '../../../src/transport/random.js'
import {
  Channel,
  createTransportCounters,
  type TransportCloseReason,
  type TransportSink,
} from '../../../src/transport/transport.js'

const CLOSED: TransportCloseReason = { code: 'closed', text: 'closed' }

function makeInbox(limitPerPeer = 65_536) {
  const counters = createTransportCounters()
  const replies: { peer: number; bytes: number[] }[] = []
  const refused: { peer: number; code: string }[] = []
  let time = 0
  const inbox = new Inbox({
    limitPerPeer,
    maxPacket: 16_384,
    counters,
    now: () => time++,
    reply: (peer, bytes, length) => replies.push({ peer, bytes: [...bytes.subarray(0, length)] }),
    refuse: (peer, reason) => {
      refused.push({ peer, code: reason.code })
      inbox.pushClosed(peer, reason)
    },
  })
  return { inbox, counters, replies, refused }
}

function drain(inbox: Inbox): string[] {
  const events: string[] = []
  const sink: TransportSink = {
    opened: (peer) => events.push(`${peer} opened`),
    packet: (peer, channel, bytes, length, time) => {
      const name = channel === Channel.Reliable ? 'reliable' : 'unreliable'
      events.push(`${peer} ${name} ${bytes[0]} x${length} at ${time}`)
    },
    closed: (peer, reason) => events.push(`${peer} ${reason.code}`),
  }
  inbox.deliver(sink)
  return events
}

const bytes = (first: number, length: number): Uint8Array => new Uint8Array(length).fill(first)

describe('the inbox', () => {
  it('delivers opened, the reliable packets, the unreliable ones, then closed', () => {
    const { inbox } = makeInbox()
    inbox.pushOpened(3)
    inbox.pushPacket(3, Channel.Unreliable, bytes(1, 10), 10)
    inbox.pushPacket(3, Channel.Reliable, bytes(2, 10), 10)
    inbox.pushPacket(3, Channel.Reliable, bytes(3, 10), 4)
    inbox.pushClosed(3, CLOSED)
    inbox.pushPacket(3, Channel.Reliable, bytes(9, 10), 10)
    expect(drain(inbox)).toEqual([
      '3 opened',
      '3 reliable 2 x10 at 1',
      '3 reliable 3 x4 at 2',
      '3 unreliable 1 x10 at 0',
      '3 closed',
    ])
    expect(drain(inbox)).toEqual([])
  })

  it('keeps what comes before a peer is open, and forgets one that never opens', () => {
    const { inbox } = makeInbox()
    inbox.pushOpening(1)
    inbox.pushOpening(2)
    inbox.pushPacket(1, Channel.Unreliable, bytes(7, 5), 5)
    inbox.pushPacket(2, Channel.Unreliable, bytes(8, 5), 5)
    expect(drain(inbox)).toEqual([])
    inbox.pushClosed(2, CLOSED)
    inbox.pushOpened(1)
    expect(drain(inbox)).toEqual(['1 opened', '1 unreliable 7 x5 at 0'])
    expect(inbox.waiting).toBe(0)
  })

  it('tells the first reason of a close only', () => {
    const { inbox } = makeInbox()
    inbox.pushOpened(1)
    inbox.pushClosed(1, { code: 'overflow', text: '' })
    inbox.pushClosed(1, CLOSED)
    expect(drain(inbox)).toEqual(['1 opened', '1 overflow'])
  })

  it('answers a ping at once and passes it on', () => {
    const { inbox, replies } = makeInbox()
    inbox.pushOpened(1)
    const ping = new Uint8Array([PacketKind.Ping, 1, 2, 3, 4, 5, 6, 7, 8])
    inbox.pushPacket(1, Channel.Unreliable, ping, PING_BYTES)
    expect(replies).toEqual([{ peer: 1, bytes: [PacketKind.Pong, 1, 2, 3, 4] }])
    expect(replies[0]!.bytes).toHaveLength(PONG_BYTES)
    expect(drain(inbox)).toHaveLength(2)
  })

  it('answers no more heartbeats than an honest peer sends, half a minute of them at once, and none of another peer less', () => {
    const { inbox, replies, counters } = makeInbox()
    for (const peer of [1, 2]) inbox.pushOpened(peer)
    const ping = new Uint8Array(PING_BYTES).fill(PacketKind.Ping)
    for (let i = 0; i < 1000; i++) inbox.pushPacket(1, Channel.Unreliable, ping, PING_BYTES)
    // A second has passed meanwhile.
    expect(replies.length).toBeGreaterThanOrEqual(256)
    expect(replies.length).toBeLessThan(300)
    expect(counters.unansweredPings).toBe(1000 - replies.length)
    inbox.pushPacket(2, Channel.Unreliable, ping, PING_BYTES)
    expect(replies.at(-1)!.peer).toBe(2)
  })

  it('drops unreliable packets over the limit, per peer, and closes on reliable ones', () => {
    const { inbox, counters, refused } = makeInbox(10_000)
    inbox.pushOpened(1)
    inbox.pushOpened(2)
    for (let i = 0; i < 20; i++) inbox.pushPacket(1, Channel.Unreliable, bytes(i, 1000), 1000)
    expect(counters.inboxDropped).toBe(11)
    inbox.pushPacket(2, Channel.Unreliable, bytes(5, 1000), 1000)
    for (let i = 0; i < 20; i++) inbox.pushPacket(1, Channel.Reliable, bytes(i, 1000), 1000)
    expect(refused).toEqual([{ peer: 1, code: 'overflow' }])
    const events = drain(inbox)
    // What it sent went with it: 9 of either channel, and the one that was too much.
    expect(events.filter((event) => event.startsWith('1 '))).toEqual(['1 opened', '1 overflow'])
    expect(counters.inboxDropped).toBe(11 + 1 + 9 + 9)
    expect(events.filter((event) => event.startsWith('2 '))).toHaveLength(2)
  })

  it('tells of no more than 64 peers that come and end between two looks', () => {
    const { inbox } = makeInbox()
    inbox.pushOpened(1)
    expect(drain(inbox)).toEqual(['1 opened'])
    for (let round = 0; round < 2; round++) {
      for (let peer = 2; peer < 202; peer++) {
        inbox.pushOpened(peer)
        inbox.pushPacket(peer, Channel.Reliable, bytes(1, 10), 10)
        inbox.pushClosed(peer, CLOSED)
      }
      expect(inbox.waiting).toBe(64)
      expect(drain(inbox)).toHaveLength(64 * 3)
    }
    // One that was there before ends as ever.
    inbox.pushClosed(1, CLOSED)
    expect(drain(inbox)).toEqual(['1 closed'])
  })

  it('counts packets of no size and above the limit', () => {
    const { inbox, counters, refused } = makeInbox()
    inbox.pushOpened(1)
    inbox.pushPacket(1, Channel.Unreliable, bytes(0, 0), 0)
    inbox.pushPacket(1, Channel.Unreliable, bytes(0, 16_385), 16_385)
    expect(counters.oversized).toBe(2)
    expect(refused).toEqual([])
    inbox.pushPacket(1, Channel.Reliable, bytes(0, 16_385), 16_385)
    expect(refused).toEqual([{ peer: 1, code: 'overflow' }])
  })

  it('keeps every byte while its rings wrap and grow', () => {
    const random = createRandom(42)
    const { inbox } = makeInbox()
    inbox.pushOpened(1)
    const expected: number[][] = []
    const packet = new Uint8Array(3000)
    let seen = 0
    const sink: TransportSink = {
      opened: () => {},
      closed: () => {},
      packet: (_peer, _channel, data, length) => {
        const wanted = expected.shift()
        if (wanted === undefined || wanted[0] !== length) throw new Error(`packet ${seen} has ${length} bytes`)
        for (let i = 0; i < length; i++) if (data[i] !== ((wanted[1]! + i) & 0xff)) throw new Error(`packet ${seen}`)
        seen++
      },
    }
    for (let round = 0; round < 500; round++) {
      const count = Math.floor(random() * 12)
      for (let n = 0; n < count; n++) {
        const length = 1 + Math.floor(random() ** 4 * 2900)
        const first = Math.floor(random() * 256)
        for (let i = 0; i < length; i++) packet[i] = (first + i) & 0xff
        inbox.pushPacket(1, Channel.Reliable, packet, length)
        expected.push([length, first])
      }
      if (random() < 0.7) inbox.deliver(sink)
    }
    inbox.deliver(sink)
    expect(expected).toEqual([])
    expect(seen).toBeGreaterThan(1000)
  })
})
