// Lets players take, carry, drop, return and capture flags. Each change is sent to all players as a message.
import { hasComponent, query } from 'bitecs'
import { sendMessage, serverTick } from 'bitecs-net'
import type { ServerWorld } from 'bitecs-net/server'
import { Flag, FlagDropped, FlagReturned, FlagTaken, Frozen, Player, Position } from '../protocol.js'
import { BASE_RADIUS, BASES, FLAG_RETURN_TIME, TOUCH_DISTANCE } from '../rules.js'
import { scoreCapture } from './match.js'
import { placeFlagHome } from './spawn.js'
import { FlagTimer, isPlaying, teamOf, tickIn } from './state.js'

/** Moves carried flags with their carriers, and handles flags that are touched, captured or due to return. */
export function moveFlags(world: ServerWorld): void {
  for (const flag of query(world, [Flag])) {
    if (!isPlaying(world)) return
    if (Flag.carrier[flag] !== 0) carry(world, flag)
    else if (Flag.away[flag] === 1 && FlagTimer.returnAt[flag]! <= serverTick(world)) returnHome(world, flag, 0)
    else touch(world, flag)
  }
}

/** Drops the flag that a player carries at the player's position. */
export function dropFlagsOf(world: ServerWorld, player: number): void {
  for (const flag of query(world, [Flag])) {
    if (Flag.carrier[flag] !== player) continue
    Flag.carrier[flag] = 0
    FlagTimer.returnAt[flag] = tickIn(world, FLAG_RETURN_TIME)
    sendMessage(world, FlagDropped, { flag: Flag.team[flag]!, player: Player.id[player]! })
  }
}

/** Returns the flag of a player who leaves the game to its base. */
export function returnFlagsOf(world: ServerWorld, player: number): void {
  for (const flag of query(world, [Flag])) if (Flag.carrier[flag] === player) returnHome(world, flag, 0)
}

function carry(world: ServerWorld, flag: number): void {
  const player = Flag.carrier[flag]!
  Position.x[flag] = Position.x[player]!
  Position.y[flag] = Position.y[player]!
  const goal = BASES[teamOf(player)]
  if (distance(flag, goal.x, goal.y) > BASE_RADIUS) return
  placeFlagHome(flag)
  scoreCapture(world, player)
}

/** An enemy who touches a flag takes it. A teammate who touches one away from its base returns it. */
function touch(world: ServerWorld, flag: number): void {
  for (const player of query(world, [Player, Position])) {
    if (distance(flag, Position.x[player]!, Position.y[player]!) > TOUCH_DISTANCE) continue
    if (hasComponent(world, player, Frozen)) continue
    if (Player.team[player] !== Flag.team[flag]) return take(world, flag, player)
    if (Flag.away[flag] === 1) return returnHome(world, flag, Player.id[player]!)
  }
}

function take(world: ServerWorld, flag: number, player: number): void {
  Flag.carrier[flag] = player
  Flag.away[flag] = 1
  sendMessage(world, FlagTaken, { flag: Flag.team[flag]!, player: Player.id[player]! })
}

function returnHome(world: ServerWorld, flag: number, player: number): void {
  placeFlagHome(flag)
  sendMessage(world, FlagReturned, { flag: Flag.team[flag]!, player })
}

function distance(flag: number, x: number, y: number): number {
  return Math.hypot(Position.x[flag]! - x, Position.y[flag]! - y)
}
