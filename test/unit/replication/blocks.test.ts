// Tests update blocks: each fits a packet, no entity is split, and the history records what a block contained.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../src/protocol/bytes.js'
import { ComponentSets, EMPTY_SET, readMembers } from '../../../src/protocol/component-sets.js'
import { MAX_BLOCK } from '../../../src/protocol/limits.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { bool, type ColumnType, f32, f64, u16, u8 } from '../../../src/protocol/types/schema.js'
import { FieldStore } from '../../../src/protocol/field-store.js'
import { BlockHistory } from '../../../src/replication/wire/block-history.js'
import { BlockEncoder } from '../../../src/replication/wire/blocks.js'
import { ServerComponent } from '../../../src/replication/server/change-tracker.js'
import { Column } from '../../../src/replication/wire/columns.js'
import { laneBytes } from '../../../src/replication/wire/lanes.js'
import { SlotSet } from '../../../src/replication/slot-set.js'

const SEED = 20_260_111
const NO_ENTITIES = { netIdOf: () => 0, entityOf: () => 0 }

function makeEncoder(shapes: readonly (readonly ColumnType[])[], slots: number) {
  const components = shapes.map((types, id) => {
    const columns = types.map((type, i) => {
      const column = new Column(
        { name: `f${i}`, type, store: new FieldStore({ v: new Float64Array(slots) }, 'v') },
        NO_ENTITIES,
      )
      column.start(slots - 1, false)
      return column
    })
    return new ServerComponent(id, `C${id}`, {}, columns)
  })
  // Each entity has the number of its slot.
  const lastEidOf = Uint32Array.from({ length: slots }, (_, slot) => slot)
  const sets = new ComponentSets(shapes.length)
  const history = new BlockHistory()
  return { components, sets, history, encoder: new BlockEncoder(sets, components, history, { lastEidOf }) }
}

interface DecodedBlock {
  size: number
  set: number
  slots: number[]
  /** Its chunk. */
  chunk: number
}

/** Reads the blocks of an encoder back, and checks that each ends correctly. */
function decode({ encoder, sets, components }: ReturnType<typeof makeEncoder>): DecodedBlock[] {
  const blocks: DecodedBlock[] = []
  for (let chunk = 0; chunk < encoder.count; chunk++) {
    const reader = new ByteReader()
    reader.reset(encoder.writer.bytes, encoder.starts[chunk]!, encoder.ends[chunk]!)
    while (reader.left > 0) {
      const start = reader.offset
      expect(reader.u8()).toBe(SectionKind.Update)
      const members = new Uint16Array(sets.componentCount)
      const found = readMembers(reader, sets.componentCount, members)
      let set = EMPTY_SET
      for (const component of members.subarray(0, found)) set = sets.with(set, component)
      const count = reader.varint()
      const slots: number[] = []
      for (let i = 0; i < count; i++) slots.push((slots.at(-1) ?? 0) + reader.varint())
      for (const component of sets.members[set]!) {
        for (const { spec } of components[component]!.columns) reader.skip(laneBytes(spec.bits, count) * spec.lanes)
      }
      expect(reader.failed).toBe(false)
      blocks.push({ size: reader.offset - start, set, slots, chunk })
    }
  }
  return blocks
}

function encode(
  shapes: readonly (readonly ColumnType[])[],
  changes: ReadonlyMap<number, readonly number[]>,
  classes?: Uint32Array,
) {
  const slots = Math.max(0, ...changes.keys()) + 1
  const made = makeEncoder(shapes, slots)
  const dirty = new SlotSet()
  const changed = new Uint32Array(slots)
  for (const [slot, members] of changes) {
    dirty.add(slot)
    for (const member of members) changed[slot] = made.sets.with(changed[slot]!, member)
  }
  made.encoder.encode(dirty, changed, 9, classes)
  return { ...made, changed, blocks: decode(made) }
}

