// Bots for the game of the command's tests: each moves its own player.
import { query } from 'bitecs'
import { sendCommand } from 'bitecs-net'
import { LocalPlayer } from 'bitecs-net/components'
import type { ClientWorld, System } from 'bitecs-net/node'
import { Move, Place } from './game.js'

export { protocol } from './game.js'

export const rate = 30

export function createBot(_world: ClientWorld, index: number): System<ClientWorld>[] {
  return [
    function moveOnce(world) {
      for (const eid of query(world, [LocalPlayer])) {
        if (Place.x[eid] !== 10 + index) sendCommand(world, eid, Move, { x: 10 + index })
      }
    },
  ]
}
