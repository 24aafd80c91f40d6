// Tests sessions byte by byte: opening, refusals and their reasons, malformed packets, resuming, and ends.
import { describe, expect, it } from 'vitest'
import { ClientSession } from '../../../src/connection/client/client-session.js'
import { createCounters } from '../../../src/connection/counters.js'
import { ErrorLog } from '../../../src/connection/error-log.js'
import { ServerSessions } from '../../../src/connection/server/server-sessions.js'
import type { Session } from '../../../src/connection/session.js'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import {
  type Hello,
  readClose,
  readWelcome,
  writeClose,
  writeDataHeader,
  writeHello,
  writeWelcome,
  writePing,
} from '../../../src/protocol/packet.js'
import { defineProtocol } from '../../../src/protocol/protocol.js'
import { ReceiveWindow } from '../../../src/protocol/sequence.js'
import { createLoopback } from '../../../src/transport/loopback.js'
import { Channel, type Transport } from '../../../src/transport/transport.js'

const protocol = defineProtocol({})
const HELLO: Hello = {
  wireVersion: 1,
  hashHigh: protocol.hashHigh,
  hashLow: protocol.hashLow,
  token: '',
  description: protocol.description,
}

function makeServer(
  options: {
    maxConnections?: number
    resumeTime?: number
    interruptedPerAddress?: number
    accept?: (reader: ByteReader) => boolean
  } = {},
) {
  const { maxConnections = 10, resumeTime, interruptedPerAddress, accept = () => true } = options
  const clock = { now: 0 }
  const loopback = createLoopback({ now: () => clock.now })
  const counters = createCounters()
  const errors = new ErrorLog()
  const events: string[] = []
  const sessions = new ServerSessions(
    loopback.server,
    {
      protocol,
      now: () => clock.now,
      timeout: 5000,
      handshakeTimeout: 3000,
      authenticationTimeout: 4000,
      maxConnections,
      resumeTime,
      interruptedPerAddress,
      ticksPerSecond: 20,
    },
    {
      opened: (session) => events.push(`opened ${session.connectionId}`),
      closed: (session) => events.push(`closed ${session.connectionId} ${session.reason!.code} ${session.reason!.by}`),
      data: (_session, _channel, _header, reader) => accept(reader),
    },
    counters,
    errors,
  )
  return { clock, loopback, counters, errors, events, sessions }
}

/** A peer that sends raw packets. */
class RawPeer {
  readonly received: { channel: Channel; bytes: Uint8Array }[] = []
  closed = false
  constructor(readonly transport: Transport) {}

  send(channel: Channel, write: (writer: ByteWriter) => void): void {
    const writer = new ByteWriter()
    write(writer)
    this.transport.send(1, channel, writer.bytes, writer.length)
  }

  hello(changes: Partial<Hello> = {}): void {
    this.send(Channel.Reliable, (writer) => writeHello(writer, { ...HELLO, ...changes }))
  }

  data(channel: Channel, sequence: number, structureTick = 0): void {
    this.send(channel, (writer) => writeDataHeader(writer, sequence, new ReceiveWindow(), 1, structureTick))
  }

  drain(): void {
    this.transport.receive({
      opened: () => undefined,
      closed: () => void (this.closed = true),
      packet: (_peer, channel, bytes, length) => this.received.push({ channel, bytes: bytes.slice(0, length) }),
    })
  }

  /** The reason in the received close packet, if the transport was closed after it. */
  refusal(): { code: string; text: string } | undefined {
    this.drain()
    const packet = this.received.find(({ bytes }) => bytes[0] === PacketKind.Close)
    if (packet === undefined || !this.closed) return undefined
    const reader = new ByteReader()
    reader.reset(packet.bytes, 1, packet.bytes.length)
    return readClose(reader)
  }
}

function join(server: ReturnType<typeof makeServer>): RawPeer {
  const peer = new RawPeer(server.loopback.connect())
  peer.hello()
  server.sessions.receive()
  peer.drain()
  return peer
}

