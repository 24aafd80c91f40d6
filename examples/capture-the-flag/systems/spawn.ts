// How entities come to be: the values first, then the components, then `Networked`, which spawns them on every client.
import { addComponents, addEntity, query } from 'bitecs'
import { setPlayer } from 'bitecs-net'
import { Connection, Networked } from 'bitecs-net/components'
import type { ServerWorld } from 'bitecs-net/server'
import { Ball, Facing, Flag, Match, Player, Position } from '../protocol.js'
import { BALL_LIFE, BALL_SPEED, BASES, PLAYER_RADIUS, type Team } from '../rules.js'
import { FlagTimer, Flight, Intent, MatchTimer, teamOf, tickIn, Timers } from './state.js'

export function spawnMatch(world: ServerWorld): void {
  const match = addEntity(world)
  Match.blue[match] = 0
  Match.orange[match] = 0
  Match.over[match] = 0
  addComponents(world, match, Match, MatchTimer, Networked)
}

export function spawnFlag(world: ServerWorld, team: Team): void {
  const flag = addEntity(world)
  Flag.team[flag] = team
  placeFlagHome(flag)
  addComponents(world, flag, Flag, FlagTimer, Position, Networked)
}

export function placeFlagHome(flag: number): void {
  const { x, y } = BASES[Flag.team[flag] as Team]
  Position.x[flag] = x
  Position.y[flag] = y
  Flag.carrier[flag] = 0
  Flag.away[flag] = 0
}

/** Spawns the player of a connection, and gives it to that connection. */
export function spawnPlayer(world: ServerWorld, connection: number, team: Team): void {
  const player = addEntity(world)
  Player.id[player] = Connection.id[connection]!
  Player.team[player] = team
  Player.captures[player] = 0
  placePlayerHome(world, player)
  Timers.thawAt[player] = 0
  Timers.protectedUntil[player] = 0
  Timers.mayThrowAt[player] = 0
  addComponents(world, player, Player, Position, Facing, Intent, Timers, Networked)
  setPlayer(world, connection, player)
}

/** Puts a player into the own base, on the place that is farthest from everyone. */
export function placePlayerHome(world: ServerWorld, player: number): void {
  const team = teamOf(player)
  const forwards = team === 0 ? 1 : -1
  const { x, y } = BASES[team]
  let best = -1
  for (let place = 0; place < 8; place++) {
    const angle = (place / 8) * 2 * Math.PI
    const placeX = x + 2.2 * Math.cos(angle)
    const placeY = y + 2.2 * Math.sin(angle)
    const room = distanceToNearest(world, player, placeX, placeY)
    if (room <= best) continue
    best = room
    Position.x[player] = placeX
    Position.y[player] = placeY
  }
  Facing.x[player] = forwards
  Facing.y[player] = 0
  Intent.x[player] = 0
  Intent.y[player] = 0
}

function distanceToNearest(world: ServerWorld, self: number, x: number, y: number): number {
  let nearest = 10
  for (const other of query(world, [Player, Position])) {
    if (other === self) continue
    nearest = Math.min(nearest, Math.hypot(Position.x[other]! - x, Position.y[other]! - y))
  }
  return nearest
}

/** Spawns a snowball that leaves a player's hand in a direction. */
export function spawnBall(world: ServerWorld, thrower: number, x: number, y: number): void {
  const ball = addEntity(world)
  Ball.team[ball] = Player.team[thrower]!
  Position.x[ball] = Position.x[thrower]! + x * PLAYER_RADIUS
  Position.y[ball] = Position.y[thrower]! + y * PLAYER_RADIUS
  Flight.x[ball] = x * BALL_SPEED
  Flight.y[ball] = y * BALL_SPEED
  Flight.until[ball] = tickIn(world, BALL_LIFE)
  Flight.thrower[ball] = thrower
  addComponents(world, ball, Ball, Flight, Position, Networked)
}
