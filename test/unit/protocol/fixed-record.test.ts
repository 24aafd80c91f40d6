// Tests that views of records with fields at fixed offsets return the same values as reading every field.
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { FixedRecordView } from '../../../src/protocol/types/fixed-record.js'
import { RecordCodec } from '../../../src/protocol/types/record.js'
import { bool, entity, f32, f64, i16, i32, i8, quantized, string, u16, u32, u8, varint } from '../../../src/index.js'

const codec = new RecordCodec({
  flag: bool,
  small: u8,
  middle: u16,
  large: u32,
  smallSigned: i8,
  middleSigned: i16,
  largeSigned: i32,
  single: f32,
  double: f64,
  oneByte: quantized(-1, 1, 0.01),
  twoBytes: quantized(0, 100, 0.01),
  threeBytes: quantized(-4096, 4096, 0.001),
  fourBytes: quantized(0, 1e6, 0.001),
})

const LOWEST = {
  flag: false,
  small: 0,
  middle: 0,
  large: 0,
  smallSigned: -128,
  middleSigned: -32_768,
  largeSigned: -2_147_483_648,
  single: -Infinity,
  double: -Number.MAX_VALUE,
  oneByte: -1,
  twoBytes: 0,
  threeBytes: -4096,
  fourBytes: 0,
}
const HIGHEST = {
  flag: true,
  small: 255,
  middle: 65_535,
  large: 4_294_967_295,
  smallSigned: 127,
  middleSigned: 32_767,
  largeSigned: 2_147_483_647,
  single: Math.fround(3.4e38),
  double: Number.MAX_VALUE,
  oneByte: 1,
  twoBytes: 100,
  threeBytes: 4096,
  fourBytes: 1e6,
}

/** A reader at the start of a record, which does not begin at the first byte. */
function readerOf(args: Record<string, unknown>): ByteReader {
  const writer = new ByteWriter()
  writer.u8(0xff)
  codec.encode(writer, args)
  const reader = new ByteReader()
  reader.reset(writer.bytes, 1, writer.length)
  return reader
}

describe('a view of a record with fields at fixed offsets', () => {
  it('returns the same values as reading, for every type at both ends of its range', () => {
    const fixed = codec.createFixedView()!
    for (const args of [LOWEST, HIGHEST, { ...LOWEST, single: Number.NaN }]) {
      const read = codec.createView()
      codec.read(readerOf(args), read)
      const { view, offset } = readerOf(args)
      fixed.copy(view, offset)
      expect({ ...fixed.args }).toEqual({ ...read.args })
      expect(fixed.args.large).toBe(args.large)
    }
  })

  it('keeps its values when the bytes that it was read from change', () => {
    const fixed = codec.createFixedView()!
    const reader = readerOf(HIGHEST)
    fixed.copy(reader.view, reader.offset)
    reader.bytes.fill(0)
    expect(fixed.args).toMatchObject({ small: 255, largeSigned: 2_147_483_647, flag: true })
  })

  it('exists only if every field has a fixed size', () => {
    const viewOf = (type: typeof varint | ReturnType<typeof string>) =>
      new RecordCodec({ a: u8, type }).createFixedView()
    expect([varint, entity, string(10)].map(viewOf)).toEqual([undefined, undefined, undefined])
    expect(viewOf(u16)).toBeInstanceOf(FixedRecordView)
    expect(new RecordCodec({}).createFixedView()).toBeInstanceOf(FixedRecordView)
  })
})
