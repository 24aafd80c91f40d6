// Tests columns: they convert the game's numbers to integers of the wire. Numbers out of range are clamped, NaN keeps
// the last value, and floats are compared by their bits.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TypedStore } from '../../../src/protocol/definitions.js'
import { FieldStore } from '../../../src/protocol/field-store.js'
import {
  bool,
  type ColumnType,
  entity,
  f32,
  f64,
  i16,
  i32,
  i8,
  quantized,
  u16,
  u32,
  u8,
  varint,
} from '../../../src/protocol/types/schema.js'
import { angle } from '../../../src/protocol/types/angle.js'
import { Column, f64FromWire, fromWire, maxWire, rowBytes } from '../../../src/replication/wire/columns.js'
import { Members } from '../../../src/replication/wire/component-members.js'

const SEED = 20_260_110
const NO_ENTITIES = { netIdOf: (eid: number) => eid * 2, entityOf: (netId: number) => netId / 2 }

const EID = 3

/** A column with one entity that has changed. */
function make(type: ColumnType, array: TypedStore): Column {
  const column = new Column({ name: 'v', type, store: new FieldStore({ v: array }, 'v') }, NO_ENTITIES)
  column.start(EID, true)
  return column
}

/** Scans for a change of the entity. */
function scan(column: Column): boolean {
  const members = new Members()
  members.add(EID)
  members.refresh(column.field.store.capacity)
  const hits = new Uint32Array(1)
  const found = column.scan(members, hits)
  expect(hits[0]).toBe(found ? 1 << EID : 0)
  return found
}

/** The received value after a spawn. A scan and a mark must give the same value. */
function carry(type: ColumnType, array: TypedStore, value: number): { arrives: number; outOfRange: number } {
  array[EID] = value
  const started = make(type, array)
  array[EID] = 0
  const scanned = make(type, array)
  const marked = make(type, array)
  scanned.outOfRange = 0
  marked.outOfRange = 0
  array[EID] = value
  if (!Object.is(array[EID], 0)) scan(scanned)
  else scanned.outOfRange = started.outOfRange
  marked.takeAll(Uint32Array.of(EID), 1)
  for (const other of [scanned, marked]) {
    expect(other.wire[EID]).toBe(started.wire[EID])
    expect(other.outOfRange).toBe(started.outOfRange)
  }
  const { lanes } = type.column
  const most = lanes === 1 ? maxWire(type.column) : 0xffffffff
  const wire = started.wire[EID]!
  expect(wire).toBeLessThanOrEqual(most)
  const arrives = lanes === 2 ? f64FromWire(wire, started.wireHigh[EID]!) : fromWire(type.column, wire)
  return { arrives, outOfRange: started.outOfRange }
}

