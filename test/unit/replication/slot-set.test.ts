// Tests slot sets against the sets of JavaScript, and growing arrays.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growTo, put, SlotSet } from '../../../src/replication/slot-set.js'

const SEED = 20_260_109

describe('SlotSet', () => {
  it('behaves like a Set, and iterates in ascending order', () => {
    const slot = fc.oneof(fc.nat(70), fc.nat(5000), fc.constantFrom(31, 32, 63, 64, 1_048_575))
    const action = fc.oneof(
      { weight: 6, arbitrary: fc.record({ add: slot }) },
      { weight: 3, arbitrary: fc.record({ remove: slot }) },
      { weight: 1, arbitrary: fc.constant('clear' as const) },
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const set = new SlotSet()
        const model = new Set<number>()
        const told: boolean[] = []
        const expected: boolean[] = []
        for (const act of actions) {
          if (act === 'clear') {
            set.clear()
            model.clear()
          } else if ('add' in act) {
            told.push(set.add(act.add))
            expected.push(!model.has(act.add))
            model.add(act.add)
          } else {
            told.push(set.delete(act.remove))
            expected.push(model.delete(act.remove))
          }
          expect(set.size).toBe(model.size)
        }
        expect(told).toEqual(expected)
        const walked: number[] = []
        for (let s = set.next(0); s >= 0; s = set.next(s + 1)) walked.push(s)
        expect(walked).toEqual([...model].sort((a, b) => a - b))
        for (const s of [0, 31, 32, 64, 4999, 1_048_575, 2_000_000]) expect(set.has(s)).toBe(model.has(s))
      }),
      { seed: SEED, numRuns: 300 },
    )
  })
})

describe('growTo', () => {
  it('returns the array if it is long enough, or a longer copy', () => {
    const array = Uint16Array.of(1, 2, 3)
    expect(growTo(array, 3)).toBe(array)
    const grown = growTo(array, 1000)
    expect(grown).toBeInstanceOf(Uint16Array)
    expect(grown.length).toBeGreaterThanOrEqual(1000)
    expect([...grown.subarray(0, 4)]).toEqual([1, 2, 3, 0])
    expect(growTo(new Float64Array(0), 1).length).toBeGreaterThanOrEqual(1)
  })
})

describe('put', () => {
  it('fills the gap before the index, so that the array stays dense', () => {
    const store: number[] = []
    put(store, 3, 9, -1)
    expect(store).toEqual([-1, -1, -1, 9])
    put(store, 1, 4, -1)
    expect(store).toEqual([-1, 4, -1, 9])
  })
})
