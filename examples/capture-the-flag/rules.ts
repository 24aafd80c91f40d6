// Defines the numbers of the game and the geometry that server, browser and bots share.
// Lengths are metres, speeds metres per second, times seconds.

export const TICK_RATE = 30

/** 0 is blue and plays on the left, 1 is orange and plays on the right. */
export type Team = 0 | 1
export const TEAM_NAMES = ['Blue', 'Orange'] as const
export type TeamName = (typeof TEAM_NAMES)[number]
/** The most players that one team may have more than the other. */
export const TEAM_LEAD = 2
/** Clients who join a full game can only watch. */
export const MAX_PLAYERS = 128

export const FIELD = { width: 48, height: 27 } as const
export const BASES = [
  { x: 5, y: 13.5 },
  { x: 43, y: 13.5 },
] as const
/** A flag brought within this distance of the base's middle is captured. */
export const BASE_RADIUS = 3

/** Obstacles. A half turn of the field leaves them unchanged, so neither team has an advantage. */
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
/** Carriers are slower: a flag is heavy. */
export const CARRIER_SPEED = 7.4
export const TOUCH_DISTANCE = 1.5

export const BALL_RADIUS = 0.35
export const BALL_SPEED = 22
export const BALL_LIFE = 0.75
export const THROW_INTERVAL = 0.4

export const TAG_REACH = 2
/** Extra reach on the server: a victim has moved on by the time the tagger's command arrives. */
export const TAG_TOLERANCE = 0.7

export const FREEZE_TIME = 1.5
/** The time after thawing in which no ball freezes the player. */
export const THAW_PROTECTION = 1
/** The time that a tagged player is held in the player's own base. */
export const TAG_PENALTY = 2

/** A flag returns to its base after lying on the field for this time. */
export const FLAG_RETURN_TIME = 12
export const CAPTURES_TO_WIN = 3
/** The pause between the last capture and the results, and between the results and the lobby. */
export const CELEBRATION = 2.5
export const RESULTS_PAUSE = 8
/** The countdown to a match when everyone is ready, and when only some players are. */
export const START_COUNTDOWN = 2
export const LOBBY_COUNTDOWN = 15

/** Coins at the beginning of a match, for a hit, a tag and a capture, and the most a player can have. */
export const COINS = { start: 2, hit: 1, tag: 2, capture: 3, most: 99 } as const
/** The items of the shop, with the price in coins and the duration. */
export const ITEMS = {
  boots: { price: 2, seconds: 8 },
  ice: { price: 3, seconds: 12 },
} as const
export type Item = keyof typeof ITEMS
/** Factors for the speed with boots and for the freeze time of a ball of ice. */
export const BOOTS_SPEED = 1.35
export const ICE_FREEZE = 2

export const NAME_LENGTH = 16
export const CHAT_LENGTH = 100

export function otherTeam(team: Team): Team {
  return team === 0 ? 1 : 0
}

/** Returns the team in whose half a position is. */
export function halfOf(x: number): Team {
  return x < FIELD.width / 2 ? 0 : 1
}

export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value))
}

/** Scales a vector to length 1, or to 0, 0 if it has no direction. Components always stay within -1 and 1. */
export function direction(x: number, y: number): { x: number; y: number } {
  const length = Math.hypot(x, y)
  if (!(length > 0.001)) return { x: 0, y: 0 }
  return { x: clamp(x / length, -1, 1), y: clamp(y / length, -1, 1) }
}
