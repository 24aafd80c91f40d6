// Every type of the schema between two peers, at its bounds: in a component and in a call.
import { addComponents, addEntity } from 'bitecs'
import {
  angle,
  array,
  bool,
  bytes,
  defineCommand,
  defineProtocol,
  drain,
  entityOf,
  enumOf,
  f32,
  f64,
  i16,
  i32,
  i8,
  type Infer,
  netIdOf,
  NetworkErrors,
  optional,
  quantized,
  replicate,
  sendCommand,
  setOwner,
  string,
  struct,
  u16,
  u32,
  u8,
  unitQuaternion,
  varint,
} from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const U32 = 0xffffffff
const F32 = Math.fround(1.1)

/** By type: values that it holds exactly, and the ends that what is beyond them is clamped to. */
const COLUMNS = {
  bool: { type: bool, exact: [0, 1], beyond: [[7, 1]] },
  u8: {
    type: u8,
    exact: [0, 255, 7],
    beyond: [
      [-1, 0],
      [256, 255],
    ],
  },
  u16: {
    type: u16,
    exact: [0, 65_535],
    beyond: [
      [-0.6, 0],
      [1e9, 65_535],
    ],
  },
  u32: {
    type: u32,
    exact: [0, U32],
    beyond: [
      [-1, 0],
      [1e10, U32],
    ],
  },
  i8: {
    type: i8,
    exact: [-128, 127],
    beyond: [
      [-129, -128],
      [128, 127],
    ],
  },
  i16: {
    type: i16,
    exact: [-32_768, 32_767],
    beyond: [
      [-1e6, -32_768],
      [1e6, 32_767],
    ],
  },
  i32: {
    type: i32,
    exact: [-(2 ** 31), 2 ** 31 - 1],
    beyond: [
      [-1e10, -(2 ** 31)],
      [1e10, 2 ** 31 - 1],
    ],
  },
  f32: { type: f32, exact: [F32, -3.4028234663852886e38, 1e-45, Infinity], beyond: [[1e39, 3.4028234663852886e38]] },
  f64: { type: f64, exact: [0.1, -Number.MAX_VALUE, 5e-324, -Infinity], beyond: [] },
  varint: {
    type: varint,
    exact: [0, 127, 128, U32],
    beyond: [
      [-1, 0],
      [1e10, U32],
    ],
  },
  quantized: {
    type: quantized(-2, 2, 0.5),
    exact: [-2, 2, 0.5],
    beyond: [
      [-2.1, -2],
      [9, 2],
    ],
  },
  // Half a turn is the same as minus half a turn; a whole one is none.
  angle: {
    type: angle(16),
    exact: [-Math.PI, 0, Math.PI / 2],
    beyond: [
      [Math.PI * 2, 0],
      [Math.PI * 3, -Math.PI],
    ],
  },
} as const

type Name = keyof typeof COLUMNS
const NAMES = Object.keys(COLUMNS) as Name[]