describe('the hello', () => {
  it('opens a session, and the welcome contains the connection id, the tick rate and the tick', () => {
    const server = makeServer()
    server.sessions.tick = 77
    const peer = join(server)
    const reader = new ByteReader()
    reader.reset(peer.received[0]!.bytes, 1, peer.received[0]!.bytes.length)
    expect(peer.received[0]!.channel).toBe(Channel.Reliable)
    expect(readWelcome(reader)).toEqual({ connectionId: 1, milliTicksPerSecond: 20_000, tick: 77 })
    expect(server.events).toEqual(['opened 1'])
  })

  it.each([
    [{ wireVersion: 2 }, 'wire-version', 'version 1'],
    [{ hashLow: 1, description: 'wire 1\ncommand Fire {} reliable' }, 'protocol-mismatch', 'command Fire'],
    [{ hashHigh: 1, description: '' }, 'protocol-mismatch', ''],
  ])('%j is refused as %s', (changes, code, text) => {
    const server = makeServer()
    const peer = new RawPeer(server.loopback.connect())
    peer.hello(changes)
    server.sessions.receive()
    const refusal = peer.refusal()!
    expect(refusal.code).toBe(code)
    expect(refusal.text).toContain(text)
    expect(server.events).toEqual([])
    expect(server.counters.refusedConnections).toBe(1)
  })

  it('with another protocol takes only a few lines of the log, however much it lists', () => {
    const server = makeServer()
    const description = Array.from({ length: 2500 }, (_, i) => i.toString(36)).join('\n')
    new RawPeer(server.loopback.connect()).hello({ hashHigh: 1, description })
    server.sessions.receive()
    const [error] = server.errors.take()
    expect(error!.code).toBe('protocol-mismatch')
    expect(error!.message).toMatch(/only on the client.*; and \d+ more$/)
    expect(error!.message.length).toBeLessThan(5000)
  })

  it('is refused when it is malformed', () => {
    const server = makeServer()
    const peer = new RawPeer(server.loopback.connect())
    peer.send(Channel.Reliable, (writer) => writer.u8(PacketKind.Hello))
    server.sessions.receive()
    expect(peer.refusal()!.code).toBe('malformed')
  })

  it('is refused when the server is full, until a client disconnects', () => {
    const server = makeServer({ maxConnections: 2 })
    const first = join(server)
    join(server)
    expect(join(server).refusal()!.code).toBe('server-full')
    first.send(Channel.Reliable, (writer) => writeClose(writer, 'bye', ''))
    server.sessions.receive()
    expect(join(server).refusal()).toBeUndefined()
    expect(server.events).toEqual(['opened 1', 'opened 2', 'closed 1 client-closed remote', 'opened 3'])
  })

  it('times out after handshakeTimeout', () => {
    const server = makeServer()
    const peer = new RawPeer(server.loopback.connect())
    server.sessions.receive()
    server.clock.now = 3000
    server.sessions.maintain()
    expect(peer.refusal()).toBeUndefined()
    server.clock.now = 3001
    server.sessions.maintain()
    expect(peer.refusal()!.code).toBe('handshake-timeout')
  })

  it('is required first: packets before it are dropped on both channels', () => {
    const server = makeServer()
    const peer = new RawPeer(server.loopback.connect())
    peer.data(Channel.Reliable, -1)
    peer.data(Channel.Unreliable, 0)
    peer.send(Channel.Unreliable, (writer) => writeHello(writer, HELLO))
    server.sessions.receive()
    expect(server.counters.packetsBeforeHello).toBe(3)
    expect(server.events).toEqual([])
    peer.hello()
    server.sessions.receive()
    expect(server.events).toEqual(['opened 1'])
  })

  it('is malformed when it is sent twice', () => {
    const server = makeServer()
    const peer = join(server)
    peer.hello()
    server.sessions.receive()
    expect(server.counters.malformedPackets).toBe(1)
    expect(server.sessions.open).toHaveLength(1)
  })
})

