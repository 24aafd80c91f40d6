// Exports the server side of capture-the-flag for the `serve` command of bitecs-net and for the offline page.
import type { ServerWorld, System } from 'bitecs-net/server'
import { CAPTURES_TO_WIN } from './rules.js'
import { flyBalls, throwBalls } from './systems/balls.js'
import { relayChat } from './systems/chat.js'
import { beginLobby, getReady, runCourse } from './systems/course.js'
import { moveFlags } from './systems/flags.js'
import { thawPlayers } from './systems/freeze.js'
import { movePlayers, steerPlayers } from './systems/movement.js'
import { admitPlayers, releasePlayers } from './systems/roster.js'
import { sellItems, wearOut } from './systems/shop.js'
import { spawnGame } from './systems/spawn.js'
import { tagIntruders } from './systems/tags.js'
import { chooseTeams } from './systems/teams.js'

export { protocol } from './protocol.js'
export { TICK_RATE as tickRate } from './rules.js'

/** The systems of one game tick, in order. */
export const systems: System<ServerWorld>[] = [
  releasePlayers,
  admitPlayers,
  chooseTeams,
  getReady,
  relayChat,
  sellItems,
  wearOut,
  thawPlayers,
  steerPlayers,
  movePlayers,
  tagIntruders,
  throwBalls,
  flyBalls,
  moveFlags,
  runCourse,
]

/** Spawns what exists before the first player joins, and begins the lobby. */
export function setup(world: ServerWorld, { capturesToWin = CAPTURES_TO_WIN } = {}): void {
  spawnGame(world, capturesToWin)
  beginLobby(world)
}
