// Tests that hostile clients take no more memory than their inboxes hold while the server does not tick.
import { defineMessage, defineProtocol, u16 } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { runSystems, serverReceive, serverSend } from 'bitecs-net/server'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { writeHello } from '../../../src/protocol/packet.js'
import { WIRE_VERSION } from '../../../src/protocol/protocol.js'
import { createLoopback, type Loopback } from '../../../src/transport/loopback.js'
import { Channel, type Transport } from '../../../src/transport/transport.js'
import { createServerWorld } from '../../../src/verbs/create.js'
import { startServing } from '../../../src/world/server/start-serving.js'
import { serverState, type ServerWorld } from '../../../src/world/state.js'

const protocol = defineProtocol({ messages: { Wave: defineMessage({ n: u16 }) } })
/** The inbox size of a server over WebRTC. */
const INBOX = 1 << 18
/** The memory of one client according to docs/architecture.md: two rings and objects. */
const PER_CLIENT = 2 * INBOX + 16_384

const LARGE = new Uint8Array(16_384).fill(PacketKind.Data)
const SMALL = new Uint8Array(1150).fill(PacketKind.Data)
const IGNORED = { opened: () => undefined, closed: () => undefined, packet: () => undefined }

function start(): { world: ServerWorld; loopback: Loopback; tick: () => void; wait: (ms: number) => void } {
  let time = 0
  const now = (): number => time
  const loopback = createLoopback({ now, inboxLimit: INBOX })
  const world = createServerWorld(protocol, { now })
  startServing(serverState(world), loopback.server, {})
  const tick = (): void => {
    time += 50
    runSystems(world, [...serverReceive, ...serverSend])
  }
  return { world, loopback, tick, wait: (ms) => (time += ms) }
}

function join(loopback: Loopback): Transport {
  const client = loopback.connect()
  const writer = new ByteWriter()
  const { hashHigh, hashLow, description } = protocol
  writeHello(writer, { wireVersion: WIRE_VERSION, hashHigh, hashLow, token: '', description })
  client.send(1, Channel.Reliable, writer.bytes, writer.length)
  return client
}

/** Bytes in use by the process, on and off the heap. */
async function held(): Promise<number> {
  // Garbage buffers are freed some time after the collection.
  for (let round = 0; round < 3; round++) {
    globalThis.gc!()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

describe('hostile clients that flood a server that is not ticking', () => {
  it('on both channels take no more memory than their inboxes', async () => {
    const { world, loopback, tick, wait } = start()
    const clients = Array.from({ length: 24 }, () => join(loopback))
    tick()
    for (const client of clients) client.receive(IGNORED)
    expect(stats(world).connections).toBe(24)
    const before = await held()
    // Eight times the ring of one channel, and nearly the whole ring of the other.
    for (let packet = 0; packet < 2000; packet++) {
      if (packet % 20 === 0) wait(50)
      for (const client of clients) {
        client.send(1, Channel.Unreliable, SMALL, SMALL.length)
        if (packet < 15) client.send(1, Channel.Reliable, LARGE, LARGE.length)
      }
    }
    const grown = (await held()) - before
    expect(grown).toBeGreaterThan(24 * INBOX)
    expect(grown).toBeLessThan(24 * PER_CLIENT)
    // An overflowing reliable channel frees everything at once, before any tick.
    for (let packet = 0; packet < 10; packet++) {
      for (const client of clients) client.send(1, Channel.Reliable, LARGE, LARGE.length)
    }
    expect((await held()) - before).toBeLessThan(24 * 16_384)
    tick()
    expect(stats(world)).toMatchObject({ connections: 0, closed: { overflow: 24 } })
  })

  it('one after another, and disconnect, are forgotten except for 64', async () => {
    const { loopback, tick } = start()
    tick()
    const before = await held()
    for (let i = 0; i < 400; i++) {
      const client = join(loopback)
      for (let packet = 0; packet < 220; packet++) client.send(1, Channel.Unreliable, SMALL, SMALL.length)
      client.disconnect(1)
    }
    expect((await held()) - before).toBeLessThan(64 * PER_CLIENT)
    tick()
    tick()
    expect((await held()) - before).toBeLessThan(1 << 20)
  })
})
