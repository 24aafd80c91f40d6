// Attacks the loading of saves: it creates all entities, or none and throws a SaveError.
import { query } from 'bitecs'
import { createServerWorld } from 'bitecs-net'
import { loadWorld, SaveError, saveWorld } from 'bitecs-net/saves'
import { Networked } from 'bitecs-net/components'
import { createRandom } from 'bitecs-net/testing'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { crc32 } from '../../../src/replication/save/crc32.js'
import { SAVE_FORMAT, SAVE_MAGIC } from '../../../src/replication/save/save-format.js'
import { Channel } from '../../../src/transport/transport.js'
import { add, Bag, populate, Position, protocol, savedShip } from '../../support/saved-game.js'
import { watchMemory } from '../engine/memory.js'
import { Escape, type Step } from '../engine/steps.js'
import { mutate, oneOf, type Random, randomBytes } from '../generate.js'
import type { Target, TargetRun } from './target.js'

/** The same bytes with a valid checksum. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter()
  writer.copy(bytes, 0, Math.max(0, bytes.length - 4))
  writer.u32(crc32(writer.bytes, writer.length))
  return writer.bytes.slice(0, writer.length)
}

/** The number of entities that a load created; 0 if it was refused correctly. */
export function load(bytes: Uint8Array): number {
  const world = createServerWorld(protocol)
  let made = 0
  try {
    made = loadWorld(world, bytes).entities.length
  } catch (error) {
    if (!(error instanceof SaveError)) throw error
  }
  const there = query(world, [Networked]).length
  if (there !== made) throw new Escape(`${there} entities are there, ${made} were loaded`)
  // A loaded world can be saved and loaded again.
  if (made > 0 && loadWorld(createServerWorld(protocol), saveWorld(world)).entities.length !== made) {
    throw new Escape('what was loaded could not be saved')
  }
  return made
}

let saves: Uint8Array[] | undefined
/** Valid saves. */
export function realSaves(): readonly Uint8Array[] {
  if (saves === undefined) {
    const world = createServerWorld(protocol)
    populate(world)
    for (let i = 0; i < 20; i++) add(world, Position, Bag)
    saves = [savedShip(), saveWorld(world)]
  }
  return saves
}

/** A mutated save, or random bytes after a valid beginning. */
export function hostileSave(random: Random): Uint8Array {
  if (random() < 0.7) return sealed(mutate(random, oneOf(random, realSaves()), realSaves()))
  if (random() < 0.1) return randomBytes(random, 400)
  return sealed(Uint8Array.from([...SAVE_MAGIC, SAVE_FORMAT, ...randomBytes(random, 400), 0, 0, 0, 0]))
}

class SaveRun implements TargetRun {
  apply(step: Step): void {
    if (step.kind === 'packet') watchMemory('a load', () => void load(step.bytes))
  }

  finish(): void {
    // Each load has its own world.
  }
}

export const saveTarget: Target = {
  name: 'saves',
  inputs: 200,
  begin: () => new SaveRun(),
  throwAt(run, random, inputs, note) {
    for (let i = 0; i < inputs; i++) {
      const bytes = hostileSave(createRandom(Math.floor(random() * 2 ** 31)))
      const step: Step = { kind: 'packet', line: 0, channel: Channel.Reliable, bytes }
      note(step)
      run.apply(step)
    }
  },
}
