// Runs bots inside the server, for the offline game. They decide like other bots, but act without sending commands.
import { addComponent, hasComponent, query } from 'bitecs'
import type { ServerWorld } from 'bitecs-net/server'
import { decide } from '../bots/decide.js'
import { createMind, type Mind } from '../bots/mind.js'
import { botName } from '../bots/names.js'
import { Frozen, Player } from '../protocol.js'
import { throwBall } from './balls.js'
import { steer } from './movement.js'
import { admit } from './roster.js'
import { hasPerson, isInLobby, isPlaying } from './state.js'
import { tagIntruder } from './tags.js'

/** Marks players that are bots of the server. */
const HouseBot = { mind: [] as Mind[] }
/** The first `Player.id` of these bots, higher than the number of any connection. */
const FIRST_ID = 1_000_000

export function addHouseBots(world: ServerWorld, count: number): void {
  for (let index = 0; index < count; index++) {
    const bot = admit(world, FIRST_ID + index, botName(index), 0)
    addComponent(world, bot, HouseBot)
    HouseBot.mind[bot] = createMind(index, 'fighters')
  }
}

/** Decides and acts for each of these bots. */
export function playHouseBots(world: ServerWorld): void {
  const someoneIsReady = query(world, [Player]).some((player) => hasPerson(player) && Player.ready[player] === 1)
  for (const bot of query(world, [HouseBot, Player])) {
    if (isInLobby(world)) Player.ready[bot] = someoneIsReady ? 1 : 0
    if (!isPlaying(world) || hasComponent(world, bot, Frozen)) continue
    const { move, throwAt, tag } = decide(world, bot, HouseBot.mind[bot]!)
    steer(bot, move.x, move.y)
    if (tag !== 0) tagIntruder(world, bot, tag)
    if (throwAt !== undefined) throwBall(world, bot, throwAt.x, throwAt.y)
  }
}
