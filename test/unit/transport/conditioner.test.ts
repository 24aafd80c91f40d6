// The conditioner on a clock set by hand: what it does to packets, and that a seed repeats it.
import { describe, expect, it } from 'vitest'
import { PING_BYTES } from '../../../src/protocol/heartbeat.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { condition, type ConditionerOptions } from '../../../src/transport/conditioner.js'
import { createLoopback } from '../../../src/transport/loopback.js'
import { takeCensus } from '../../fuzz/engine/census.js'
import { Channel, type Transport, type TransportSink } from '../../../src/transport/transport.js'

/** A client whose packets to the server go through a conditioner. */
function makePair(conditions: ConditionerOptions) {
  const clock = { time: 0 }
  const now = (): number => clock.time
  const loopback = createLoopback({ now })
  const client = condition(loopback.connect(), { now, ...conditions })
  const packet = new Uint8Array(2000)
  const send = (index: number, channel: Channel = Channel.Unreliable, length = 100): boolean => {
    packet[0] = index
    const taken = client.send(1, channel, packet, length)
    packet.fill(0xee)
    return taken
  }
  /** Runs the clock and returns what arrived when, as `time:index`. */
  const run = (until: number): string[] => {
    const arrived: string[] = []
    for (; clock.time <= until; clock.time++) {
      client.flush()
      for (const event of receive(loopback.server))
        if (typeof event === 'number') arrived.push(`${clock.time}:${event}`)
    }
    return arrived
  }
  return { clock, client, server: loopback.server, send, run }
}

