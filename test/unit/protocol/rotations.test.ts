// Tests angles and rotations: their precision on the wire, and invalid ones.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { angle, shortWay } from '../../../src/protocol/types/angle.js'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { ArgumentError, ProtocolError } from '../../../src/protocol/errors.js'
import {
  IDENTITY,
  isQuaternion,
  packQuaternion,
  type Quaternion,
  unitQuaternion,
  unpackQuaternion,
} from '../../../src/protocol/types/quaternion.js'
import { RecordCodec } from '../../../src/protocol/types/record.js'
import type { SchemaType } from '../../../src/protocol/types/schema.js'

const SEED = 20_261_124
const TURN = 2 * Math.PI

function carry<T>(type: SchemaType<T>, value: T): T {
  type.check(value, 'v')
  const writer = new ByteWriter()
  type.write(writer, value)
  expect(writer.length).toBe(type.minBytes)
  const reader = new ByteReader()
  reader.reset(writer.bytes, 0, writer.length)
  const read = type.read(reader)
  expect(reader.failed).toBe(false)
  return read
}

describe('an angle', () => {
  it.each([1, 2, 7, 8, 12, 16, 24, 31, 32])('with %i bits arrives within half a step, from -π up to π', (bits) => {
    const type = angle(bits)
    const step = TURN / 2 ** bits
    fc.assert(
      fc.property(fc.double({ min: -50, max: 50, noNaN: true }), (value) => {
        const arrives = carry(type, value)
        expect(Math.abs(shortWay(value, arrives))).toBeLessThanOrEqual(step / 2 + 1e-12)
        expect(arrives).toBeGreaterThanOrEqual(-Math.PI)
        expect(arrives).toBeLessThan(Math.PI)
        // A received value arrives unchanged when it is sent again.
        expect(carry(type, arrives)).toBe(arrives)
      }),
      { seed: SEED, numRuns: 300 },
    )
    expect(carry(type, 0)).toBe(0)
    for (const half of [Math.PI, -Math.PI, 3 * Math.PI]) expect(carry(type, half)).toBe(-Math.PI)
  })

  it('is the same in a record of arguments, where numbers are encoded separately', () => {
    const codec = new RecordCodec({ a: angle(12), b: angle(16) })
    const view = codec.createView()
    const fixed = codec.createFixedView()!
    for (const value of [0, 1, -1, Math.PI, -Math.PI, Math.PI - 1e-6, 100, -100]) {
      const writer = new ByteWriter()
      codec.encode(writer, { a: value, b: value })
      const reader = new ByteReader()
      reader.reset(writer.bytes, 0, writer.length)
      expect(codec.validate(reader, view)).toBe(true)
      expect({ ...view.args }).toEqual({ a: carry(angle(12), value), b: carry(angle(16), value) })
      fixed.copy(writer.view, 0)
      expect({ ...fixed.args }).toEqual({ ...view.args })
    }
  })

  it('refuses values, numbers of bits, and bytes that are invalid', () => {
    for (const value of [NaN, Infinity, -Infinity, '1' as never]) {
      expect(() => angle(8).check(value, 'turn')).toThrow(ArgumentError)
    }
    for (const bits of [0, 33, 1.5, NaN]) expect(() => angle(bits)).toThrow(ProtocolError)
    const reader = new ByteReader()
    reader.reset(Uint8Array.of(0, 0x10), 0, 2)
    angle(12).read(reader)
    expect(reader.failed).toBe(true)
  })

  it('is interpolated the short way round', () => {
    expect(shortWay(3, -3)).toBeCloseTo(TURN - 6)
    expect(shortWay(-3, 3)).toBeCloseTo(6 - TURN)
    expect(shortWay(0.5, 1)).toBeCloseTo(0.5)
    expect(shortWay(0, 5 * TURN)).toBeCloseTo(0)
  })
})

