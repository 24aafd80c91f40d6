// Tests that runs and sparse members together are the current members, and that runs stay within the arrays.
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { Members } from '../../../src/replication/wire/component-members.js'

const SEED = 20_261_122

it('runs and sparse members cover each member once, and no run exceeds the arrays', () => {
  const from = fc.integer({ min: 0, max: 600 })
  const steps = fc.array(fc.tuple(from, fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 6 })), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(steps, fc.integer({ min: 700, max: 760 }), (list, capacity) => {
      const members = new Members()
      const model = new Set<number>()
      for (const [first, count, every] of list) {
        for (let eid = first; eid < first + count; eid += every) {
          if (model.has(eid)) {
            model.delete(eid)
            members.remove(eid)
          } else {
            model.add(eid)
            members.add(eid)
          }
        }
        members.refresh(capacity)
        const { runs, runCount, sparse, sparseCount } = members
        const covered = [...sparse.subarray(0, sparseCount)]
        expect(covered.every((eid) => model.has(eid))).toBe(true)
        for (let r = 0; r < runCount; r++) {
          expect(runs[r * 2]! % 32).toBe(0)
          expect(runs[r * 2 + 1]! % 32).toBe(0)
          expect(runs[r * 2 + 1]!).toBeLessThanOrEqual(capacity)
          for (let eid = runs[r * 2]!; eid < runs[r * 2 + 1]!; eid++) if (model.has(eid)) covered.push(eid)
        }
        expect(covered.toSorted((a, b) => a - b)).toEqual([...model].sort((a, b) => a - b))
        expect(members.count).toBe(model.size)
        for (const eid of model) expect(members.has(eid)).toBe(true)
      }
    }),
    { seed: SEED, numRuns: 100 },
  )
})
