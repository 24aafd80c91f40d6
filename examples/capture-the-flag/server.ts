// The headless server of capture-the-flag: what the `serve` command of bitecs-net runs.
import type { ServerWorld, System } from 'bitecs-net/server'
import { flyBalls, throwBalls } from './systems/balls.js'
import { relayChat } from './systems/chat.js'
import { moveFlags } from './systems/flags.js'
import { thawPlayers } from './systems/freeze.js'
import { runMatch } from './systems/match.js'
import { movePlayers, steerPlayers } from './systems/movement.js'
import { admitPlayers, introducePlayers, releasePlayers } from './systems/roster.js'
import { spawnFlag, spawnMatch } from './systems/spawn.js'
import { tagIntruders } from './systems/tags.js'

export { protocol } from './protocol.js'
export { TICK_RATE as tickRate } from './rules.js'

/** One tick of the game. */
export const systems: System<ServerWorld>[] = [
  releasePlayers,
  introducePlayers,
  admitPlayers,
  relayChat,
  thawPlayers,
  steerPlayers,
  movePlayers,
  tagIntruders,
  throwBalls,
  flyBalls,
  moveFlags,
  runMatch,
]

/** What is there before the first player. */
export function setup(world: ServerWorld): void {
  spawnMatch(world)
  spawnFlag(world, 0)
  spawnFlag(world, 1)
}
