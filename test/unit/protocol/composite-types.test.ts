// Tests types made of other types: round trips, errors that name the bad part, and hostile bytes.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { array, bytes, custom, enumOf, optional, struct } from '../../../src/protocol/types/composite-types.js'
import { defineMessage } from '../../../src/protocol/definitions.js'
import { ArgumentError, ProtocolError } from '../../../src/protocol/errors.js'
import { f64, type SchemaType, string, u16, u8, varint } from '../../../src/protocol/types/schema.js'

const SEED = 20_261_122

/** Two numbers in one byte. */
const nibbles = custom<readonly [number, number]>({
  text: 'nibbles',
  maxBytes: 1,
  zero: [0, 0],
  check(value, field) {
    if (!value.every((n) => n >= 0 && n < 16)) throw new ArgumentError(field, 'needs two numbers below 16')
  },
  write: (writer, [low, high]) => writer.u8(low | (high << 4)),
  read(reader) {
    const byte = reader.u8()
    return [byte & 15, byte >> 4]
  },
})

const item = struct({ name: string(20), count: varint, tags: array(enumOf('sharp', 'old'), 3) })
const everything = struct({
  items: array(item, 5),
  note: optional(string(10)),
  blob: bytes(12),
  pair: nibbles,
  at: f64,
})

const anything = fc.record({
  items: fc.array(
    fc.record({
      name: fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
      count: fc.integer({ min: 0, max: 0xffffffff }),
      tags: fc.array(fc.constantFrom('sharp' as const, 'old' as const), { maxLength: 3 }),
    }),
    { maxLength: 5 },
  ),
  note: fc.option(fc.string({ unit: 'grapheme-ascii', maxLength: 10 }), { nil: undefined }),
  blob: fc.uint8Array({ maxLength: 12 }),
  pair: fc.tuple(fc.nat(15), fc.nat(15)),
  at: fc.double(),
})

function read<T>(type: SchemaType<T>, from: Uint8Array): { value: T; failed: boolean; left: number } {
  const reader = new ByteReader()
  reader.reset(from, 0, from.length)
  const value = type.read(reader)
  return { value, failed: reader.failed, left: reader.left }
}

function write<T>(type: SchemaType<T>, value: T): Uint8Array {
  type.check(value, 'args.value')
  const writer = new ByteWriter()
  type.write(writer, value)
  expect(writer.length).toBeGreaterThanOrEqual(type.minBytes)
  expect(writer.length).toBeLessThanOrEqual(type.maxBytes)
  return writer.bytes.slice(0, writer.length)
}

describe('composite types', () => {
  it('round-trip when they are nested in each other', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(read(everything, write(everything, value))).toEqual({ value, failed: false, left: 0 })
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('read 10,000 random and mangled inputs without throwing, and return only values of the type', () => {
    let accepted = 0
    const check = (from: Uint8Array): void => {
      const { value, failed } = read(everything, from)
      if (failed) return
      accepted++
      everything.check(value, 'args.value')
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), check), { seed: SEED, numRuns: 5000 })
    const mangled = fc.tuple(anything, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
      const from = write(everything, value)
      from[at % from.length] = byte
      return from.subarray(0, from.length - (byte % 3))
    })
    fc.assert(fc.property(mangled, check), { seed: SEED, numRuns: 5000 })
    // Some mangled inputs are still valid values.
    expect(accepted).toBeGreaterThan(100)
  })

  it('throw an error that names the part that cannot be sent', () => {
    const good = { items: [], note: undefined, blob: new Uint8Array(1), pair: [1, 2] as const, at: 1 }
    const one = { name: 'axe', count: 1, tags: ['old' as const] }
    const problem = (value: unknown): string => {
      try {
        everything.check(value as typeof good, 'args.bag')
        return ''
      } catch (error) {
        return error instanceof ArgumentError ? error.message : `not an ArgumentError: ${String(error)}`
      }
    }
    expect(problem(good)).toBe('')
    expect(problem({ ...good, items: [one, { ...one, count: -1 }] })).toMatch(/^args\.bag\.items\[1\]\.count: .*got -1/)
    expect(problem({ ...good, items: [{ ...one, tags: ['new'] }] })).toMatch(
      /^args\.bag\.items\[0\]\.tags\[0\]: .*sharp, old/,
    )
    expect(problem({ ...good, items: Array.from({ length: 6 }, () => one) })).toMatch(
      /^args\.bag\.items: has 6 elements/,
    )
    expect(problem({ ...good, blob: new Uint8Array(13) })).toMatch(/^args\.bag\.blob: is 13 bytes long/)
    expect(problem({ ...good, blob: 'x' })).toMatch(/^args\.bag\.blob: must be a Uint8Array/)
    expect(problem({ ...good, note: 5 })).toMatch(/^args\.bag\.note: must be a text/)
    expect(problem({ ...good, pair: [16, 0] })).toMatch(/^args\.bag\.pair: needs two numbers/)
    expect(problem(null)).toMatch(/^args\.bag: must be an object/)
  })

  it('are refused when their definition is invalid', () => {
    expect(() => enumOf()).toThrow(ProtocolError)
    expect(() => enumOf('a', 'a')).toThrow(/each once/)
    expect(() => bytes(0)).toThrow(/from 1 to 16,777,216/)
    expect(() => array(u8, 1.5)).toThrow(ProtocolError)
    expect(() => custom({ ...nibbles, text: 'two words', maxBytes: 1 })).toThrow(/without spaces/)
    for (const text of ['a(', 'a)', '(a}', 'a"b', 'a\\b']) {
      expect(() => custom({ ...nibbles, text, maxBytes: 1 })).toThrow(/closes no bracket|is not closed/)
    }
    // A message must always fit a packet.
    expect(() => defineMessage({ list: array(u16, 16_000) })).toThrow(/at most/)
  })

  it('made by a game may throw while reading, or write too much, without harm', () => {
    const rude = custom<number>({
      text: 'rude',
      maxBytes: 2,
      zero: 7,
      check: () => undefined,
      write: (writer) => writer.u32(1),
      read() {
        throw new Error('rude')
      },
    })
    expect(read(rude, Uint8Array.of(1, 2))).toEqual({ value: 7, failed: true, left: 0 })
    expect(() => rude.write(new ByteWriter(), 1)).toThrow(/took 4 bytes, and said that it takes at most 2/)
  })
})
