// Spawns the game's entities: `spawn` adds a prefab's components, `set` writes their values, and clients receive both.
import { addComponents, addEntity, hasComponent, query, removeComponent } from 'bitecs'
import { spawn } from 'bitecs-net/prefabs'
import { setScene } from 'bitecs-net/scenes'
import { Networked } from 'bitecs-net/components'
import type { ServerWorld } from 'bitecs-net/server'
import {
  Ball,
  BallPrefab,
  Facing,
  Flag,
  FlagPrefab,
  Frozen,
  Game,
  Icy,
  Match,
  Player,
  PlayerPrefab,
  Position,
  Swift,
} from '../protocol.js'
import { BALL_LIFE, BALL_SPEED, BASES, COINS, FREEZE_TIME, ICE_FREEZE, PLAYER_RADIUS, type Team } from '../rules.js'
import { Course, FlagTimer, Flight, Intent, teamOf, tickIn, Timers } from './state.js'

export function spawnGame(world: ServerWorld, capturesToWin: number): number {
  const game = addEntity(world)
  Course.capturesToWin[game] = capturesToWin
  Game.blue[game] = 0
  Game.orange[game] = 0
  Game.countdown[game] = 0
  addComponents(world, game, Game, Course, Networked)
  return game
}

/** Spawns a team's flag. It belongs to the `Match` scene, so it is removed when the match ends. */
export function spawnFlag(world: ServerWorld, team: Team): void {
  const set = (flag: number): void => {
    addComponents(world, flag, FlagTimer)
    Flag.team[flag] = team
    placeFlagHome(flag)
  }
  setScene(world, spawn(world, FlagPrefab, {}, { set }), Match)
}

export function placeFlagHome(flag: number): void {
  const { x, y } = BASES[Flag.team[flag] as Team]
  Position.x[flag] = x
  Position.y[flag] = y
  Flag.carrier[flag] = 0
  Flag.away[flag] = 0
}

export function spawnPlayer(world: ServerWorld, id: number, team: Team): number {
  const set = (player: number): void => {
    addComponents(world, player, Intent, Timers)
    Player.id[player] = id
    Player.team[player] = team
    Player.ready[player] = 0
    resetPlayer(world, player)
  }
  return spawn(world, PlayerPrefab, {}, { set })
}

/** Resets a player for the beginning of a match. */
export function resetPlayer(world: ServerWorld, player: number): void {
  Player.captures[player] = 0
  Player.coins[player] = COINS.start
  for (const timer of Object.values(Timers)) timer[player] = 0
  for (const state of [Frozen, Swift, Icy]) removeComponent(world, player, state)
  placePlayerHome(world, player)
}

/** Puts a player into the player's own base, at the spot farthest from all others. */
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

/** Spawns a snowball that a player throws in a direction. */
export function spawnBall(world: ServerWorld, thrower: number, x: number, y: number): void {
  const icy = hasComponent(world, thrower, Icy)
  const set = (ball: number): void => {
    addComponents(world, ball, Flight)
    Ball.team[ball] = Player.team[thrower]!
    Position.x[ball] = Position.x[thrower]! + x * PLAYER_RADIUS
    Position.y[ball] = Position.y[thrower]! + y * PLAYER_RADIUS
    Flight.x[ball] = x * BALL_SPEED
    Flight.y[ball] = y * BALL_SPEED
    Flight.until[ball] = tickIn(world, BALL_LIFE)
    Flight.thrower[ball] = thrower
    Flight.cold[ball] = icy ? FREEZE_TIME * ICE_FREEZE : FREEZE_TIME
  }
  setScene(world, spawn(world, BallPrefab, { icy }, { set }), Match)
}