const part = fc.double({ min: -1, max: 1, noNaN: true })
const rotation = fc
  .record({ x: part, y: part, z: part, w: part })
  .filter(({ x, y, z, w }) => Math.hypot(x, y, z, w) > 0.001)

/** The four parts at length 1, the largest positive. */
function normal({ x, y, z, w }: Quaternion): number[] {
  const length = Math.hypot(x, y, z, w)
  const list = [x, y, z, w].map((value) => value / length)
  const largest = list.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most))
  return list.map((value) => (largest < 0 ? -value : value))
}

describe('a unitQuaternion', () => {
  it('arrives within 0.0014 in each part, with length 1 and its largest part positive', () => {
    fc.assert(
      fc.property(rotation, (value) => {
        const { x, y, z, w } = carry(unitQuaternion, value)
        const arrives = [x, y, z, w]
        expect(Math.hypot(...arrives)).toBeCloseTo(1, 12)
        const wanted = normal(value)
        // If two parts are about equally large, either may be the positive one.
        const dot = arrives.reduce((sum, each, i) => sum + each * wanted[i]!, 0)
        arrives.forEach((each, i) => expect(Math.abs(each - Math.sign(dot) * wanted[i]!)).toBeLessThan(0.0014))
      }),
      { seed: SEED, numRuns: 1000 },
    )
  })

  it('is the same for q, -q and scaled quaternions, so that a resting rotation does not flap', () => {
    fc.assert(
      fc.property(rotation, fc.double({ min: 0.01, max: 100, noNaN: true }), ({ x, y, z, w }, scale) => {
        const wire = packQuaternion(x, y, z, w)
        expect(packQuaternion(-x, -y, -z, -w)).toBe(wire)
        expect(isQuaternion(wire)).toBe(true)
        const out = new Float64Array(4)
        unpackQuaternion(wire, out)
        const longer = new Float64Array(4)
        unpackQuaternion(packQuaternion(x * scale, y * scale, z * scale, w * scale), longer)
        const dot = out.reduce((sum, each, i) => sum + each * longer[i]!, 0)
        expect(Math.abs(dot)).toBeGreaterThan(0.99999)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('keeps a turn about one axis on that axis, and the identity as it is', () => {
    expect(carry(unitQuaternion, { x: 0, y: 0, z: 0, w: -1 })).toEqual({ x: 0, y: 0, z: 0, w: 1 })
    const { x, y, z } = carry(unitQuaternion, { x: 0, y: 0.1, z: 0, w: Math.sqrt(0.99) })
    expect([x, z]).toEqual([0, 0])
    expect(y).toBeCloseTo(0.1, 2)
    expect(packQuaternion(0, 0, 0, 1)).toBe(IDENTITY)
  })

  it('refuses values that are not rotations', () => {
    const refused = [
      { x: 0, y: 0, z: 0, w: 0 },
      { x: NaN, y: 0, z: 0, w: 1 },
      { x: Infinity, y: 0, z: 0, w: 1 },
      { x: 0, y: 0, z: 1 },
      null,
      3,
    ]
    for (const value of refused)
      expect(() => unitQuaternion.check(value as never, 'aim')).toThrow(/aim: must be a rotation/)
  })

  it('either fails or has length 1, whatever 32 bits are read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (wire) => {
        const reader = new ByteReader()
        const writer = new ByteWriter()
        writer.u32(wire)
        reader.reset(writer.bytes, 0, 4)
        const { x, y, z, w } = unitQuaternion.read(reader)
        expect(reader.failed).toBe(!isQuaternion(wire))
        expect(Math.hypot(x, y, z, w)).toBeCloseTo(1, 12)
      }),
      { seed: SEED, numRuns: 2000 },
    )
    expect(isQuaternion(1023)).toBe(false)
    expect(isQuaternion(0)).toBe(false)
  })

  it('needs four different fields', () => {
    expect(() => unitQuaternion.fields('a', 'a', 'b', 'c')).toThrow(ProtocolError)
  })
})
