// The match: captures add up, the first team to have enough wins, and after a pause the next match begins.
import { query, removeComponent } from 'bitecs'
import { sendMessage, serverTick } from 'bitecs-net'
import type { ServerWorld } from 'bitecs-net/server'
import { Flag, FlagCaptured, Frozen, Match, MatchOver, MatchStarted, Player, SCORES } from '../protocol.js'
import { CAPTURES_TO_WIN, MATCH_PAUSE, type Team } from '../rules.js'
import { placeFlagHome, placePlayerHome } from './spawn.js'
import { isPlaying, matchOf, MatchTimer, teamOf, tickIn } from './state.js'

/** Counts a capture, and tells everyone. */
export function scoreCapture(world: ServerWorld, player: number): void {
  const match = matchOf(world)
  const team = teamOf(player)
  SCORES[team][match]!++
  Player.captures[player] = Math.min(255, Player.captures[player]! + 1)
  const result = { blue: Match.blue[match]!, orange: Match.orange[match]! }
  sendMessage(world, FlagCaptured, { team, player: Player.id[player]!, ...result })
  if (SCORES[team][match]! >= CAPTURES_TO_WIN) endMatch(world, match, team)
}

/** Begins the next match when the pause after the last is over. */
export function runMatch(world: ServerWorld): void {
  const match = matchOf(world)
  if (isPlaying(world) || MatchTimer.startAt[match]! > serverTick(world)) return
  Match.blue[match] = 0
  Match.orange[match] = 0
  Match.over[match] = 0
  for (const flag of query(world, [Flag])) placeFlagHome(flag)
  for (const player of query(world, [Player])) {
    Player.captures[player] = 0
    placePlayerHome(world, player)
  }
  // A copy: thawing changes what the query shows.
  for (const player of [...query(world, [Player, Frozen])]) removeComponent(world, player, Frozen)
  sendMessage(world, MatchStarted, { capturesToWin: CAPTURES_TO_WIN })
}

function endMatch(world: ServerWorld, match: number, winner: Team): void {
  Match.over[match] = 1
  MatchTimer.startAt[match] = tickIn(world, MATCH_PAUSE)
  const result = { blue: Match.blue[match]!, orange: Match.orange[match]! }
  sendMessage(world, MatchOver, { winner, ...result, pause: MATCH_PAUSE })
}