describe('update blocks', () => {
  it('contain every changed entity once, with its own set, within the size limit', () => {
    const shapes = [[f32, f32], [bool as unknown as ColumnType], [u16, f64], []]
    const change = fc.tuple(fc.integer({ min: 1, max: 100_000 }), fc.subarray([0, 1, 2], { minLength: 1 }))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 400 }), (list) => {
        const changes = new Map(list)
        const { blocks, changed } = encode(shapes, changes)
        const seen: number[] = []
        for (const { size, set, slots } of blocks) {
          expect(size).toBeLessThanOrEqual(MAX_BLOCK)
          expect(slots.length).toBeGreaterThan(0)
          for (const slot of slots) expect(changed[slot]).toBe(set)
          seen.push(...slots)
        }
        expect(seen.toSorted((a, b) => a - b)).toEqual([...changes.keys()].sort((a, b) => a - b))
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('fill their packets, so that 1,000 entities take two', () => {
    const changes = new Map(Array.from({ length: 1000 }, (_, i) => [i + 1, [0]] as const))
    const { blocks } = encode([[u8]], changes)
    expect(blocks.length).toBe(2)
  })

  it.each([1, 127, 130, 1000, 20_000])('with slots %i apart are within the size limit, and nearly full', (distance) => {
    const count = 3000
    const list = Array.from({ length: count }, (_, i) => 1 + i * distance)
    const { blocks } = encode([[u8]], new Map(list.map((slot) => [slot, [0]] as const)))
    expect(blocks.flatMap(({ slots }) => slots)).toEqual(list)
    for (const { size } of blocks) expect(size).toBeLessThanOrEqual(MAX_BLOCK)
    for (const { size } of blocks.slice(0, -1)) expect(size).toBeGreaterThan(MAX_BLOCK * 0.9)
  })

  it.each([
    ['f32', f32, 268],
    ['u16', u16, 538],
    ['u8', u8, 1070],
    ['bool', bool as unknown as ColumnType, 1070],
    ['f64', f64, 134],
  ] as const)('contain the widest entity that a protocol allows, in %s, whole', (_, type, fields) => {
    const shapes = [Array.from({ length: fields }, () => type)]
    const { blocks } = encode(
      shapes,
      new Map([
        [16_384, [0]],
        [16_390, [0]],
      ]),
    )
    for (const { size, slots } of blocks) {
      expect(slots.length).toBeGreaterThan(0)
      expect(size).toBeLessThanOrEqual(MAX_BLOCK)
    }
    expect(blocks.flatMap(({ slots }) => slots)).toEqual([16_384, 16_390])
  })

  it('for several classes never share a chunk, and entities of class 0 are left out', () => {
    const shapes = [[f32, f32], [u8]]
    const change = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.subarray([0, 1], { minLength: 1 }))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), fc.integer({ min: 2, max: 40 }), (list, count) => {
        const changes = new Map(list)
        const classes = Uint32Array.from({ length: 5001 }, (_, slot) => (slot * 7) % count)
        const { blocks, changed, encoder, history } = encode(shapes, changes, classes)
        const seen: number[] = []
        for (const { set, slots, chunk } of blocks) {
          for (const slot of slots) {
            expect(changed[slot]).toBe(set)
            expect(classes[slot]).toBe(encoder.classes[chunk])
          }
          seen.push(...slots)
        }
        for (let chunk = 0; chunk < encoder.count; chunk++) {
          const id = encoder.ids[chunk]!
          const recorded = Array.from({ length: history.countOf(id) }, (_, i) => [
            history.slotOf(id, i),
            history.setOf(id, i),
          ])
          const held = blocks.filter((block) => block.chunk === chunk)
          expect(recorded).toEqual(held.flatMap(({ slots, set }) => slots.map((slot) => [slot, set])))
          const isAlone = new Set(encoder.classes.subarray(0, encoder.count)).size === 1
          expect(encoder.ends[chunk]! - encoder.starts[chunk]!).toBeLessThanOrEqual(isAlone ? MAX_BLOCK : 384)
        }
        const expected = [...changes.keys()].filter((slot) => classes[slot] !== 0)
        expect(seen.toSorted((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b))
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('are not written without changes', () => {
    expect(encode([[u8]], new Map()).blocks).toEqual([])
  })
})

describe('BlockHistory', () => {
  function record(history: BlockHistory, set: number, tick: number, slots: Uint32Array, start: number, count: number) {
    const chunk = history.begin(tick)
    history.append(set, slots, start, count)
    return chunk
  }

  it('returns what a chunk contained until it is overwritten', () => {
    const history = new BlockHistory()
    const slots = Uint32Array.of(9, 3, 5, 7)
    const first = record(history, 4, 100, slots, 1, 3)
    history.append(2, slots, 0, 1)
    expect(history.remembers(first)).toBe(true)
    expect([history.tickOf(first), history.countOf(first)]).toEqual([100, 4])
    expect([0, 1, 2, 3].map((i) => history.slotOf(first, i))).toEqual([3, 5, 7, 9])
    expect([0, 1, 2, 3].map((i) => history.setOf(first, i))).toEqual([4, 4, 4, 2])
    // Chunks of later ticks overwrite it.
    for (let i = 0; i < 4095; i++) record(history, 1, 101 + i, slots, 0, 1)
    expect(history.remembers(first)).toBe(true)
    record(history, 1, 5000, slots, 0, 1)
    expect(history.remembers(first)).toBe(false)
  })

  it('remembers all chunks of the last ticks, up to a limit', () => {
    const history = new BlockHistory()
    const slots = Uint32Array.from({ length: 8 }, (_, i) => i + 1)
    const made: number[] = []
    for (let i = 0; i < 100_000; i++)
      made.push(record(history, i, 1 + Math.floor(i / 2000), slots, i % 8, 1 + (i % (8 - (i % 8)))))
    for (const [i, chunk] of made.entries()) {
      expect(history.remembers(chunk)).toBe(true)
      expect([history.setOf(chunk, 0), history.slotOf(chunk, 0)]).toEqual([i, 1 + (i % 8)])
    }
    for (let i = 0; i < 300_000; i++) record(history, 1, 60, slots, 0, 1)
    expect(history.remembers(made[0]!)).toBe(false)
  })

  it('forgets old chunks when there are too many slots, and all chunks on demand', () => {
    const history = new BlockHistory()
    const slots = new Uint32Array(2048)
    const first = record(history, 1, 1, slots, 0, 2)
    for (let i = 0; i < 32; i++) record(history, 1, 1 + i * 10, slots, 0, 2048)
    expect(history.remembers(first)).toBe(false)
    const last = record(history, 1, 400, slots, 0, 5)
    expect(history.remembers(last)).toBe(true)
    history.forgetAll()
    expect(history.remembers(last)).toBe(false)
    expect(history.remembers(record(history, 1, 401, slots, 0, 5))).toBe(true)
  })
})
