// Tests false operations on collections by a broken or hostile server. Operations that do not fit are ignored and
// counted, malformed ones make the packet malformed, and nothing throws or grows.
import { addComponent, addEntity, removeEntity } from 'bitecs'
import { defineProtocol, entity, entityOf, netIdOf, replicate, string, u8 } from 'bitecs-net'
import { listOf, mapOf, setOf, type SyncList, type SyncMap, type SyncSet } from 'bitecs-net/collections'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import type { ByteWriter } from '../../../src/protocol/bytes.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { OperationKind } from '../../../src/replication/collections/operation-kinds.js'
import { throwAtClient } from './tap.js'

const Bag = { list: [] as SyncList<number>[], map: [] as SyncMap<string, number>[], set: [] as SyncSet<number>[] }
const Other = {}
const protocol = defineProtocol({
  components: {
    Bag: replicate(Bag, { list: listOf(u8, 3), map: mapOf(string(4), u8, 2), set: setOf(entity, 2) }),
    Other: replicate(Other),
  },
})
const LIST = 0
const MAP = 1
const SET = 2

/** A client with a bag whose list is [1, 2], whose map is { a: 1 }, and whose set contains the bag. */
function bagNetwork() {
  const net = createTestNetwork(protocol)
  const { server } = net
  const bag = addEntity(server)
  addComponent(server, bag, Bag)
  Bag.list[bag]!.push(1)
  Bag.list[bag]!.push(2)
  Bag.map[bag]!.set('a', 1)
  Bag.set[bag]!.add(bag)
  addComponent(server, bag, Networked)
  net.tick(2)
  const { world } = net.clients[0]!
  const copy = entityOf(world, netIdOf(server, bag))
  const shown = (): unknown => [[...Bag.list[copy]!], [...Bag.map[copy]!], [...Bag.set[copy]!]]
  return { net, server, world, copy, shown }
}

/** A section of operations, each given as its bytes. */
function section(field: number, operations: readonly (readonly number[])[], slot = 1, component = 0) {
  return (writer: ByteWriter): void => {
    writer.u8(SectionKind.Collection)
    for (const part of [slot, component, field, operations.length]) writer.varint(part)
    for (const byte of operations.flat()) writer.u8(byte)
  }
}

describe('operations that do not apply', () => {
  const { Add, Insert, Set, Remove } = OperationKind
  const cases: [string, number, number[][], number, number[]][] = [
    ['replacing an index after the end', LIST, [[Set, 2, 9]], 1, [1, 2]],
    ['removing an index after the end', LIST, [[Remove, 200, 1]], 1, [1, 2]],
    ['inserting at an index after the end', LIST, [[Insert, 3, 9]], 1, [1, 2]],
    ['removing the largest possible index', LIST, [[Remove, 0xff, 0xff, 0xff, 0xff, 0x0f]], 1, [1, 2]],
    [
      'adding elements to a full list',
      LIST,
      [
        [Insert, 0, 9],
        [Add, 7],
        [Insert, 1, 7],
        [Remove, 0],
        [Add, 8],
      ],
      2,
      [1, 2, 8],
    ],
    ['removing a key that the map does not have', MAP, [[Remove, 1, 0x62]], 1, [1, 2]],
    [
      'adding entries to a full map',
      MAP,
      [
        [Set, 1, 0x62, 2],
        [Set, 1, 0x63, 3],
        [Remove, 1, 0x62],
      ],
      1,
      [1, 2],
    ],
    ['adding a member that the set has', SET, [[Add, 1, 0]], 1, [1, 2]],
    ['removing a member that the set does not have', SET, [[Remove, 9, 0]], 1, [1, 2]],
    [
      'adding no entity as a member',
      SET,
      [
        [Add, 0],
        [Remove, 0],
      ],
      0,
      [1, 2],
    ],
  ]
  it.each(cases)('%s is ignored and counted', (_, field, operations, ignored, list) => {
    const { net, server, world, copy, shown } = bagNetwork()
    throwAtClient(server, section(field, operations))
    net.tick()
    expect(stats(world).counters).toMatchObject({ ignoredOperations: ignored, malformedPackets: 0 })
    expect(shown()).toEqual([list, [['a', 1]], [copy]])
  })

  it('operations on an entity that the game removed, or that never existed, are ignored and counted', () => {
    const { net, server, world, copy } = bagNetwork()
    removeEntity(world, copy)
    throwAtClient(server, (writer) => {
      section(LIST, [
        [Add, 1],
        [Insert, 0, 3],
      ])(writer)
      section(MAP, [[Set, 1, 0x62, 2]], 77)(writer)
      section(SET, [[Remove, 1, 0]])(writer)
    })
    net.tick()
    expect(stats(world).counters).toMatchObject({ ignoredOperations: 3, malformedPackets: 0 })
  })
})

describe('malformed operations', () => {
  const { Add, Insert, Set, Clear, Reset } = OperationKind
  it.each<[string, (writer: ByteWriter) => void]>([
    ['of a component that has no collections', section(0, [[Clear]], 1, 1)],
    ['of a component that does not exist', section(0, [[Clear]], 1, 99)],
    ['of a field that does not exist', section(3, [[Clear]])],
    ['of no slot', section(0, [[Clear]], 0)],
    ['of a slot out of range', section(0, [[Clear]], 1 << 20)],
    ['of a kind that does not exist', section(LIST, [[6]])],
    ['of a kind that a map does not have', section(MAP, [[Add, 1, 0x62, 1]])],
    ['of a kind that a set does not have', section(SET, [[Set, 1, 0]])],
    ['without their value', section(LIST, [[Insert, 0]])],
    ['with a key that is too long', section(MAP, [[Set, 5, 1, 1, 1, 1, 1, 1]])],
    ['with a whole value above the limit', section(LIST, [[Reset, 4, 1, 1, 1, 1]])],
    ['with a whole value that claims more than there is', section(LIST, [[Reset, 3, 1]])],
    [
      'with a larger count than there are operations',
      (writer) => {
        for (const part of [SectionKind.Collection, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, Clear, Clear])
          writer.u8(part)
      },
    ],
  ])('%s make their whole packet malformed', (_, write) => {
    const { net, server, world, shown } = bagNetwork()
    const before = JSON.stringify(shown())
    throwAtClient(server, (writer) => {
      section(LIST, [[Add, 1]])(writer)
      write(writer)
    })
    net.tick()
    expect(stats(world).counters.malformedPackets).toBe(1)
    expect(JSON.stringify(shown())).toBe(before)
  })
})

describe('a client whose protocol has no collections', () => {
  it('drops a packet with operations as malformed', () => {
    const net = createTestNetwork(defineProtocol({ components: { Other: replicate(Other) } }))
    throwAtClient(net.server, section(LIST, [[OperationKind.Clear]]))
    net.tick()
    expect(stats(net.clients[0]!.world).counters.malformedPackets).toBe(1)
  })
})
