// Tests hostile saves: loading either creates all entities, or creates none and throws a SaveError.
import { createRandom } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { SAVE_FORMAT, SAVE_MAGIC } from '../../src/replication/save/save-format.js'
import { savedShip } from '../support/saved-game.js'
import { mutate, pick, randomBytes } from './generate.js'
import { load, realSaves, sealed } from './targets/saves.js'

const SAVES = 600

describe.each([31, 32])('hostile saves, seed %i', (seed) => {
  it('with valid checksums are either refused or loaded completely', () => {
    const random = createRandom(seed)
    const saves = realSaves()
    let loaded = 0
    for (let i = 0; i < SAVES; i++) {
      const bytes = mutate(random, saves[pick(random, saves.length)]!, saves)
      if (load(sealed(bytes)) > 0) loaded++
    }
    // Many mutations change only values, which stay valid.
    expect(loaded).toBeGreaterThan(SAVES / 50)
    expect(loaded).toBeLessThan(SAVES * 0.9)
  })

  it('with random bytes after a valid beginning are refused', () => {
    const random = createRandom(seed)
    let loaded = 0
    for (let i = 0; i < SAVES; i++) {
      loaded += load(sealed(Uint8Array.from([...SAVE_MAGIC, SAVE_FORMAT, ...randomBytes(random, 400), 0, 0, 0, 0])))
    }
    expect(loaded).toBe(0)
  })
})

it('a save with the largest numbers in every field is refused without allocating memory', () => {
  const bytes = savedShip()
  const started = process.memoryUsage().heapTotal
  for (let at = 13; at < bytes.length - 4; at++) {
    load(sealed(Uint8Array.from([...bytes.subarray(0, at), 0xff, 0xff, 0xff, 0xff, 0x0f, ...bytes.subarray(at + 1)])))
  }
  expect(process.memoryUsage().heapTotal - started).toBeLessThan(200e6)
})
