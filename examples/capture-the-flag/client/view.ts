// What the page knows beyond the world's entities: names, the feed, what is announced, and how the connection is.
import { type Team, TEAM_NAMES } from '../rules.js'
import { Particles } from './particles.js'

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
  /** By the number of `Player.id`. */
  readonly people: Map<number, { readonly name: string; readonly team: Team }>
  /** The newest last. */
  readonly feed: FeedPart[][]
  /** Counts the lines that the feed ever had, so that the page knows when to show it anew. */
  feedLines: number
  /** Big, in the middle. */
  banner: Announcement | undefined
  /** Small, about oneself. */
  notice: Announcement | undefined
  /** What players say, over their heads. */
  readonly bubbles: Map<number, { readonly text: string; readonly until: number }>
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
    people: new Map(),
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

/** A player's name in the team's colour. */
export function nameOf(view: View, player: number): FeedPart {
  const known = view.people.get(player)
  return known === undefined ? { text: `Player ${player}` } : { text: known.name, team: known.team }
}

/** A team's flag in its colour. */
export function flagOf(team: Team): FeedPart {
  return { text: `${TEAM_NAMES[team]} flag`, team }
}
