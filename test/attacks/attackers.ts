// Clients that harm by how much they send, or by how little they read, in a process of their own.
import { createEntityIndex } from 'bitecs'
import { sendMessage } from 'bitecs-net'
import { clientReceive, clientSend, connect, createClientWorld, runSystems } from 'bitecs-net/node'
import { connectRaw } from '../support/webrtc-raw.js'
import { floodCalls } from './call-flood.js'
import { Feed, FEED_WORD, protocol, RATE } from './game.js'
import { outageTasks } from './outages.js'
import { pause } from './tools.js'
import { withholdingTasks } from './withheld-acknowledgements.js'

interface Aim {
  readonly url: string
  /** The server is geckos as it comes. */
  readonly isBare: boolean
}

const PACKET = new Uint8Array(1100).fill(255)
/** Packets that are handed over between two looks at the queue, and how much of them may wait there. */
const BURST = 64
const MOST_WAITING = 1 << 20

export const attackerTasks = {
  floodCalls,
  ...outageTasks,
  ...withholdingTasks,

  /** Sends packets as fast as they leave, for so long. */
  async flood({ url, isBare, milliseconds }: Aim & { milliseconds: number }): Promise<void> {
    const client = await connectRaw(url, { channels: isBare ? 1 : 2 })
    const { unreliable } = client
    const end = performance.now() + milliseconds
    try {
      while (performance.now() < end && !client.isClosed()) {
        for (let i = 0; i < BURST; i++) unreliable.sendMessageBinary(PACKET)
        do await pause(0)
        while (!client.isClosed() && unreliable.bufferedAmount() > MOST_WAITING)
      }
    } catch {
      // The server has closed it.
    }
    client.close()
  },

  /** Connects so many, and has each sent as much as the game has for it. Then somebody stops this process. */
  async feed({ url, isBare, count }: Aim & { count: number }): Promise<void> {
    const entityIndex = createEntityIndex()
    for (let i = 0; i < count; i++) {
      if (isBare) {
        const { unreliable } = await connectRaw(url, { channels: 1 })
        unreliable.sendMessageBinary(FEED_WORD)
        continue
      }
      const world = createClientWorld(protocol, { entityIndex })
      await connect(world, { url, timeout: 30_000 })
      setInterval(() => runSystems(world, [...clientReceive, ...clientSend]), 1000 / RATE)
      sendMessage(world, Feed, {})
    }
    await pause(500)
  },
}

export type AttackerTasks = typeof attackerTasks