describe('a data packet', () => {
  it.each([
    ['a number on the reliable channel', (peer: RawPeer) => peer.data(Channel.Reliable, 5)],
    ['a structure tick that was never sent', (peer: RawPeer) => peer.data(Channel.Reliable, -1, 1)],
    [
      'the flag that only a server sets',
      (peer: RawPeer) => peer.send(Channel.Reliable, (w) => [0, 4, 1, 0].forEach((b) => w.u8(b))),
    ],
    [
      'an acknowledgement of nothing',
      (peer: RawPeer) => peer.send(Channel.Unreliable, (w) => [0, 2, 9, 0, 1, 1, 1, 0].forEach((b) => w.u8(b))),
    ],
    ['a kind that does not exist', (peer: RawPeer) => peer.send(Channel.Reliable, (w) => w.u8(77))],
    ['a welcome', (peer: RawPeer) => peer.send(Channel.Reliable, (w) => [2, 1, 0, 0, 0, 0, 1].forEach((b) => w.u8(b)))],
    ['a close on the wrong channel', (peer: RawPeer) => peer.send(Channel.Unreliable, (w) => writeClose(w, 'x', ''))],
  ])('is malformed with %s', (_, send) => {
    const server = makeServer()
    const peer = join(server)
    send(peer)
    server.sessions.receive()
    expect(server.counters.malformedPackets).toBe(1)
    expect(server.sessions.open).toHaveLength(1)
  })

  it('is accepted once, however often the network delivers it', () => {
    let taken = 0
    const server = makeServer({ accept: () => ++taken > 0 })
    const peer = join(server)
    for (const sequence of [0, 1, 1, 0, 65_000, 2]) peer.data(Channel.Unreliable, sequence)
    server.sessions.receive()
    // 65,000 is a number far before 0, not after it.
    expect(taken).toBe(3)
    expect(server.counters.duplicatePackets).toBe(3)
  })

  it('closes the connection, with a reason on both sides, when it is malformed too often', () => {
    const server = makeServer({ accept: () => false })
    const peer = join(server)
    for (let i = 0; i < 16; i++) peer.data(Channel.Reliable, -1)
    server.sessions.receive()
    expect(server.sessions.open).toHaveLength(1)
    peer.data(Channel.Reliable, -1)
    peer.data(Channel.Reliable, -1)
    server.sessions.receive()
    expect(server.events).toEqual(['opened 1', 'closed 1 malformed local'])
    expect(peer.refusal()!.code).toBe('malformed')
    expect(server.errors.take().map(({ code }) => code)).toEqual(['malformed'])
  })

  it('does not close the connection when it is malformed now and then', () => {
    const server = makeServer({ accept: () => false })
    const peer = join(server)
    for (let i = 0; i < 100; i++) {
      server.clock.now += 1001
      peer.data(Channel.Reliable, -1)
      server.sessions.receive()
    }
    expect(server.sessions.open).toHaveLength(1)
    expect(server.counters.malformedPackets).toBe(100)
  })
})

describe('the end of a session', () => {
  it('is a timeout when no packets are received for the timeout', () => {
    const server = makeServer()
    const peer = join(server)
    server.clock.now = 5000
    server.sessions.maintain()
    expect(server.sessions.open).toHaveLength(1)
    server.clock.now = 5001
    server.sessions.maintain()
    expect(server.events.at(-1)).toBe('closed 1 timeout local')
    expect(peer.refusal()!.code).toBe('timeout')
  })

  it('is reported once, even if both sides close it', () => {
    const server = makeServer()
    const peer = join(server)
    const session: Session = server.sessions.open[0]!
    server.sessions.close(session, 'kicked', 'out')
    server.sessions.close(session, 'kicked', 'again')
    void peer.transport.close()
    server.sessions.receive()
    expect(server.events).toEqual(['opened 1', 'closed 1 kicked local'])
    expect(server.sessions.open).toEqual([])
  })
})

