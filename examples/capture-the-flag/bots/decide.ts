// Decides a bot's next step: where to run, whom to tag, where to throw. Uses only what a client sees.
import { hasComponent, query, type World } from 'bitecs'
import { Flag, Frozen, Player, Position } from '../protocol.js'
import {
  BASES,
  clamp,
  direction,
  FIELD,
  halfOf,
  otherTeam,
  PLAYER_RADIUS,
  PLAYER_SPEED,
  TAG_REACH,
  type Team,
  TREES,
} from '../rules.js'
import type { Mind } from './mind.js'

interface Point {
  readonly x: number
  readonly y: number
}

export interface Decision {
  readonly move: Point
  readonly throwAt: Point | undefined
  /** The enemy to tag, or 0. */
  readonly tag: number
}

const THROW_RANGE = 10
const THROW_PAUSE = 24
const TAG_PAUSE = 6
const TAG_LUCK = 0.15
/** The distance below which a bot avoids an enemy. */
const FEARED = 7
/** The distance from the base within which a defender goes after intruders. */
const GUARDED = 6

/** Decides for one step. */
export function decide(world: World, me: number, mind: Mind): Decision {
  mind.throwPause = Math.max(0, mind.throwPause - 1)
  mind.tagPause = Math.max(0, mind.tagPause - 1)
  const enemies = [...query(world, [Player, Position])].filter((other) => Player.team[other] !== Player.team[me])
  const goal = chooseGoal(world, me, mind, enemies)
  const move = steer(world, me, goal, enemies)
  if (mind.temper === 'runners') return { move, tag: 0, throwAt: undefined }
  return { move, tag: chooseVictim(me, mind, enemies), throwAt: aim(world, me, mind, enemies) }
}

function chooseGoal(world: World, me: number, mind: Mind, enemies: readonly number[]): Point {
  const team = Player.team[me] as Team
  const home = BASES[team]
  if (isCarrying(world, me)) return viaLane(me, mind, home)
  const [own, theirs] = findFlags(world, team)
  if (own !== 0 && Flag.away[own] === 1 && (mind.defends || distance(me, at(own)) < 14)) return at(own)
  const intruder =
    mind.temper === 'runners'
      ? 0
      : nearest(
          me,
          enemies.filter((enemy) => halfOf(Position.x[enemy]!) === team),
        )
  const guards = mind.defends && intruder !== 0 && distance(intruder, home) < GUARDED
  if (guards || (intruder !== 0 && distance(me, at(intruder)) < 4 && halfOf(Position.x[me]!) === team)) {
    return at(intruder)
  }
  // A teammate already carries the flag: keep the way home clear.
  if (theirs !== 0 && Flag.carrier[theirs] !== 0) return { x: FIELD.width / 2, y: Position.y[theirs]! }
  return theirs === 0 ? home : viaLane(me, mind, at(theirs))
}

/** Crosses the middle on the bot's own lane, so that bots spread out. The lane changes each time it is near home. */
function viaLane(me: number, mind: Mind, goal: Point): Point {
  const x = Position.x[me]!
  if (distance(me, BASES[Player.team[me] as Team]) < 3) mind.lane = 3 + 21 * mind.random()
  const ahead = goal.x > x ? 1 : -1
  const toMiddle = (FIELD.width / 2 - x) * ahead
  return toMiddle > 3 ? { x: FIELD.width / 2 + 2 * ahead, y: mind.lane } : goal
}

/** Returns the direction to run: to the goal, around trees, and away from enemies who could tag the bot. */
function steer(world: World, me: number, goal: Point, enemies: readonly number[]): Point {
  const x = Position.x[me]!
  const y = Position.y[me]!
  const way = direction(goal.x - x, goal.y - y)
  let pullX = way.x
  let pullY = way.y
  for (const tree of TREES) {
    const toX = tree.x - x
    const toY = tree.y - y
    const near = Math.hypot(toX, toY) - tree.radius - PLAYER_RADIUS
    const ahead = toX * way.x + toY * way.y
    if (near > 2 || ahead < 0) continue
    // Pass the tree on the side where the bot already is.
    const side = toY * way.x - toX * way.y > 0 ? -1 : 1
    const strength = 1.2 * (1 - clamp(near, 0, 2) / 2)
    pullX -= side * way.y * strength
    pullY += side * way.x * strength
  }
  const inDanger = halfOf(x) !== Player.team[me]
  for (const enemy of enemies) {
    const gap = distance(me, at(enemy))
    if (!inDanger || gap > FEARED || hasComponent(world, enemy, Frozen)) continue
    const away = direction(x - Position.x[enemy]!, y - Position.y[enemy]!)
    pullX += away.x * 1.5 * (1 - gap / FEARED)
    pullY += away.y * 1.5 * (1 - gap / FEARED)
  }
  // Slow down close to the goal, or the bot would overshoot it again and again.
  const speed = clamp(distance(me, goal) / 0.5, 0, 1)
  const pull = direction(pullX, pullY)
  return { x: pull.x * speed, y: pull.y * speed }
}

function chooseVictim(me: number, mind: Mind, enemies: readonly number[]): number {
  if (mind.tagPause > 0) return 0
  const team = Player.team[me]
  const victim = nearest(
    me,
    enemies.filter((enemy) => halfOf(Position.x[enemy]!) === team),
  )
  if (victim === 0 || distance(me, at(victim)) > TAG_REACH) return 0
  mind.tagPause = TAG_PAUSE
  // Most attempts fail, so that bots are beatable.
  return mind.random() < TAG_LUCK ? victim : 0
}

/** Aims at the nearest enemy, with a deliberate error. */
function aim(world: World, me: number, mind: Mind, enemies: readonly number[]): Point | undefined {
  if (mind.throwPause > 0) return undefined
  const target = nearest(
    me,
    enemies.filter((enemy) => !hasComponent(world, enemy, Frozen)),
  )
  if (target === 0 || distance(me, at(target)) > THROW_RANGE) return undefined
  mind.throwPause = THROW_PAUSE + Math.floor(mind.random() * THROW_PAUSE)
  const miss = ((mind.random() - 0.5) * PLAYER_SPEED) / 2
  return direction(Position.x[target]! - Position.x[me]! + miss, Position.y[target]! - Position.y[me]! - miss)
}

/** Finds the bot's own flag and the enemy's, 0 where there is none. */
function findFlags(world: World, team: Team): [own: number, theirs: number] {
  const flags = query(world, [Flag, Position])
  const of = (wanted: Team): number => flags.find((flag) => Flag.team[flag] === wanted) ?? 0
  return [of(team), of(otherTeam(team))]
}

function isCarrying(world: World, me: number): boolean {
  return query(world, [Flag]).some((flag) => Flag.carrier[flag] === me)
}

function nearest(me: number, others: readonly number[]): number {
  let found = 0
  for (const other of others) if (found === 0 || distance(me, at(other)) < distance(me, at(found))) found = other
  return found
}

function at(entity: number): Point {
  return { x: Position.x[entity]!, y: Position.y[entity]! }
}

function distance(entity: number, to: Point): number {
  return Math.hypot(Position.x[entity]! - to.x, Position.y[entity]! - to.y)
}
