// What only the server knows: components that are not in the protocol, and small questions that several systems ask.
import { query } from 'bitecs'
import { serverTick } from 'bitecs-net'
import type { ServerWorld } from 'bitecs-net/server'
import { Match, Player } from '../protocol.js'
import { type Team, TICK_RATE } from '../rules.js'

/** On the connection of someone who plays: the name. */
export const Profile = { name: [] as string[] }

/** Where a player wants to run, and until when the player is frozen, protected, or out of snow. In ticks. */
export const Intent = { x: [] as number[], y: [] as number[] }
export const Timers = { thawAt: [] as number[], protectedUntil: [] as number[], mayThrowAt: [] as number[] }

/** How a ball flies, until which tick, and who threw it. */
export const Flight = {
  x: [] as number[],
  y: [] as number[],
  until: [] as number[],
  thrower: [] as number[],
}

/** From when on a flag in the field returns by itself. */
export const FlagTimer = { returnAt: [] as number[] }

/** When the next match begins, between two. */
export const MatchTimer = { startAt: [] as number[] }

/** The tick that is so many seconds away. */
export function tickIn(world: ServerWorld, seconds: number): number {
  return serverTick(world) + Math.round(seconds * TICK_RATE)
}

export function teamOf(player: number): Team {
  return Player.team[player] as Team
}

/** The one entity that stands for the match. */
export function matchOf(world: ServerWorld): number {
  return query(world, [Match])[0]!
}

/** While this is false, players run about, but nothing counts. */
export function isPlaying(world: ServerWorld): boolean {
  return Match.over[matchOf(world)] === 0
}