describe('integers', () => {
  const cases: [string, ColumnType, () => TypedStore, number, number][] = [
    ['u8 in a Uint8Array', u8, () => new Uint8Array(8), 0, 255],
    ['u16 in a Uint8Array', u16, () => new Uint8Array(8), 0, 255],
    ['u8 in a Uint16Array', u8, () => new Uint16Array(8), 0, 255],
    ['u16 in a Uint16Array', u16, () => new Uint16Array(8), 0, 65_535],
    ['u32 in a Uint32Array', u32, () => new Uint32Array(8), 0, 4_294_967_295],
    ['varint in a Uint32Array', varint, () => new Uint32Array(8), 0, 4_294_967_295],
    ['i8 in an Int8Array', i8, () => new Int8Array(8), -128, 127],
    ['i16 in an Int16Array', i16, () => new Int16Array(8), -32_768, 32_767],
    ['i32 in an Int32Array', i32, () => new Int32Array(8), -2_147_483_648, 2_147_483_647],
    ['i32 in an Int8Array', i32, () => new Int8Array(8), -128, 127],
    ['u32 in a Float64Array', u32, () => new Float64Array(8), 0, 4_294_967_295],
    ['i32 in a Float64Array', i32, () => new Float64Array(8), -2_147_483_648, 2_147_483_647],
    ['u8 in a Float32Array', u8, () => new Float32Array(8), 0, 255],
  ]
  it.each(cases)('as %s arrive unchanged', (_, type, array, min, max) => {
    for (const value of [min, min + 1, 0, 1, max - 1, max]) {
      expect(carry(type, array(), value)).toEqual({ arrives: value, outOfRange: 0 })
    }
    fc.assert(
      fc.property(fc.integer({ min, max }), (value) => carry(type, array(), value).arrives === value),
      { seed: SEED, numRuns: 100 },
    )
  })

  it('are clamped to the range of their type, and counted', () => {
    expect(carry(u8, new Float32Array(8), 300)).toEqual({ arrives: 255, outOfRange: 1 })
    expect(carry(u8, new Int16Array(8), -1)).toEqual({ arrives: 0, outOfRange: 1 })
    expect(carry(u8, new Uint16Array(8), 256)).toEqual({ arrives: 255, outOfRange: 1 })
    expect(carry(i8, new Int16Array(8), 128)).toEqual({ arrives: 127, outOfRange: 1 })
    expect(carry(i8, new Uint8Array(8), 200)).toEqual({ arrives: 127, outOfRange: 1 })
    expect(carry(i32, new Float64Array(8), -1e20)).toEqual({ arrives: -2_147_483_648, outOfRange: 1 })
    expect(carry(u32, new Float64Array(8), Infinity)).toEqual({ arrives: 4_294_967_295, outOfRange: 1 })
  })

  it('are rounded to the nearest integer', () => {
    expect(carry(i16, new Float32Array(8), 2.6)).toEqual({ arrives: 3, outOfRange: 0 })
    expect(carry(i16, new Float32Array(8), -2.6)).toEqual({ arrives: -3, outOfRange: 0 })
  })
})