describe('an attempt to resume', () => {
  const received = { token: 'ff'.repeat(16), received: 0 }

  /** Opens a session that can be resumed, and returns its secret. */
  function joinResumable(server: ReturnType<typeof makeServer>): { peer: RawPeer; token: string } {
    const peer = new RawPeer(server.loopback.connect())
    peer.hello({ resume: 'may' })
    server.sessions.receive()
    peer.drain()
    const reader = new ByteReader()
    const { bytes } = peer.received[0]!
    reader.reset(bytes, 1, bytes.length)
    const { resume } = readWelcome(reader)
    if (resume === undefined || !('token' in resume)) throw new Error('it cannot be resumed')
    expect(resume.keptMs).toBe(3000)
    return { peer, token: resume.token }
  }

  function come(server: ReturnType<typeof makeServer>, resume: Hello['resume']): RawPeer {
    const peer = new RawPeer(server.loopback.connect())
    peer.hello({ resume })
    server.sessions.receive()
    peer.drain()
    return peer
  }

  it('a session that never existed is refused, and affects no other session', () => {
    const server = makeServer({ resumeTime: 3000 })
    joinResumable(server)
    for (let i = 0; i < 20; i++) expect(come(server, received).refusal()!.code).toBe('session-ended')
    expect(server.sessions.open).toHaveLength(1)
    expect(server.events).toEqual(['opened 1'])
  })

  it('is refused by a server that keeps no sessions', () => {
    const server = makeServer()
    const peer = come(server, 'may')
    expect([...peer.received[0]!.bytes].at(-1)).toBe(0)
    expect(come(server, received).refusal()!.code).toBe('session-ended')
  })

  it('succeeds while the old link still works, and closes that link', () => {
    const server = makeServer({ resumeTime: 3000 })
    const { peer, token } = joinResumable(server)
    const again = come(server, { token, received: 0 })
    expect(again.refusal()).toBeUndefined()
    expect(again.received.map(({ bytes }) => bytes[0])).toEqual([PacketKind.Welcome])
    peer.drain()
    expect(peer.closed).toBe(true)
    expect(server.events).toEqual(['opened 1'])
    expect(server.sessions.open).toHaveLength(1)
  })

  it('finds a place, because the place of a silent link is lent until a packet arrives on it or it is closed', () => {
    const server = makeServer({ resumeTime: 3000 })
    const lent: [number, boolean][] = []
    server.loopback.server.lendPlace = (peer, isLent) => void lent.push([peer, isLent])
    const { peer, token } = joinResumable(server)
    for (; server.clock.now <= 5500; server.clock.now += 500) server.sessions.maintain()
    expect(lent.splice(0)).toEqual([[1, true]])
    peer.data(Channel.Unreliable, 0)
    server.sessions.receive()
    expect(lent.splice(0)).toEqual([[1, false]])
    come(server, { token, received: 0 })
    expect(lent).toEqual([
      [1, true],
      [2, false],
    ])
  })

  it('by clients of one address that are silent in turns keeps no more sessions than the limit', () => {
    const server = makeServer({ resumeTime: 3000, maxConnections: 100 })
    Object.assign(server.loopback.server, { clientsPerAddress: 3 })
    server.loopback.server.infoOf = () => ({ address: '203.0.113.7', authorization: undefined })
    const peers: RawPeer[] = []
    for (let round = 0; round < 6; round++) {
      const { now } = server.clock
      // All clients are silent until their places are lent. Others connect; then all send packets again.
      for (const { transport } of peers) transport.answer = () => {}
      for (; server.clock.now <= now + 5500; server.clock.now += 500) server.sessions.maintain()
      for (let i = 0; i < 3; i++) peers.push(joinResumable(server).peer)
      expect(server.sessions.open.length).toBe(3)
      for (const { transport } of peers) transport.answer = undefined
      for (let i = 0; i < 4; i++) {
        for (const peer of peers) peer.drain()
        for (const peer of peers) if (!peer.closed) peer.data(Channel.Unreliable, round * 4 + i)
        server.clock.now += 500
        server.sessions.receive()
        server.sessions.maintain()
      }
      expect(server.sessions.open.length).toBe(3)
    }
    expect(server.events.filter((event) => event.startsWith('closed')).length).toBe(15)
  })

  it('replaces no live session: a new client is refused when its address has reached its limit', () => {
    const server = makeServer({ resumeTime: 3000, maxConnections: 100 })
    Object.assign(server.loopback.server, { clientsPerAddress: 2 })
    let address = '203.0.113.7'
    server.loopback.server.infoOf = () => ({ address, authorization: undefined })
    joinResumable(server)
    joinResumable(server)
    expect(come(server, 'may').refusal()!.code).toBe('server-full')
    address = '203.0.113.8'
    joinResumable(server)
    address = '127.0.0.1'
    for (let i = 0; i < 3; i++) joinResumable(server)
    expect(server.sessions.open.length).toBe(6)
  })

  it('over a working link does not end an interrupted session of the same address', () => {
    const server = makeServer({ resumeTime: 3000, interruptedPerAddress: 1 })
    const atHome = { address: '203.0.113.7', authorization: undefined }
    server.loopback.server.infoOf = () => atHome
    const waits = joinResumable(server)
    const { token } = joinResumable(server)
    server.loopback.cut(waits.peer.transport)
    server.sessions.receive()
    come(server, { token, received: 0 })
    expect(server.events).toEqual(['opened 1', 'opened 2'])
    expect(server.sessions.open).toHaveLength(2)
  })

  it('ends the session when it acknowledges more than was sent', () => {
    const server = makeServer({ resumeTime: 3000 })
    const { token } = joinResumable(server)
    expect(come(server, { token, received: 1 }).refusal()!.code).toBe('session-ended')
    expect(server.events).toEqual(['opened 1', 'closed 1 lost network'])
    expect(come(server, { token, received: 0 }).refusal()!.code).toBe('session-ended')
  })

  it('retransmits the packets that the client lacks, and reports how many the server received', () => {
    const server = makeServer({ resumeTime: 3000 })
    const { peer, token } = joinResumable(server)
    const [session] = server.sessions.open
    for (const byte of [1, 2, 3]) session!.sendReliable(Uint8Array.of(PacketKind.Data, byte), 2)
    peer.data(Channel.Reliable, -1)
    peer.data(Channel.Reliable, -1)
    server.sessions.receive()
    const again = come(server, { token, received: 2 })
    const reader = new ByteReader()
    const welcome = again.received[0]!.bytes
    reader.reset(welcome, 1, welcome.length)
    expect(readWelcome(reader).resume).toEqual({ received: 2 })
    expect(again.received.slice(1).map(({ bytes }) => Array.from(bytes))).toEqual([[PacketKind.Data, 3]])
  })

  it('over a link that the client closes before it sends anything can be repeated on another link', () => {
    const server = makeServer({ resumeTime: 3000 })
    const { token } = joinResumable(server)
    const second = come(server, { token, received: 0 })
    void second.transport.close()
    server.sessions.receive()
    expect(server.events).toEqual(['opened 1'])
    const third = come(server, { token, received: 0 })
    third.data(Channel.Reliable, -1)
    server.sessions.receive()
    void third.transport.close()
    server.sessions.receive()
    expect(server.events).toEqual(['opened 1', 'closed 1 client-closed network'])
  })

  it('made repeatedly does not delay the timeout of a client that applies nothing', () => {
    for (const isHeard of [false, true]) {
      const server = makeServer({ resumeTime: 3000 })
      const { peer, token } = joinResumable(server)
      server.sessions.open[0]!.structureTick = 5
      let line = peer.transport
      let lasted = 0
      while (server.sessions.open.length > 0 && lasted < 60_000) {
        server.loopback.cut(line)
        server.sessions.receive()
        server.sessions.maintain()
        for (let i = 0; i < 5; i++) {
          lasted += 500
          server.clock.now = lasted
          server.sessions.maintain()
        }
        line = server.loopback.connect()
        const again = new RawPeer(line)
        again.hello({ resume: { token, received: 0 } })
        if (isHeard) again.data(Channel.Reliable, -1)
        server.sessions.receive()
        // The link closes before the server reads it again.
        if (!isHeard) server.loopback.cut(line)
        server.sessions.receive()
        server.sessions.maintain()
      }
      // Ten seconds, and the three seconds of the resume time.
      expect(lasted).toBeGreaterThan(13_000)
      expect(lasted).toBeLessThanOrEqual(15_000)
    }
  })

  it("extends a client's deadline by the time that its link was down", () => {
    const server = makeServer({ resumeTime: 3000 })
    const { peer, token } = joinResumable(server)
    const session = server.sessions.open[0]!
    server.clock.now = 900
    server.sessions.maintain()
    session.structureTick = 5
    server.loopback.cut(peer.transport)
    server.sessions.receive()
    server.clock.now = 3800
    const again = come(server, { token, received: 0 })
    for (; server.clock.now < 13_700; server.clock.now += 100) {
      again.data(Channel.Reliable, -1)
      server.sessions.receive()
      server.sessions.maintain()
    }
    again.data(Channel.Reliable, -1, 5)
    server.sessions.receive()
    expect(server.events).toEqual(['opened 1'])
  })

  it('is refused after the resume time', () => {
    const server = makeServer({ resumeTime: 3000 })
    const { token } = joinResumable(server)
    server.clock.now = 5001
    server.sessions.maintain()
    expect(server.events).toEqual(['opened 1'])
    server.clock.now = 8001
    server.sessions.maintain()
    expect(server.sessions.open).toHaveLength(1)
    server.clock.now = 8002
    server.sessions.maintain()
    expect(server.events).toEqual(['opened 1', 'closed 1 timeout local'])
    expect(come(server, { token, received: 0 }).refusal()!.code).toBe('timeout')
  })

  it('needs no packets that a heartbeat acknowledged; acknowledging an unsent packet is malformed', () => {
    const server = makeServer({ resumeTime: 3000 })
    const { peer } = joinResumable(server)
    const [session] = server.sessions.open
    session!.sendReliable(Uint8Array.of(PacketKind.Data, 1), 2)
    peer.send(Channel.Unreliable, (writer) => writePing(writer, 1, 1, 1))
    server.sessions.receive()
    expect([session!.resumable!.sent.first, server.counters.malformedPackets]).toEqual([1, 0])
    peer.send(Channel.Unreliable, (writer) => writePing(writer, 1, 1, 2))
    server.sessions.receive()
    expect(server.counters.malformedPackets).toBe(1)
  })

  it('is refused with one of at most 256 remembered end reasons, and a session keeps at most 256 KiB', () => {
    const server = makeServer({ resumeTime: 3000, maxConnections: 1000 })
    const tokens: string[] = []
    for (let i = 0; i < 300; i++) tokens.push(joinResumable(server).token)
    const [session] = server.sessions.open
    const packet = new Uint8Array(16_000)
    for (let i = 0; i < 100; i++) session!.sendReliable(packet, packet.length)
    const { first, next } = session!.resumable!.sent
    expect([next, (next - first) * packet.length <= 262_144]).toEqual([100, true])
    server.clock.now = 5001
    server.sessions.maintain()
    server.clock.now = 9000
    server.sessions.maintain()
    expect(server.sessions.open).toEqual([])
    const codes = tokens.map((token) => come(server, { token, received: 0 }).refusal()!.code)
    expect(codes.filter((code) => code === 'timeout')).toHaveLength(256)
  })
})

