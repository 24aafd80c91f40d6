// The seeded model, first half of its seeds. A seed that fails becomes a test of its own, by name.
import { expect, it } from 'vitest'
import { playModel } from '../support/model.js'
import { failingSeeds } from '../support/seeds.js'

it('shows every client exactly what it may see of the server’s world, after quiet, for 250 seeds', () => {
  expect(failingSeeds(playModel, 250)).toEqual([])
}, 120_000)
