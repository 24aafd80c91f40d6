// Holds the page's state beyond the world's entities: scene, feed, announcements and the state of the connection.
import { query, type World } from 'bitecs'
import { Game, type Person } from '../protocol.js'
import { type Team, TEAM_NAMES } from '../rules.js'
import type { Drift } from './drifts.js'
import { Particles } from './particles.js'
import type { Gait, Trail } from './sprites.js'

export interface FeedPart {
  readonly text: string
  /** The team whose colour the text has, if any. */
  readonly team?: Team
}

export interface Announcement {
  readonly title: string
  readonly detail: string
  readonly team: Team | undefined
  /** The time when it disappears, in milliseconds of `performance.now`. */
  readonly until: number
}

export interface View {
  status: 'connecting' | 'playing' | 'ended'
  /** Why the connection ended, as a human-readable text. */
  reason: string
  /** The scene that is played, or 'none' until it is loaded. */
  scene: 'none' | 'lobby' | 'match' | 'results'
  /** The result of the last match. */
  result: { readonly winner: Team; readonly blue: number; readonly orange: number } | undefined
  /** The snow drifts of this match. A new array makes the stage repaint the field. */
  drifts: readonly Drift[]
  /** The page's own data of players and balls, by entity. */
  readonly gaits: Map<number, Gait>
  readonly trails: Map<number, Trail>
  /** Everyone in the game as of the last frame, or undefined before the first frame that shows them. */
  people: ReadonlyMap<number, Person> | undefined
  /** The lines of the feed, the newest last. */
  readonly feed: FeedPart[][]
  /** Counts all lines ever added, so that the page knows how many are new. */
  feedLines: number
  /** A large announcement in the middle of the page. */
  banner: Announcement | undefined
  /** A small announcement about this page's player. */
  notice: Announcement | undefined
  /** Chat messages above the players' heads, by `Player.id`. */
  readonly bubbles: Map<number, { readonly text: string; readonly team: boolean; readonly until: number }>
  /** `dust` is drawn below the players, `particles` above them. */
  readonly dust: Particles
  readonly particles: Particles
  /** How strongly the picture shakes, from 0 to 1. */
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

/** Returns a player's name in the team's colour. `player` is a `Player.id`, not an entity. */
export function nameOf(world: World, player: number): FeedPart {
  const [game] = query(world, [Game])
  const known = game === undefined ? undefined : Game.people[game]?.get(player)
  return known === undefined ? { text: 'someone' } : { text: known.name, team: TEAM_NAMES.indexOf(known.team) as Team }
}

/** Makes an announcement that is shown for `milliseconds`. */
export function announce(title: string, detail: string, team: Team | undefined, milliseconds: number): Announcement {
  return { title, detail, team, until: performance.now() + milliseconds }
}

/** Returns the name of a team's flag in the team's colour. */
export function flagOf(team: Team): FeedPart {
  return { text: `${TEAM_NAMES[team]} flag`, team }
}
