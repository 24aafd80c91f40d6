// Moves players where they want to run, within the field and around its trees.
import { hasComponent, query } from 'bitecs'
import { drain } from 'bitecs-net'
import type { ServerWorld } from 'bitecs-net/server'
import { Facing, Flag, Frozen, Move, Player, Position, Swift } from '../protocol.js'
import {
  BOOTS_SPEED,
  CARRIER_SPEED,
  clamp,
  direction,
  FIELD,
  PLAYER_RADIUS,
  PLAYER_SPEED,
  TICK_RATE,
  TREES,
} from '../rules.js'
import { Intent, isOnField } from './state.js'

/** Reads the `Move` commands: keeps the direction in which each player wants to run. */
export function steerPlayers(world: ServerWorld): void {
  for (const { entity: player, args } of drain(world, Move)) steer(player, args.x, args.y)
}

export function steer(player: number, x: number, y: number): void {
  // Never trust a client's vector: slower than full speed is fine, faster would be cheating.
  const scale = 1 / Math.max(1, Math.hypot(x, y))
  Intent.x[player] = x * scale
  Intent.y[player] = y * scale
}

/** Moves everyone who is not frozen. */
export function movePlayers(world: ServerWorld): void {
  if (!isOnField(world)) return
  const carriers = new Set(query(world, [Flag]).map((flag) => Flag.carrier[flag]!))
  for (const player of query(world, [Player, Position])) {
    const x = Intent.x[player]!
    const y = Intent.y[player]!
    if (Math.hypot(x, y) < 0.05 || hasComponent(world, player, Frozen)) continue
    const boots = hasComponent(world, player, Swift) ? BOOTS_SPEED : 1
    const stride = ((carriers.has(player) ? CARRIER_SPEED : PLAYER_SPEED) * boots) / TICK_RATE
    Position.x[player]! += x * stride
    Position.y[player]! += y * stride
    const facing = direction(x, y)
    Facing.x[player] = facing.x
    Facing.y[player] = facing.y
    keepOutOfTrees(player)
    Position.x[player] = clamp(Position.x[player]!, PLAYER_RADIUS, FIELD.width - PLAYER_RADIUS)
    Position.y[player] = clamp(Position.y[player]!, PLAYER_RADIUS, FIELD.height - PLAYER_RADIUS)
  }
}

/** Pushes a player out of a tree to the nearest free position, so that players slide around trees. */
function keepOutOfTrees(player: number): void {
  for (const tree of TREES) {
    const x = Position.x[player]! - tree.x
    const y = Position.y[player]! - tree.y
    const distance = Math.hypot(x, y)
    const room = tree.radius + PLAYER_RADIUS
    if (distance >= room) continue
    // At the exact centre every direction is equally good.
    const out = distance === 0 ? { x: 1, y: 0 } : { x: x / distance, y: y / distance }
    Position.x[player] = tree.x + out.x * room
    Position.y[player] = tree.y + out.y * room
  }
}
