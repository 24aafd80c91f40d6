// Runs `bitecs-net bench`: measures a game's own protocol, or a plain one without a game.
import { defineClientRpc, defineCommand, defineMessage } from '../../protocol/definitions.js'
import { defineProtocol, type Protocol } from '../../protocol/protocol.js'
import { replicate } from '../../protocol/replicated-components.js'
import { f32, quantized, string, u16, u8 } from '../../protocol/types/schema.js'
import { loadBenchGame } from '../game-module.js'
import { gameScenarios } from './game-scenarios.js'
import { entitiesFor } from './game-world.js'
import { type BenchSettings, chosen, showRun } from './options.js'
import { runScenarios } from './scenario.js'

export interface GameBenchSettings extends BenchSettings {
  /** The most entities. */
  entities?: number
}

const ENTITIES = 10_000
const QUICK_ENTITIES = 1000

/**
 * Measures and prints. Resolves with the exit code.
 *
 * @throws UserError when it cannot begin, or has nothing to plot, with one sentence about what to do.
 */
export async function bench(path: string | undefined, settings: GameBenchSettings, version: string): Promise<number> {
  const protocol = path === undefined ? plainProtocol() : (await loadBenchGame(path)).protocol
  const { seed, quick = false } = settings
  const entities = entitiesFor(protocol, settings.entities ?? (quick ? QUICK_ENTITIES : ENTITIES))
  const fractions = quick ? [0.1] : [0.01, 0.1, 1]
  await showRun(settings, (hooks) =>
    runScenarios({
      version,
      scenarios: chosen(gameScenarios, settings),
      seed,
      quick,
      budget: quick ? 1000 : 5000,
      context: { protocol, entities, fractions },
      ...hooks,
    }),
  )
  return 0
}

/** A typical protocol: bodies that move and turn, health, a shot, its sound, and chat. */
function plainProtocol(): Protocol {
  const capacity = 4 * ENTITIES
  const floats = (): Float32Array => new Float32Array(capacity)
  const metres = quantized(-1024, 1024, 0.01)
  const turn = quantized(-1, 1, 2 / 1023)
  return defineProtocol({
    components: {
      Position: replicate({ x: floats(), y: floats(), z: floats() }, { x: metres, y: metres, z: metres }),
      Rotation: replicate(
        { x: floats(), y: floats(), z: floats(), w: floats() },
        { x: turn, y: turn, z: turn, w: turn },
      ),
      Health: replicate({ hp: new Uint16Array(capacity) }, { hp: u16 }),
    },
    remote: {
      Fire: defineCommand({ x: f32, y: f32, z: f32, power: u8 }),
      Boom: defineClientRpc({ x: f32, y: f32, z: f32 }, { channel: 'unreliable' }),
    },
    messages: { Chat: defineMessage({ text: string(200) }) },
  })
}
