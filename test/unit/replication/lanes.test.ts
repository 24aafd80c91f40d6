// Tests lanes of 1 to 32 bits against a reader that reads one bit at a time.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { ColumnKind } from '../../../src/protocol/types/schema.js'
import { laneBytes, writeLane, writeWords2, writeWords3, writeWords4 } from '../../../src/replication/wire/lanes.js'
import {
  checkNarrow,
  isNarrow,
  readLane,
  readQuantized,
  readWordsInto2,
  readWordsInto3,
  readWordsInto4,
} from '../../../src/replication/wire/read-lanes.js'

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

  it('is a stream of bits, lowest first, and is read back unchanged', () => {
    fc.assert(
      fc.property(lane, (wanted) => {
        // The values are at scattered indices, which `ids` lists.
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

  it('is malformed if one byte is missing, and writes no values', () => {
    const size = laneBytes(bits, 11)
    const reader = new ByteReader()
    reader.reset(new Uint8Array(size + 10).fill(0xff), 0, size - 1)
    const out = new Uint32Array(11)
    readLane(reader, bits, out, 11)
    expect(reader.failed).toBe(true)
    expect([...out]).toEqual(Array.from({ length: 11 }, () => 0))
  })
})

describe.each(WIDTHS.filter(isNarrow))('a lane of %i bits with quantized values', (bits) => {
  const largest = 2 ** bits - 1

  it.each([1, 4, 7, 8, 40])(
    'is read directly into the store, with %i values, also at the end of the memory',
    (count) => {
      const values = Uint32Array.from({ length: count }, (_, i) => (i * 7 + largest - 3) & largest)
      const ids = Uint32Array.from(values, (_, i) => (i * 5 + 1) % 41)
      const writer = new ByteWriter(1)
      writeLane(
        writer,
        bits,
        values,
        Uint32Array.from(values, (_, i) => i),
        count,
      )
      for (const behind of [0, 1, 5]) {
        const memory = new Uint8Array(writer.length + behind).fill(0xff)
        memory.set(writer.bytes.subarray(0, writer.length))
        const reader = new ByteReader()
        reader.reset(memory, 0, writer.length)
        const store = new Float32Array(41).fill(-1)
        const spec = {
          kind: ColumnKind.Quantized,
          bits,
          lanes: 1,
          min: 10,
          max: 10 + largest * 0.5,
          step: 0.5,
        } as const
        readQuantized(reader, spec, store, ids, count)
        expect(reader.failed).toBe(false)
        expect(reader.left).toBe(0)
        const wanted = new Float32Array(41).fill(-1)
        for (let i = 0; i < count; i++) wanted[ids[i]!] = 10 + values[i]! * 0.5
        expect(store).toEqual(wanted)
        const most = values.reduce((a, b) => Math.max(a, b), 0)
        for (const [limit, failed] of [
          [most, false],
          [most - 1, true],
        ] as const) {
          reader.reset(memory, 0, writer.length)
          checkNarrow(reader, bits, count, limit)
          expect(reader.failed).toBe(failed)
          expect(reader.left).toBe(0)
        }
        reader.reset(memory, 0, writer.length - 1)
        readQuantized(reader, spec, store.fill(0), ids, count)
        expect(reader.failed).toBe(true)
        expect(store.every((value) => value === 0)).toBe(true)
      }
    },
  )
})

it.each([
  [8, Uint8Array],
  [16, Uint16Array],
] as const)('an array of %i bits produces the same lane as one of 32 bits', (bits, Narrow) => {
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

describe('neighbouring lanes of 32-bit words', () => {
  const all = Uint32Array.of(9, 3, 4, 1, 7, 0, 2, 8, 5)
  const values = [1, 2, 3, 4].map((field) => Uint32Array.from({ length: 10 }, (_, id) => 0xff000000 + field * 100 + id))
  const [a, b, c, d] = values as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  const stores = (): [Uint32Array, Uint32Array, Uint32Array, Uint32Array] => [
    new Uint32Array(10),
    new Uint32Array(10),
    new Uint32Array(10),
    new Uint32Array(10),
  ]
  const cases = [2, 3, 4].flatMap((count) => {
    return [1, 3, 4, 9].flatMap((entities) => [0, 1, 2, 3].map((lead) => ({ count, entities, lead })))
  })

  it.each(cases)(
    'written $count at once, of $entities entities, after $lead bytes, equal lanes written one by one',
    ({ count, entities, lead }) => {
      const ids = all.subarray(0, entities)
      const [single, writer] = [new ByteWriter(1), new ByteWriter(1)]
      for (let i = 0; i < lead; i++) for (const each of [single, writer]) each.u8(i)
      for (const column of values.slice(0, count)) {
        for (const id of ids) single.u32(column[id]!)
      }
      if (count === 2) writeWords2(writer, a, b, ids, entities)
      else if (count === 3) writeWords3(writer, a, b, c, ids, entities)
      else writeWords4(writer, a, b, c, d, ids, entities)
      expect(writer.bytes.slice(0, writer.length)).toEqual(single.bytes.slice(0, single.length))
      const [e, f, g, h] = stores()
      const read = (missing: number): ByteReader => {
        const reader = new ByteReader()
        reader.reset(writer.bytes, lead, writer.length - missing)
        if (count === 2) readWordsInto2(reader, e, f, ids, entities)
        else if (count === 3) readWordsInto3(reader, e, f, g, ids, entities)
        else readWordsInto4(reader, e, f, g, h, ids, entities)
        return reader
      }
      expect(read(1).failed).toBe(true)
      expect([e, f, g, h].every((store) => store.every((value) => value === 0))).toBe(true)
      const whole = read(0)
      expect(whole.failed).toBe(false)
      expect(whole.left).toBe(0)
      for (const [at, store] of [e, f, g, h].slice(0, count).entries()) {
        expect(store).toEqual(values[at]!.map((value, id) => (ids.includes(id) ? value : 0)))
      }
    },
  )
})
