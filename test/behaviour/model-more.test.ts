// The seeded model, second half of its seeds. A seed that fails becomes a test of its own, by name.
import { expect, it } from 'vitest'
import { playModel } from '../support/model.js'
import { failingSeeds } from '../support/seeds.js'

it('shows every client exactly what it may see of the server’s world, after quiet, for 250 more seeds', () => {
  expect(failingSeeds(playModel, 250, 251)).toEqual([])
}, 120_000)
