// The game as it is, but for shorter matches.
import type { ServerWorld } from 'bitecs-net/server'
import { setup as setUp } from '../../examples/capture-the-flag/server.js'

export { protocol, systems, tickRate } from '../../examples/capture-the-flag/server.js'

export function setup(world: ServerWorld): void {
  setUp(world, { capturesToWin: 2 })
}
