// Tests component sets, which number sets with small integers, against the sets of JavaScript.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { ComponentSets, EMPTY_SET, readMembers } from '../../../src/protocol/component-sets.js'

const SEED = 20_260_104

function intern(sets: ComponentSets, members: Iterable<number>): number {
  let set = EMPTY_SET
  for (const member of members) set = sets.with(set, member)
  return set
}

function read(reader: ByteReader, count: number): number[] {
  const members = new Uint16Array(count)
  return [...members.subarray(0, readMembers(reader, count, members))]
}

const membersOf = (sets: ComponentSets, set: number): number[] => [...sets.members[set]!]
const sorted = (members: Iterable<number>): number[] => [...members].sort((a, b) => a - b)

describe('ComponentSets', () => {
  it('behaves like sets', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }).chain((count) => {
          const members = fc.uniqueArray(fc.nat(count - 1), { maxLength: count })
          return fc.tuple(fc.constant(count), members, members)
        }),
        ([count, a, b]) => {
          const sets = new ComponentSets(count)
          const x = intern(sets, a)
          const y = intern(sets, b)
          expect(membersOf(sets, x)).toEqual(sorted(a))
          expect(membersOf(sets, sets.union(x, y))).toEqual(sorted(new Set([...a, ...b])))
          expect(membersOf(sets, sets.difference(x, y))).toEqual(sorted(a.filter((c) => !b.includes(c))))
          for (let c = 0; c < count; c++) {
            expect(sets.has(x, c)).toBe(a.includes(c))
            expect(membersOf(sets, sets.without(x, c))).toEqual(sorted(a.filter((m) => m !== c)))
          }
          // The same set has the same number, however it was made.
          expect(intern(sets, a.toReversed())).toBe(x)
        },
      ),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('round-trips as bytes, with the lowest component in the lowest bit', () => {
    const sets = new ComponentSets(10)
    const writer = new ByteWriter()
    sets.write(writer, intern(sets, [0, 3, 9]))
    expect([...writer.bytes.subarray(0, writer.length)]).toEqual([0b1001, 0b10])
    const reader = new ByteReader()
    reader.reset(writer.bytes, 0, writer.length)
    expect(read(reader, 10)).toEqual([0, 3, 9])
  })

  it('fails on a component that does not exist, and on too few bytes', () => {
    for (const bytes of [[0, 0b100], [0xff, 0xff], [1], []]) {
      const reader = new ByteReader()
      reader.reset(Uint8Array.from(bytes), 0, bytes.length)
      read(reader, 10)
      expect(reader.failed).toBe(true)
    }
  })

  it('takes no bytes for a protocol without components', () => {
    const reader = new ByteReader()
    reader.reset(new Uint8Array(0), 0, 0)
    expect(read(reader, 0)).toEqual([])
    expect(reader.failed).toBe(false)
  })

  it('keeps the used sets under new numbers, and forgets the others, when it is compacted', () => {
    const sets = new ComponentSets(30)
    for (let i = 0; i < 5000; i++) intern(sets, [i % 30, (i * 7) % 30, (i * 11) % 30])
    const kept = [intern(sets, [1, 2]), intern(sets, [29]), EMPTY_SET]
    const numbers = sets.compact(kept)
    expect(sets.count).toBe(3)
    expect(kept.map((set) => membersOf(sets, numbers[set]!))).toEqual([[1, 2], [29], []])
    expect(numbers[EMPTY_SET]).toBe(EMPTY_SET)
    expect(intern(sets, [2, 1])).toBe(numbers[kept[0]!])
    expect(membersOf(sets, sets.with(numbers[kept[1]!]!, 4))).toEqual([4, 29])
  })
})
