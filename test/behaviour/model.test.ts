// The seeded model, first half of its seeds. A seed that fails becomes a test of its own, by name.
import { expect, it } from 'vitest'
import { failingSeeds } from '../support/model.js'

it('shows every client exactly what it may see of the server’s world, after quiet, for 250 seeds', () => {
  expect(failingSeeds(1, 250)).toEqual([])
}, 120_000)
