// Makes the game's bots run for the flag and nothing else, so that a flag is captured within seconds, by the rules.
//
// They stand until the test sends SIGUSR2: a slow machine would find the match over before it has looked at it.
import type { ClientWorld, System } from 'bitecs-net/node'
import { createBot as createFighter } from '../../examples/capture-the-flag/bots.js'

export { protocol, rate } from '../../examples/capture-the-flag/bots.js'

let mayRun = false
process.on('SIGUSR2', () => (mayRun = true))

export function createBot(world: ClientWorld, index: number): System<ClientWorld>[] {
  const systems = createFighter(world, index, 'runners')
  const play = systems.pop()!
  return [
    ...systems,
    (given) => {
      if (mayRun) play(given)
    },
  ]
}
