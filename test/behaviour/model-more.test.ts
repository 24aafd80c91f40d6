// The seeded model, second half of its seeds. A seed that fails becomes a test of its own, by name.
import { describe, expect, it } from 'vitest'
import { playModel } from '../support/model/play.js'
import { failingSeeds, seedBatches, seedCount } from '../support/seeds.js'

describe("a game that follows events alone agrees with every client's world, and that with the server's", () => {
  it.each(seedBatches(seedCount(250, 40), 251))(
    'for %i seeds from %i',
    (count, first) => {
      expect(failingSeeds(playModel, count, first)).toEqual([])
    },
    600_000,
  )
})
