// What only the server knows: components that are not in the protocol, and small questions that several systems ask.
import { query } from 'bitecs'
import { serverTick } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import type { ServerWorld } from 'bitecs-net/server'
import { Game, Player } from '../protocol.js'
import { type Team, TICK_RATE } from '../rules.js'

/** Where a player wants to run. */
export const Intent = { x: [] as number[], y: [] as number[] }
/** Until when a player is frozen, protected, out of snow, and what was bought lasts. In ticks. */
export const Timers = {
  thawAt: [] as number[],
  protectedUntil: [] as number[],
  mayThrowAt: [] as number[],
  bootsUntil: [] as number[],
  iceUntil: [] as number[],
}

/** How a ball flies, until which tick, who threw it, and for how many seconds it freezes. */
export const Flight = {
  x: [] as number[],
  y: [] as number[],
  until: [] as number[],
  thrower: [] as number[],
  cold: [] as number[],
}

/** From when on a flag in the field returns by itself. */
export const FlagTimer = { returnAt: [] as number[] }

/** How the game goes on. `endsAt`: the tick in which the next phase begins, or 0 while nothing is counted. */
export const Course = {
  phase: [] as ('lobby' | 'match' | 'celebration' | 'results')[],
  endsAt: [] as number[],
  winner: [] as Team[],
  capturesToWin: [] as number[],
}

/** The tick that is so many seconds away. */
export function tickIn(world: ServerWorld, seconds: number): number {
  return serverTick(world) + Math.round(seconds * TICK_RATE)
}

export function teamOf(player: number): Team {
  return Player.team[player] as Team
}

/** The one entity that stands for the game. */
export function gameOf(world: ServerWorld): number {
  return query(world, [Game])[0]!
}

/** While this is false, nothing counts. */
export function isPlaying(world: ServerWorld): boolean {
  return Course.phase[gameOf(world)] === 'match'
}

/** Whether players run about: in a match, and while they celebrate its end. */
export function isOnField(world: ServerWorld): boolean {
  return isPlaying(world) || Course.phase[gameOf(world)] === 'celebration'
}

export function isInLobby(world: ServerWorld): boolean {
  return Course.phase[gameOf(world)] === 'lobby'
}

/** Whether a player is somebody's: the server's own bots are nobody's. */
export function hasPerson(player: number): boolean {
  return Networked.owner[player] !== 0
}
