// Tests scans of memory: they find each change once in every kind of array, and compare floats by their bits.
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { Members } from '../../../src/replication/wire/component-members.js'
import { type RawArray, scanRaw } from '../../../src/replication/wire/raw-scan.js'

const SEED = 20_261_123
const CAPACITY = 300

const arrays: [string, new (length: number) => RawArray, fc.Arbitrary<number>][] = [
  ['bytes', Uint8Array, fc.integer({ min: 0, max: 3 })],
  ['halves', Uint16Array, fc.integer({ min: 0, max: 3 })],
  ['words', Uint32Array, fc.constantFrom(0, 1, 0x80000000, 0xffffffff)],
  ['doubles', Float64Array, fc.constantFrom(0, -0, NaN, Infinity, 1, 1 + Number.EPSILON)],
]

it.each(arrays)('a scan of %s finds every change of a member once', (_, Type, value) => {
  const eid = fc.integer({ min: 1, max: CAPACITY - 1 })
  fc.assert(
    fc.property(
      fc.uniqueArray(eid, { minLength: 1, maxLength: 250 }),
      fc.array(fc.array(fc.tuple(eid, value), { maxLength: 60 }), { maxLength: 6 }),
      (ids, rounds) => {
        const members = new Members()
        for (const id of ids) members.add(id)
        members.refresh(CAPACITY)
        const raw = new Type(CAPACITY)
        const shadow = new Type(320)
        const known = new Map(ids.map((id) => [id, 0]))
        for (const writes of rounds) {
          for (const [id, written] of writes) raw[id] = written
          const wanted = ids.filter((id) => !Object.is(raw[id], known.get(id))).sort((a, b) => a - b)
          for (const id of wanted) known.set(id, raw[id]!)
          const hits = new Uint32Array(members.words.length)
          const found = scanRaw(raw, shadow, members, hits)
          const hit = ids.filter((id) => (hits[id >>> 5]! & (1 << (id & 31))) !== 0)
          expect(hit.sort((a, b) => a - b)).toEqual(wanted)
          expect(found || wanted.length === 0).toBe(true)
        }
      },
    ),
    { seed: SEED, numRuns: 100 },
  )
})
