// Tests that the index of open requests behaves like a Map.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NumberIndex } from '../../../src/remote/number-index.js'

const SEED = 20_260_212

describe('an index of numbers', () => {
  it('behaves like a Map through collisions, gaps and growth', () => {
    const key = fc.integer({ min: 1, max: 200 }).map((n) => n * 64 + 5)
    const step = fc.record({ key, add: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const index = new NumberIndex(3)
        const map = new Map<number, number>()
        steps.forEach((one, i) => {
          if (one.add) {
            index.set(one.key, i + 1)
            map.set(one.key, i + 1)
          } else {
            index.delete(one.key)
            map.delete(one.key)
          }
        })
        expect(index.size).toBe(map.size)
        for (let n = 1; n <= 200; n++) expect(index.get(n * 64 + 5)).toBe(map.get(n * 64 + 5) ?? 0)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('keeps working while many numbers pass through and few are stored at once', () => {
    const index = new NumberIndex(3)
    for (let n = 1; n < 100_000; n++) {
      index.set(n * 8 + 5, n)
      if (n > 10) index.delete((n - 10) * 8 + 5)
    }
    expect(index.size).toBe(10)
    for (let n = 99_990; n < 100_000; n++) expect(index.get(n * 8 + 5)).toBe(n)
    expect([index.get(0), index.get(13), index.get(NaN)]).toEqual([0, 0, 0])
  })
})
