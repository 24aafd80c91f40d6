// A game for the tests of the command: a mover for every client, a bell that anyone may ring, a system that can throw.
import { addComponent, addEntity } from 'bitecs'
import {
  added,
  defineCommand,
  defineMessage,
  defineProtocol,
  drain,
  f32,
  replicate,
  sendMessage,
  setOwner,
  setPlayer,
  string,
} from 'bitecs-net'
import { Connected, Networked } from 'bitecs-net/components'
import type { ServerWorld, System } from 'bitecs-net/server'

export const Place = { x: new Float32Array(10_000) }
export const Move = defineCommand({ x: f32 })
export const Say = defineMessage({ text: string(100) }, { from: 'both' })
export const protocol = defineProtocol({
  components: { Place: replicate(Place, { x: f32 }) },
  remote: { Move },
  messages: { Say },
})

export const tickRate: number = 30

let greeting = ''

export async function setup(): Promise<void> {
  greeting = await Promise.resolve('welcome')
}

const spawnPlayers: System<ServerWorld> = (world) => {
  for (const { entity: connection } of drain(world, added(Connected))) {
    const eid = addEntity(world)
    Place.x[eid] = 1
    addComponent(world, eid, Place)
    addComponent(world, eid, Networked)
    setOwner(world, eid, connection)
    setPlayer(world, connection, eid)
    sendMessage(world, Say, { text: greeting }, { to: connection })
  }
}

const movePlayers: System<ServerWorld> = (world) => {
  for (const { entity, args } of drain(world, Move)) Place.x[entity] = args.x
}

function answerTalk(world: ServerWorld): void {
  for (const { args } of drain(world, Say)) {
    if (args.text === 'throw') throw new Error('as asked')
    if (args.text === 'fail') void Promise.reject(new Error('as asked, later'))
    sendMessage(world, Say, { text: `heard ${args.text}` })
  }
}

export const systems: System<ServerWorld>[] = [spawnPlayers, movePlayers, answerTalk]
