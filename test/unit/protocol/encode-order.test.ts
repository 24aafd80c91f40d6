// Tests that arguments are encoded alike, whatever their object: in any order of fields, with additional fields.
import { describe, expect, it } from 'vitest'
import { bool, f32, f64, i16, quantized, string, u32, u8 } from '../../../src/index.js'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { RecordCodec } from '../../../src/protocol/types/record.js'

const SCHEMA = {
  speed: f32,
  angle: quantized(-4096, 4096, 0.01),
  on: bool,
  count: u32,
  back: i16,
  small: u8,
  exact: f64,
}
const ARGS = { speed: 1.5, angle: -12.34, on: true, count: 4_000_000_000, back: -300, small: 200, exact: Math.PI }

type Args = Record<string, unknown>

function written(codec: RecordCodec, args: Args): number[] {
  const writer = new ByteWriter(1)
  codec.write(writer, args)
  return [...writer.bytes.subarray(0, writer.length)]
}

function encoded(codec: RecordCodec, args: Args): number[] {
  const writer = new ByteWriter(1)
  writer.u8(77)
  codec.encode(writer, args)
  expect(writer.bytes[0]).toBe(77)
  return [...writer.bytes.subarray(1, writer.length)]
}

describe('the arguments of a call', () => {
  const codec = new RecordCodec(SCHEMA)
  class Shot {
    constructor() {
      Object.assign(this, ARGS)
    }
    get unrelated(): number {
      return 1
    }
  }
  const reversed = Object.fromEntries(Object.entries(ARGS).reverse())
  it.each<[string, object]>([
    ['in the order of the schema', ARGS],
    ['in another order', reversed],
    ['with more fields after', { ...ARGS, extra: 9 }],
    ['with more fields before', { extra: 9, ...ARGS }],
    ['of a class', new Shot()],
    ['inherited from a prototype', Object.create(ARGS) as object],
    ['without a prototype', Object.assign(Object.create(null) as object, ARGS)],
    ['by getters', Object.defineProperty({ ...ARGS }, 'speed', { get: () => 1.5, enumerable: true })],
    ['not enumerable', Object.defineProperty({ ...ARGS }, 'speed', { enumerable: false })],
    ['at the ends of their ranges', { ...ARGS, angle: 4096, count: 0xffffffff, back: -32_768, small: 255, on: false }],
    ['as floats that are no numbers', { ...ARGS, speed: Number.NaN, exact: -Infinity }],
  ])('are encoded to the bytes of write: %s', (_, args) => {
    expect(encoded(codec, args as Args)).toEqual(written(codec, args as Args))
  })

  it.each(['speed', 'angle', 'on', 'count', 'back', 'small', 'exact'])(
    'cause an error that names %s when it is missing or wrong',
    (name) => {
      const args: Args = { ...ARGS }
      delete args[name]
      expect(() => encoded(codec, args)).toThrow(`args.${name}`)
      expect(() => encoded(codec, { ...ARGS, [name]: 'no' })).toThrow(`args.${name}`)
    },
  )

  it.each([
    ['small', 256],
    ['small', 1.5],
    ['back', 32_768],
    ['count', -1],
    ['angle', 4097],
    ['angle', Number.NaN],
    ['speed', 1e300],
    ['on', 1],
    ['exact', true],
  ])('cause an error that names %s when it is %s', (name, value) => {
    expect(() => encoded(codec, { ...ARGS, [name]: value })).toThrow(`args.${name}`)
  })

  it('are encoded to the bytes of write, with a text field', () => {
    const mixed = new RecordCodec({ b: u8, text: string(20), a: f32 })
    const args = { b: 1, text: 'höhe', a: 2 }
    expect(encoded(mixed, args)).toEqual(written(mixed, args))
  })
})
