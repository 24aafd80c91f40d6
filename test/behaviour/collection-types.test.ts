// Tests every type as the element of a collection, and refusals of invalid declarations.
import { addComponent, addEntity } from 'bitecs'
import {
  array,
  bool,
  bytes,
  custom,
  defineProtocol,
  entity,
  entityOf,
  f32,
  netIdOf,
  optional,
  ProtocolError,
  quantized,
  replicate,
  string,
  struct,
  u8,
} from 'bitecs-net'
import { listOf, mapOf, setOf, type SyncList, type SyncMap, type SyncSet } from 'bitecs-net/collections'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

interface Follow {
  who: number
  far: number
}
/** A custom type that names an entity. */
const follow = custom<Follow>({
  text: 'follow',
  maxBytes: 8,
  zero: { who: 0, far: 0 },
  check(value, field) {
    u8.check(value.far, `${field}.far`)
  },
  write(writer, { who, far }) {
    entity.write(writer, who)
    writer.u8(far)
  },
  read: (reader) => ({ who: entity.read(reader), far: reader.u8() }),
})

const Odd = {
  blobs: [] as SyncList<Uint8Array>[],
  names: [] as SyncList<string | undefined>[],
  teams: [] as SyncList<readonly { who: number; icon: Uint8Array }[]>[],
  follows: [] as SyncList<Follow>[],
  heats: [] as SyncSet<number>[],
  flags: [] as SyncMap<boolean, number>[],
}
const protocol = defineProtocol({
  components: {
    Odd: replicate(Odd, {
      blobs: listOf(bytes(4), 4),
      names: listOf(optional(string(8)), 4),
      teams: listOf(array(struct({ who: entity, icon: bytes(2) }), 3), 4),
      follows: listOf(follow, 4),
      heats: setOf(quantized(0, 1, 0.25), 4),
      flags: mapOf(bool, f32, 2),
    }),
  },
})

function oddNetwork() {
  const net = createTestNetwork(protocol)
  const { server } = net
  const odd = addEntity(server)
  addComponent(server, odd, Odd)
  addComponent(server, odd, Networked)
  const { world } = net.clients[0]!
  net.tick(2)
  return { net, server, odd, copy: (eid: number): number => entityOf(world, netIdOf(server, eid)) }
}

describe('elements of a collection', () => {
  it('are copied in and out when they are bytes, so that a later write does not change them', () => {
    const { net, odd, copy } = oddNetwork()
    const blob = Uint8Array.of(1, 2)
    Odd.blobs[odd]!.push(blob)
    blob[0] = 9
    net.tick(2)
    for (const eid of [odd, copy(odd)]) {
      const read = Odd.blobs[eid]!.at(0)!
      expect(read).toEqual(Uint8Array.of(1, 2))
      read[0] = 7
      expect(Odd.blobs[eid]!.at(0)).toEqual(Uint8Array.of(1, 2))
      expect(Odd.blobs[eid]!.indexOf(Uint8Array.of(1, 2))).toBe(0)
      expect(Odd.blobs[eid]!.indexOf(Uint8Array.of(1))).toBe(-1)
    }
  })

  it('may be undefined when they are optional', () => {
    const { net, odd, copy } = oddNetwork()
    const names = Odd.names[odd]!
    names.push('a')
    names.push(undefined)
    net.tick(2)
    names.set(0, undefined)
    names.set(1, undefined)
    names.push('b')
    net.tick(2)
    expect([...Odd.names[copy(odd)]!]).toEqual([undefined, undefined, 'b'])
    expect(names.indexOf(undefined)).toBe(0)
  })

  it('name entities at any depth and in custom types, even entities that spawn later', () => {
    const { net, server, odd, copy } = oddNetwork()
    const friend = addEntity(server)
    Odd.teams[odd]!.push([
      { who: odd, icon: Uint8Array.of(1) },
      { who: friend, icon: Uint8Array.of(2, 3) },
    ])
    Odd.follows[odd]!.push({ who: friend, far: 3 })
    net.tick(2)
    const shown = (): unknown => [
      Odd.teams[copy(odd)]!.at(0)!.map(({ who, icon }) => [who, icon.join()]),
      Odd.follows[copy(odd)]!.at(0),
    ]
    expect(shown()).toEqual([
      [
        [copy(odd), '1'],
        [0, '2,3'],
      ],
      { who: 0, far: 3 },
    ])
    addComponent(server, friend, Networked)
    net.tick(2)
    expect(copy(friend)).not.toBe(0)
    expect(shown()).toEqual([
      [
        [copy(odd), '1'],
        [copy(friend), '2,3'],
      ],
      { who: copy(friend), far: 3 },
    ])
    expect(Odd.teams[odd]!.at(0)![1]!.who).toBe(friend)
    expect(() => ((Odd.teams[copy(odd)]!.at(0)![0] as { who: number }).who = 5)).toThrow(TypeError)
  })

  it('are rounded as keys too, so that lookups find them', () => {
    const { net, odd, copy } = oddNetwork()
    Odd.heats[odd]!.add(0.3)
    expect(Odd.heats[odd]!.add(0.26)).toBe(false)
    Odd.flags[odd]!.set(true, 0.1)
    net.tick(2)
    for (const eid of [odd, copy(odd)]) {
      expect([...Odd.heats[eid]!]).toEqual([0.25])
      expect(Odd.heats[eid]!.has(0.3)).toBe(true)
      expect(Odd.heats[eid]!.has(5)).toBe(false)
      expect(Odd.flags[eid]!.get(true)).toBe(Math.fround(0.1))
      expect(Odd.flags[eid]!.has(false)).toBe(false)
      expect([...Odd.flags[eid]!.keys()]).toEqual([true])
      expect([...Odd.flags[eid]!.values()]).toEqual([Math.fround(0.1)])
    }
    expect(Odd.heats[odd]!.delete(0.2)).toBe(true)
    net.tick(2)
    expect(Odd.heats[copy(odd)]!.size).toBe(0)
  })
})

describe('a declaration', () => {
  const Bag = { items: [] as SyncList<number>[], gold: new Uint8Array(1) }

  it.each<[string, () => unknown, string]>([
    ['no type', () => listOf(5 as never, 3), 'listOf: needs a schema type'],
    ['an invalid limit', () => setOf(u8, 0), 'setOf: the limit is a whole number from 1 to 16000, got 0'],
    ['keys that cannot be compared', () => mapOf(struct({ a: u8 }) as never, u8, 3), 'compares by value'],
    ['members that may be undefined', () => setOf(optional(u8) as never, 3), 'compares by value'],
    [
      'a typed array as its store',
      () => replicate(Bag, { gold: listOf(u8, 3) as never }),
      'whose store is a plain array',
    ],
    [
      'a column type over collections',
      () => replicate({ items: [{}] }, { items: u8 as never }),
      'items is not an array of numbers',
    ],
    [
      'interpolation',
      () => replicate({ items: Bag.items }, { items: listOf(u8, 3) }, { interpolate: true }),
      'nothing to interpolate',
    ],
    [
      'a size that does not fit a packet when it is full',
      () => defineProtocol({ components: { Bag: replicate(Bag, { items: listOf(u8, 3), gold: u8 }), Big: big() } }),
      'its collections full, takes 16',
    ],
  ])('is refused when it has %s', (_, declare, problem) => {
    expect(declare).toThrow(ProtocolError)
    expect(declare).toThrow(problem)
  })
})

function big() {
  const store = { texts: [] as SyncList<string>[] }
  return replicate(store, { texts: listOf(string(100), 162) })
}
