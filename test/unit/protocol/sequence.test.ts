// Tests sequence numbers: 16 bits that wrap, a window of 256, and exact acknowledgements.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import {
  ACK_WINDOW,
  Acknowledgement,
  nextSequence,
  ReceiveWindow,
  sequenceDistance,
} from '../../../src/protocol/sequence.js'

const SEED = 20_260_105

function acknowledgementOf(window: ReceiveWindow): { ack: Acknowledgement; size: number } {
  const writer = new ByteWriter(1)
  window.write(writer)
  const reader = new ByteReader()
  reader.reset(writer.bytes, 0, writer.length)
  const ack = new Acknowledgement()
  ack.read(reader)
  expect(reader.failed).toBe(false)
  expect(reader.left).toBe(0)
  return { ack, size: writer.length }
}

describe('sequence numbers', () => {
  it('are compared across the wrap', () => {
    expect(sequenceDistance(5, 3)).toBe(2)
    expect(sequenceDistance(3, 5)).toBe(-2)
    expect(sequenceDistance(0, 65_535)).toBe(1)
    expect(sequenceDistance(65_535, 0)).toBe(-1)
    expect(sequenceDistance(32_767, 0)).toBe(32_767)
    expect(sequenceDistance(32_768, 0)).toBe(-32_768)
    expect(sequenceDistance(100, 65_436)).toBe(200)
    expect(nextSequence(65_535)).toBe(0)
    expect(nextSequence(7)).toBe(8)
  })
})

describe('ReceiveWindow', () => {
  it('accepts each number once', () => {
    const window = new ReceiveWindow()
    expect(window.isNew(40_000)).toBe(true)
    window.mark(40_000, true)
    expect(window.isNew(40_000)).toBe(false)
    expect(window.isNew(39_999)).toBe(true)
    expect(window.isNew(40_001)).toBe(true)
  })

  it('refuses a number that is older than the window', () => {
    const window = new ReceiveWindow()
    window.mark(1000, true)
    expect(window.isNew(1000 - ACK_WINDOW + 1)).toBe(true)
    expect(window.isNew(1000 - ACK_WINDOW)).toBe(false)
    expect(window.isNew(900 - ACK_WINDOW)).toBe(false)
  })

  it('forgets numbers that a jump moves out of the window', () => {
    const window = new ReceiveWindow()
    for (let s = 0; s < ACK_WINDOW; s++) window.mark(s, true)
    window.mark(ACK_WINDOW - 1 + ACK_WINDOW, true)
    const { ack } = acknowledgementOf(window)
    for (let s = ACK_WINDOW; s < 2 * ACK_WINDOW - 1; s++) {
      expect(ack.covers(s), `${s}`).toBe(false)
      expect(window.isNew(s)).toBe(true)
    }
    expect(ack.covers(2 * ACK_WINDOW - 1)).toBe(true)
  })

  it('acknowledges the same numbers as a plain list, through loss, reordering, duplicates and wraps', () => {
    const step = fc.record({ ahead: fc.integer({ min: -300, max: 60 }), acknowledge: fc.boolean() })
    fc.assert(
      fc.property(fc.nat(65_535), fc.array(step, { minLength: 1, maxLength: 400 }), (first, steps) => {
        const window = new ReceiveWindow()
        // Numbers that do not wrap, and their fates.
        const fates = new Map<number, boolean>()
        let latest = 65_536 + first
        window.mark(latest & 0xffff, true)
        fates.set(latest, true)
        for (const { ahead, acknowledge } of steps) {
          const number = latest + ahead
          const isNew = number > latest || (number > latest - ACK_WINDOW && !fates.has(number))
          expect(window.isNew(number & 0xffff)).toBe(isNew)
          if (!isNew) continue
          window.mark(number & 0xffff, acknowledge)
          fates.set(number, acknowledge)
          latest = Math.max(latest, number)
        }
        const { ack } = acknowledgementOf(window)
        expect(ack.latest).toBe(latest & 0xffff)
        for (let back = -5; back < ACK_WINDOW + 5; back++) {
          const inWindow = back >= 0 && back < ACK_WINDOW
          expect(ack.covers((latest - back) & 0xffff)).toBe(inWindow && fates.get(latest - back) === true)
        }
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('is written in as few bytes as necessary', () => {
    const window = new ReceiveWindow()
    window.mark(10, false)
    expect(acknowledgementOf(window).size).toBe(3)
    window.mark(11, true)
    expect(acknowledgementOf(window).size).toBe(4)
    window.mark(18, true)
    expect(acknowledgementOf(window).size).toBe(4)
    window.mark(19, true)
    expect(acknowledgementOf(window).size).toBe(5)
    for (let s = 20; s < 400; s++) window.mark(s, true)
    expect(acknowledgementOf(window).size).toBe(35)
  })
})

describe('Acknowledgement', () => {
  it('fails and covers nothing if it is longer than the window or its bytes', () => {
    for (const bytes of [
      [0, 0, 33, ...Array.from({ length: 33 }, () => 0xff)],
      [0, 0, 4, 0xff, 0xff, 0xff],
      [0, 0],
      [],
    ]) {
      const reader = new ByteReader()
      reader.reset(Uint8Array.from(bytes), 0, bytes.length)
      const ack = new Acknowledgement()
      ack.read(reader)
      expect(reader.failed).toBe(true)
      expect(ack.covers(0)).toBe(false)
    }
  })

  it('keeps nothing of the previous one when it is read again', () => {
    const reader = new ByteReader()
    const ack = new Acknowledgement()
    reader.reset(Uint8Array.of(100, 0, 2, 0xff, 0xff), 0, 5)
    ack.read(reader)
    expect(ack.covers(90)).toBe(true)
    reader.reset(Uint8Array.of(100, 0, 1, 0x01), 0, 4)
    ack.read(reader)
    expect(ack.covers(100)).toBe(true)
    expect(ack.covers(99)).toBe(false)
    expect(ack.covers(90)).toBe(false)
  })
})
