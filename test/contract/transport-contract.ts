// Tests what every transport promises. One suite, run over each of them.
import { afterEach, describe, expect, it } from 'vitest'
import { Channel } from '../../src/transport/transport.js'
import { until } from '../support/until.js'
import type { Burst, Side, SideEvent } from './side.js'

export interface Network {
  readonly server: Side
  /** A new client. `first` is sent in the moment it is open. */
  connect(first?: Burst): Promise<Side>
  /** Frees everything. */
  close(): Promise<void>
}

export interface NetworkOptions {
  /** Bytes per peer and channel, on both sides. */
  inboxLimit?: number
}

/** The client's only peer. */
const SERVER = 1
const LIMIT = 20_000

/** An end together with everything it has received so far. */
class Watched {
  readonly events: SideEvent[] = []

  constructor(readonly side: Side) {}

  async receive(): Promise<void> {
    this.events.push(...(await this.side.receive()))
  }

  packets(channel: Channel): Extract<SideEvent, { type: 'packet' }>[] {
    return this.events.filter((event) => event.type === 'packet').filter((event) => event.channel === channel)
  }

  count(type: SideEvent['type']): number {
    return this.events.filter((event) => event.type === type).length
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    await until(what, async () => {
      await this.receive()
      return condition()
    })
  }

  async untilClosed(): Promise<string> {
    await this.until('closed', () => this.count('closed') > 0)
    const closed = this.events.find((event) => event.type === 'closed')
    return closed === undefined ? '' : closed.code
  }
}

