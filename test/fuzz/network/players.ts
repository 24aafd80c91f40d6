// Runs honest clients while others are hostile: each sends words, counts the echoed ones, and measures server ticks.
import { createEntityIndex } from 'bitecs'
import { drain, sendMessage, serverTick } from 'bitecs-net'
import { clientReceive, clientSend, type ClientWorld, connect, createClientWorld, runSystems } from 'bitecs-net/node'
import { Chat, protocol } from '../game-protocol.js'
import { RATE } from './server.js'

interface Player {
  readonly world: ClientWorld
  said: number
  heard: number
  /** Words that were echoed out of order, twice, or never. */
  wrong: number
  tick: number
  tickAt: number
}

export interface PlayersState {
  /** Players whose words, except those of the last second, were all echoed once and in order. */
  readonly playing: number
  readonly wrong: number
  /** Milliseconds between server ticks, as players received them, since the last reading. */
  readonly intervals: readonly number[]
}

const players: Player[] = []
let intervals: number[] = []

function frame(player: Player): void {
  const { world } = player
  runSystems(world, clientReceive)
  for (const { args } of drain(world, Chat)) {
    if (args.text !== `word ${++player.heard}`) player.wrong++
  }
  const tick = serverTick(world)
  if (tick > player.tick) {
    const now = performance.now()
    if (player.tick > 0) intervals.push((now - player.tickAt) / (tick - player.tick))
    player.tick = tick
    player.tickAt = now
  }
  if (player.said - player.heard < 10 * RATE) sendMessage(world, Chat, { text: `word ${++player.said}` })
  runSystems(world, clientSend)
}

export const playerTasks = {
  async connect({ url, count }: { url: string; count: number }): Promise<void> {
    const entityIndex = createEntityIndex()
    for (let i = 0; i < count; i++) {
      const world = createClientWorld(protocol, { entityIndex })
      await connect(world, { url, timeout: 30_000 })
      const player = { world, said: 0, heard: 0, wrong: 0, tick: 0, tickAt: 0 }
      players.push(player)
      setInterval(() => frame(player), 1000 / RATE)
    }
  },

  look(): PlayersState {
    const playing = players.filter(({ said, heard }) => heard > 0 && said - heard < 2 * RATE).length
    const wrong = players.reduce((sum, player) => sum + player.wrong, 0)
    const state = { playing, wrong, intervals }
    intervals = []
    return state
  },
}

export type PlayerTasks = typeof playerTasks