describe('a welcome', () => {
  it.each([
    [3_600_000, false],
    [3_600_001, true],
  ])('that keeps the session for %i ms is malformed because it is more than an hour: %s', (keptMs, failed) => {
    const writer = new ByteWriter()
    const resume = { token: 'ab'.repeat(16), keptMs }
    writeWelcome(writer, { connectionId: 1, milliTicksPerSecond: 20_000, tick: 1, resume })
    const reader = new ByteReader()
    reader.reset(writer.bytes, 1, writer.length)
    readWelcome(reader)
    expect(reader.failed).toBe(failed)
  })
})

describe('the session of a client', () => {
  function makeClient() {
    const clock = { now: 0 }
    const loopback = createLoopback({ now: () => clock.now })
    const events: string[] = []
    const counters = createCounters()
    const session = new ClientSession(
      loopback.connect(),
      { protocol, now: () => clock.now, timeout: 5000, token: 'key', hasEarlyMessages: false },
      {
        packet: (channel, _bytes, length) => events.push(`packet ${channel} ${length}`),
        data: () => true,
      },
      counters,
      new ErrorLog(),
    )
    const server = new RawPeer(loopback.server)
    session.receive()
    server.drain()
    return { clock, session, server, events, counters }
  }

  it('sends its hello at once, and is open after the welcome', () => {
    const { session, server, events } = makeClient()
    expect(server.received.map(({ channel, bytes }) => [channel, bytes[0]])).toEqual([
      [Channel.Reliable, PacketKind.Hello],
    ])
    expect(session.state).toBe('connecting')
    server.send(Channel.Reliable, (writer) => [2, 9, 0x20, 0x4e, 0, 0, 50, 0].forEach((byte) => writer.u8(byte)))
    session.receive()
    expect(session.state).toBe('open')
    expect(session.session!.connectionId).toBe(9)
    expect([session.clock.latest, session.clock.tickMs]).toEqual([50, 50])
    expect(events).toEqual([])
    expect(session.state).toBe('open')
  })

  it.each([
    ['that is truncated', [2, 9, 0x20]],
    ['of 0 ticks per second', [2, 9, 0, 0, 0, 0, 50, 0]],
    ['that ends with an invalid byte', [2, 9, 0x20, 0x4e, 0, 0, 50, 3]],
  ])('does not open with a welcome %s', (_, bytes) => {
    const { session, server, counters } = makeClient()
    server.send(Channel.Reliable, (writer) => bytes.forEach((byte) => writer.u8(byte)))
    session.receive()
    expect(session.state).toBe('connecting')
    expect(counters.malformedPackets).toBe(1)
  })

  it('keeps the server’s reason', () => {
    const { session, server, events } = makeClient()
    server.send(Channel.Reliable, (writer) => writeClose(writer, 'server-full', 'the server is full'))
    session.receive()
    expect(session.reason).toEqual({ code: 'server-full', text: 'the server is full', by: 'remote' })
    expect(session.state).toBe('closed')
    expect(events).toEqual([])
  })

  it('sends the server the reason of its close, once', () => {
    const { session, server, events } = makeClient()
    server.send(Channel.Reliable, (writer) => [2, 9, 0x20, 0x4e, 0, 0, 50, 0].forEach((byte) => writer.u8(byte)))
    session.receive()
    session.close('client-closed', 'enough')
    session.close('client-closed', 'again')
    session.receive()
    expect(events).toEqual([])
    expect(session.state).toBe('closed')
    expect(server.refusal()).toEqual({ code: 'client-closed', text: 'enough' })
  })

  it('closes with a timeout when no packets are received', () => {
    const { clock, session, server, events } = makeClient()
    server.send(Channel.Reliable, (writer) => [2, 9, 0x20, 0x4e, 0, 0, 50, 0].forEach((byte) => writer.u8(byte)))
    session.receive()
    clock.now = 5001
    session.maintain()
    expect(session.reason!.code).toBe('timeout')
    expect(events).toEqual([])
    expect(session.state).toBe('closed')
  })
})
