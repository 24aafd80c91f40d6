// Runs the server of the fuzzing over a real network: it echoes players' words, gives each client a ship, and times its
// ticks.
import { closeSync, openSync, readSync } from 'node:fs'
import { addComponent, addEntity, query } from 'bitecs'
import { drain, NetworkErrors, sendMessage, setPlayer } from 'bitecs-net'
import { refuse, reply } from 'bitecs-net/requests'
import { stats, type NetworkStats } from 'bitecs-net/stats'
import { Connection, Networked, Ready } from 'bitecs-net/components'
import { createServerWorld, listen, type ServerWorld } from 'bitecs-net/server'
import { runSystems, serverReceive, serverSend } from 'bitecs-net/systems'
import {
  Aim,
  Bag,
  Blip,
  Blob,
  Chat,
  Craft,
  Dash,
  Health,
  Huge,
  Knock,
  Login,
  Look,
  Motion,
  Move,
  Pose,
  Position,
  protocol,
  Purse,
  Trade,
} from '../game-protocol.js'

export const RATE = 20

export interface ServerState {
  readonly connections: number
  readonly networked: number
  readonly counters: NetworkStats['counters']
  readonly transport: NetworkStats['transport']
  /**
   * The duration of each tick since the last reading, in milliseconds of processor time where the system reports it. On
   * a machine that hostile clients, players and server share, wall-clock time would measure their competition.
   */
  readonly ticks: readonly number[]
  /** The errors that ticks threw. */
  readonly thrown: readonly string[]
  readonly rss: number
}

const SHIP = [Position, Health, Motion, Aim, Bag, Look, Pose, Purse]
let world: ServerWorld
let step = 0
let ticks: number[] = []
const thrown: string[] = []

function play(of: ServerWorld): void {
  step++
  for (const { sender, args } of drain(of, Chat)) sendMessage(of, Chat, args, { to: sender })
  for (const { id, args } of drain(of, Trade)) {
    if (args.item % 2 === 0) reply(of, id, { gold: args.item, note: 'sold' })
    else refuse(of, id, 'broken')
  }
  for (const _ of drain(of, Move));
  for (const _ of drain(of, Dash));
  for (const _ of drain(of, Knock));
  for (const _ of drain(of, Craft));
  for (const _ of drain(of, Blip));
  for (const _ of drain(of, Login));
  for (const _ of drain(of, Blob));
  for (const _ of drain(of, Huge));
  for (const _ of drain(of, NetworkErrors));
  for (const connection of query(of, [Ready])) {
    const ship = Connection.player[connection]!
    if (ship === 0) launch(of, connection)
    else {
      Position.x[ship] = Math.sin(step / 7 + ship) * 90
      Health.hp[ship] = step & 0xffff
    }
  }
}

function launch(of: ServerWorld, connection: number): void {
  const ship = addEntity(of)
  for (const component of SHIP) addComponent(of, ship, component)
  addComponent(of, ship, Networked)
  setPlayer(of, connection, ship)
}

const SCHEDULING = `/proc/self/task/${process.pid}/schedstat`
const text = Buffer.alloc(64)

/** Processor time of this thread in milliseconds (Linux, sched-stats.rst); elsewhere the time of the clock. */
function timeOfThread(): number {
  try {
    const file = openSync(SCHEDULING, 'r')
    const length = readSync(file, text, 0, text.length, 0)
    closeSync(file)
    return Number(text.toString('latin1', 0, length).split(' ')[0]) / 1e6
  } catch {
    return performance.now()
  }
}

function tick(): void {
  const start = timeOfThread()
  try {
    runSystems(world, [...serverReceive, play, ...serverSend])
  } catch (error) {
    thrown.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  ticks.push(timeOfThread() - start)
}

export const serverTasks = {
  async start(): Promise<{ port: number }> {
    world = createServerWorld(protocol, { tickRate: RATE })
    const { port } = await listen(world, {
      port: 0,
      host: '127.0.0.1',
      network: { bindAddress: '127.0.0.1' },
      sessions: { resumeTime: 1000 },
    })
    setInterval(tick, 1000 / RATE)
    return { port }
  },

  look(): ServerState {
    const { connections, counters, transport } = stats(world)
    const networked = query(world, [Networked]).length
    const state = { connections, networked, counters, transport, ticks, thrown, rss: process.memoryUsage().rss }
    ticks = []
    return state
  },
}

export type ServerTasks = typeof serverTasks
