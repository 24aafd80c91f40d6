// Three clients that flood one command with plain `sendCommand`, and two honest ones whose requests of it must all be
// answered.
import { createEntityIndex, query } from 'bitecs'
import { sendCommand } from 'bitecs-net'
import { request } from 'bitecs-net/requests'
import { Networked } from 'bitecs-net/components'
import { clientReceive, clientSend, type ClientWorld, connect, createClientWorld, runSystems } from 'bitecs-net/node'
import type { Attack } from './attacks.js'
import { Poke, protocol, RATE } from './game.js'
import { pause } from './tools.js'

const FLOODERS = 3
const HONEST = 2
/** Calls that a client may send at once; the bucket is full again after two seconds. */
const BURST = 4000
const FRAMES_BETWEEN_BURSTS = 2.2 * RATE
const FRAMES = 5 * RATE
const REQUESTS_PER_FRAME = 10

/**
 * Plays for five seconds. Returns how many requests of the honest clients were made, and how many were not answered.
 */
export async function floodCalls({ url }: { url: string }): Promise<{ made: number; lost: number }> {
  const entityIndex = createEntityIndex()
  const worlds: ClientWorld[] = []
  for (let i = 0; i < FLOODERS + HONEST; i++) {
    const world = createClientWorld(protocol, { entityIndex })
    await connect(world, { url, timeout: 30_000 })
    worlds.push(world)
  }
  let made = 0
  let lost = 0
  for (let frame = 0; frame < FRAMES + RATE; frame++) {
    for (const [i, world] of worlds.entries()) {
      runSystems(world, clientReceive)
      const target = query(world, [Networked])[0]
      if (target !== undefined && frame < FRAMES) {
        if (i < FLOODERS) {
          if (frame % FRAMES_BETWEEN_BURSTS === 0) for (let n = 0; n < BURST; n++) sendCommand(world, target, Poke)
        } else {
          for (let n = 0; n < REQUESTS_PER_FRAME; n++) {
            made++
            request(world, target, Poke).catch(() => void lost++)
          }
        }
      }
      runSystems(world, clientSend)
    }
    await pause(1000 / RATE)
  }
  return { made, lost }
}

export const CALL_FLOOD: Attack = {
  name: 'calls of three clients that fill the queue of a command',
  bare: 'harmed',
  isQuick: false,
  run: async ({ target, isBare, look, startAttacker }) => {
    const attacker = startAttacker()
    try {
      if (!isBare) {
        const { made, lost } = await attacker.ask('floodCalls', { url: target.url })
        return made > 0 && lost === 0 ? undefined : `${lost} of ${made} requests of honest clients are lost`
      }
      const before = (await look()).rss
      await attacker.ask('flood', { url: target.url, isBare, milliseconds: 3000 })
      const grown = (await look()).rss - before
      return grown > 32 << 20 ? `what arrives waits without a bound: ${grown >> 20} MB more` : undefined
    } finally {
      await attacker.stop()
    }
  },
}