describe('48: every schema type round-trips, bounds included; in a call what cannot be represented throws at the sender, in a replicated value it clamps (NaN keeps the last) and is reported once', () => {
  it.each(NAMES)('%s in a component', (name) => {
    const Store = { value: [] as number[] }
    const { type, exact, beyond } = COLUMNS[name]
    const protocol = defineProtocol({ components: { Store: replicate(Store, { value: type }) } })
    const net = createTestNetwork(protocol)
    const { world } = net.clients[0]!
    const eid = addEntity(net.server)
    addComponents(net.server, eid, [Store, Networked])
    Store.value[eid] = exact[0]
    net.tick(2)
    const copy = entityOf(world, netIdOf(net.server, eid))
    const arrives = (written: number): number => {
      Store.value[eid] = written
      net.tick(2)
      return Store.value[copy]!
    }
    for (const value of exact) expect(arrives(value)).toBeCloseTo(value, 10)
    expect([...drain(net.server, NetworkErrors)]).toEqual([])
    for (const [written, end] of beyond) expect(arrives(written)).toBeCloseTo(end, 10)
    const isFloat = name === 'f32' || name === 'f64'
    const before = Store.value[copy]!
    if (isFloat || name === 'bool') return
    expect(arrives(NaN)).toBe(before)
    expect(arrives(NaN)).toBe(before)
    const reports = [...drain(net.server, NetworkErrors)]
    expect(reports.map((report) => report.name)).toEqual(['Store.value'])
  })

  it('a rotation in a component', () => {
    const Turned = { x: [] as number[], y: [] as number[], z: [] as number[], w: [] as number[] }
    const protocol = defineProtocol({ components: { Turned: replicate(Turned, unitQuaternion.fields()) } })
    const net = createTestNetwork(protocol)
    const { world } = net.clients[0]!
    const eid = addEntity(net.server)
    addComponents(net.server, eid, [Turned, Networked])
    const half = Math.SQRT1_2
    for (const [x, y, z, w] of [
      [0, 0, 0, 1],
      [1, 0, 0, 0],
      [0, half, 0, half],
      [0.5, -0.5, 0.5, 0.5],
    ] as const) {
      Object.entries({ x, y, z, w }).forEach(([axis, value]) => (Turned[axis as 'x'][eid] = value))
      net.tick(2)
      const copy = entityOf(world, netIdOf(net.server, eid))
      const dot = Turned.x[copy]! * x + Turned.y[copy]! * y + Turned.z[copy]! * z + Turned.w[copy]! * w
      expect(Math.abs(dot)).toBeCloseTo(1, 5)
    }
  })

  const everything = {
    yes: bool,
    a: u8,
    b: u16,
    c: u32,
    d: i8,
    e: i16,
    f: i32,
    g: f32,
    h: f64,
    i: varint,
    j: quantized(-2, 2, 0.5),
    k: string(4),
    l: bytes(3),
    m: enumOf('red', 'blue'),
    n: array(u8, 2),
    o: optional(u8),
    p: struct({ x: i8 }),
  }
  const Everything = defineCommand(everything)
  type Args = Infer<typeof everything>
  const low = {
    yes: false,
    a: 0,
    b: 0,
    c: 0,
    d: -128,
    e: -32_768,
    f: -(2 ** 31),
    g: F32,
    h: -Number.MAX_VALUE,
    i: 0,
    j: -2,
  }
  const high = {
    yes: true,
    a: 255,
    b: 65_535,
    c: U32,
    d: 127,
    e: 32_767,
    f: 2 ** 31 - 1,
    g: -F32,
    h: 5e-324,
    i: U32,
    j: 2,
  }
  const lowest: Args = { ...low, k: '', l: new Uint8Array(0), m: 'blue', n: [], p: { x: -128 } }
  const highest: Args = {
    ...high,
    k: 'ü€'.slice(0, 1) + 'ab',
    l: Uint8Array.of(1, 2, 3),
    m: 'red',
    n: [0, 255],
    o: 255,
    p: { x: 127 },
  }

  function caller() {
    const net = createTestNetwork(defineProtocol({ remote: { Everything } }))
    const [client] = net.clients
    const eid = addEntity(net.server)
    addComponents(net.server, eid, [Networked])
    setOwner(net.server, eid, client!.connection)
    net.tick(3)
    const copy = entityOf(client!.world, netIdOf(net.server, eid))
    return { net, send: (args: Args) => sendCommand(client!.world, copy, Everything, args) }
  }

  it('each in a call, at both of its ends', () => {
    const { net, send } = caller()
    send(lowest)
    send(highest)
    net.tick(2)
    const got: unknown[] = []
    for (const { args } of drain(net.server, Everything)) {
      got.push(
        Object.fromEntries(Object.keys(highest).map((key) => [key, structuredClone(args[key as keyof typeof args])])),
      )
    }
    expect(got).toEqual([{ ...lowest, o: undefined }, highest])
  })

  it.each<[string, unknown]>([
    ['a', 256],
    ['b', -1],
    ['c', 0.5],
    ['d', 128],
    ['e', NaN],
    ['f', 2 ** 31],
    ['g', '1'],
    ['h', undefined],
    ['i', -1],
    ['j', 2.5],
    ['k', 'abcde'],
    ['l', new Uint8Array(4)],
    ['m', 'green'],
    ['n', [1, 2, 3]],
    ['o', 256],
    ['p', { x: 128 }],
  ])('%s, which cannot be represented, throws in a call, names its field, and nothing is sent', (field, value) => {
    const { net, send } = caller()
    const args = { ...lowest, [field]: value }
    expect(() => send(args)).toThrow(new RegExp(`\\b${field}\\b`))
    net.tick(2)
    expect([...drain(net.server, Everything)]).toEqual([])
  })
})
