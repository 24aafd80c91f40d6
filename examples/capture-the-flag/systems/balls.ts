// Throws snowballs on command, moves them, and bursts them on trees, on enemies, or at the end of their flight.
import { hasComponent, query } from 'bitecs'
import { despawn, drain, sendRpc, sendTargetRpc, serverTick } from 'bitecs-net'
import type { ServerWorld } from 'bitecs-net/server'
import { Ball, Burst, Facing, Frozen, Player, Position, Throw, YouWereFrozen } from '../protocol.js'
import {
  BALL_RADIUS,
  clamp,
  COINS,
  direction,
  FIELD,
  PLAYER_RADIUS,
  THROW_INTERVAL,
  TICK_RATE,
  TREES,
} from '../rules.js'
import { earn } from './coins.js'
import { canBeFrozen, freeze } from './freeze.js'
import { spawnBall } from './spawn.js'
import { Flight, hasPerson, isOnField, isPlaying, tickIn, Timers } from './state.js'

/** Throws a ball for each `Throw` command whose player is able to. */
export function throwBalls(world: ServerWorld): void {
  for (const { entity: player, args } of drain(world, Throw)) throwBall(world, player, args.x, args.y)
}

export function throwBall(world: ServerWorld, player: number, x: number, y: number): void {
  const aim = direction(x, y)
  if ((aim.x === 0 && aim.y === 0) || hasComponent(world, player, Frozen)) return
  if (!isOnField(world) || Timers.mayThrowAt[player]! > serverTick(world)) return
  Timers.mayThrowAt[player] = tickIn(world, THROW_INTERVAL)
  Facing.x[player] = aim.x
  Facing.y[player] = aim.y
  spawnBall(world, player, aim.x, aim.y)
}

/** Moves the balls and bursts those that hit something. */
export function flyBalls(world: ServerWorld): void {
  // Iterate over a copy: bursting a ball changes the query's result.
  for (const ball of [...query(world, [Ball, Position])]) {
    Position.x[ball]! += Flight.x[ball]! / TICK_RATE
    Position.y[ball]! += Flight.y[ball]! / TICK_RATE
    const victim = isPlaying(world) ? findVictim(world, ball) : 0
    if (victim !== 0) strike(world, ball, victim)
    if (victim !== 0 || Flight.until[ball]! <= serverTick(world) || isBlocked(ball)) burst(world, ball, victim !== 0)
  }
}

function strike(world: ServerWorld, ball: number, victim: number): void {
  const thrower = Flight.thrower[ball]!
  freeze(world, victim, Flight.cold[ball]!)
  if (hasComponent(world, thrower, Player)) earn(thrower, COINS.hit)
  if (hasPerson(victim)) sendTargetRpc(world, victim, YouWereFrozen, { by: thrower })
}

/** Sends the RPC and despawns the ball in the same tick. Every client keeps the ball until it has received the RPC. */
function burst(world: ServerWorld, ball: number, hit: boolean): void {
  const x = clamp(Position.x[ball]!, 0, FIELD.width)
  const y = clamp(Position.y[ball]!, 0, FIELD.height)
  sendRpc(world, ball, Burst, { x, y, hit })
  despawn(world, ball)
}

function findVictim(world: ServerWorld, ball: number): number {
  for (const player of query(world, [Player, Position])) {
    if (Player.team[player] === Ball.team[ball] || !canBeFrozen(world, player)) continue
    const x = Position.x[player]! - Position.x[ball]!
    const y = Position.y[player]! - Position.y[ball]!
    if (Math.hypot(x, y) < PLAYER_RADIUS + BALL_RADIUS) return player
  }
  return 0
}

function isBlocked(ball: number): boolean {
  const x = Position.x[ball]!
  const y = Position.y[ball]!
  if (x < 0 || y < 0 || x > FIELD.width || y > FIELD.height) return true
  return TREES.some((tree) => Math.hypot(x - tree.x, y - tree.y) < tree.radius)
}
