// Defines what server and clients share: components, prefabs, scenes, calls and messages.
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

/** Entities per process. A server needs a few dozen; a process with many bots needs that many for each bot. */
const MAX = 16_384

export const Position = { x: new Float32Array(MAX), y: new Float32Array(MAX) }

/** The direction in which a player looks, with a length of 1. */
export const Facing = { x: new Float32Array(MAX), y: new Float32Array(MAX) }

export const Player = {
  /** Identifies the player in messages and in `Game.people`. Messages may name it after the entity is gone. */
  id: new Uint32Array(MAX),
  team: new Uint8Array(MAX),
  captures: new Uint8Array(MAX),
  coins: new Uint8Array(MAX),
  /** 1 after the player has pressed Play in the lobby. */
  ready: new Uint8Array(MAX),
}

/** Tag: the player cannot move, throw, tag or take a flag. */
export const Frozen = {}
/** Tag: the player has bought boots and runs faster. */
export const Swift = {}
/** Tag: the player throws balls of ice. */
export const Icy = {}

export const Flag = {
  /** The team that owns it. */
  team: new Uint8Array(MAX),
  /** The entity of the player who carries it, or 0. */
  carrier: new Uint32Array(MAX),
  /** 1 while it is not in its base. */
  away: new Uint8Array(MAX),
}

export const Ball = { team: new Uint8Array(MAX) }

/** One entity holds the state of the whole game in every scene. */
export const Game = {
  blue: new Uint8Array(MAX),
  orange: new Uint8Array(MAX),
  /** Seconds until the next scene begins, or 0 without a countdown. */
  countdown: new Uint8Array(MAX),
  /** Names and teams of all players, by `Player.id`. */
  people: [] as SyncMap<number, Person>[],
}

export interface Person {
  name: string
  team: TeamName
}

/** The captures of each team, by team: `SCORES[team][game]`. */
export const SCORES = [Game.blue, Game.orange] as const

// Prefabs: the kinds of entities. Each page adds its own data to them, see client/sprites.ts.

export const PlayerPrefab = definePrefab({ components: [Player, Position, Facing] })
export const FlagPrefab = definePrefab({ components: [Flag, Position] })
export const BallPrefab = definePrefab({ components: [Ball, Position], payload: { icy: bool } })

// Scenes: their arguments are what a page needs to load and show them.

export const Lobby = defineScene()
/** Pages generate the snow drifts from `seed`, different in every match. */
export const Match = defineScene({ capturesToWin: u8, seed: u32 })
export const Results = defineScene({ winner: u8, blue: u8, orange: u8 })

const team = enumOf(...TEAM_NAMES)
const name = string(NAME_LENGTH * 4)
const text = string(CHAT_LENGTH * 4)
const along = quantized(-BALL_RADIUS, FIELD.width + BALL_RADIUS, 0.01)
const across = quantized(-BALL_RADIUS, FIELD.height + BALL_RADIUS, 0.01)
const unit = quantized(-1, 1, 0.01)

// Commands: a client asks for an action of an entity that its player owns. The server checks each one.

/** Run in a direction; 0, 0 stops. Pages repeat it, so a lost packet does no harm and `unreliable` is enough. */
export const Move = defineCommand({ x: unit, y: unit }, { channel: 'unreliable', rate: { perSecond: 100, burst: 50 } })
/** Throw a snowball in a direction. */
export const Throw = defineCommand({ x: unit, y: unit }, { rate: { perSecond: 3, burst: 2 } })
/** Tag an enemy within reach who is in the player's own half. */
export const Tag = defineCommand({ victim: entity }, { rate: { perSecond: 5, burst: 3 } })
/** In the lobby: be ready for the match, or no longer ready. */
export const GetReady = defineCommand({ ready: bool }, { rate: { perSecond: 3, burst: 5 } })

// Requests: commands with an answer.

/** Change to a team. Refused as `full` when that would leave the other team too small. */
export const ChooseTeam = defineCommand(
  { team },
  { returns: { team }, refuses: ['full', 'playing'], rate: { perSecond: 3, burst: 5 } },
)
/** Buy an item. The answer is the number of coins left. */
export const Buy = defineCommand(
  { item: enumOf('boots', 'ice') },
  { returns: { coins: u8 }, refuses: ['too-poor', 'not-now'], rate: { perSecond: 5, burst: 5 } },
)

// Client RPCs: events of an entity, sent to every client that sees it.

/** A snowball burst. */
export const Burst = defineClientRpc({ x: along, y: across, hit: bool })
/** A player was tagged here and is now back in the player's own base. */
export const Tagged = defineClientRpc({ x: along, y: across, by: entity })

// Target RPCs: events of an entity, sent only to the client that owns it.

export const YouWereFrozen = defineTargetRpc({ by: entity })
export const YouWereTagged = defineTargetRpc({ by: entity })

// Messages: calls that belong to no entity. `player` is a `Player.id`.

/** Ask to play under a name, or change the name while playing. */
export const Join = defineMessage({ name }, { from: 'client', rate: { perSecond: 1, burst: 3 } })
/** Send a chat message to everyone, or to the player's own team only. */
export const Say = defineMessage({ text, team: bool }, { from: 'client', rate: { perSecond: 1, burst: 5 } })

export const Chat = defineMessage({ player: u32, text, team: bool }, { from: 'server' })
export const FlagTaken = defineMessage({ flag: u8, player: u32 }, { from: 'server' })
export const FlagDropped = defineMessage({ flag: u8, player: u32 }, { from: 'server' })
/** `player` is 0 when the flag lay on the field for too long or its carrier left. */
export const FlagReturned = defineMessage({ flag: u8, player: u32 }, { from: 'server' })
/** `team` scored by capturing the other team's flag. */
export const FlagCaptured = defineMessage({ team: u8, player: u32, blue: u8, orange: u8 }, { from: 'server' })
/** The match is decided. The results scene follows shortly. */
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
