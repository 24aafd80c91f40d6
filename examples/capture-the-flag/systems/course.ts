// Moves the game from scene to scene: lobby, match, results, and back to the lobby.
import { query } from 'bitecs'
import { drain, serverTick } from 'bitecs-net'
import { changeScene } from 'bitecs-net/scenes'
import type { ServerWorld } from 'bitecs-net/server'
import { Game, GetReady, Lobby, Player, Results } from '../protocol.js'
import { LOBBY_COUNTDOWN, RESULTS_PAUSE, START_COUNTDOWN, TICK_RATE } from '../rules.js'
import { beginMatch } from './match.js'
import { Course, gameOf, isInLobby, tickIn } from './state.js'

/** Counts down to the next scene and begins it. */
export function runCourse(world: ServerWorld): void {
  const game = gameOf(world)
  const phase = Course.phase[game]
  if (phase === 'lobby') countReady(world, game)
  const endsAt = Course.endsAt[game]!
  const left = endsAt === 0 ? 0 : Math.max(0, endsAt - serverTick(world))
  Game.countdown[game] = Math.ceil(left / TICK_RATE)
  if (endsAt === 0 || left > 0) return
  if (phase === 'lobby') beginMatch(world)
  else if (phase === 'celebration') beginResults(world, game)
  else beginLobby(world)
}

/** Applies the `GetReady` commands of players who press Play, or press it again to take it back. */
export function getReady(world: ServerWorld): void {
  for (const { entity: player, args } of drain(world, GetReady)) {
    if (isInLobby(world)) Player.ready[player] = args.ready ? 1 : 0
  }
}

export function beginLobby(world: ServerWorld): void {
  const game = gameOf(world)
  Course.phase[game] = 'lobby'
  Course.endsAt[game] = 0
  for (const player of query(world, [Player])) Player.ready[player] = 0
  changeScene(world, Lobby)
}

function beginResults(world: ServerWorld, game: number): void {
  Course.phase[game] = 'results'
  Course.endsAt[game] = tickIn(world, RESULTS_PAUSE)
  const winner = Course.winner[game]!
  changeScene(world, Results, { winner, blue: Game.blue[game]!, orange: Game.orange[game]! })
}

/** Starts the short countdown when everyone is ready and the long one when someone is. Stops it when nobody is. */
function countReady(world: ServerWorld, game: number): void {
  const players = query(world, [Player])
  const ready = players.filter((player) => Player.ready[player] === 1).length
  const wait = ready === players.length ? START_COUNTDOWN : LOBBY_COUNTDOWN
  const sooner = Course.endsAt[game] === 0 ? Infinity : Course.endsAt[game]!
  Course.endsAt[game] = ready === 0 ? 0 : Math.min(sooner, tickIn(world, wait))
}
