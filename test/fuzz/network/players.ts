// Honest clients, while others are hostile: each says words and counts those that come back, and when the server is
// heard.
import { createEntityIndex } from 'bitecs'
import { drain, sendMessage, serverTick } from 'bitecs-net'
import { clientReceive, clientSend, type ClientWorld, connect, createClientWorld, runSystems } from 'bitecs-net/node'
import { Chat, protocol } from '../game-protocol.js'
import { RATE } from './server.js'

interface Player {
  readonly world: ClientWorld
  said: number
  heard: number
  /** Words that came back out of their order, or twice, or never. */
  wrong: number
  tick: number
  tickAt: number
}

export interface PlayersState {
  /** Players of whom every word up to those of the last second came back once and in order. */
  readonly playing: number
  readonly wrong: number
  /** Milliseconds from one tick of the server to the next, as the players heard of them, since the last look. */
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
