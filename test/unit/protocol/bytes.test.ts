// Tests that written bytes are read back, that a reader stops at its end, and that a failed reader stays failed.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter, MAX_VARINT_BYTES, utf8Length, varintBytes } from '../../../src/protocol/bytes.js'

const SEED = 20_260_101

function readerOf(writer: ByteWriter): ByteReader {
  const reader = new ByteReader()
  reader.reset(writer.bytes, 0, writer.length)
  return reader
}

function readerOver(...bytes: number[]): ByteReader {
  const reader = new ByteReader()
  reader.reset(Uint8Array.from(bytes), 0, bytes.length)
  return reader
}

describe('ByteWriter and ByteReader', () => {
  it('round-trip sequences of numbers of every type', () => {
    const value = fc.oneof(
      fc.record({ kind: fc.constant('u8' as const), value: fc.nat(0xff) }),
      fc.record({ kind: fc.constant('u16' as const), value: fc.nat(0xffff) }),
      fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
      fc.record({ kind: fc.constant('varint' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
      fc.record({ kind: fc.constant('f32' as const), value: fc.float() }),
      fc.record({ kind: fc.constant('f64' as const), value: fc.double() }),
    )
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), (values) => {
        const writer = new ByteWriter(1)
        for (const { kind, value: v } of values) writer[kind](v)
        const reader = readerOf(writer)
        for (const { kind, value: v } of values) expect(reader[kind]()).toBe(v)
        expect(reader.failed).toBe(false)
        expect(reader.left).toBe(0)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('grow from any size, and keep their memory after clear', () => {
    const writer = new ByteWriter(1)
    for (let i = 0; i < 1000; i++) writer.u32(i)
    const memory = writer.bytes
    writer.clear()
    expect(writer.length).toBe(0)
    for (let i = 0; i < 1000; i++) writer.u32(i)
    expect(writer.bytes).toBe(memory)
    expect(writer.bytes.buffer).toBe(writer.view.buffer)
  })

  it('use little-endian byte order', () => {
    const writer = new ByteWriter()
    writer.u16(0x0102)
    writer.u32(0x03040506)
    writer.uint(0x070809, 3)
    expect([...writer.bytes.subarray(0, writer.length)]).toEqual([2, 1, 6, 5, 4, 3, 9, 8, 7])
  })

  it.each([1, 2, 3, 4])('round-trip unsigned integers of %i bytes', (bytes) => {
    const largest = 2 ** (8 * bytes) - 1
    for (const value of [0, 1, 0x7f, largest >>> 1, largest]) {
      const writer = new ByteWriter()
      writer.uint(value, bytes)
      expect(writer.length).toBe(bytes)
      expect(readerOf(writer).uint(bytes)).toBe(value)
    }
  })

  it('copy short and long ranges of bytes, from the middle of a source', () => {
    const source = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff)
    for (const [start, end] of [
      [3, 3],
      [3, 20],
      [3, 131],
      [3, 132],
      [500, 1000],
    ] as const) {
      const writer = new ByteWriter(1)
      writer.u8(0xee)
      writer.copy(source, start, end)
      expect([...writer.bytes.subarray(0, writer.length)]).toEqual([0xee, ...source.subarray(start, end)])
    }
  })
})

describe('varint', () => {
  it.each([
    [0, 1],
    [0x7f, 1],
    [0x80, 2],
    [0x3fff, 2],
    [0x4000, 3],
    [0x1fffff, 3],
    [0x200000, 4],
    [0xfffffff, 4],
    [0x10000000, 5],
    [0xffffffff, 5],
  ])('of %i takes %i bytes', (value, size) => {
    const writer = new ByteWriter()
    writer.varint(value)
    expect(writer.length).toBe(size)
    expect(varintBytes(value)).toBe(size)
    expect(readerOf(writer).varint()).toBe(value)
  })

  it('fails with more than 32 bits', () => {
    for (const last of [0x10, 0x7f, 0x80, 0xff]) {
      const reader = readerOver(0xff, 0xff, 0xff, 0xff, last, 0)
      expect(reader.varint()).toBe(0)
      expect(reader.failed).toBe(true)
    }
    expect(MAX_VARINT_BYTES).toBe(5)
  })

  it('fails when its last byte is missing', () => {
    const reader = readerOver(0x80, 0x80)
    expect(reader.varint()).toBe(0)
    expect(reader.failed).toBe(true)
  })

  it('is accepted with padding, because a string reserves its length before its bytes are counted', () => {
    expect(readerOver(0x85, 0x80, 0x00).varint()).toBe(5)
  })
})

describe('a reader at its end', () => {
  const reads: [string, (reader: ByteReader) => unknown, number][] = [
    ['u8', (r) => r.u8(), 1],
    ['u16', (r) => r.u16(), 2],
    ['u32', (r) => r.u32(), 4],
    ['f32', (r) => r.f32(), 4],
    ['f64', (r) => r.f64(), 8],
    ['uint', (r) => r.uint(3), 3],
    ['varint', (r) => r.varint(), 1],
  ]
  it.each(reads)('fails on %s, returns zero and stays failed', (_, read, size) => {
    const reader = new ByteReader()
    // There are bytes after the end, which belong to something else.
    reader.reset(new Uint8Array(64).fill(1), 4, 4 + size - 1)
    expect(read(reader)).toBe(0)
    expect(reader.failed).toBe(true)
    expect(reader.left).toBe(0)
    expect(reader.u8()).toBe(0)
    expect(reader.string(10)).toBe('')
  })

  it('fails when it skips past the end, also with a huge count', () => {
    const reader = readerOver(1, 2, 3)
    reader.skip(3)
    expect(reader.failed).toBe(false)
    reader.reset(Uint8Array.of(1, 2, 3), 0, 3)
    reader.skip(0xffffffff)
    expect(reader.failed).toBe(true)
    expect(reader.offset).toBe(3)
  })

  it('no longer fails after reset', () => {
    const reader = readerOver()
    reader.u8()
    reader.reset(Uint8Array.of(9), 0, 1)
    expect(reader.failed).toBe(false)
    expect(reader.u8()).toBe(9)
  })
})

describe('a string', () => {
  it('round-trips with any content', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer({ min: 0, max: 3 }), (text, slack) => {
        const size = utf8Length(text)
        expect(size).toBe(new TextEncoder().encode(text).length)
        const limit = Math.max(1, size) + slack
        const writer = new ByteWriter(1)
        writer.string(text, limit)
        writer.u8(0xaa)
        expect(writer.length).toBe(varintBytes(limit) + size + 1)
        const reader = readerOf(writer)
        expect(reader.string(limit)).toBe(text)
        expect(reader.u8()).toBe(0xaa)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('keeps a byte order mark at its start', () => {
    const writer = new ByteWriter()
    writer.string('\uFEFFabc', 100)
    expect(readerOf(writer).string(100)).toBe('\uFEFFabc')
  })

  it('round-trips at the limits of its length prefix', () => {
    for (const limit of [127, 128, 16_000]) {
      const text = 'x'.repeat(limit)
      const writer = new ByteWriter()
      writer.string(text, limit)
      expect(readerOf(writer).string(limit)).toBe(text)
    }
  })

  it('fails if it is longer than the limit or the bytes, or is not UTF-8', () => {
    for (const bytes of [
      [4, 97, 97, 97, 97],
      [3, 97, 97],
      [0xff, 0xff, 0xff, 0xff, 0x0f, 97],
      [1, 0xff],
      [2, 0xc0, 0x80],
      [3, 0xed, 0xa0, 0x80],
    ]) {
      const reader = readerOver(...bytes)
      expect(reader.string(3)).toBe('')
      expect(reader.failed).toBe(true)
    }
  })

  it('counts a lone surrogate as it is encoded', () => {
    expect(utf8Length('\ud800')).toBe(3)
    expect(utf8Length('\ud800a')).toBe(4)
    expect(utf8Length('\u{1f600}')).toBe(4)
    expect(utf8Length('\udc00\ud800')).toBe(6)
  })
})
