// Tests records: named fields in one fixed order, checked together, and read into one reused object.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { ArgumentError, ProtocolError } from '../../../src/protocol/errors.js'
import { RecordCodec } from '../../../src/protocol/types/record.js'
import {
  bool,
  f32,
  f64,
  i16,
  i32,
  i8,
  quantized,
  type Schema,
  string,
  u16,
  u32,
  u8,
  varint,
} from '../../../src/protocol/types/schema.js'

const SEED = 20_260_103

function bytesOf(codec: RecordCodec, args: Record<string, unknown>): number[] {
  const writer = new ByteWriter()
  codec.write(writer, args)
  return [...writer.bytes.subarray(0, writer.length)]
}

function validates(codec: RecordCodec, bytes: readonly number[]): boolean {
  const reader = new ByteReader()
  reader.reset(Uint8Array.from(bytes), 0, bytes.length)
  return codec.validate(reader, codec.createView())
}

describe('RecordCodec', () => {
  const schema = { text: string(20), flag: bool, a: u8, n: varint, d: f64 }
  const codec = new RecordCodec(schema)

  it('writes fields sorted by name, whatever the order of declaration', () => {
    const other = new RecordCodec({ n: varint, d: f64, a: u8, text: string(20), flag: bool })
    const args = { a: 7, d: 1.5, flag: true, n: 300, text: 'hi' }
    expect(bytesOf(codec, args)).toEqual(bytesOf(other, args))
    expect(codec.names).toEqual(['a', 'd', 'flag', 'n', 'text'])
    expect(codec.text).toBe('{a:u8,d:f64,flag:bool,n:varint,text:string(20)}')
    expect(codec.text).toBe(other.text)
  })

  it('round-trips into the same object every time', () => {
    const view = codec.createView()
    fc.assert(
      fc.property(
        fc.record({
          a: fc.nat(255),
          d: fc.double(),
          flag: fc.boolean(),
          n: fc.integer({ min: 0, max: 0xffffffff }),
          text: fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
        }),
        (args) => {
          codec.check(args)
          const bytes = bytesOf(codec, args)
          expect(bytes.length).toBeGreaterThanOrEqual(codec.minBytes)
          expect(bytes.length).toBeLessThanOrEqual(codec.maxBytes)
          expect(validates(codec, bytes)).toBe(true)
          const reader = new ByteReader()
          reader.reset(Uint8Array.from(bytes), 0, bytes.length)
          codec.read(reader, view)
          expect(view.args).toEqual(args)
        },
      ),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('throws an error that names the field that cannot be sent', () => {
    const good = { a: 7, d: 1.5, flag: true, n: 300, text: 'hi' }
    for (const [field, value] of [
      ['a', 256],
      ['d', 'x'],
      ['flag', 1],
      ['n', -1],
      ['text', 'x'.repeat(21)],
    ] as const) {
      expect(() => codec.check({ ...good, [field]: value })).toThrow(`args.${field}: `)
    }
    expect(() => codec.check({ a: 1 })).toThrow(ArgumentError)
    expect(() => codec.check(undefined as never)).toThrow('args: must be an object with a, d, flag, n, text')
    expect(() => codec.check(null as never)).toThrow(ArgumentError)
  })

  it('refuses a payload with a byte too few or too many', () => {
    const bytes = bytesOf(codec, { a: 7, d: 1.5, flag: true, n: 300, text: 'hi' })
    expect(validates(codec, bytes)).toBe(true)
    expect(validates(codec, bytes.slice(0, -1))).toBe(false)
    expect(validates(codec, [...bytes, 0])).toBe(false)
    expect(validates(codec, [])).toBe(false)
  })

  it('validates a payload of fixed-size types by its length alone', () => {
    const fixed = new RecordCodec({ a: u8, b: i16, c: u32 })
    expect(fixed.total).toBe(true)
    expect([fixed.minBytes, fixed.maxBytes]).toEqual([7, 7])
    for (let size = 0; size < 16; size++)
      expect(
        validates(
          fixed,
          Array.from({ length: size }, () => 0xff),
        ),
      ).toBe(size === 7)
    expect(codec.total).toBe(false)
  })

  it('takes no bytes and no arguments without fields', () => {
    const empty = new RecordCodec({})
    expect(() => empty.check(undefined as never)).not.toThrow()
    expect(bytesOf(empty, {})).toEqual([])
    expect(validates(empty, [])).toBe(true)
    expect(validates(empty, [0])).toBe(false)
    expect(empty.text).toBe('{}')
  })

  it('refuses a field that is not a schema type, with an error that names it', () => {
    for (const type of [undefined, null, Number, 'u8', {}]) {
      expect(() => new RecordCodec({ speed: type } as unknown as Schema)).toThrow(ProtocolError)
      expect(() => new RecordCodec({ speed: type } as unknown as Schema)).toThrow('field speed')
    }
  })
})

describe('encode', () => {
  const Everything = {
    a: bool,
    b: u8,
    c: u16,
    d: u32,
    e: i8,
    f: i16,
    g: i32,
    h: f32,
    i: f64,
    j: varint,
    k: quantized(-4096, 4096, 0.01),
    l: quantized(0.1, 0.7, 0.3),
    m: string(20),
    n: quantized(0, 1e9, 0.25),
  }
  const codec = new RecordCodec(Everything)
  const number = fc.oneof(
    fc.integer({ min: -300, max: 300 }),
    fc.integer(),
    fc.double(),
    fc.float(),
    fc.constantFrom(
      -0,
      255,
      256,
      65_535,
      65_536,
      4_294_967_295,
      4_294_967_296,
      4096,
      -4096,
      4096.01,
      0.1,
      0.7,
      NaN,
      3.5e38,
    ),
  )
  const fitting = fc.record({
    a: fc.boolean(),
    b: fc.integer({ min: 0, max: 255 }),
    c: fc.integer({ min: 0, max: 65_535 }),
    d: fc.integer({ min: 0, max: 4_294_967_295 }),
    e: fc.integer({ min: -128, max: 127 }),
    f: fc.integer({ min: -32_768, max: 32_767 }),
    g: fc.integer(),
    h: fc.float(),
    i: fc.double(),
    j: fc.integer({ min: 0, max: 4_294_967_295 }),
    k: fc.double({ min: -4096, max: 4096, noNaN: true }),
    l: fc.double({ min: 0.1, max: 0.7, noNaN: true }),
    m: fc.string({ maxLength: 6 }),
    n: fc.double({ min: 0, max: 1e9, noNaN: true }),
  })

  /** The bytes that `write` writes, or its error. */
  function outcome(args: Record<string, unknown>, write: (writer: ByteWriter) => void): string {
    const writer = new ByteWriter(1)
    try {
      write(writer)
    } catch (error) {
      return error instanceof Error ? error.message : `threw ${typeof error}`
    }
    return `${JSON.stringify(args.m)} ${writer.bytes.subarray(0, writer.length).join()}`
  }

  function outcomes(args: Record<string, unknown>): string[] {
    const apart = outcome(args, (writer) => {
      codec.check(args)
      codec.write(writer, args)
    })
    return [outcome(args, (writer) => codec.encode(writer, args)), apart]
  }

  it('writes the same bytes as check followed by write, or throws the same error', () => {
    const check = (args: Record<string, unknown>): void => {
      const [together, apart] = outcomes(args)
      expect(together).toBe(apart)
    }
    fc.assert(fc.property(fitting, check), { seed: 1, numRuns: 500 })
    const one = fc.constantFrom(...Object.keys(Everything))
    fc.assert(
      fc.property(fitting, one, fc.oneof(number, fc.anything()), (args, name, value) => {
        check({ ...args, [name]: value })
      }),
      { seed: 2, numRuns: 3000 },
    )
    for (const args of [null, undefined, 5, 'text']) check(args as never)
  })
})
