// Tests schema types: each round-trips, including its bounds, and other values throw an error that names the field.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { ArgumentError, ProtocolError } from '../../../src/protocol/errors.js'
import { makeNetId } from '../../../src/protocol/net-id.js'
import {
  bool,
  entity,
  f32,
  f64,
  i16,
  i32,
  i8,
  quantized,
  type SchemaType,
  string,
  u16,
  u32,
  u8,
  varint,
} from '../../../src/protocol/types/schema.js'

const SEED = 20_260_102

function roundTrip<T>(type: SchemaType<T>, value: T): T {
  type.check(value, 'args.field')
  const writer = new ByteWriter()
  type.write(writer, value)
  expect(writer.length).toBeGreaterThanOrEqual(type.minBytes)
  expect(writer.length).toBeLessThanOrEqual(type.maxBytes)
  const reader = new ByteReader()
  reader.reset(writer.bytes, 0, writer.length)
  const read = type.read(reader)
  expect(reader.failed).toBe(false)
  expect(reader.left).toBe(0)
  return read
}

/** What `check` says against a value, or ''. Anything but an ArgumentError that names the field is told as it is. */
function problemOf<T>(type: SchemaType<T>, value: unknown): string {
  try {
    type.check(value as T, 'args.field')
    return ''
  } catch (error) {
    const named = error instanceof ArgumentError && error.field === 'args.field' && error.code === 'bad-argument'
    return named ? error.message : `not an ArgumentError: ${String(error)}`
  }
}

function failsOn<T>(type: SchemaType<T>, ...bytes: number[]): boolean {
  const reader = new ByteReader()
  reader.reset(Uint8Array.from(bytes), 0, bytes.length)
  type.read(reader)
  return reader.failed
}

const INTEGERS = [
  { type: u8, text: 'u8', min: 0, max: 255 },
  { type: u16, text: 'u16', min: 0, max: 65_535 },
  { type: u32, text: 'u32', min: 0, max: 4_294_967_295 },
  { type: i8, text: 'i8', min: -128, max: 127 },
  { type: i16, text: 'i16', min: -32_768, max: 32_767 },
  { type: i32, text: 'i32', min: -2_147_483_648, max: 2_147_483_647 },
  { type: varint, text: 'varint', min: 0, max: 4_294_967_295 },
]

describe.each(INTEGERS)('$text', ({ type, text, min, max }) => {
  it('round-trips from its smallest to its largest value', () => {
    expect(type.text).toBe(text)
    for (const value of [min, min + 1, 0, 1, max - 1, max]) expect(roundTrip(type, value)).toBe(value)
    fc.assert(
      fc.property(fc.integer({ min, max }), (value) => roundTrip(type, value) === value),
      { seed: SEED, numRuns: 300 },
    )
  })

  it("refuses numbers out of range, fractions, NaN, infinities and other types, with the field's name", () => {
    for (const value of [min - 1, max + 1, 0.5, NaN, Infinity, -Infinity, '1', true, null, undefined, 1n]) {
      expect(problemOf(type, value), `value ${String(value)}`).toMatch(/^args\.field: /)
    }
  })

  it('fails on too few bytes', () => expect(failsOn(type)).toBe(true))
})

describe('bool', () => {
  it('round-trips', () => {
    expect(roundTrip(bool, true)).toBe(true)
    expect(roundTrip(bool, false)).toBe(false)
  })

  it('refuses values and bytes that are not booleans', () => {
    for (const value of [0, 1, 'true', null, undefined]) expect(problemOf(bool, value)).toMatch(/^args\.field: /)
    expect(failsOn(bool, 2)).toBe(true)
    expect(failsOn(bool)).toBe(true)
  })
})

describe('floats', () => {
  it('f64 round-trips every number', () => {
    fc.assert(
      fc.property(fc.double(), (value) => Object.is(roundTrip(f64, value), value)),
      { seed: SEED, numRuns: 500 },
    )
    for (const value of [NaN, -0, Infinity, -Infinity, Number.MAX_VALUE, 5e-324])
      expect(roundTrip(f64, value)).toBe(value)
  })

  it('f32 round-trips every 32-bit float, and rounds other numbers to the nearest', () => {
    fc.assert(
      fc.property(fc.float(), (value) => Object.is(roundTrip(f32, value), value)),
      { seed: SEED, numRuns: 500 },
    )
    expect(roundTrip(f32, 0.1)).toBe(Math.fround(0.1))
    for (const value of [NaN, -0, Infinity, -Infinity]) expect(roundTrip(f32, value)).toBe(value)
  })

  it('f32 refuses a finite number that would become infinite', () => {
    expect(problemOf(f32, 1e39)).toMatch(/too large/)
    expect(problemOf(f32, -1e39)).toMatch(/too large/)
    expect(problemOf(f32, 3.4028234663852886e38)).toBe('')
  })

  it.each([f32, f64])('refuse a value that is not a number', (type) => {
    for (const value of ['1', null, undefined, true, {}]) expect(problemOf(type, value)).toMatch(/^args\.field: /)
  })
})

