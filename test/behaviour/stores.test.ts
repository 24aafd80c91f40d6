// Stores of every form that bitECS knows, over the network in memory: the values arrive, whatever holds them.
import { addComponents, addEntity, removeComponent } from 'bitecs'
import { f32 as taggedF32, u8 as taggedU8 } from 'bitecs/serialization'
import {
  bool,
  changed,
  type ClientWorld,
  defineProtocol,
  drain,
  entity,
  entityOf,
  f32,
  f64,
  i16,
  netIdOf,
  NetworkErrors,
  quantized,
  replicate,
  type ServerWorld,
  u16,
  u8,
  writeComponent,
} from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

interface Motion {
  dx: number
  dy: number
}

/** Stores of all forms. New for each test, since they grow. */
function makeStores() {
  return {
    Typed: { a: new Float32Array(64), b: new Uint16Array(64) },
    Plain: { a: [] as number[], b: [] as number[], on: [] as number[], target: [] as number[] },
    Tagged: { a: taggedF32([]), b: taggedU8([]) },
    BareTyped: new Int16Array(64),
    BarePlain: [] as number[],
    Structs: [] as Motion[],
  }
}

type Track = 'scan' | 'marked'

function begin(track: Track = 'scan', interpolate = false) {
  const stores = makeStores()
  const { Typed, Plain, Tagged, BareTyped, BarePlain, Structs } = stores
  const options = { track, interpolate }
  const protocol = defineProtocol({
    components: {
      Typed: replicate(Typed, { a: f32, b: u16 }, options),
      Plain: replicate(Plain, { a: f64, b: quantized(-10, 10, 0.5), on: bool, target: entity }, { track }),
      Tagged: replicate(Tagged, { a: f32, b: u8 }, options),
      BareTyped: replicate(BareTyped, i16, { track, trackChanges: true }),
      BarePlain: replicate(BarePlain, u16, { track, trackChanges: true }),
      Structs: replicate(Structs, { dx: f32, dy: quantized(0, 1, 0.25) }, { ...options, trackChanges: true }),
    },
  })
  const net = createTestNetwork(protocol, { clients: 1 })
  const { world } = net.clients[0]!
  const spawnOne = (n = 1): number => {
    const eid = addEntity(net.server)
    Typed.a[eid] = n
    Typed.b[eid] = n + 1
    Plain.a[eid] = n / 3
    Plain.b[eid] = -1.5
    Plain.on[eid] = 1
    Plain.target[eid] = eid
    Tagged.a[eid] = n + 0.5
    Tagged.b[eid] = n + 2
    BareTyped[eid] = -n
    BarePlain[eid] = n * 100
    Structs[eid] = { dx: n / 4, dy: 0.75 }
    addComponents(net.server, eid, [Typed, Plain, Tagged, BareTyped, BarePlain, Structs, Networked])
    return eid
  }
  const eid = spawnOne()
  net.tick(3)
  return { net, server: net.server, world, ...stores, eid, copy: copyOf(world, net.server, eid), spawnOne }
}

const copyOf = (world: ClientWorld, server: ServerWorld, eid: number): number => entityOf(world, netIdOf(server, eid))

describe('a store of any form', () => {
  it('brings the first values', () => {
    const { Typed, Plain, Tagged, BareTyped, BarePlain, Structs, copy } = begin()
    expect([Typed.a[copy], Typed.b[copy]]).toEqual([1, 2])
    expect([Plain.a[copy], Plain.b[copy], Plain.on[copy], Plain.target[copy]]).toEqual([1 / 3, -1.5, 1, copy])
    expect([Tagged.a[copy], Tagged.b[copy]]).toEqual([1.5, 3])
    expect([BareTyped[copy], BarePlain[copy]]).toEqual([-1, 100])
    expect(Structs[copy]).toEqual({ dx: 0.25, dy: 0.75 })
  })

  it('brings what changes, found by looking for it', () => {
    const { net, Typed, Plain, Tagged, BareTyped, BarePlain, Structs, eid, copy } = begin()
    Typed.b[eid] = 65_535
    Plain.a[eid] = Math.PI
    Plain.on[eid] = 0
    Tagged.b[eid] = 255
    BareTyped[eid] = -32_768
    BarePlain[eid] = 7
    Structs[eid]!.dx = -8
    net.tick(2)
    expect([Typed.b[copy], Plain.a[copy], Plain.on[copy], Tagged.b[copy]]).toEqual([65_535, Math.PI, 0, 255])
    expect([BareTyped[copy], BarePlain[copy], Structs[copy]]).toEqual([-32_768, 7, { dx: -8, dy: 0.75 }])
  })

  it('brings what is written with writeComponent', () => {
    const { net, server, Typed, Plain, Tagged, BareTyped, BarePlain, Structs, eid, copy } = begin('marked')
    writeComponent(server, eid, Typed, { a: 9 })
    writeComponent(server, eid, Plain, { b: 10, on: 0 })
    writeComponent(server, eid, Tagged, { b: 4 })
    writeComponent(server, eid, BareTyped, 12)
    writeComponent(server, eid, BarePlain, 13)
    writeComponent(server, eid, Structs, { dx: 14 })
    net.tick(2)
    expect([Typed.a[copy], Plain.b[copy], Plain.on[copy], Tagged.b[copy]]).toEqual([9, 10, 0, 4])
    expect([BareTyped[copy], BarePlain[copy], Structs[copy]?.dx]).toEqual([12, 13, 14])
  })

  it('is interpolated', () => {
    const { net, Typed, Tagged, Structs, eid, copy } = begin('scan', true)
    for (let tick = 1; tick <= 20; tick++) {
      Typed.a[eid] = tick
      Tagged.a[eid] = tick
      Structs[eid]!.dx = tick
      net.tick()
    }
    net.tick(20)
    expect([Typed.a[copy], Tagged.a[copy], Structs[copy]?.dx]).toEqual([20, 20, 20])
  })

  it('tells changes that can be drained, of a component that is an array as value', () => {
    const { net, server, world, BareTyped, BarePlain, Structs, eid } = begin()
    for (const on of [server, world]) {
      expect([
        ...drain(on, changed(BareTyped)),
        ...drain(on, changed(BarePlain)),
        ...drain(on, changed(Structs)),
      ]).toEqual([])
    }
    BareTyped[eid] = 5
    BarePlain[eid] = 6
    Structs[eid]!.dy = 1
    net.tick(2)
    for (const on of [server, world]) {
      expect(Array.from(drain(on, changed(BareTyped)), (e) => [e.before.value, e.after.value])).toEqual([[-1, 5]])
      expect(Array.from(drain(on, changed(BarePlain)), (e) => [e.before.value, e.after.value])).toEqual([[100, 6]])
      expect(Array.from(drain(on, changed(Structs)), (e) => [e.before.dy, e.after.dy])).toEqual([[0.75, 1]])
    }
  })

  it('clamps and keeps what is no value, and counts it once while it stays', () => {
    const { net, server, Plain, Structs, eid, copy } = begin()
    Plain.b[eid] = 1000
    Structs[eid]!.dy = NaN
    net.tick(4)
    expect([Plain.b[copy], Structs[copy]?.dy]).toEqual([10, 0.75])
    const codes = Array.from(drain(server, NetworkErrors), ({ code, name }) => `${code} ${name}`)
    expect(codes).toEqual(['clamped-value Plain.b', 'clamped-value Structs.dy'])
  })
})

