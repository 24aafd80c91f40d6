// Tests values that no honest client writes: malformed ones make their packet malformed, the rest is counted and
// dropped, and counts against the budget where no race can explain it.
import { drain, netIdOf, NetworkErrors, setOwner } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork, type TestClient } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { PacketFlag, SectionKind } from '../../../src/protocol/packet.js'
import { Channel } from '../../../src/transport/transport.js'
import { clientState, serverState } from '../../../src/world/state.js'
import { copyOf } from '../../support/arena.js'
import { flight, Place, spawnFlyer, Trail, View } from '../../support/flyers.js'
import { transportOf } from './tap.js'

// By name: Fuel, Place, Plans, Trail, View.
const [FUEL, PLACE, TRAIL] = [1, 2, 8]

/** Sends a packet on the unreliable channel, after everything that the client has sent. */
function throwWrites(
  client: TestClient,
  write: (writer: ByteWriter) => void,
  flags: number = PacketFlag.Sequenced,
): void {
  if (client.reason !== undefined) return
  const { session } = clientState(client.world).session!
  const writer = new ByteWriter()
  writer.u8(PacketKind.Data)
  writer.u8(flags)
  if (flags === PacketFlag.Sequenced) writer.u16(session!.delivery.send(0))
  writer.varint(1)
  writer.varint(session!.structureTick)
  write(writer)
  transportOf(client.world, 'client').send(1, Channel.Unreliable, writer.bytes, writer.length)
}

/** A client update of one set of components, with the steps between slots and the bytes of the values. */
function update(set: number, steps: readonly number[], ...values: readonly number[]) {
  return (writer: ByteWriter): void => {
    writer.u8(SectionKind.ClientUpdate)
    writer.u8(set)
    writer.varint(steps.length)
    for (const step of steps) writer.varint(step)
    for (const value of values) writer.u8(value)
  }
}

function setUp() {
  const net = createTestNetwork(flight, { clients: 2 })
  const [hostile, honest] = net.clients as [TestClient, TestClient]
  const own = spawnFlyer(net.server, 0, 0, hostile.connection)
  const other = spawnFlyer(net.server, 0, 0, honest.connection)
  net.tick(4)
  const slot = (eid: number): number => netIdOf(net.server, eid) & 0xfffff
  const counters = () => stats(net.server).counters
  return { net, hostile, honest, own, other, slot, counters }
}

describe('a malformed packet of writes', () => {
  it.each<[string, (writer: ByteWriter) => void]>([
    ['with a component that the server writes', update(FUEL, [1], 7, 0)],
    ['with a component that the protocol does not list', update(32, [1], 0)],
    ['without a slot', update(TRAIL, [], 1, 1)],
    ['with slot 0', update(TRAIL, [0], 1, 1)],
    ['with the same slot twice', update(TRAIL, [1, 0], 1, 1, 1, 1)],
    [
      'with more slots than a block has',
      update(
        TRAIL,
        Array.from({ length: 2049 }, () => 1),
      ),
    ],
    [
      'with a slot beyond the last',
      (writer) => {
        update(TRAIL, [])(writer)
        writer.length--
        writer.varint(1)
        writer.varint(0x100000)
        writer.u16(0)
      },
    ],
    ['with a number out of the range of its type', update(PLACE, [1], 0xff, 0xff, 0xff, 0, 0, 0)],
    ['with lanes that are too short', update(PLACE, [1], 0, 0)],
    [
      'with a count that the packet cannot hold',
      (writer) => {
        writer.u8(SectionKind.ClientUpdate)
        writer.u8(TRAIL)
        writer.varint(0xffffffff)
      },
    ],
  ])('%s is dropped and counted, and repeated ones close the connection', (_, write) => {
    const { net, hostile, own, counters } = setUp()
    Trail.length[own] = 5
    throwWrites(hostile, write)
    net.tick(2)
    expect([counters().malformedPackets, Trail.length[own], hostile.reason]).toEqual([1, 5, undefined])
    for (let i = 0; i < 20; i++) throwWrites(hostile, write)
    net.tick(2)
    expect(hostile.reason?.code).toBe('malformed')
  })

  it('is one without a sequence number', () => {
    const { net, hostile, own, slot, counters } = setUp()
    throwWrites(hostile, update(TRAIL, [slot(own)], 9, 1), 0)
    net.tick()
    expect([counters().malformedPackets, Trail.length[own]]).toEqual([1, 0])
  })
})

