// Builds the page's own data for an entity when the server spawns its prefab, and removes it on despawn.
import { onSpawn } from 'bitecs-net/prefabs'
import type { ClientWorld } from 'bitecs-net/client'
import { Ball, BallPrefab, Flag, FlagPrefab, Player, PlayerPrefab, Position } from '../protocol.js'
import { BASES, type Team } from '../rules.js'
import { ICE, SNOW, TEAM_COLORS } from './colors.js'
import type { View } from './view.js'

/** A player's walking animation, derived from its position in the previous frame. */
export interface Gait {
  x: number
  y: number
  stride: number
}

/** A ball's trail: its latest positions, the newest last. */
export interface Trail {
  readonly color: string
  readonly places: { readonly x: number; readonly y: number }[]
}

const TRAIL_LENGTH = 9

export function buildSprites(world: ClientWorld, view: View): void {
  onSpawn(world, PlayerPrefab, ({ entity }) => {
    const [x, y] = [Position.x[entity]!, Position.y[entity]!]
    view.gaits.set(entity, { x, y, stride: 0 })
    view.particles.ring(x, y, TEAM_COLORS[Player.team[entity] as Team].base, 2.5)
    return () => {
      view.gaits.delete(entity)
      view.bubbles.delete(Player.id[entity]!)
    }
  })

  onSpawn(world, FlagPrefab, ({ entity }) => {
    const team = Flag.team[entity] as Team
    view.particles.ring(BASES[team].x, BASES[team].y, TEAM_COLORS[team].base, 5)
  })

  onSpawn(world, BallPrefab, ({ entity, args }) => {
    const color = args.icy ? ICE : TEAM_COLORS[Ball.team[entity] as Team].light
    view.trails.set(entity, { color, places: [] })
    view.particles.burst(Position.x[entity]!, Position.y[entity]!, SNOW, 5, 3)
    return () => view.trails.delete(entity)
  })
}

/** Adds each ball's position in this frame to its trail. */
export function followBalls(view: View): void {
  for (const [ball, { places }] of view.trails) {
    places.push({ x: Position.x[ball]!, y: Position.y[ball]! })
    if (places.length > TRAIL_LENGTH) places.shift()
  }
}
