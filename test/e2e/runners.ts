// The game's bots, made to run for the flag and nothing else, so that a flag is captured within seconds, by the rules.
import type { ClientWorld, System } from 'bitecs-net/node'
import { createBot as createFighter } from '../../examples/capture-the-flag/bots.js'

export { protocol, rate } from '../../examples/capture-the-flag/bots.js'

export function createBot(world: ClientWorld, index: number): System<ClientWorld>[] {
  return createFighter(world, index, 'runners')
}
