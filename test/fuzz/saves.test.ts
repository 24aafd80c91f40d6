// Hostile saves: whatever the bytes say, a load either makes the entities or leaves none and says why in a SaveError.
import { createRandom } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { SAVE_FORMAT, SAVE_MAGIC } from '../../src/replication/save/save-format.js'
import { savedShip } from '../support/saved-game.js'
import { mutate, pick, randomBytes } from './generate.js'
import { load, realSaves, sealed } from './targets/saves.js'

const SAVES = 600

describe.each([31, 32])('hostile saves, seed %i', (seed) => {
  it('with checksums that are right are refused whole, or loaded whole', () => {
    const random = createRandom(seed)
    const saves = realSaves()
    let loaded = 0
    for (let i = 0; i < SAVES; i++) {
      const bytes = mutate(random, saves[pick(random, saves.length)]!, saves)
      if (load(sealed(bytes)) > 0) loaded++
    }
    // Many changes are of values only, and those are as good as any.
    expect(loaded).toBeGreaterThan(SAVES / 50)
    expect(loaded).toBeLessThan(SAVES * 0.9)
  })

  it('of random bytes behind the first ones are refused', () => {
    const random = createRandom(seed)
    let loaded = 0
    for (let i = 0; i < SAVES; i++) {
      loaded += load(sealed(Uint8Array.from([...SAVE_MAGIC, SAVE_FORMAT, ...randomBytes(random, 400), 0, 0, 0, 0])))
    }
    expect(loaded).toBe(0)
  })
})

it('what a save claims takes no memory: the largest numbers everywhere are refused at once', () => {
  const bytes = savedShip()
  const started = process.memoryUsage().heapTotal
  for (let at = 13; at < bytes.length - 4; at++) {
    load(sealed(Uint8Array.from([...bytes.subarray(0, at), 0xff, 0xff, 0xff, 0xff, 0x0f, ...bytes.subarray(at + 1)])))
  }
  expect(process.memoryUsage().heapTotal - started).toBeLessThan(200e6)
})
