// Tests the basis of the mutators: recordings contain every part of the wire, and packets are split correctly.
import { describe, expect, it } from 'vitest'
import { ALL_KINDS, layout, record, sectionKinds } from './engine/recorder.js'
import { join } from './engine/pieces.js'

describe('a recording', () => {
  const recording = record(1)
  const all = [...recording.client, ...recording.server]

  it('contains every kind of packet and every kind of section', () => {
    expect(ALL_KINDS.filter((kind) => !sectionKinds(all).has(kind))).toEqual([])
    const kinds = new Set(all.map(({ bytes }) => bytes[0]!))
    expect(kinds).toEqual(new Set([0, 1, 2, 3, 4, 5]))
  })

  it('is the same for the same seed, except for secrets', () => {
    const again = record(1)
    const sizes = (packets: typeof all): number[] => packets.map(({ bytes }) => bytes.length)
    expect(sizes([...again.client, ...again.server])).toEqual(sizes(all))
  })

  it('is split into known fields', () => {
    for (const { bytes, pieces } of all) expect(join(pieces)).toEqual(bytes)
    const data = all.filter(({ bytes }) => bytes[0] === 0).flatMap(({ pieces }) => pieces)
    const sections = data.filter(({ role }) => role === 'section').length
    expect(sections).toBeGreaterThan(2000)
    for (const role of ['slot', 'generation', 'length', 'count', 'set', 'varint', 'fixed', 'float'] as const) {
      expect([role, data.some((piece) => piece.role === role)]).toEqual([role, true])
    }
  })

  it('can be split when its packets are damaged, too', () => {
    for (const { bytes } of all) {
      const broken = Uint8Array.from(bytes.subarray(0, bytes.length >> 1), (byte, i) =>
        i % 7 === 3 ? byte ^ 129 : byte,
      )
      expect(join(layout.take(broken))).toEqual(broken)
    }
  })
})