/** The first byte of every packet, and the other events by name. */
function receive(transport: Transport): (number | string)[] {
  const events: (number | string)[] = []
  const sink: TransportSink = {
    opened: () => events.push('opened'),
    packet: (_peer, _channel, bytes) => events.push(bytes[0]!),
    closed: (_peer, reason) => events.push(reason.code),
  }
  transport.receive(sink)
  return events
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const indexes = (arrived: string[]): number[] => arrived.map((entry) => Number(entry.split(':')[1]))

describe('the conditioner', () => {
  it('passes everything through at once when nothing is set', () => {
    const { send, server, client } = makePair({})
    for (const i of range(10)) expect(send(i, i % 2 === 0 ? Channel.Reliable : Channel.Unreliable)).toBe(true)
    expect(client.held).toBe(0)
    expect(receive(server)).toEqual(['opened', 0, 2, 4, 6, 8, 1, 3, 5, 7, 9])
  })

  it('delays by the latency, and copies what it keeps', () => {
    const { send, run } = makePair({ latency: 30 })
    send(1)
    send(2, Channel.Reliable)
    expect(run(29)).toEqual([])
    expect(run(100)).toEqual(['30:2', '30:1'])
  })

  it('keeps the order under jitter', () => {
    const { send, run, clock } = makePair({ latency: 10, jitter: 40 })
    for (const i of range(50)) {
      send(i)
      clock.time++
    }
    const arrived = run(200)
    expect(indexes(arrived)).toEqual(range(50))
    expect(new Set(arrived.map((entry) => entry.split(':')[0])).size).toBeGreaterThan(5)
  })

  it('loses, doubles and reorders unreliable packets in about the given shares', () => {
    const { send, run, client } = makePair({ loss: 0.2, duplicate: 0.1, reorder: 0.1, reorderBy: 5 })
    const arrived: string[] = []
    for (let i = 0; i < 1000; i++) {
      send(i % 250)
      arrived.push(...run(i))
    }
    arrived.push(...run(1100))
    expect(client.stats.lost).toBeGreaterThan(150)
    expect(client.stats.lost).toBeLessThan(250)
    expect(client.stats.duplicated).toBeGreaterThan(50)
    expect(client.stats.reordered).toBeGreaterThan(50)
    expect(arrived).toHaveLength(1000 - client.stats.lost + client.stats.duplicated)
  })

  it('loses nothing on the reliable channel: a lost packet arrives later, and so do all behind it', () => {
    const { send, run, client } = makePair({ latency: 20, loss: 0.3, duplicate: 0.5, reorder: 0.5 })
    for (const i of range(100)) send(i, Channel.Reliable)
    const arrived = run(2000)
    expect(indexes(arrived)).toEqual(range(100))
    expect(client.stats.retransmitted).toBeGreaterThan(0)
    expect(Number(arrived.at(-1)!.split(':')[0])).toBeGreaterThanOrEqual(20 + 2 * 20 + 20)
  })

  it('sends no faster than the rate, and drops what its queue does not hold', () => {
    // 100 bytes take 10 ms.
    const { send, run, client } = makePair({ rate: 10_000, queue: 500 })
    for (const i of range(20)) send(i)
    expect(run(300)).toEqual(range(6).map((i) => `${(i + 1) * 10}:${i}`))
    expect(client.stats.lost).toBe(14)
  })

  it('lets nothing through in an outage, and what is reliable after it', () => {
    const { send, run, client } = makePair({ down: true, latency: 5 })
    for (const i of range(4)) send(i, Channel.Reliable)
    send(9)
    expect(run(1000)).toEqual([])
    expect(client.held).toBe(4)
    client.set({ down: false })
    expect(run(1100)).toEqual(['1006:0', '1006:1', '1006:2', '1006:3'])
    expect(client.held).toBe(0)
  })

  it('keeps the order when conditions end while packets are under way', () => {
    const { send, run, client } = makePair({ latency: 50 })
    send(0, Channel.Reliable)
    client.set({ latency: 0 })
    send(1, Channel.Reliable)
    expect(run(100)).toEqual(['50:0', '50:1'])
  })

  it('repeats itself with the same seed and not with another', () => {
    const trace = (seed: number): string[] => {
      const { send, run } = makePair({ seed, latency: 10, jitter: 20, loss: 0.2, duplicate: 0.1, reorder: 0.2 })
      for (const i of range(100)) send(i)
      return run(200)
    }
    expect(trace(7)).toEqual(trace(7))
    expect(trace(7)).not.toEqual(trace(8))
  })

  it('lets earlier reliable packets out before a disconnect, which is heard as late as they are', () => {
    const { send, client, server, clock } = makePair({ latency: 30 })
    send(1, Channel.Reliable)
    send(2)
    client.disconnect(1)
    expect(send(3, Channel.Reliable)).toBe(false)
    expect(receive(client)).toEqual(['opened', 'closed'])
    clock.time = 29
    client.flush()
    expect(receive(server)).toEqual(['opened'])
    clock.time = 30
    client.flush()
    expect(receive(server)).toEqual([1, 2, 'closed'])
    expect(receive(client)).toEqual([])
  })

  it('keeps silent about a disconnect as long as an outage lasts', () => {
    const { client, server, clock } = makePair({ latency: 10 })
    client.set({ down: true })
    client.disconnect(1)
    expect(receive(client)).toEqual(['opened', 'closed'])
    clock.time = 5000
    client.flush()
    expect(receive(server)).toEqual(['opened'])
    client.set({ down: false })
    expect(receive(server)).toEqual(['closed'])
  })

  it('gives back what is reliable when it is closed as a whole', async () => {
    const { send, client, server } = makePair({ latency: 1000 })
    send(1, Channel.Reliable)
    send(2)
    await client.close()
    expect(receive(server)).toEqual(['opened', 1, 'closed'])
    expect(client.held).toBe(0)
  })

  it('reports what waits for the rate as buffered, and not what is under way', () => {
    const { send, run, client } = makePair({ latency: 10, rate: 10_000 })
    send(1, Channel.Reliable, 300)
    expect(client.buffered(1, Channel.Reliable)).toBe(300)
    expect(client.buffered(1, Channel.Unreliable)).toBe(0)
    run(20)
    expect(client.buffered(1, Channel.Reliable)).toBe(90)
    run(31)
    expect(client.buffered(1, Channel.Reliable)).toBe(0)
    expect(client.held).toBe(1)
  })

  it('reports what waits for the end of an outage as buffered', () => {
    const { send, run, client } = makePair({ down: true })
    send(1, Channel.Reliable, 300)
    run(20)
    expect(client.buffered(1, Channel.Reliable)).toBe(300)
    client.set({ down: false })
    expect(client.buffered(1, Channel.Reliable)).toBe(0)
  })

  it('delays the answers to heart-beats like everything else', () => {
    const clock = { time: 0 }
    const now = (): number => clock.time
    const loopback = createLoopback({ now })
    const client = condition(loopback.connect(), { now, latency: 20 })
    const server = condition(loopback.server, { now, latency: 30 })
    const ping = new Uint8Array(PING_BYTES)
    ping[0] = PacketKind.Ping
    client.send(1, Channel.Unreliable, ping, PING_BYTES)
    let answered = -1
    for (; clock.time < 100 && answered < 0; clock.time++) {
      client.flush()
      server.flush()
      if (receive(client).includes(PacketKind.Pong)) answered = clock.time
    }
    expect(answered).toBe(50)
  })

  it('remembers no more than a thousand of the peers that are gone', () => {
    const loopback = createLoopback({ now: () => 0 })
    const server = condition(loopback.server, { now: () => 0 })
    for (let i = 0; i < 3000; i++) {
      const line = loopback.connect()
      receive(server)
      void line.close()
      receive(server)
    }
    expect(Math.max(...takeCensus(server).elements.values())).toBeLessThanOrEqual(1024)
    expect(server.send(3000, Channel.Reliable, new Uint8Array(4), 4)).toBe(false)
  })
})
