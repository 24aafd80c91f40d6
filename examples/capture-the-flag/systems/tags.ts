// Tags enemies who are in the tagger's half and within reach: they drop the flag and are held in their base.
import { hasComponent } from 'bitecs'
import { drain, sendRpc, sendTargetRpc } from 'bitecs-net'
import type { ServerWorld } from 'bitecs-net/server'
import { Frozen, Player, Position, Tag, Tagged, YouWereTagged } from '../protocol.js'
import { COINS, halfOf, TAG_PENALTY, TAG_REACH, TAG_TOLERANCE } from '../rules.js'
import { earn } from './coins.js'
import { dropFlagsOf } from './flags.js'
import { freeze } from './freeze.js'
import { placePlayerHome } from './spawn.js'
import { hasPerson, isPlaying, teamOf } from './state.js'

/** Handles `Tag` commands. */
export function tagIntruders(world: ServerWorld): void {
  for (const { entity: tagger, args } of drain(world, Tag)) tagIntruder(world, tagger, args.victim)
}

export function tagIntruder(world: ServerWorld, tagger: number, victim: number): void {
  if (isPlaying(world) && mayTag(world, tagger, victim)) tag(world, tagger, victim)
}

/** Checks everything about the victim, because a client may name any entity of the world, or none. */
function mayTag(world: ServerWorld, tagger: number, victim: number): boolean {
  if (victim === 0 || !hasComponent(world, victim, Player)) return false
  if (hasComponent(world, tagger, Frozen)) return false
  const team = teamOf(tagger)
  if (team === teamOf(victim) || halfOf(Position.x[victim]!) !== team) return false
  const x = Position.x[victim]! - Position.x[tagger]!
  const y = Position.y[victim]! - Position.y[tagger]!
  return Math.hypot(x, y) <= TAG_REACH + TAG_TOLERANCE
}

function tag(world: ServerWorld, tagger: number, victim: number): void {
  dropFlagsOf(world, victim)
  sendRpc(world, victim, Tagged, { x: Position.x[victim]!, y: Position.y[victim]!, by: tagger })
  if (hasPerson(victim)) sendTargetRpc(world, victim, YouWereTagged, { by: tagger })
  earn(tagger, COINS.tag)
  placePlayerHome(world, victim)
  freeze(world, victim, TAG_PENALTY)
}
