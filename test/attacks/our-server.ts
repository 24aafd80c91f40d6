// Our server, to be attacked: a game that runs, and can be looked at.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addComponent, addEntity, hasComponent, removeEntity } from 'bitecs'
import { drain, sendMessage } from 'bitecs-net'
import { reply } from 'bitecs-net/requests'
import { stats, type TransportCounters } from 'bitecs-net/stats'
import { Connection, Networked } from 'bitecs-net/components'
import { createServerWorld, listen, type ServerWorld } from 'bitecs-net/server'
import { Health } from '../../src/cli/operations/health.js'
import { Metrics } from '../../src/cli/operations/metrics.js'
import { createOperationsServer } from '../../src/cli/operations/operations-server.js'
import { createPageServer, limitPageSockets, startListening } from '../../src/cli/page-server.js'
import type { WebRtcServerTransport } from '../../src/transport/geckos/geckos-server.js'
import { serverState } from '../../src/world/state.js'
import { Ask, Echo, Feed, Meal, MEAL, MEALS, Poke, protocol, RATE, Say, SCROLL, Scroll, Shoot, Word } from './game.js'

export interface OurState {
  /** Clients that are here, or about to be. */
  readonly connections: number
  /** Milliseconds that the latest of the steps since the last look came late. */
  readonly late: number
  /** Steps that came later than a whole step, since the last look. */
  readonly lateSteps: number
  /**
   * The most CPU milliseconds of the event loop between two steps since the last look: other programs of a busy machine
   * do not count.
   */
  readonly busy: number
  /** Bytes in memory. */
  readonly rss: number
  /** Sessions that are open. */
  readonly sessions: number
  /** Of them, those whose links are broken. */
  readonly interrupted: number
  /** Whether an entity ever had to wait for a slot. */
  readonly isOutOfSlots: boolean
  readonly transport: TransportCounters
  /** All that a game can see of its connections, as text. */
  readonly visible: string
}

/** Bytes of the process, and those of JavaScript among them. */
export interface Memory {
  readonly rss: number
  readonly heap: number
}

/** Slots of entities: few, so that a client that keeps them from being used again is noticed soon. */
const SLOTS = 2048
/** Clients of one address. Those of this machine have no such limit, so the players may be more. */
export const ADDRESS_CLIENTS = 3
const SHOTS_PER_CALL = 2
const SHOT_TICKS = 5
/** Small messages in each step for everybody who has asked for a large one. */
const LINES = 20

const scroll = new Uint8Array(SCROLL)
const readers = new Set<number>()
const shots: number[][] = []
const meal = new Uint8Array(MEAL).fill(1)
const eaters = new Set<number>()
let world: ServerWorld
let due = 0
let late = 0
let lateSteps = 0
let busy = 0
let cpuBefore = 0

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

function talk(of: ServerWorld): void {
  for (const { sender, args } of drain(of, Say)) sendMessage(of, Meal, args, { to: sender })
}

function shoot(of: ServerWorld): void {
  const fired: number[] = []
  for (const _ of drain(of, Shoot)) {
    for (let i = 0; i < SHOTS_PER_CALL; i++) {
      const shot = addEntity(of)
      addComponent(of, shot, Networked)
      fired.push(shot)
    }
  }
  shots.push(fired)
  if (shots.length > SHOT_TICKS) for (const shot of shots.shift()!) removeEntity(of, shot)
}

function read(of: ServerWorld): void {
  for (const { sender } of drain(of, Ask)) {
    sendMessage(of, Scroll, { data: scroll }, { to: sender })
    readers.add(sender)
  }
  for (const reader of readers) {
    if (!hasComponent(of, reader, Connection)) readers.delete(reader)
    else for (let n = 0; n < LINES; n++) sendMessage(of, Echo, { n }, { to: reader })
  }
}

function measureLateness(): void {
  const now = performance.now()
  if (due > 0) {
    late = Math.max(late, now - due)
    if (now - due > 1000 / RATE) lateSteps++
  }
  due = now + 1000 / RATE
  const cpu = loopCpu()
  busy = Math.max(busy, cpu - cpuBefore)
  cpuBefore = cpu
}

/**
 * CPU milliseconds of the thread that runs the event loop. Threads that read files, collect garbage or decrypt make no
 * step late, so they are left out where the system tells threads apart.
 */
function loopCpu(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
}

/** A page with a large file, and a link that leads out of its folder. */
function createFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'bitecs-net-attacks-'))
  process.once('exit', () => rmSync(parent, { recursive: true, force: true }))
  const folder = join(parent, 'public')
  mkdirSync(folder)
  writeFileSync(join(folder, 'index.html'), '<title>the game</title>')
  writeFileSync(join(folder, 'large.bin'), Buffer.alloc(16 << 20))
  writeFileSync(join(parent, 'secret.txt'), 'SECRET')
  symlinkSync(join(parent, 'secret.txt'), join(folder, 'outside.txt'))
  return folder
}

export const ourTasks = {
  async start(): Promise<{ port: number; operationsPort: number }> {
    world = createServerWorld(protocol, { tickRate: RATE })
    addComponent(world, addEntity(world), Networked)
    Reflect.set(serverState(world).replication.entities, 'maxSlot', SLOTS)
    const page = createPageServer(createFolder())
    const server = await listen(world, {
      server: page,
      network: {
        bindAddress: '127.0.0.1', // What ends a bare server, or hangs it.
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
        handshakes: { addressClients: ADDRESS_CLIENTS },
      },
    })
    server.run([echo, answer, feed, talk, shoot, read, measureLateness])
    limitPageSockets(page, ['127.0.0.1'], () => {})
    const health = new Health()
    const operations = createOperationsServer(health, new Metrics('0.0.0', health), '127.0.0.1')
    return {
      port: await startListening(page, 0, '127.0.0.1'),
      operationsPort: await startListening(operations, 0, '127.0.0.1'),
    }
  },

  look(): OurState {
    const { transport, ...rest } = stats(world)
    const { connecting } = serverState(world).transport as WebRtcServerTransport
    const state = {
      connections: rest.connections + connecting,
      late,
      lateSteps,
      busy,
      rss: process.memoryUsage().rss,
      sessions: rest.connections,
      interrupted: rest.states.interrupted,
      isOutOfSlots: (rest.errors['too-many-entities'] ?? 0) > 0,
      transport,
      visible: JSON.stringify([rest, transport, Connection]),
    }
    late = lateSteps = busy = 0
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