describe('plain arrays and structs', () => {
  it('grow on a client that has none yet, without gaps', () => {
    const { net, world, server, Plain, BarePlain, Structs, spawnOne } = begin()
    const eids = Array.from({ length: 30 }, (_, i) => spawnOne(i))
    net.tick(2)
    eids.forEach((eid, i) => {
      const copy = copyOf(world, server, eid)
      expect([Plain.a[copy], BarePlain[copy], Structs[copy]?.dx]).toEqual([i / 3, i * 100, i / 4])
    })
    const indices = Object.keys(Plain.a)
    expect(indices).toHaveLength(Plain.a.length - Number(indices[0]))
  })

  it('begin with zeros for an entity without values', () => {
    const { net, world, server, Plain, Structs } = begin()
    const eid = addEntity(server)
    Reflect.deleteProperty(Structs, eid)
    addComponents(server, eid, [Plain, Structs, Networked])
    net.tick(2)
    const copy = copyOf(world, server, eid)
    expect([Plain.a[copy], Plain.on[copy], Structs[copy]]).toEqual([0, 0, { dx: 0, dy: 0 }])
  })

  it('are read again after the game replaces a struct', () => {
    const { net, Structs, eid, copy } = begin()
    Structs[eid] = { dx: 77, dy: 0.5 }
    net.tick(2)
    expect(Structs[copy]).toEqual({ dx: 77, dy: 0.5 })
  })
})

describe('a typed array that the game replaces by a larger one', () => {
  function grow<T extends Float32Array | Uint16Array>(array: T, length: number): T {
    const grown = new (array.constructor as new (length: number) => T)(length)
    grown.set(array)
    return grown
  }

  it('is picked up on both sides: entities beyond the old one have their values', () => {
    const { net, world, server, Typed, eid, copy } = begin()
    Typed.a = grow(Typed.a, 400)
    Typed.b = grow(Typed.b, 400)
    Typed.a[eid] = 8
    const far = Array.from({ length: 80 }, () => addEntity(server)).at(-1)!
    Typed.a[far] = 9
    addComponents(server, far, [Typed, Networked])
    net.tick(2)
    const farCopy = copyOf(world, server, far)
    expect(far).toBeGreaterThan(64)
    expect([Typed.a[copy], Typed.a[farCopy]]).toEqual([8, 9])
    Typed.a[far] = 10
    net.tick(2)
    expect(Typed.a[farCopy]).toBe(10)
    expect(Array.from(drain(server, NetworkErrors))).toEqual([])
  })

  it('may have another type: all of its values are read', () => {
    const { net, Typed, eid, copy, spawnOne, world, server } = begin()
    const other = spawnOne(30)
    net.tick(2)
    const as64 = Float64Array.from(Typed.a)
    Object.assign(Typed, { a: as64 })
    as64[eid] = 0
    net.tick(2)
    expect([as64[copy], as64[copyOf(world, server, other)]]).toEqual([0, 30])
    as64[eid] = 3.5
    net.tick(2)
    expect(as64[copy]).toBe(3.5)
  })

  it('too small for an entity is reported, and its component not replicated', () => {
    const { net, world, server, Typed } = begin()
    const eids = Array.from({ length: 80 }, () => addEntity(server))
    addComponents(server, eids.at(-1)!, [Typed, Networked])
    net.tick(2)
    expect(Array.from(drain(server, NetworkErrors), ({ code }) => code)).toContain('store-too-small')
    expect(copyOf(world, server, eids.at(-1)!)).toBeGreaterThan(0)
    removeComponent(server, eids.at(-1)!, Typed)
    expect(() => writeComponent(server, eids.at(-1)!, Typed, { a: 1 })).toThrow(/no room/)
  })
})
