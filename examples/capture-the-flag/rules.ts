// The rules of the game in numbers, and the few lines of geometry that server, browser and bots share.
// Lengths are metres, speeds metres per second, times seconds.

export const TICK_RATE = 30

/** 0 plays on the left and wears blue, 1 plays on the right and wears orange. */
export type Team = 0 | 1
export const TEAM_NAMES = ['Blue', 'Orange'] as const
export type TeamName = (typeof TEAM_NAMES)[number]
/** A team may have so many players more than the other. */
export const TEAM_LEAD = 2
/** Whoever comes when the game is full watches. */
export const MAX_PLAYERS = 128

export const FIELD = { width: 48, height: 27 } as const
export const BASES = [
  { x: 5, y: 13.5 },
  { x: 43, y: 13.5 },
] as const
/** A flag brought within this distance of the base's middle is captured. */
export const BASE_RADIUS = 3

/** What stands in the way, the same for both sides when the field is turned half round. */
export const TREES = [
  { x: 24, y: 13.5, radius: 1.7 },
  { x: 24, y: 3.6, radius: 1.3 },
  { x: 24, y: 23.4, radius: 1.3 },
  { x: 15.5, y: 7, radius: 1.4 },
  { x: 32.5, y: 20, radius: 1.4 },
  { x: 14, y: 19.5, radius: 1.2 },
  { x: 34, y: 7.5, radius: 1.2 },
] as const

export const PLAYER_RADIUS = 0.8
export const PLAYER_SPEED = 8
/** A flag is heavy. */
export const CARRIER_SPEED = 7.4
export const TOUCH_DISTANCE = 1.5

export const BALL_RADIUS = 0.35
export const BALL_SPEED = 22
export const BALL_LIFE = 0.75
export const THROW_INTERVAL = 0.4

export const TAG_REACH = 2
/** What a tagger saw is a moment old when the command arrives; so much farther away a victim may be by then. */
export const TAG_TOLERANCE = 0.7

export const FREEZE_TIME = 1.5
/** After thawing, no ball freezes a player for so long. */
export const THAW_PROTECTION = 1
/** A tagged player sits in the own base for so long. */
export const TAG_PENALTY = 2

/** A flag that lies in the field for so long returns by itself. */
export const FLAG_RETURN_TIME = 12
export const CAPTURES_TO_WIN = 3
/** Between the last capture and the results, and between the results and the lobby. */
export const CELEBRATION = 2.5
export const RESULTS_PAUSE = 8
/** A match begins so soon when everyone is ready, and when somebody is. */
export const START_COUNTDOWN = 2
export const LOBBY_COUNTDOWN = 15

/** Coins at the beginning of a match, for a hit, a tag and a capture. */
export const COINS = { start: 2, hit: 1, tag: 2, capture: 3, most: 99 } as const
/** What the shop sells: the price in coins, and for how long it serves. */
export const ITEMS = {
  boots: { price: 2, seconds: 8 },
  ice: { price: 3, seconds: 12 },
} as const
export type Item = keyof typeof ITEMS
/** So many times as fast on boots, so many times as long in the ice. */
export const BOOTS_SPEED = 1.35
export const ICE_FREEZE = 2

export const NAME_LENGTH = 16
export const CHAT_LENGTH = 100

export function otherTeam(team: Team): Team {
  return team === 0 ? 1 : 0
}

/** Whose half a place is in. */
export function halfOf(x: number): Team {
  return x < FIELD.width / 2 ? 0 : 1
}

export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value))
}

/** The direction of a vector, as a vector of length 1, or 0 for none. Components never leave -1 to 1. */
export function direction(x: number, y: number): { x: number; y: number } {
  const length = Math.hypot(x, y)
  if (!(length > 0.001)) return { x: 0, y: 0 }
  return { x: clamp(x / length, -1, 1), y: clamp(y / length, -1, 1) }
}
