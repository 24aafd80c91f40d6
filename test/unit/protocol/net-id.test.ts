// Tests net ids: 20 bits of slot, 10 bits of generation, and 0 for no entity.
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import {
  generationOf,
  makeNetId,
  MAX_GENERATION,
  MAX_SLOT,
  NET_ID_BITS,
  readNetId,
  slotOf,
  writeNetId,
} from '../../../src/protocol/net-id.js'

function roundTrip(netId: number): { value: number; size: number } {
  const writer = new ByteWriter()
  writeNetId(writer, netId)
  const reader = new ByteReader()
  reader.reset(writer.bytes, 0, writer.length)
  const value = readNetId(reader)
  expect(reader.failed).toBe(false)
  expect(reader.left).toBe(0)
  return { value, size: writer.length }
}

describe('net ids', () => {
  it('contain slot and generation, up to the largest of both', () => {
    expect([MAX_SLOT, MAX_GENERATION, NET_ID_BITS]).toEqual([1_048_575, 1023, 30])
    for (const slot of [1, 127, 128, 16_383, 16_384, MAX_SLOT]) {
      for (const generation of [0, 1, 127, 128, MAX_GENERATION]) {
        const netId = makeNetId(slot, generation)
        expect(netId).toBeLessThan(2 ** 30)
        expect([slotOf(netId), generationOf(netId)]).toEqual([slot, generation])
        expect(roundTrip(netId).value).toBe(netId)
      }
    }
  })

  it('take one byte for no entity, two for small ones, and five at most', () => {
    expect(roundTrip(0)).toEqual({ value: 0, size: 1 })
    expect(roundTrip(makeNetId(127, 127)).size).toBe(2)
    expect(roundTrip(makeNetId(MAX_SLOT, MAX_GENERATION)).size).toBe(5)
  })

  it('fail when they are out of range or truncated', () => {
    const cases: number[][] = [[], [1], [0x80, 0x80, 0x40, 0], [1, 0x80, 0x08], [0xff, 0xff, 0xff, 0xff, 0x0f, 0]]
    for (const bytes of cases) {
      const reader = new ByteReader()
      reader.reset(Uint8Array.from(bytes), 0, bytes.length)
      readNetId(reader)
      expect(reader.failed).toBe(true)
    }
  })
})
