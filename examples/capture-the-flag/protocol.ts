// What both sides of the game share: components, kinds of entities, scenes, calls and messages.
import {
  bool,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  entity,
  enumOf,
  quantized,
  replicate,
  string,
  struct,
  u32,
  u8,
} from 'bitecs-net'
import { mapOf, type SyncMap } from 'bitecs-net/collections'
import { definePrefab } from 'bitecs-net/prefabs'
import { defineScene } from 'bitecs-net/scenes'
import { BALL_RADIUS, CHAT_LENGTH, FIELD, MAX_PLAYERS, NAME_LENGTH, TEAM_NAMES, type TeamName } from './rules.js'

/** Entities that one process may hold: a server a few dozen, a process of many bots as many for each of them. */
const MAX = 16_384

export const Position = { x: new Float32Array(MAX), y: new Float32Array(MAX) }

/** Where a player looks: a direction of length 1. */
export const Facing = { x: new Float32Array(MAX), y: new Float32Array(MAX) }

export const Player = {
  /** The number that messages and names go by: it outlives the entity. */
  id: new Uint32Array(MAX),
  team: new Uint8Array(MAX),
  captures: new Uint8Array(MAX),
  coins: new Uint8Array(MAX),
  /** 1: has pressed Play in the lobby. */
  ready: new Uint8Array(MAX),
}

/** Tag: cannot move, throw, tag or carry anything away. */
export const Frozen = {}
/** Tag: runs faster, on bought boots. */
export const Swift = {}
/** Tag: throws balls of ice. */
export const Icy = {}

export const Flag = {
  /** Whose it is. */
  team: new Uint8Array(MAX),
  /** The player who carries it, or 0. */
  carrier: new Uint32Array(MAX),
  /** 1 while it is not in its base. */
  away: new Uint8Array(MAX),
}

export const Ball = { team: new Uint8Array(MAX) }

/** One entity stands for the whole game, whatever scene is played. */
export const Game = {
  blue: new Uint8Array(MAX),
  orange: new Uint8Array(MAX),
  /** Seconds until the next scene begins, or 0 while nothing is counted. */
  countdown: new Uint8Array(MAX),
  /** Who is who, by `Player.id`. */
  people: [] as SyncMap<number, Person>[],
}

export interface Person {
  name: string
  team: TeamName
}

/** The captures of each team, by team: `SCORES[team][game]`. */
export const SCORES = [Game.blue, Game.orange] as const

// Prefabs: the kinds of entities. Each page builds its own side of them, see client/sprites.ts.

export const PlayerPrefab = definePrefab({ components: [Player, Position, Facing] })
export const FlagPrefab = definePrefab({ components: [Flag, Position] })
export const BallPrefab = definePrefab({ components: [Ball, Position], payload: { icy: bool } })

// Scenes: what is played, with what a page needs to know to show it.

export const Lobby = defineScene()
/** `seed`: the snow lies differently in every match. */
export const Match = defineScene({ capturesToWin: u8, seed: u32 })
export const Results = defineScene({ winner: u8, blue: u8, orange: u8 })

const team = enumOf(...TEAM_NAMES)
const name = string(NAME_LENGTH * 4)
const text = string(CHAT_LENGTH * 4)
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
/** In the lobby: wants to play, or rather not yet. */
export const GetReady = defineCommand({ ready: bool }, { rate: { perSecond: 3, burst: 5 } })

// Requests: commands that are answered.

/** Plays for a team from now on. `full`: the other one is too small for that. */
export const ChooseTeam = defineCommand(
  { team },
  { returns: { team }, refuses: ['full', 'playing'], rate: { perSecond: 3, burst: 5 } },
)
/** Buys something for coins; returns how many are left. */
export const Buy = defineCommand(
  { item: enumOf('boots', 'ice') },
  { returns: { coins: u8 }, refuses: ['too-poor', 'not-now'], rate: { perSecond: 5, burst: 5 } },
)

// Client RPCs: what everyone sees happen to an entity.

/** A snowball burst. */
export const Burst = defineClientRpc({ x: along, y: across, hit: bool })
/** A player was tagged here, and is in the own base from now on. */
export const Tagged = defineClientRpc({ x: along, y: across, by: entity })

// Target RPCs: what happens to you.

export const YouWereFrozen = defineTargetRpc({ by: entity })
export const YouWereTagged = defineTargetRpc({ by: entity })

// Messages: what is tied to no entity. `player` is a number of `Player.id`.

/** Asks to play under a name; once playing, for another name. */
export const Join = defineMessage({ name }, { from: 'client', rate: { perSecond: 1, burst: 3 } })
/** For everyone, or the own team alone. */
export const Say = defineMessage({ text, team: bool }, { from: 'client', rate: { perSecond: 1, burst: 5 } })

export const Chat = defineMessage({ player: u32, text, team: bool }, { from: 'server' })
export const FlagTaken = defineMessage({ flag: u8, player: u32 }, { from: 'server' })
export const FlagDropped = defineMessage({ flag: u8, player: u32 }, { from: 'server' })
/** `player` 0: it lay there for too long, or its carrier left. */
export const FlagReturned = defineMessage({ flag: u8, player: u32 }, { from: 'server' })
/** `team` scored, with the other team's flag. */
export const FlagCaptured = defineMessage({ team: u8, player: u32, blue: u8, orange: u8 }, { from: 'server' })
/** The match is decided; the results follow in a moment. */
export const MatchOver = defineMessage({ winner: u8, blue: u8, orange: u8 }, { from: 'server' })

export const protocol = defineProtocol({
  components: {
    Position: replicate(Position, { x: along, y: across }, { interpolate: true }),
    Facing: replicate(Facing, { x: unit, y: unit }, { interpolate: true }),
    Player: replicate(Player, { id: u32, team: u8, captures: u8, coins: u8, ready: bool }),
    Frozen: replicate(Frozen),
    Swift: replicate(Swift),
    Icy: replicate(Icy),
    Flag: replicate(Flag, { team: u8, carrier: entity, away: bool }),
    Ball: replicate(Ball, { team: u8 }),
    Game: replicate(Game, {
      blue: u8,
      orange: u8,
      countdown: u8,
      people: mapOf(u32, struct({ name, team }), MAX_PLAYERS),
    }),
  },
  prefabs: { PlayerPrefab, FlagPrefab, BallPrefab },
  scenes: { Lobby, Match, Results },
  remote: { Move, Throw, Tag, GetReady, ChooseTeam, Buy, Burst, Tagged, YouWereFrozen, YouWereTagged },
  messages: { Join, Say, Chat, FlagTaken, FlagDropped, FlagReturned, FlagCaptured, MatchOver },
})