describe('a quantized number', () => {
  const range = fc
    .record({
      min: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      steps: fc.integer({ min: 1, max: 1 << 24 }),
      step: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
    })
    .map(({ min, steps, step }) => ({ min, max: min + steps * step, step }))

  it('arrives as the nearest step, and the ends of the range arrive exactly', () => {
    fc.assert(
      fc.property(range, fc.double({ min: 0, max: 1, noNaN: true }), ({ min, max, step }, at) => {
        const type = quantized(min, max, step)
        const value = Math.min(max, min + (max - min) * at)
        const slack = 1e-9 * Math.max(Math.abs(min), Math.abs(max), 1)
        expect(Math.abs(roundTrip(type, value) - value)).toBeLessThanOrEqual(step / 2 + slack)
        expect(roundTrip(type, min) === min).toBe(true)
        expect(Math.abs(roundTrip(type, max) - max)).toBeLessThanOrEqual(slack)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('can be sent again unchanged after it was received', () => {
    for (const [min, max, step] of [
      [0, 0.3, 0.1],
      [0, 0.7, 0.1],
      [-1, 1, 0.1],
      [0, 1, 0.4],
      [-4096, 4096, 0.01],
    ] as const) {
      const type = quantized(min, max, step)
      for (let i = 0; i <= 100; i++) {
        const value = Math.min(max, min + ((max - min) * i) / 100)
        const received = roundTrip(type, value)
        expect(problemOf(type, received), `${type.text} ${value} → ${received}`).toBe('')
        expect(roundTrip(type, received)).toBe(received)
      }
    }
  })

  it('may be an end of its range rounded to a 32-bit float, which arrives as the end', () => {
    for (const [min, max, step] of [
      [-0.1, 0.1, 0.001],
      [-0.7, 0.7, 0.01],
      [0.1, 16_777_217.3, 0.1],
    ] as const) {
      const type = quantized(min, max, step)
      const steps = Math.round((max - min) / step)
      expect(roundTrip(type, Math.fround(min))).toBe(min)
      expect(roundTrip(type, Math.fround(max))).toBe(Math.min(max, min + steps * step))
    }
    // A number beyond the nearest 32-bit float is still out of range.
    const type = quantized(-0.1, 0.1, 0.001)
    for (const value of [0.1000001, -0.1000001]) expect(problemOf(type, value)).toMatch(/must be from -0.1 to 0.1/)
  })

  it('may have ends that no 32-bit float can represent, and still cannot be infinite', () => {
    const type = quantized(-1e39, 1e39, 1e36)
    for (const value of [Infinity, -Infinity]) expect(problemOf(type, value)).toMatch(/must be from/)
    // The nearest float lies more than half a step below.
    expect(roundTrip(quantized(16_777_217, 16_777_217.3, 0.1), 16_777_216)).toBe(16_777_217)
  })

  it('takes the fewest bits for its number of steps', () => {
    for (const [steps, bits] of [
      [1, 1],
      [2, 2],
      [3, 2],
      [255, 8],
      [256, 9],
      [65_535, 16],
      [0xffffffff, 32],
    ] as const) {
      const { column, maxBytes } = quantized(0, steps, 1)
      expect(column.bits).toBe(bits)
      expect(maxBytes).toBe(Math.ceil(bits / 8))
    }
  })

  it('refuses a value out of range, and a step above the last', () => {
    const type = quantized(-1, 1, 0.5)
    for (const value of [-1.01, 1.01, NaN, Infinity, '0', undefined]) {
      expect(problemOf(type, value)).toMatch(/^args\.field: /)
    }
    expect(failsOn(type, 4)).toBe(false)
    expect(failsOn(type, 5)).toBe(true)
    expect(failsOn(type)).toBe(true)
  })

  it('cannot be defined with an invalid range', () => {
    for (const [min, max, step] of [
      [0, 0, 1],
      [1, 0, 1],
      [0, 1, 0],
      [0, 1, -1],
      [0, 1, NaN],
      [NaN, 1, 1],
      [0, Infinity, 1],
      [0, 1, 10],
      [0, 1e10, 1],
    ] as const) {
      expect(() => quantized(min, max, step)).toThrow(ProtocolError)
    }
  })
})

describe('a string', () => {
  it('round-trips text in any alphabet up to its limit in bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => roundTrip(string(200), text) === text),
      { seed: SEED, numRuns: 200 },
    )
    for (const text of ['', 'a'.repeat(200), 'é'.repeat(100), '\u{1f600}'.repeat(50)]) {
      expect(roundTrip(string(200), text)).toBe(text)
    }
  })

  it('refuses one byte above its limit, counted in UTF-8', () => {
    for (const text of ['a'.repeat(201), 'é'.repeat(101), '\u{1f600}'.repeat(51)]) {
      expect(problemOf(string(200), text)).toMatch(/^args\.field: is \d+ bytes long/)
    }
    for (const value of [1, null, undefined, {}]) expect(problemOf(string(200), value)).toMatch(/^args\.field: /)
  })

  it('refuses half of a surrogate pair, which UTF-8 cannot represent', () => {
    for (const text of ['\ud800', 'a\udc00', '\udc00\ud800']) {
      expect(problemOf(string(200), text)).toMatch(/^args\.field: /)
    }
  })

  it('needs a valid limit', () => {
    for (const limit of [0, -1, 1.5, NaN, 16_777_217, Infinity]) expect(() => string(limit)).toThrow(ProtocolError)
    expect(string(16_000).maxBytes).toBe(16_002)
  })
})

describe('entity', () => {
  const mapper = {
    netIdOf: (eid: number) => (eid === 0 ? 0 : makeNetId(eid, 3)),
    entityOf: (netId: number) => (netId === 0 ? 0 : netId & 0xfffff),
  }

  it('is sent as a net id, and arrives as the id in the reader’s world', () => {
    for (const eid of [0, 1, 127, 128, 0xfffff]) {
      const writer = new ByteWriter()
      writer.entities = mapper
      entity.write(writer, eid)
      expect(writer.length).toBeLessThanOrEqual(entity.maxBytes)
      const reader = new ByteReader()
      reader.entities = { ...mapper, entityOf: (netId) => mapper.entityOf(netId) + (netId === 0 ? 0 : 1000) }
      reader.reset(writer.bytes, 0, writer.length)
      expect(entity.read(reader)).toBe(eid === 0 ? 0 : eid + 1000)
    }
  })

  it('refuses a value that is not an entity id', () => {
    for (const value of [-1, 0.5, NaN, '1', undefined]) expect(problemOf(entity, value)).toMatch(/^args\.field: /)
  })

  it('fails on a slot or generation out of range', () => {
    expect(failsOn(entity, 0xff, 0xff, 0x3f, 0)).toBe(false)
    expect(failsOn(entity, 0x80, 0x80, 0x40, 0)).toBe(true)
    expect(failsOn(entity, 1, 0xff, 0x07)).toBe(false)
    expect(failsOn(entity, 1, 0x80, 0x08)).toBe(true)
    expect(failsOn(entity, 1)).toBe(true)
  })
})

describe('every type', () => {
  const types: readonly SchemaType<unknown>[] = [
    ...INTEGERS.map(({ type }) => type as SchemaType<unknown>),
    bool as SchemaType<unknown>,
    f32 as SchemaType<unknown>,
    f64 as SchemaType<unknown>,
    quantized(-10, 10, 0.1) as SchemaType<unknown>,
    quantized(0, 255, 1) as SchemaType<unknown>,
    string(30) as SchemaType<unknown>,
    entity as SchemaType<unknown>,
  ]

  it('accepts every sequence of its bytes if it is total', () => {
    for (const type of types.filter(({ total }) => total)) {
      expect(type.minBytes).toBe(type.maxBytes)
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: type.minBytes, maxLength: type.minBytes }),
          (bytes) => !failsOn(type, ...bytes),
        ),
        { seed: SEED, numRuns: 200 },
      )
    }
  })

  it('reads any bytes without throwing, and accepts only values that can be sent', () => {
    for (const type of types) {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
          const reader = new ByteReader()
          reader.reset(bytes, 0, bytes.length)
          const value = type.read(reader)
          expect(reader.offset).toBeLessThanOrEqual(bytes.length)
          if (!reader.failed) type.check(value, 'args.field')
        }),
        { seed: SEED, numRuns: 500 },
      )
    }
  })

  it('has a zero that can be sent', () => {
    for (const type of types) expect(() => type.check(type.zero, 'args.field')).not.toThrow()
  })
})
