// Tests the heads of calls and messages: numbers of one byte or more, within a packet and at its end.
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { makeNetId, MAX_GENERATION, MAX_SLOT, writeNetId } from '../../../src/protocol/net-id.js'
import { CallSection } from '../../../src/remote/inbound-calls.js'

const SLOTS = [1, 127, 128, 16_383, 16_384, MAX_SLOT]
const GENERATIONS = [0, 127, 128, MAX_GENERATION]
const IDS = [0, 127, 128, 16_383, 16_384, 0xffffffff]
const LENGTHS = [0, 1, 127, 128, 16_384]

function read(bytes: Uint8Array, end: number, call: boolean): { section: CallSection; reader: ByteReader } {
  const reader = new ByteReader()
  reader.reset(bytes, 0, end)
  const section = new CallSection()
  section.request = 5
  section.read(reader, call)
  return { section, reader }
}

describe('the head of a section', () => {
  it('is read with numbers of every size, and with and without bytes after it', () => {
    for (const call of [true, false]) {
      for (const slot of call ? SLOTS : [1]) {
        for (const generation of call ? GENERATIONS : [0]) {
          for (const id of IDS) {
            for (const length of LENGTHS) {
              const writer = new ByteWriter()
              const netId = call ? makeNetId(slot, generation) : 0
              if (call) writeNetId(writer, netId)
              writer.varint(id)
              writer.varint(length)
              const start = writer.length
              writer.reserve(length + 64)
              const end = start + length
              for (const packetEnd of [end, end + 1, end + 40]) {
                const { section, reader } = read(writer.bytes, packetEnd, call)
                expect(reader.failed).toBe(false)
                expect(reader.offset).toBe(end)
                expect(section).toMatchObject({ netId, id, start, end, request: 0 })
              }
              expect(read(writer.bytes, end - 1, call).reader.failed).toBe(true)
            }
          }
        }
      }
    }
  })

  it('is malformed without an entity, or with a slot or generation out of range', () => {
    const fails = (...numbers: number[]): boolean => {
      const writer = new ByteWriter()
      for (const number of numbers) writer.varint(number)
      writer.reserve(64)
      return read(writer.bytes, writer.length + 40, true).reader.failed
    }
    expect(fails(1, 0, 3, 0)).toBe(false)
    expect(fails(0, 0, 3, 0)).toBe(true)
    expect(fails(MAX_SLOT + 1, 0, 3, 0)).toBe(true)
    expect(fails(1, MAX_GENERATION + 1, 3, 0)).toBe(true)
    expect(fails(1, 0, 3, 41)).toBe(true)
  })
})
