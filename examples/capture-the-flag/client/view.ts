// What the page knows beyond the world's entities: the scene, the feed, what is announced, and how the connection is.
import { query, type World } from 'bitecs'
import { Game, type Person } from '../protocol.js'
import { type Team, TEAM_NAMES } from '../rules.js'
import type { Drift } from './drifts.js'
import { Particles } from './particles.js'
import type { Gait, Trail } from './sprites.js'

export interface FeedPart {
  readonly text: string
  /** Whose colour it has, if any. */
  readonly team?: Team
}

export interface Announcement {
  readonly title: string
  readonly detail: string
  readonly team: Team | undefined
  /** When it goes away, in milliseconds of `performance.now`. */
  readonly until: number
}

export interface View {
  status: 'connecting' | 'playing' | 'ended'
  /** Why the connection ended, for people. */
  reason: string
  /** What is played, as far as it is loaded. */
  scene: 'none' | 'lobby' | 'match' | 'results'
  /** How the last match ended. */
  result: { readonly winner: Team; readonly blue: number; readonly orange: number } | undefined
  /** How the snow lies in this match. Another array is another field. */
  drifts: readonly Drift[]
  /** The local side of players and balls, by entity. */
  readonly gaits: Map<number, Gait>
  readonly trails: Map<number, Trail>
  /** Everyone in the game as of the last frame; undefined before the first that shows them. */
  people: ReadonlyMap<number, Person> | undefined
  /** The newest last. */
  readonly feed: FeedPart[][]
  /** Counts the lines that the feed ever had, so that the page knows when to show it anew. */
  feedLines: number
  /** Big, in the middle. */
  banner: Announcement | undefined
  /** Small, about oneself. */
  notice: Announcement | undefined
  /** What players say, over their heads. */
  readonly bubbles: Map<number, { readonly text: string; readonly team: boolean; readonly until: number }>
  /** Beneath the players, and above them. */
  readonly dust: Particles
  readonly particles: Particles
  /** How hard the picture shakes, from 0 to 1. */
  shake: number
}

const FEED_LINES = 60

export function createView(): View {
  return {
    status: 'connecting',
    reason: '',
    scene: 'none',
    result: undefined,
    drifts: [],
    gaits: new Map(),
    trails: new Map(),
    people: undefined,
    feed: [],
    feedLines: 0,
    banner: undefined,
    notice: undefined,
    bubbles: new Map(),
    dust: new Particles(),
    particles: new Particles(),
    shake: 0,
  }
}

export function addLine(view: View, ...parts: FeedPart[]): void {
  view.feed.push(parts)
  view.feedLines++
  if (view.feed.length > FEED_LINES) view.feed.shift()
}

/** A player's name in the team's colour; `player` is a number of `Player.id`. */
export function nameOf(world: World, player: number): FeedPart {
  const [game] = query(world, [Game])
  const known = game === undefined ? undefined : Game.people[game]?.get(player)
  return known === undefined ? { text: 'someone' } : { text: known.name, team: TEAM_NAMES.indexOf(known.team) as Team }
}

/** Shows something for so many milliseconds. */
export function announce(title: string, detail: string, team: Team | undefined, milliseconds: number): Announcement {
  return { title, detail, team, until: performance.now() + milliseconds }
}

/** A team's flag in its colour. */
export function flagOf(team: Team): FeedPart {
  return { text: `${TEAM_NAMES[team]} flag`, team }
}