describe('floats', () => {
  it('as f32 are compared by their bits: NaN is a value, and minus zero differs from zero', () => {
    const array = new Float32Array(8)
    const column = make(f32, array)
    array[EID] = NaN
    expect(scan(column)).toBe(true)
    expect(scan(column)).toBe(false)
    array[EID] = 0
    expect(scan(column)).toBe(true)
    array[EID] = -0
    expect(scan(column)).toBe(true)
    expect(Object.is(fromWire(f32.column, column.wire[EID]!), -0)).toBe(true)
  })

  it('as f32 arrive unchanged, also from a part of a larger buffer', () => {
    const part = new Float32Array(new ArrayBuffer(128), 16, 8)
    fc.assert(
      fc.property(fc.float(), (value) => {
        expect(carry(f32, part, value).arrives).toBe(value)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('as f32 in a 64-bit array are rounded, and clamped where they would become infinite', () => {
    expect(carry(f32, new Float64Array(8), 0.1)).toEqual({ arrives: Math.fround(0.1), outOfRange: 0 })
    expect(carry(f32, new Float64Array(8), 1e300)).toEqual({ arrives: 3.4028234663852886e38, outOfRange: 1 })
    expect(carry(f32, new Float64Array(8), -1e300)).toEqual({ arrives: -3.4028234663852886e38, outOfRange: 1 })
    expect(carry(f32, new Float64Array(8), Infinity)).toEqual({ arrives: Infinity, outOfRange: 0 })
  })

  it('as f64 arrive unchanged', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(carry(f64, new Float64Array(8), value).arrives).toBe(value)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('as f64 change when either half changes', () => {
    const array = new Float64Array(8)
    const column = make(f64, array)
    array[EID] = 1
    expect(scan(column)).toBe(true)
    array[EID] = 1 + Number.EPSILON
    expect(scan(column)).toBe(true)
    array[EID] = 2
    expect(scan(column)).toBe(true)
    expect(scan(column)).toBe(false)
  })
})

describe('a quantized number', () => {
  const type = quantized(-10, 10, 0.25)

  it('arrives as the nearest step, and changes of less than half a step add up', () => {
    const array = new Float32Array(8)
    const column = make(type, array)
    array[EID] = 1
    scan(column)
    const changes: number[] = []
    for (let i = 1; i <= 10; i++) {
      array[EID] = 1 + i * 0.05
      if (scan(column)) changes.push(fromWire(type.column, column.wire[EID]!))
    }
    expect(changes).toEqual([1.25, 1.5])
  })

  it('is clamped to its range, and counted', () => {
    for (const [value, arrives] of [
      [10.1, 10],
      [-10.1, -10],
      [Infinity, 10],
      [-Infinity, -10],
    ] as const) {
      expect(carry(type, new Float32Array(8), value)).toEqual({ arrives, outOfRange: 1 })
    }
    expect(carry(type, new Float32Array(8), 10)).toEqual({ arrives: 10, outOfRange: 0 })
    expect(carry(type, new Float32Array(8), -10)).toEqual({ arrives: -10, outOfRange: 0 })
  })

  it('is not clamped at ends of its range that a 32-bit float cannot represent exactly', () => {
    const narrow = quantized(-0.1, 0.1, 0.001)
    for (const array of [new Float32Array(8), new Float64Array(8)]) {
      for (const end of [-0.1, 0.1]) {
        expect(carry(narrow, array, Math.fround(end))).toEqual({ arrives: end, outOfRange: 0 })
        expect(carry(narrow, array, end * 1.000001)).toEqual({ arrives: end, outOfRange: 1 })
      }
    }
    // The ends of integer ranges are exact in their store.
    expect(carry(u32, new Float64Array(8), 4_294_967_296)).toEqual({ arrives: 4_294_967_295, outOfRange: 1 })
    expect(carry(quantized(-1e39, 1e39, 1e36), new Float32Array(8), Infinity).outOfRange).toBe(1)
  })

  it('keeps the last value when the new one is NaN', () => {
    const array = new Float32Array(8)
    const column = make(type, array)
    array[EID] = 4
    scan(column)
    array[EID] = NaN
    expect(scan(column)).toBe(false)
    expect(fromWire(type.column, column.wire[EID]!)).toBe(4)
    expect(column.outOfRange).toBe(1)
    expect(scan(column)).toBe(false)
    // The same NaN is not counted again.
    expect(column.outOfRange).toBe(1)
  })

  it.each([
    [quantized(-10, 10, 0.5), 0],
    [quantized(5, 10, 0.5), 5],
    [quantized(-10, -2, 0.5), -2],
    [angle(8), 0],
    [u16, 0],
    [i8, 0],
  ])('starts with the number nearest to 0 when the first value is NaN: %#', (one, zero) => {
    const array = new Float64Array(8).fill(NaN)
    const column = make(one, array)
    expect(fromWire(one.column, column.wire[EID]!)).toBe(zero)
    expect(column.outOfRange).toBe(1)
    // An entity that starts again does not keep the value of the former entity.
    array[EID] = 6
    scan(column)
    array[EID] = NaN
    column.start(EID, true)
    expect(fromWire(one.column, column.wire[EID]!)).toBe(zero)
  })

  it('never arrives outside of its range', () => {
    for (const [min, max, step] of [
      [0, 0.3, 0.1],
      [0, 1, 0.4],
      [-1, 1, 0.3],
    ] as const) {
      const { arrives } = carry(quantized(min, max, step), new Float64Array(8), max)
      expect(arrives).toBeLessThanOrEqual(max)
    }
  })
})

describe('a column of another type', () => {
  it('encodes a bool as one bit', () => {
    expect(carry(bool as unknown as ColumnType, new Uint8Array(8), 0).arrives).toBe(0)
    expect(carry(bool as unknown as ColumnType, new Uint8Array(8), 1).arrives).toBe(1)
    expect(carry(bool as unknown as ColumnType, new Uint8Array(8), 7).arrives).toBe(1)
  })

  it('encodes an entity as its net id', () => {
    const array = new Uint32Array(8)
    const column = make(entity, array)
    array[EID] = 21
    scan(column)
    expect(column.wire[EID]).toBe(42)
  })

  it('takes whole bytes per lane in a row', () => {
    const store = { a: new Uint8Array(1), b: new Float64Array(1), c: new Float32Array(1) }
    const fields = [
      { name: 'a', type: bool as unknown as ColumnType, store: new FieldStore(store, 'a') },
      { name: 'b', type: f64, store: new FieldStore(store, 'b') },
      { name: 'c', type: quantized(0, 1000, 1), store: new FieldStore(store, 'c') },
    ]
    expect(rowBytes({ fields })).toBe(1 + 8 + 2)
  })
})
