// Bots: players without a screen, with the same library, commands and messages as everyone else.
import { hasComponent } from 'bitecs'
import { added, connectionOf, drain, ignore, sendCommand, sendMessage } from 'bitecs-net'
import { Connected, Connection } from 'bitecs-net/components'
import type { ClientWorld, System } from 'bitecs-net/node'
import { createMind, type Mind, type Temper } from './bots/mind.js'
import { decide } from './bots/decide.js'
import {
  Burst,
  Chat,
  FlagCaptured,
  FlagDropped,
  FlagReturned,
  FlagTaken,
  Frozen,
  Join,
  MatchOver,
  MatchStarted,
  Move,
  Player,
  PlayerInfo,
  PlayerJoined,
  PlayerLeft,
  Say,
  Tag,
  Tagged,
  Throw,
  YouWereFrozen,
  YouWereTagged,
} from './protocol.js'

export { protocol } from './protocol.js'

/** Decisions per second. */
export const rate = 20

const NAMES = [
  'Juniper',
  'Rowan',
  'Aspen',
  'Maple',
  'Hazel',
  'Alder',
  'Linden',
  'Birch',
  'Cedar',
  'Larch',
  'Elm',
  'Yew',
]
const CHEERS = ['woo!', 'yes!', 'go go go', 'nice one']
const SIGHS = ['argh!', 'oh no', 'next time', 'grr']

/** Makes one bot. All that is random about it follows from its number. */
export function createBot(world: ClientWorld, index: number, temper: Temper = 'fighters'): System<ClientWorld>[] {
  const mind = createMind(index, temper)
  ignoreTheRest(world)
  return [() => joinGame(world, index), () => comment(world, mind), () => play(world, mind)]
}

function joinGame(world: ClientWorld, index: number): void {
  const round = Math.floor(index / NAMES.length)
  const name = NAMES[index % NAMES.length]! + (round > 0 ? ` ${round + 1}` : '')
  for (const _ of drain(world, added(Connected))) sendMessage(world, Join, { name })
}

/** Has something to say about every capture. */
function comment(world: ClientWorld, mind: Mind): void {
  const me = ownPlayer(world)
  for (const { args } of drain(world, FlagCaptured)) {
    if (me === 0) continue
    const words = args.team === Player.team[me] ? CHEERS : SIGHS
    sendMessage(world, Say, { text: words[Math.floor(mind.random() * words.length)]! })
  }
}

/** What is meant for eyes alone. Calls that nobody drains would be reported as forgotten. */
function ignoreTheRest(world: ClientWorld): void {
  ignore(world, Burst, Tagged, YouWereFrozen, YouWereTagged)
  ignore(
    world,
    PlayerInfo,
    PlayerJoined,
    PlayerLeft,
    Chat,
    FlagTaken,
    FlagDropped,
    FlagReturned,
    MatchStarted,
    MatchOver,
  )
}

function play(world: ClientWorld, mind: Mind): void {
  const me = ownPlayer(world)
  if (me === 0 || hasComponent(world, me, Frozen)) return
  const { move, throwAt, tag } = decide(world, me, mind)
  sendCommand(world, me, Move, move)
  if (tag !== 0) sendCommand(world, me, Tag, { victim: tag })
  if (throwAt !== undefined) sendCommand(world, me, Throw, throwAt)
}

function ownPlayer(world: ClientWorld): number {
  return Connection.player[connectionOf(world)]!
}
