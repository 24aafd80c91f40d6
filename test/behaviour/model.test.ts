// The seeded model, first half of its seeds. A seed that fails becomes a test of its own, by name.
import { expect, it } from 'vitest'
import { playModel } from '../support/model/play.js'
import { failingSeeds, seedCount } from '../support/seeds.js'

const SEEDS = seedCount(250, 40)

it(`a game that follows events alone agrees with every client's world, and that with the server's, for ${SEEDS} seeds`, () => {
  expect(failingSeeds(playModel, SEEDS)).toEqual([])
}, 600_000)
