// Our server, to be attacked: a game that runs, and can be looked at.
import { addComponent, addEntity, hasComponent } from 'bitecs'
import { drain, reply, sendMessage, stats, type TransportCounters } from 'bitecs-net'
import { Connection, Networked } from 'bitecs-net/components'
import { createServerWorld, listen, type ServerWorld } from 'bitecs-net/server'
import type { GeckosServerTransport } from '../../src/transport/geckos-server.js'
import { serverRole } from '../../src/world/state.js'
import { Echo, Feed, Meal, MEAL, MEALS, Poke, protocol, RATE, Word } from './game.js'

export interface OurState {
  /** Clients that are here, or about to be. */
  readonly connections: number
  /** Milliseconds that the latest of the steps since the last look came late. */
  readonly late: number
  /** Steps that came later than a whole step, since the last look. */
  readonly lateSteps: number
  /** Bytes in memory. */
  readonly rss: number
  readonly transport: TransportCounters
  /** All that a game can see of its connections, as text. */
  readonly visible: string
}

/** Bytes of the process, and those of JavaScript among them. */
export interface Memory {
  readonly rss: number
  readonly heap: number
}

const meal = new Uint8Array(MEAL).fill(1)
const eaters = new Set<number>()
let world: ServerWorld
let due = 0
let late = 0
let lateSteps = 0

function echo(of: ServerWorld): void {
  for (const { sender, args } of drain(of, Word)) sendMessage(of, Echo, args, { to: sender })
}

function answer(of: ServerWorld): void {
  for (const { id } of drain(of, Poke)) reply(of, id, {})
}

function feed(of: ServerWorld): void {
  for (const { sender } of drain(of, Feed)) eaters.add(sender)
  for (const eater of eaters) {
    if (!hasComponent(of, eater, Connection)) eaters.delete(eater)
    else for (let i = 0; i < MEALS; i++) sendMessage(of, Meal, { data: meal }, { to: eater })
  }
}

function measureLateness(): void {
  const now = performance.now()
  if (due > 0) {
    late = Math.max(late, now - due)
    if (now - due > 1000 / RATE) lateSteps++
  }
  due = now + 1000 / RATE
}

export const ourTasks = {
  async start(): Promise<{ port: number }> {
    world = createServerWorld(protocol, { tickRate: RATE })
    addComponent(world, addEntity(world), Networked)
    const server = await listen(world, {
      port: 0,
      host: '127.0.0.1',
      bindAddress: '127.0.0.1',
      // What ends a bare server, or hangs it.
      cors: {
        origin: ({ headers }) => {
          if (headers.origin === 'https://throw.example') throw new Error('the function of the game is broken')
          return undefined as never
        },
      },
      authorize: ({ header }) => {
        if (header === 'throw') throw new Error('the function of the game is broken')
        return header === 'hang' ? new Promise(() => {}) : { secret: 'hunter2' }
      },
      authorizationTimeout: 500,
      trustProxy: ['127.0.0.1'],
    })
    server.run([echo, answer, feed, measureLateness])
    return { port: server.port }
  },

  look(): OurState {
    const { transport, ...rest } = stats(world)
    const { connecting } = serverRole(world).transport as GeckosServerTransport
    const state = {
      connections: rest.connections + connecting,
      late,
      lateSteps,
      rss: process.memoryUsage().rss,
      transport,
      visible: JSON.stringify([rest, transport, Connection]),
    }
    late = lateSteps = 0
    return state
  },

  collect(): Memory {
    globalThis.gc?.()
    globalThis.gc?.()
    const { rss, heapUsed } = process.memoryUsage()
    return { rss, heap: heapUsed }
  },
}

export type OurTasks = typeof ourTasks
