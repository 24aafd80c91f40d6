// Clients that play on and withhold one acknowledgement: of structure, or of the parts of large messages.
import { createEntityIndex } from 'bitecs'
import { drain, removed, sendMessage } from 'bitecs-net'
import { Connected } from 'bitecs-net/components'
import { clientReceive, clientSend, type ClientWorld, connect, createClientWorld, runSystems } from 'bitecs-net/node'
import { clientState } from '../../src/world/state.js'
import type { Attack, Attacked } from './attacks.js'
import { Ask, MEAL, protocol, RATE, Say, Shoot } from './game.js'
import { harmOf, pause, watch } from './tools.js'

/** Seconds in which the server must have closed every attacker. */
const LIMIT = 30
const READERS = 20

/** How attackers ended. */
interface Ends {
  /** The code of each that was closed. */
  readonly codes: readonly string[]
  /** When the last was, in seconds from the beginning. */
  readonly seconds: number
}

const text = new Uint8Array(MEAL)

async function connectAll(url: string, count: number): Promise<ClientWorld[]> {
  const entityIndex = createEntityIndex()
  const worlds: ClientWorld[] = []
  for (let i = 0; i < count; i++) {
    const world = createClientWorld(protocol, { entityIndex })
    await connect(world, { url, timeout: 30_000, reconnect: 'never' })
    worlds.push(world)
  }
  return worlds
}

/** Plays until all are closed, or the time is up. */
async function playOn(worlds: readonly ClientWorld[], act: (world: ClientWorld) => void): Promise<Ends> {
  const open = new Set(worlds)
  const codes: string[] = []
  const start = performance.now()
  const elapsed = (): number => (performance.now() - start) / 1000
  while (open.size > 0 && elapsed() < LIMIT) {
    for (const world of open) {
      runSystems(world, clientReceive)
      for (const { reason } of drain(world, removed(Connected))) {
        codes.push(reason)
        open.delete(world)
      }
      if (!open.has(world)) continue
      act(world)
      runSystems(world, clientSend)
    }
    await pause(1000 / RATE)
  }
  return { codes, seconds: Math.round(elapsed()) }
}

export const withholdingTasks = {
  /** Acknowledges no structure, has entities come and go, and is sent 20 KB of reliable data per second meanwhile. */
  async withholdStructure({ url }: { url: string }): Promise<Ends> {
    const worlds = await connectAll(url, 1)
    for (const world of worlds) {
      const { session } = clientState(world).session!
      const { structureTick } = session!
      Object.defineProperty(session, 'structureTick', { get: () => structureTick, set: () => {} })
    }
    return playOn(worlds, (world) => {
      sendMessage(world, Shoot, {})
      sendMessage(world, Say, { data: text })
    })
  },

  /** Acknowledges no part of a large message, while small ones wait behind it. */
  async withholdParts({ url, count }: { url: string; count: number }): Promise<Ends> {
    const worlds = await connectAll(url, count)
    for (const world of worlds) {
      clientState(world).incomingParts.write = () => {}
      sendMessage(world, Ask, {})
    }
    return playOn(worlds, () => {})
  },
}

/** Waits until the attackers are closed. Returns the harm, in words. */
async function judge({ look }: Attacked, count: number, attack: Promise<Ends>): Promise<string | undefined> {
  const { rss } = await look()
  const [{ codes, seconds }, worst] = await watch(look, attack)
  const closed = codes.filter((code) => code === 'stalled').length
  if (closed < count) return `${closed} of ${count} are closed as stalled within ${seconds} s (${codes.join(', ')})`
  if ((await look()).isOutOfSlots) return 'slots of entities ran out'
  return harmOf(worst, rss)
}

export const WITHHOLDING: readonly Attack[] = [
  {
    name: 'a client that acknowledges no structure while it is sent its own chat',
    bare: 'none',
    isQuick: false,
    run: async (attacked) => {
      const attacker = attacked.startAttacker()
      try {
        return await judge(attacked, 1, attacker.ask('withholdStructure', { url: attacked.target.url }))
      } finally {
        await attacker.stop()
      }
    },
  },
  {
    name: 'clients that acknowledge no part of a large message while more waits behind it',
    bare: 'none',
    isQuick: false,
    run: async (attacked) => {
      const attacker = attacked.startAttacker()
      try {
        const attacking = attacker.ask('withholdParts', { url: attacked.target.url, count: READERS })
        return await judge(attacked, READERS, attacking)
      } finally {
        await attacker.stop()
      }
    },
  },
]