describe('a well-formed write', () => {
  it("to another client's entity is dropped, counted and reported, and counts against no budget", () => {
    const { net, hostile, other, slot, counters } = setUp()
    for (let i = 0; i < 100; i++) throwWrites(hostile, update(TRAIL, [slot(other)], 9, 1))
    net.tick(2)
    expect([counters().unauthorizedWrites, Trail.length[other], hostile.reason]).toEqual([100, 0, undefined])
    const errors = [...drain(net.server, NetworkErrors)]
    expect(errors.map(({ code, name, connection, entity }) => [code, name, connection, entity])).toEqual([
      ['not-owner', 'Trail', hostile.connection, other],
    ])
  })

  it('to an entity that the client falsely treats as its own is dropped and counted', () => {
    const { net, hostile, other, counters } = setUp()
    const copy = copyOf(hostile.world, net.server, other)
    const { authority, entities } = clientState(hostile.world).replication
    authority.gain(entities.slotOfEntity(copy), 0)
    Place.x[copy] = 600
    net.tick(3)
    expect([Place.x[other], counters().unauthorizedWrites]).toEqual([0, 1])
  })

  it('to an entity that never existed counts against the error budget until the connection is closed', () => {
    const { net, hostile, counters } = setUp()
    for (let i = 0; i < 30; i++) throwWrites(hostile, update(TRAIL, [5000], 9, 1))
    net.tick(2)
    expect(counters().unknownEntities).toBeGreaterThan(0)
    expect(hostile.reason?.code).toBe('malformed')
  })

  it('with NaN is refused, reset on its client, and not sent to other clients', () => {
    const { net, hostile, honest, own, counters } = setUp()
    const copy = copyOf(hostile.world, net.server, own)
    View.yaw[copy] = Number.NaN
    net.tick(3)
    expect([View.yaw[own], View.yaw[copy], View.yaw[copyOf(honest.world, net.server, own)]]).toEqual([0, 0, 0])
    expect(counters().refusedWrites).toBe(1)
  })

  it('above the rate of any honest client is counted and closes the connection, while others keep playing', () => {
    const { net, hostile, honest, own, other, slot, counters } = setUp()
    const write = update(TRAIL, [slot(own)], 9, 1)
    for (let tick = 0; tick < 10 && hostile.reason === undefined; tick++) {
      for (let i = 0; i < 60; i++) {
        throwWrites(hostile, (writer) => {
          for (let section = 0; section < 180; section++) write(writer)
        })
      }
      const copy = copyOf(honest.world, net.server, other)
      Place.x[copy] = tick + 1
      net.tick()
    }
    expect(counters().rateLimitedWrites).toBeGreaterThan(0)
    expect(hostile.reason?.code).toBe('malformed')
    net.tick(2)
    expect(Place.x[other]).toBeGreaterThan(0)
  })

  it('causes one correction per acknowledged correction when it is always refused, however much is written', () => {
    const { net, hostile, own, slot } = setUp()
    const { replication } = serverState(net.server)
    replication.writes.setCheck(3, () => false)
    let corrections = 0
    for (let tick = 0; tick < 10; tick++) {
      for (let i = 0; i < 50; i++) throwWrites(hostile, update(TRAIL, [slot(own)], tick, 1))
      net.tick()
      corrections += replication.authority.count
    }
    // A client that does not wait for a correction gets the next one after it has acknowledged the last.
    expect(corrections).toBe(5)
    expect(Trail.length[own]).toBe(0)
  })

  it('is dropped when its client is not ready, or when its entity has another owner', () => {
    const { net, hostile, honest, own, slot, counters } = setUp()
    setOwner(net.server, own, honest.connection)
    throwWrites(hostile, update(TRAIL, [slot(own)], 9, 1))
    net.tick()
    serverState(net.server).peers[0]!.session.ready = false
    throwWrites(hostile, update(TRAIL, [slot(own)], 9, 1))
    net.tick()
    expect([counters().unauthorizedWrites, counters().staleWrites, Trail.length[own]]).toEqual([1, 1, 0])
  })
})
