// Honest clients that play while the server is attacked, in a process of their own.
import { createEntityIndex } from 'bitecs'
import { drain, sendMessage } from 'bitecs-net'
import { clientReceive, clientSend, type ClientWorld, connect, createClientWorld, runSystems } from 'bitecs-net/node'
import { Echo, protocol, RATE, Word } from './game.js'

interface Player {
  readonly world: ClientWorld
  said: number
  heard: number
}

export interface PlayersState {
  /** Players of whom every word up to the one of a moment ago came back. */
  readonly playing: number
  /** The longest time that one of them heard nothing in, in milliseconds, since the last look. */
  readonly silence: number
}

const players: Player[] = []
let silence = 0

function play(player: Player): void {
  const { world } = player
  let heardAt = performance.now()
  setInterval(() => {
    runSystems(world, clientReceive)
    const now = performance.now()
    for (const { args } of drain(world, Echo)) {
      player.heard = args.n
      heardAt = now
    }
    silence = Math.max(silence, now - heardAt)
    sendMessage(world, Word, { n: ++player.said })
    runSystems(world, clientSend)
  }, 1000 / RATE)
}

export const playerTasks = {
  async connect({ url, count }: { url: string; count: number }): Promise<void> {
    const entityIndex = createEntityIndex()
    for (let i = 0; i < count; i++) {
      const player = { world: createClientWorld(protocol, { entityIndex }), said: 0, heard: 0 }
      await connect(player.world, { url, timeout: 30_000 })
      play(player)
      players.push(player)
    }
  },

  look(): PlayersState {
    // A second's words may be on the way on a busy machine.
    const playing = players.filter(({ said, heard }) => heard > 0 && said - heard < RATE).length
    const state = { playing, silence }
    silence = 0
    return state
  },
}

export type PlayerTasks = typeof playerTasks
