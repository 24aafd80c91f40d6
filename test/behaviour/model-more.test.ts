// The seeded model, second half of its seeds. A seed that fails becomes a test of its own, by name.
import { expect, it } from 'vitest'
import { playModel } from '../support/model/play.js'
import { failingSeeds, seedCount } from '../support/seeds.js'

const SEEDS = seedCount(250, 40)

it(`a game that follows events alone agrees with every client's world, and that with the server's, for ${SEEDS} more seeds`, () => {
  expect(failingSeeds(playModel, SEEDS, 251)).toEqual([])
}, 600_000)
