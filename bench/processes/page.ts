// Runs two clients in a browser's page, a sender and an observer, so that one clock times both ends of a command.
import { createEntityIndex, query } from 'bitecs'
import { Networked } from '../../components/networked.js'
import { clientReceive, clientSend, connect, createClientWorld, runSystems } from '../../src/client.js'
import { drain, sendCommand } from '../../src/index.js'
import { clientState, type ClientWorld } from '../../src/world/state.js'
import { protocol, Shoot, Shot, Stamp } from './game.js'

/** What the scenario asks of the page. */
export interface PageTasks {
  connect(url: string): Promise<void>
  /** Sends so many commands, and resolves with the milliseconds until the observer had each. */
  command(count: number): Promise<number[]>
}

declare global {
  var pageTasks: PageTasks
}

const FRAME_MS = 16
/** No multiple of a tick, so that commands fall anywhere in one. */
const COMMAND_EVERY = 73

const worlds: ClientWorld[] = []
let arrived: number[] = []

function step(world: ClientWorld, observes: boolean): void {
  runSystems(world, clientReceive)
  const now = performance.now()
  for (const { args } of drain(world, Shot)) if (observes) arrived.push(now - args.sent)
  for (const _ of drain(world, Stamp)) void _
  runSystems(world, clientSend)
}

/**
 * Steps with every frame, and as soon as something arrives: outside of the network's callback, and with no timer's
 * delay.
 */
function run(world: ClientWorld, observes: boolean): void {
  const { port1, port2 } = new MessageChannel()
  let scheduled = false
  port1.addEventListener('message', () => {
    scheduled = false
    step(world, observes)
  })
  port1.start()
  clientState(world).transport!.onArrival = () => {
    if (scheduled) return
    scheduled = true
    port2.postMessage(undefined)
  }
  setInterval(() => step(world, observes), FRAME_MS)
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

globalThis.pageTasks = {
  async connect(url) {
    const entityIndex = createEntityIndex()
    for (const observes of [false, true]) {
      const world = createClientWorld(protocol, { entityIndex })
      await connect(world, { url })
      worlds.push(world)
      run(world, observes)
    }
    while (worlds.some((world) => query(world, [Networked]).length === 0)) await pause(FRAME_MS)
  },

  async command(count) {
    arrived = []
    const [sender] = worlds as [ClientWorld]
    for (let i = 0; i < count; i++) {
      const [target = 0] = query(sender, [Networked])
      sendCommand(sender, target, Shoot, { sent: performance.now(), x: 1, y: 2, z: 3 })
      runSystems(sender, clientSend)
      await pause(COMMAND_EVERY)
    }
    await pause(4 * COMMAND_EVERY)
    return arrived
  },
}
