// Tests false relations of a broken or hostile server. Relations that do not fit are ignored and counted, malformed
// ones make the packet malformed.
import { addComponent } from 'bitecs'
import { hideFrom } from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import type { ByteWriter } from '../../../src/protocol/bytes.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { add, ChildOf, copyOf, family, Likes, targets, Watches } from '../../support/family.js'
import { parseProtocol, readPacket } from '../protocol/independent-reader.js'
import { capture, type Captured, throwAtClient, throwSections as throwAtServer, transportOf } from './tap.js'

// By name: ChildOf, Likes, Watches.
const LIKES = 1

function setUp() {
  const net = createTestNetwork(family)
  const { server } = net
  const a = add(server, 1)
  const b = add(server, 2)
  addComponent(server, a, Likes(b))
  net.tick(2)
  const { world } = net.clients[0]!
  const shown = (): number[][] =>
    [a, b].flatMap((eid) => [ChildOf, Likes, Watches].map((one) => targets(world, copyOf(world, server, eid), one)))
  return { net, server, world, shown }
}

const AS_BEFORE = [[], [2], [], [], [], []]

function section(...parts: readonly number[]) {
  return (writer: ByteWriter): void => {
    writer.u8(SectionKind.Relation)
    for (const part of parts) writer.varint(part)
  }
}

it.each([
  ['a subject that was never spawned', [77, LIKES, 1, 2]],
  ['a target that was never spawned', [1, LIKES, 1, 0xfffff]],
  ['adding a pair that exists', [1, LIKES, 1, 2]],
  ['removing a pair that does not exist', [2, LIKES, 0, 1]],
  ['removing a pair of another relation', [1, 0, 0, 2]],
])('%s is ignored and counted', (_, parts) => {
  const { net, server, world, shown } = setUp()
  throwAtClient(server, section(...parts))
  net.tick()
  expect(stats(world).counters).toMatchObject({ ignoredPairs: 1, malformedPackets: 0 })
  expect(shown()).toEqual(AS_BEFORE)
})

describe('a relation section', () => {
  it.each([
    ['without a subject', [0, LIKES, 1, 2]],
    ['with a subject beyond the last slot', [0x100000, LIKES, 1, 2]],
    ['with a relation that the protocol does not list', [1, 3, 1, 2]],
    ['with the largest relation', [1, 0xffffffff, 1, 2]],
    ['with a pair neither added nor removed', [1, LIKES, 2, 2]],
    ['without a target', [1, LIKES, 1, 0]],
    ['with a target beyond the last slot', [1, LIKES, 1, 0x100000]],
    ['that is too short', [1, LIKES, 1]],
  ])('%s makes its whole packet malformed', (_, parts) => {
    const { net, server, world, shown } = setUp()
    throwAtClient(server, (writer) => {
      // In the same packet, and valid on its own.
      section(2, LIKES, 1, 1)(writer)
      section(...parts)(writer)
    })
    net.tick()
    expect(stats(world).counters).toMatchObject({ ignoredPairs: 0, malformedPackets: 1 })
    expect(shown()).toEqual(AS_BEFORE)
  })
})

it('a server drops relations from a client as malformed', () => {
  const { net, server, world } = setUp()
  const before = stats(server).counters.malformedPackets
  throwAtServer(net.clients[0]!, section(2, LIKES, 1, 1))
  net.tick(2)
  expect(stats(server).counters.malformedPackets).toBe(before + 1)
  expect(stats(world).counters.ignoredPairs).toBe(0)
})

it('a client receives no pairs with an entity that it does not observe', () => {
  const net = createTestNetwork(family, { clients: 2 })
  const { server } = net
  const hidden = add(server, 1)
  const seen = add(server, 2)
  hideFrom(server, hidden, net.clients[0]!.connection)
  net.tick(2)
  const captured: Captured[] = []
  capture(transportOf(server, 'server'), 'server', captured)
  const described = parseProtocol(family.description)
  addComponent(server, seen, Likes(hidden))
  addComponent(server, hidden, Watches(seen))
  addComponent(server, hidden, ChildOf(hidden))
  net.tick(2)
  const said = captured.flatMap(({ bytes }) => readPacket(bytes, described).slice(1))
  // Each once, to the other client.
  expect(said.sort()).toEqual(['pair 1 ChildOf 1', 'pair 1 Watches 2', 'pair 2 Likes 1'])
})
