// Runs bots: clients without a screen that use the same library, commands and messages as human players.
import { hasComponent, query } from 'bitecs'
import { added, connectionOf, drain, ignore, sendCommand, sendMessage } from 'bitecs-net'
import { request } from 'bitecs-net/requests'
import { isScene, scenesOf } from 'bitecs-net/scenes'
import { Connected, Connection } from 'bitecs-net/components'
import type { ClientWorld, System } from 'bitecs-net/node'
import { decide } from './bots/decide.js'
import { createMind, type Mind, type Temper } from './bots/mind.js'
import { botName } from './bots/names.js'
import {
  Burst,
  Buy,
  Chat,
  FlagCaptured,
  FlagDropped,
  FlagReturned,
  FlagTaken,
  Frozen,
  GetReady,
  Icy,
  Join,
  Lobby,
  Match,
  MatchOver,
  Move,
  Player,
  Say,
  Swift,
  Tag,
  Tagged,
  Throw,
  YouWereFrozen,
  YouWereTagged,
} from './protocol.js'
import { ITEMS } from './rules.js'

export { protocol } from './protocol.js'

/** Decisions per second. */
export const rate = 20

const CHEERS = ['woo!', 'yes!', 'go go go', 'nice one']
const SIGHS = ['argh!', 'oh no', 'next time', 'grr']

/** Makes the systems of one bot. All its random choices are seeded by `index`. */
export function createBot(world: ClientWorld, index: number, temper: Temper = 'fighters'): System<ClientWorld>[] {
  const mind = createMind(index, temper)
  ignoreTheRest(world)
  return [
    () => joinGame(world, index),
    () => getReady(world, mind),
    () => comment(world, mind),
    () => play(world, mind),
  ]
}

function joinGame(world: ClientWorld, index: number): void {
  for (const _ of drain(world, added(Connected))) sendMessage(world, Join, { name: botName(index) })
}

/** Gets ready as soon as any player is, so that bots neither start a match alone nor delay one. */
function getReady(world: ClientWorld, mind: Mind): void {
  const me = ownPlayer(world)
  if (me === 0) return
  if (!isPlayed(world, Lobby)) mind.isReady = false
  else if (!mind.isReady && query(world, [Player]).some((player) => Player.ready[player] === 1)) {
    mind.isReady = true
    sendCommand(world, me, GetReady, { ready: true })
  }
}

/** Says something in the chat after every capture. */
function comment(world: ClientWorld, mind: Mind): void {
  const me = ownPlayer(world)
  for (const { args } of drain(world, FlagCaptured)) {
    if (me === 0) continue
    const words = args.team === Player.team[me] ? CHEERS : SIGHS
    sendMessage(world, Say, { text: words[Math.floor(mind.random() * words.length)]!, team: false })
  }
}

/** Discards calls that only matter on a screen. The library warns about calls that are never drained. */
function ignoreTheRest(world: ClientWorld): void {
  ignore(world, Burst, Tagged, YouWereFrozen, YouWereTagged)
  ignore(world, Chat, FlagTaken, FlagDropped, FlagReturned, MatchOver)
}

function play(world: ClientWorld, mind: Mind): void {
  const me = ownPlayer(world)
  if (me === 0 || !isPlayed(world, Match) || hasComponent(world, me, Frozen)) return
  const { move, throwAt, tag } = decide(world, me, mind)
  sendCommand(world, me, Move, move)
  if (tag !== 0) sendCommand(world, me, Tag, { victim: tag })
  if (throwAt !== undefined) sendCommand(world, me, Throw, throwAt)
  if (mind.temper === 'fighters') shop(world, me, mind)
}

/** Buys an item now and then, if the coins suffice. */
function shop(world: ClientWorld, me: number, mind: Mind): void {
  if (mind.random() > 0.02) return
  const item = mind.defends ? 'ice' : 'boots'
  const owned = hasComponent(world, me, item === 'ice' ? Icy : Swift)
  // The bot plays on whether the request succeeds or not.
  if (!owned && Player.coins[me]! >= ITEMS[item].price) request(world, me, Buy, { item }).catch(() => undefined)
}

function isPlayed(world: ClientWorld, scene: typeof Lobby | typeof Match): boolean {
  return scenesOf(world).some((one) => isScene(one, scene))
}

function ownPlayer(world: ClientWorld): number {
  return Connection.player[connectionOf(world)]!
}