export function transportContract(name: string, makeNetwork: (options: NetworkOptions) => Promise<Network>): void {
  describe(`transport contract: ${name}`, { timeout: LIMIT }, () => {
    let running: Network | undefined

    afterEach(async () => {
      await running?.close()
      running = undefined
    })

    async function start(options: NetworkOptions = {}): Promise<{ network: Network; server: Watched }> {
      running = await makeNetwork(options)
      return { network: running, server: new Watched(running.server) }
    }

    async function pair(options: NetworkOptions = {}): Promise<{ server: Watched; client: Watched; peer: number }> {
      const { network, server } = await start(options)
      const client = new Watched(await network.connect())
      await server.until('opened on the server', () => server.count('opened') === 1)
      await client.until('opened on the client', () => client.count('opened') === 1)
      return { server, client, peer: server.events[0]!.peer }
    }

    it('announces the peer on both sides before anything else', async () => {
      const { network, server } = await start()
      const client = new Watched(await network.connect({ channel: Channel.Reliable, count: 1, size: 50 }))
      await server.until('a packet', () => server.count('packet') === 1)
      expect(server.events.map((event) => event.type)).toEqual(['opened', 'packet'])
      await server.side.send(server.events[0]!.peer, { channel: Channel.Reliable, count: 1, size: 50 })
      await client.until('a packet', () => client.count('packet') === 1)
      expect(client.events.map((event) => event.type)).toEqual(['opened', 'packet'])
      expect(client.events[0]!.peer).toBe(SERVER)
    })

    it('delivers 1,000 reliable packets in order that the client sends in the moment it opens', async () => {
      const { network, server } = await start()
      await network.connect({ channel: Channel.Reliable, count: 1000, size: 100 })
      await server.until('1,000 packets', () => server.count('packet') >= 1000)
      expect(server.count('closed')).toBe(0)
      expectInOrder(server.packets(Channel.Reliable), 1000, 100)
    })

    it('delivers 1,000 reliable packets in order that the server sends in the moment it opens', async () => {
      const { network, server } = await start()
      const client = new Watched(await network.connect())
      await server.until('opened on the server', () => server.count('opened') === 1)
      const taken = await server.side.send(server.events[0]!.peer, {
        channel: Channel.Reliable,
        count: 1000,
        size: 100,
      })
      expect(taken).toBe(1000)
      await client.until('1,000 packets', () => client.count('packet') >= 1000)
      expectInOrder(client.packets(Channel.Reliable), 1000, 100)
    })

    // Fewer of the largest, so that they fit an inbox even when all arrive at once.
    it.each([
      { size: 1, count: 20 },
      { size: 1150, count: 20 },
      { size: 16_384, count: 10 },
    ])('carries packets of $size bytes exactly, both ways', async ({ size, count }) => {
      const { server, client, peer } = await pair()
      const burst: Burst = { channel: Channel.Reliable, count, size }
      expect(await client.side.send(SERVER, burst)).toBe(count)
      expect(await server.side.send(peer, burst)).toBe(count)
      await server.until('all packets', () => server.count('packet') >= count)
      await client.until('all packets', () => client.count('packet') >= count)
      expectInOrder(server.packets(Channel.Reliable), count, size)
      expectInOrder(client.packets(Channel.Reliable), count, size)
    })

    it('carries unreliable packets both ways, none damaged and none for the other channel', async () => {
      const { server, client, peer } = await pair()
      for (let round = 0; round < 10; round++) {
        const burst: Burst = { channel: Channel.Unreliable, count: 10, size: 1150, first: round * 10 }
        await client.side.send(SERVER, burst)
        await server.side.send(peer, burst)
        await server.receive()
        await client.receive()
      }
      for (const side of [server, client]) {
        await side.until('most of the packets', () => side.packets(Channel.Unreliable).length >= 50)
        const packets = side.packets(Channel.Unreliable)
        expect(packets.every((packet) => packet.isIntact && packet.length === 1150)).toBe(true)
        expect(side.packets(Channel.Reliable)).toHaveLength(0)
      }
    })

    it('answers heart-beats on both sides without being asked to receive', async () => {
      const { server, client, peer } = await pair()
      await client.side.ping(SERVER, 0xdeadbeef)
      await client.until('an answer from the server', () => client.count('pong') > 0)
      await server.side.ping(peer, 77)
      await server.until('an answer from the client', () => server.count('pong') > 0)
      expect(client.events.at(-1)).toEqual({ type: 'pong', peer: SERVER, clock: 0xdeadbeef })
      expect(server.events.at(-1)).toEqual({ type: 'pong', peer, clock: 77 })
    })

    it('tells peers apart and gives each a new number', async () => {
      const { network, server } = await start()
      const clients: Watched[] = []
      for (let i = 0; i < 3; i++) {
        clients.push(new Watched(await network.connect({ channel: Channel.Reliable, count: 1, size: 20, first: i })))
        await server.until(`packet ${i} on the server`, () => server.count('packet') === i + 1)
      }
      const packets = server.packets(Channel.Reliable)
      expect(new Set(packets.map((packet) => packet.peer)).size).toBe(3)
      for (const { peer, index } of packets) {
        await server.side.send(peer, { channel: Channel.Reliable, count: 1, size: 20, first: index + 100 })
      }
      for (const [i, client] of clients.entries()) {
        await client.until(`the packet of client ${i}`, () => client.count('packet') === 1)
        expect(client.packets(Channel.Reliable)[0]?.index).toBe(i + 100)
      }
    })

    it('closes from the client: once on both sides, after what was sent before', async () => {
      const { server, client, peer } = await pair()
      await client.side.send(SERVER, { channel: Channel.Reliable, count: 50, size: 1000 })
      await client.side.disconnect(SERVER)
      expect(await client.side.send(SERVER, { channel: Channel.Reliable, count: 1, size: 10 })).toBe(0)
      expect(await client.untilClosed()).toBe('closed')
      expect(await server.untilClosed()).toBe('closed')
      expectInOrder(server.packets(Channel.Reliable), 50, 1000)
      expect(await server.side.send(peer, { channel: Channel.Unreliable, count: 1, size: 10 })).toBe(0)
      await expectSilenceAfterClosed(server, client)
    })

    it('closes from the server: once on both sides, after what was sent before', async () => {
      const { server, client, peer } = await pair()
      await server.side.send(peer, { channel: Channel.Reliable, count: 50, size: 1000 })
      await server.side.disconnect(peer)
      expect(await server.side.send(peer, { channel: Channel.Reliable, count: 1, size: 10 })).toBe(0)
      expect(await server.untilClosed()).toBe('closed')
      expect(await client.untilClosed()).toBe('closed')
      expectInOrder(client.packets(Channel.Reliable), 50, 1000)
      expect(await client.side.send(SERVER, { channel: Channel.Unreliable, count: 1, size: 10 })).toBe(0)
      await expectSilenceAfterClosed(server, client)
    })

    it('closes as a whole, more than once if asked', async () => {
      const { server, client } = await pair()
      await server.side.close()
      await server.side.close()
      expect(await client.untilClosed()).toBe('closed')
      expect(await server.untilClosed()).toBe('closed')
      await client.side.close()
      await client.side.close()
      await expectSilenceAfterClosed(server, client)
    })

    it('drops and counts undrained unreliable packets, and stays open', async () => {
      const { server, client, peer } = await pair({ inboxLimit: 32_768 })
      await until('a full inbox', async () => {
        await client.side.send(SERVER, { channel: Channel.Unreliable, count: 10, size: 1150 })
        return (await server.side.counters()).inboxDropped > 0
      })
      await server.receive()
      const packets = server.packets(Channel.Unreliable)
      expect(packets.length).toBeGreaterThan(10)
      expect(packets.length * 1150).toBeLessThanOrEqual(32_768)
      expect(packets.every((packet) => packet.isIntact)).toBe(true)
      await server.side.send(peer, { channel: Channel.Reliable, count: 1, size: 10 })
      await client.until('a packet', () => client.count('packet') === 1)
    })

    it('closes a peer whose reliable packets are not drained', async () => {
      const { server, client } = await pair({ inboxLimit: 32_768 })
      await client.side.send(SERVER, { channel: Channel.Reliable, count: 10, size: 16_384 })
      await client.untilClosed()
      expect(await server.untilClosed()).toBe('overflow')
      expect(server.packets(Channel.Reliable).every((packet, i) => packet.isIntact && packet.index === i)).toBe(true)
      await expectSilenceAfterClosed(server, client)
    })
  })
}

function expectInOrder(packets: Extract<SideEvent, { type: 'packet' }>[], count: number, size: number): void {
  const mask = size < 4 ? 0x7f : 0xffff_ffff
  expect(packets.map((packet) => packet.index)).toEqual(Array.from({ length: count }, (_, i) => i & mask))
  expect(packets.every((packet) => packet.isIntact && packet.length === size)).toBe(true)
}

async function expectSilenceAfterClosed(...sides: Watched[]): Promise<void> {
  for (const side of sides) {
    await side.receive()
    expect(side.count('closed')).toBe(1)
    expect(side.events.at(-1)?.type).toBe('closed')
  }
}
