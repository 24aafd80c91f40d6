// Hostile saves: whatever the bytes say, a load either makes the entities or leaves none and says why in a SaveError.
import { query } from 'bitecs'
import { createServerWorld, loadWorld, SaveError, saveWorld } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createRandom } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../src/protocol/bytes.js'
import { crc32 } from '../../src/replication/save/crc32.js'
import { SAVE_FORMAT, SAVE_MAGIC } from '../../src/replication/save/save-format.js'
import { add, Bag, populate, Position, protocol, savedShip } from '../support/saved-game.js'
import { mutate, pick, randomBytes } from './generate.js'

const SAVES = 600

/** The same bytes with a checksum that is right. */
function sealed(bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter()
  writer.copy(bytes, 0, Math.max(0, bytes.length - 4))
  writer.u32(crc32(writer.bytes, writer.length))
  return writer.bytes.slice(0, writer.length)
}

/** How many entities a load made; 0 when it was refused, as it must be then. */
function load(bytes: Uint8Array): number {
  const world = createServerWorld(protocol)
  let made = 0
  try {
    made = loadWorld(world, bytes).entities.length
  } catch (error) {
    if (!(error instanceof SaveError)) throw error
  }
  const there = query(world, [Networked]).length
  if (there !== made) throw new Error(`${there} entities are there, ${made} were loaded`)
  return made
}

describe.each([31, 32])('hostile saves, seed %i', (seed) => {
  it('with checksums that are right are refused whole, or loaded whole', () => {
    const random = createRandom(seed)
    const world = createServerWorld(protocol)
    populate(world)
    for (let i = 0; i < 20; i++) add(world, Position, Bag)
    const saves = [savedShip(), saveWorld(world)]
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
