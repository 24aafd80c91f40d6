// Adds `gameSnapshot()` to the page's console: returns what this page sees of the game. Tests use it too.
import { hasComponent, observe, onAdd, query } from 'bitecs'
import { connectionOf } from 'bitecs-net'
import type { ClientWorld } from 'bitecs-net/client'
import { Connection, LocalPlayer } from 'bitecs-net/components'
import { Ball, Flag, Frozen, Game, Player, Position } from '../protocol.js'
import { nameOf, type View } from './view.js'

export interface GameSnapshot {
  readonly status: View['status']
  readonly scene: View['scene']
  /** Why the connection ended, or '' while it has not. */
  readonly reason: string
  /** The `Player.id` of this page's player, or 0. */
  readonly me: number
  readonly players: readonly PlayerSnapshot[]
  readonly flags: readonly { team: number; x: number; y: number; away: boolean; carrier: number }[]
  /** Snowballs that this page has seen so far, counted on spawn: one may land between two frames of a slow page. */
  readonly balls: number
  readonly scores: readonly [blue: number, orange: number]
  /** The feed as text, the newest line last. */
  readonly feed: readonly string[]
  readonly banner: string
  /** Milliseconds. */
  readonly roundTrip: number
}

export interface PlayerSnapshot {
  /** `Player.id`: the number of the player's connection. */
  readonly id: number
  readonly name: string
  readonly team: number
  /** Metres. */
  readonly x: number
  readonly y: number
  readonly frozen: boolean
  readonly captures: number
  readonly coins: number
  readonly ready: boolean
}

declare global {
  var gameSnapshot: () => GameSnapshot
}

/** Adds the function to the page. It returns a copy; `gameSnapshot().players` lists everyone. */
export function exposeGame(world: ClientWorld, view: View): void {
  let balls = 0
  observe(world, onAdd(Ball), () => void balls++)
  globalThis.gameSnapshot = () => takeSnapshot(world, view, balls)
}

function takeSnapshot(world: ClientWorld, view: View, balls: number): GameSnapshot {
  const [me] = query(world, [LocalPlayer])
  const [game] = query(world, [Game])
  return {
    status: view.status,
    scene: view.scene,
    reason: view.reason,
    me: me === undefined ? 0 : Player.id[me]!,
    players: [...query(world, [Player, Position])].map((player) => ({
      id: Player.id[player]!,
      name: nameOf(world, Player.id[player]!).text,
      team: Player.team[player]!,
      x: Position.x[player]!,
      y: Position.y[player]!,
      frozen: hasComponent(world, player, Frozen),
      captures: Player.captures[player]!,
      coins: Player.coins[player]!,
      ready: Player.ready[player] === 1,
    })),
    flags: [...query(world, [Flag, Position])].map((flag) => ({
      team: Flag.team[flag]!,
      x: Position.x[flag]!,
      y: Position.y[flag]!,
      away: Flag.away[flag] === 1,
      carrier: Flag.carrier[flag] === 0 ? 0 : Player.id[Flag.carrier[flag]!]!,
    })),
    balls,
    scores: game === undefined ? [0, 0] : [Game.blue[game]!, Game.orange[game]!],
    feed: view.feed.map((line) => line.map(({ text }) => text).join('')),
    banner: view.banner === undefined ? '' : `${view.banner.title}: ${view.banner.detail}`,
    roundTrip: Connection.roundTrip[connectionOf(world)]!,
  }
}
