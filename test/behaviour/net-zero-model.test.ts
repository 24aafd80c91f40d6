// Plays the seeded model of changes that cancel out within a tick.
import { expect, it } from 'vitest'
import { play } from '../support/net-zero.js'
import { failingSeeds, seedCount } from '../support/seeds.js'

const SEEDS = seedCount(12, 12)

it('52: an entity or component removed and added again, or an owner changed and returned, within one tick is equal on every client', () => {
  expect(failingSeeds(play, SEEDS)).toEqual([])
}, 120_000)
