// Gives each client a dot and moves it where its player clicks.
import { addComponents, addEntity } from 'bitecs'
import { added, drain, setPlayer } from 'bitecs-net'
import { Networked, Ready } from 'bitecs-net/components'
import type { ServerWorld, System } from 'bitecs-net/server'
import { Go, Position, protocol } from './protocol.js'

function join(world: ServerWorld): void {
  for (const { entity: connection } of drain(world, added(Ready))) {
    const dot = addEntity(world)
    Position.x[dot] = Math.random() * 100
    Position.y[dot] = Math.random() * 100
    addComponents(world, dot, Position, Networked)
    setPlayer(world, connection, dot)
  }
}

function move(world: ServerWorld): void {
  for (const { entity: dot, args } of drain(world, Go)) {
    Position.x[dot] = args.x
    Position.y[dot] = args.y
  }
}

export { protocol }
export const systems: System<ServerWorld>[] = [join, move]
