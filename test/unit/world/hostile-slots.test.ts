// Tests a hostile or broken server that names slots far apart: a client's memory depends on the number of entities,
// not on their slots.
import { query } from 'bitecs'
import { stats } from 'bitecs-net/stats'
import { Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import type { ByteWriter } from '../../../src/protocol/bytes.js'
import { MAX_SLOT } from '../../../src/protocol/net-id.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { clientState } from '../../../src/world/state.js'
import { takeCensus } from '../../fuzz/engine/census.js'
import { flight, Place, Trail } from '../../support/flyers.js'
import { throwAtClient } from './tap.js'

// By name: Fuel, Place, Plans, Trail, View.
const PLACE_AND_TRAIL = 0b01010
/** A row of two coordinates, of three bytes each, and two values of one byte. None of them is 0. */
const ROW = [1, 0, 1, 2, 0, 1, 3, 1]

/** A client that receives raw sections. */
function setUp() {
  const net = createTestNetwork(flight)
  const { server } = net
  const { world } = net.clients[0]!
  const tell = (write: (writer: ByteWriter) => void): void => {
    throwAtClient(server, write)
    net.tick()
    expect(stats(world).counters.malformedPackets).toBe(0)
  }
  const bytes = (): number => [...takeCensus(clientState(world)).bytes.values()].reduce((sum, size) => sum + size, 0)
  return { net, world, tell, bytes }
}

/** Writes a spawn with two components, and its ownership if the client is to own it. */
function writeSpawn(writer: ByteWriter, slot: number, isOwned: boolean): void {
  writer.u8(SectionKind.Spawn)
  writer.varint(slot)
  for (const byte of [0, 0, PLACE_AND_TRAIL, ...ROW]) writer.u8(byte)
  if (!isOwned) return
  writer.u8(SectionKind.Ownership)
  writer.varint(slot)
  writer.u8(1)
}

function writeDespawn(writer: ByteWriter, slot: number): void {
  writer.u8(SectionKind.Despawn)
  writer.varint(slot)
  writer.u8(0)
}

it('one packet that names the last slot takes no more memory than one entity', () => {
  const { net, world, tell, bytes } = setUp()
  const before = bytes()
  tell((writer) => writeSpawn(writer, MAX_SLOT, true))
  const [eid] = query(world, [Networked, Owned])
  Trail.length[eid!] = 5
  net.tick(5)
  expect(query(world, [Networked])).toHaveLength(1)
  // Queues and tables have their initial size, for 64 entities.
  expect(bytes() - before).toBeLessThan(64 * 1024)
})

it('memory grows with the number of entities in slots far apart, and not when others replace them', () => {
  const { net, world, tell, bytes } = setUp()
  const before = bytes()
  const slots = Array.from({ length: 600 }, (_, i) => MAX_SLOT - i * 1700)
  const come = (shift: number): void => {
    for (let i = 0; i < slots.length; i += 50) {
      tell((writer) => slots.slice(i, i + 50).forEach((slot) => writeSpawn(writer, slot - shift, true)))
    }
  }
  const go = (shift: number): void => tell((writer) => slots.forEach((slot) => writeDespawn(writer, slot - shift)))
  come(0)
  net.tick(3)
  expect(query(world, [Networked])).toHaveLength(600)
  const full = bytes()
  expect(full - before).toBeLessThan(600 * 1500)
  for (let shift = 100; shift < 1000; shift += 100) {
    go(shift - 100)
    come(shift)
  }
  net.tick(3)
  expect(query(world, [Networked, Place])).toHaveLength(600)
  expect(bytes()).toBeLessThan(full * 1.1)
})
