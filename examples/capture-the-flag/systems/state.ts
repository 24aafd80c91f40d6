// Defines the server's own components, which are not in the protocol, and small functions that several systems use.
import { query } from 'bitecs'
import { serverTick } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import type { ServerWorld } from 'bitecs-net/server'
import { Game, Player } from '../protocol.js'
import { type Team, TICK_RATE } from '../rules.js'

/** The direction in which a player wants to run. */
export const Intent = { x: [] as number[], y: [] as number[] }
/** The ticks at which a player thaws, loses protection, may throw again, and loses bought items. */
export const Timers = {
  thawAt: [] as number[],
  protectedUntil: [] as number[],
  mayThrowAt: [] as number[],
  bootsUntil: [] as number[],
  iceUntil: [] as number[],
}

/** A ball's velocity, the tick when its flight ends, its thrower, and for how many seconds it freezes. */
export const Flight = {
  x: [] as number[],
  y: [] as number[],
  until: [] as number[],
  thrower: [] as number[],
  cold: [] as number[],
}

/** The tick at which a flag on the field returns by itself. */
export const FlagTimer = { returnAt: [] as number[] }

/** The phase of the game. `endsAt` is the tick in which the next phase begins, or 0 without a countdown. */
export const Course = {
  phase: [] as ('lobby' | 'match' | 'celebration' | 'results')[],
  endsAt: [] as number[],
  winner: [] as Team[],
  capturesToWin: [] as number[],
}

/** Returns the tick that is `seconds` from now. */
export function tickIn(world: ServerWorld, seconds: number): number {
  return serverTick(world) + Math.round(seconds * TICK_RATE)
}

export function teamOf(player: number): Team {
  return Player.team[player] as Team
}

/** Returns the entity that holds the game's state. */
export function gameOf(world: ServerWorld): number {
  return query(world, [Game])[0]!
}

/** Whether a match is being played. Hits, tags and captures only count then. */
export function isPlaying(world: ServerWorld): boolean {
  return Course.phase[gameOf(world)] === 'match'
}

/** Whether players can run: in a match, and in the celebration after it. */
export function isOnField(world: ServerWorld): boolean {
  return isPlaying(world) || Course.phase[gameOf(world)] === 'celebration'
}

export function isInLobby(world: ServerWorld): boolean {
  return Course.phase[gameOf(world)] === 'lobby'
}

/** Whether a client owns the player. The server's own bots have no owner. */
export function hasPerson(player: number): boolean {
  return Networked.owner[player] !== 0
}
