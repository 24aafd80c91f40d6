// The seeded generator: repeatable, within its range, without an obvious pattern.
import { expect, it } from 'vitest'
import { createRandom } from '../../../src/transport/random.js'

const draw = (seed: number, count: number): number[] => {
  const random = createRandom(seed)
  return Array.from({ length: count }, random)
}

it('repeats itself with the same seed only', () => {
  expect(draw(1, 20)).toEqual(draw(1, 20))
  expect(draw(1, 20)).not.toEqual(draw(2, 20))
})

it.each([0, 1, 2, 0x5bd1e995, 2 ** 31, -1])('spreads evenly over [0, 1) with seed %i', (seed) => {
  const values = draw(seed, 10_000)
  const buckets = new Uint32Array(10)
  for (const value of values) buckets[Math.floor(value * 10)]!++
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
  expect([...buckets].every((count) => count > 850 && count < 1150)).toBe(true)
})
