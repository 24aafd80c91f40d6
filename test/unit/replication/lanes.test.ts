// Lanes: every width from 1 to 32 bits against a reader that takes one bit at a time.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { laneBytes, readLane, writeLane } from '../../../src/replication/lanes.js'

const SEED = 20_260_108
const WIDTHS = Array.from({ length: 32 }, (_, i) => i + 1)

function naiveRead(bytes: Uint8Array, start: number, bits: number, count: number): number[] {
  const values: number[] = []
  for (let i = 0; i < count; i++) {
    let value = 0
    for (let b = 0; b < bits; b++) {
      const at = i * bits + b
      if ((bytes[start + (at >> 3)]! & (1 << (at & 7))) !== 0) value += 2 ** b
    }
    values.push(value)
  }
  return values
}

describe.each(WIDTHS)('a lane of %i bits', (bits) => {
  const largest = 2 ** bits - 1
  const lane = fc.array(fc.oneof(fc.integer({ min: 0, max: largest }), fc.constant(largest), fc.constant(0)), {
    maxLength: 70,
  })

  it('is a stream of bits, lowest first, and reads back', () => {
    fc.assert(
      fc.property(lane, (wanted) => {
        // Values stand at scattered places, which only `ids` tells.
        const ids = Uint32Array.from(wanted, (_, i) => (i * 5 + 7) % 400)
        const values = new Uint32Array(400)
        wanted.forEach((value, i) => (values[ids[i]!] = value))
        const writer = new ByteWriter(1)
        writer.u8(0xff)
        writeLane(writer, bits, values, ids, wanted.length)
        expect(writer.length).toBe(1 + laneBytes(bits, wanted.length))
        writer.u8(0xff)
        expect(naiveRead(writer.bytes, 1, bits, wanted.length)).toEqual(wanted)
        const padding = laneBytes(bits, wanted.length) * 8 - bits * wanted.length
        const last = padding > 0 ? writer.bytes[writer.length - 2]! : 0
        expect(last >> (8 - padding)).toBe(0)
        const reader = new ByteReader()
        reader.reset(writer.bytes, 1, writer.length)
        const out = new Uint32Array(wanted.length + 1).fill(0xabcdef01)
        readLane(reader, bits, out, wanted.length)
        expect([...out.subarray(0, wanted.length)]).toEqual(wanted)
        expect(out[wanted.length]).toBe(0xabcdef01)
        expect(reader.u8()).toBe(0xff)
        expect(reader.failed).toBe(false)
      }),
      { seed: SEED, numRuns: 40 },
    )
  })

  it('one byte short fails, and reads nothing', () => {
    const size = laneBytes(bits, 11)
    const reader = new ByteReader()
    reader.reset(new Uint8Array(size + 10).fill(0xff), 0, size - 1)
    const out = new Uint32Array(11)
    readLane(reader, bits, out, 11)
    expect(reader.failed).toBe(true)
    expect([...out]).toEqual(Array.from({ length: 11 }, () => 0))
  })
})

it.each([
  [8, Uint8Array],
  [16, Uint16Array],
] as const)('an array of %i bits makes the same lane as one of 32', (bits, Narrow) => {
  const ids = Uint32Array.of(3, 0, 2, 1, 3)
  const values = [1, 2 ** bits - 1, 0, 77]
  const [narrow, wide] = [Narrow.from(values), Uint32Array.from(values)].map((array) => {
    const writer = new ByteWriter(1)
    writeLane(writer, bits, array, ids, ids.length)
    return writer.bytes.slice(0, writer.length)
  })
  expect(narrow).toEqual(wide)
  expect(narrow!.length).toBe((ids.length * bits) / 8)
})
