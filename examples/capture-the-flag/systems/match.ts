// Begins a match, counts captures, and ends the match with the last one.
import { query } from 'bitecs'
import { sendMessage, serverTick } from 'bitecs-net'
import { changeScene } from 'bitecs-net/scenes'
import type { ServerWorld } from 'bitecs-net/server'
import { FlagCaptured, Game, Match, MatchOver, Player, SCORES } from '../protocol.js'
import { CELEBRATION, COINS } from '../rules.js'
import { earn } from './coins.js'
import { resetPlayer, spawnFlag } from './spawn.js'
import { Course, gameOf, teamOf, tickIn } from './state.js'

/** Begins a match and puts every player on the field. */
export function beginMatch(world: ServerWorld): void {
  const game = gameOf(world)
  Course.phase[game] = 'match'
  Course.endsAt[game] = 0
  Game.blue[game] = 0
  Game.orange[game] = 0
  for (const player of query(world, [Player])) resetPlayer(world, player)
  changeScene(world, Match, { capturesToWin: Course.capturesToWin[game]!, seed: serverTick(world) })
  spawnFlag(world, 0)
  spawnFlag(world, 1)
}

/** Counts a capture and reports it to every player. */
export function scoreCapture(world: ServerWorld, player: number): void {
  const game = gameOf(world)
  const team = teamOf(player)
  SCORES[team][game]!++
  Player.captures[player] = Math.min(255, Player.captures[player]! + 1)
  earn(player, COINS.capture)
  const result = { blue: Game.blue[game]!, orange: Game.orange[game]! }
  sendMessage(world, FlagCaptured, { team, player: Player.id[player]!, ...result })
  if (SCORES[team][game]! < Course.capturesToWin[game]!) return
  Course.phase[game] = 'celebration'
  Course.endsAt[game] = tickIn(world, CELEBRATION)
  Course.winner[game] = team
  sendMessage(world, MatchOver, { winner: team, ...result })
}
