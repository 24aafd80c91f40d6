// What both sides of the game share: the components that are replicated, the calls, and the messages.
import {
  bool,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  entity,
  quantized,
  replicate,
  string,
  u32,
  u8,
} from 'bitecs-net'
import { BALL_RADIUS, CHAT_LENGTH, FIELD, NAME_LENGTH } from './rules.js'

/** Entities that one process may hold: a server a few dozen, a process of many bots as many for each of them. */
const MAX = 16_384

export const Position = { x: new Float32Array(MAX), y: new Float32Array(MAX) }

/** Where a player looks: a direction of length 1. */
export const Facing = { x: new Float32Array(MAX), y: new Float32Array(MAX) }

export const Player = {
  /** The number of the player's connection. Messages name players by it, since it outlives the entity. */
  id: new Uint32Array(MAX),
  team: new Uint8Array(MAX),
  captures: new Uint8Array(MAX),
}

/** Tag: cannot move, throw, tag or carry anything away. */
export const Frozen = {}

export const Flag = {
  /** Whose it is. */
  team: new Uint8Array(MAX),
  /** The player who carries it, or 0. */
  carrier: new Uint32Array(MAX),
  /** 1 while it is not in its base. */
  away: new Uint8Array(MAX),
}

export const Ball = { team: new Uint8Array(MAX) }

/** One entity stands for the match. */
export const Match = {
  blue: new Uint8Array(MAX),
  orange: new Uint8Array(MAX),
  /** 1 between the last capture and the next match. */
  over: new Uint8Array(MAX),
}

/** The captures of each team, by team: `SCORES[team][match]`. */
export const SCORES = [Match.blue, Match.orange] as const

const along = quantized(-BALL_RADIUS, FIELD.width + BALL_RADIUS, 0.01)
const across = quantized(-BALL_RADIUS, FIELD.height + BALL_RADIUS, 0.01)
const unit = quantized(-1, 1, 0.01)

// Commands: what a player wants to do.

/** Run in a direction; 0, 0 stands still. It is sent again and again, so a lost one does no harm. */
export const Move = defineCommand({ x: unit, y: unit }, { channel: 'unreliable', rate: { perSecond: 100, burst: 50 } })
/** Throw a snowball in a direction. */
export const Throw = defineCommand({ x: unit, y: unit }, { rate: { perSecond: 3, burst: 2 } })
/** Tag an enemy who is near, in the own half. */
export const Tag = defineCommand({ victim: entity }, { rate: { perSecond: 5, burst: 3 } })

// Client RPCs: what everyone sees happen to an entity.

/** A snowball burst. */
export const Burst = defineClientRpc({ x: along, y: across, hit: bool })
/** A player was tagged here, and is in the own base from now on. */
export const Tagged = defineClientRpc({ x: along, y: across, by: entity })

// Target RPCs: what happens to you.

export const YouWereFrozen = defineTargetRpc({ by: entity })
export const YouWereTagged = defineTargetRpc({ by: entity })

// Messages: what is tied to no entity. `player` is a number of `Player.id`.

const name = string(NAME_LENGTH * 4)
const text = string(CHAT_LENGTH * 4)

/** Asks to play under a name; once playing, for another name. */
export const Join = defineMessage({ name }, { from: 'client', rate: { perSecond: 1, burst: 3 } })
export const Say = defineMessage({ text }, { from: 'client', rate: { perSecond: 1, burst: 5 } })

/** Who is who. Everyone gets one for each player, also those who come late. */
export const PlayerInfo = defineMessage({ player: u32, team: u8, name }, { from: 'server' })
export const PlayerJoined = defineMessage({ player: u32 }, { from: 'server' })
/** `lost`: the connection broke; else the player meant to go. */
export const PlayerLeft = defineMessage({ player: u32, lost: bool }, { from: 'server' })
export const Chat = defineMessage({ player: u32, text }, { from: 'server' })
export const FlagTaken = defineMessage({ flag: u8, player: u32 }, { from: 'server' })
export const FlagDropped = defineMessage({ flag: u8, player: u32 }, { from: 'server' })
/** `player` 0: it lay there for too long, or its carrier left. */
export const FlagReturned = defineMessage({ flag: u8, player: u32 }, { from: 'server' })
/** `team` scored, with the other team's flag. */
export const FlagCaptured = defineMessage({ team: u8, player: u32, blue: u8, orange: u8 }, { from: 'server' })
export const MatchStarted = defineMessage({ capturesToWin: u8 }, { from: 'server' })
export const MatchOver = defineMessage({ winner: u8, blue: u8, orange: u8, pause: u8 }, { from: 'server' })

export const protocol = defineProtocol({
  components: {
    Position: replicate(Position, { x: along, y: across }, { interpolate: true }),
    Facing: replicate(Facing, { x: unit, y: unit }, { interpolate: true }),
    Player: replicate(Player, { id: u32, team: u8, captures: u8 }),
    Frozen: replicate(Frozen),
    Flag: replicate(Flag, { team: u8, carrier: entity, away: bool }),
    Ball: replicate(Ball, { team: u8 }),
    Match: replicate(Match, { blue: u8, orange: u8, over: bool }),
  },
  remote: { Move, Throw, Tag, Burst, Tagged, YouWereFrozen, YouWereTagged },
  messages: {
    Join,
    Say,
    PlayerInfo,
    PlayerJoined,
    PlayerLeft,
    Chat,
    FlagTaken,
    FlagDropped,
    FlagReturned,
    FlagCaptured,
    MatchStarted,
    MatchOver,
  },
})
