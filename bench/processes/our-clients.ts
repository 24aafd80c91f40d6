// Runs many of the library's clients in one process, each with its own world, over real WebRTC.
import { createEntityIndex, query } from 'bitecs'
import { Networked } from '../../components/networked.js'
import { drain, sendCommand, sendMessage } from '../../src/index.js'
import { clientReceive, clientSend, connect, createClientWorld, runSystems } from '../../src/node-client.js'
import { clientState, type ClientWorld } from '../../src/world/state.js'
import { protocol, Say, Shoot, Shot, Stamp } from './game.js'
import type { OurClientTasks } from './roles.js'
import { sharedNow, TICK_MS } from './samples.js'

/** Connections that are made at the same time. */
const AT_ONCE = 8
/** Milliseconds between two commands; no multiple of a tick, so that they fall anywhere in one. */
const COMMAND_EVERY = 73
const CONNECT_LIMIT_MS = 30_000

let latencies: number[] = []
let shots: number[] = []

class Bot {
  private scheduled = false

  constructor(readonly world: ClientWorld) {}

  /** Steps in every tick, and as soon as something arrives. */
  run(): void {
    const { transport } = clientState(this.world)
    if (transport === undefined) return
    transport.onArrival = () => {
      if (this.scheduled) return
      this.scheduled = true
      setImmediate(() => {
        this.scheduled = false
        this.step()
      })
    }
    setInterval(() => this.step(), TICK_MS)
  }

  private step(): void {
    const { world } = this
    runSystems(world, clientReceive)
    const now = sharedNow()
    for (const { args } of drain(world, Stamp)) latencies.push(now - args.sent)
    for (const { args } of drain(world, Shot)) shots.push(now - args.sent)
    runSystems(world, clientSend)
  }

  /** Calls, and sends it at once. */
  shoot(): void {
    const { world } = this
    const [target] = query(world, [Networked])
    if (target === undefined) throw new Error('this client sees nothing')
    sendCommand(world, target, Shoot, { sent: sharedNow(), x: 1, y: 2, z: 3 })
    runSystems(world, clientSend)
  }

  say(count: number): void {
    for (let i = 0; i < count; i++) sendMessage(this.world, Say, { number: i + 1, x: i, y: 0.5 })
    runSystems(this.world, clientSend)
  }
}

const bots: Bot[] = []

export const ourClients: OurClientTasks = {
  async connect({ port, count }) {
    const entityIndex = createEntityIndex()
    const url = `http://127.0.0.1:${port}`
    const start = performance.now()
    let begun = 0
    const connectSome = async (): Promise<void> => {
      while (begun++ < count) {
        const world = createClientWorld(protocol, { entityIndex })
        await connect(world, { url, timeout: CONNECT_LIMIT_MS })
        const bot = new Bot(world)
        bots.push(bot)
        bot.run()
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, connectSome))
    return performance.now() - start
  },

  latencies() {
    const taken = latencies
    latencies = []
    return taken
  },

  async command({ milliseconds }) {
    shots = []
    for (let left = milliseconds, i = 0; left > 0; left -= COMMAND_EVERY, i++) {
      bots[i % bots.length]!.shoot()
      await new Promise((resolve) => setTimeout(resolve, COMMAND_EVERY))
    }
    await new Promise((resolve) => setTimeout(resolve, 4 * TICK_MS))
    return shots
  },

  async flood({ milliseconds, perTick }) {
    let sent = 0
    for (let left = milliseconds; left > 0; left -= TICK_MS) {
      for (const bot of bots) bot.say(perTick)
      sent += bots.length * perTick
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
    return sent
  },
}
