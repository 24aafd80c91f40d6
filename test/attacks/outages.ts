// Attacks by links that are silent: in turns, to pass the limit of an address, or in one direction alone.
import { createEntityIndex, hasComponent } from 'bitecs'
import { connectionOf } from 'bitecs-net'
import { Connected, Interrupted } from 'bitecs-net/components'
import { clientReceive, clientSend, type ClientWorld, connect, createClientWorld, runSystems } from 'bitecs-net/node'
import { type Relay, startRelay } from '../support/relay.js'
import type { Attack } from './attacks.js'
import { protocol, RATE } from './game.js'
import { pause } from './tools.js'

/** Clients of one address that the server admits. */
const LIMIT = 3
const TURNS = 2
const ADDRESS = '203.0.113.9'
/** The time-out of a silent link, in milliseconds, and what a busy machine may be late. */
const NOTICED_MS = 3000 + 800

/** An attacker's own time-out: it does not try other connections while it is silent. */
const PATIENCE_MS = 60_000

const entityIndex = createEntityIndex()
let relay: Relay | undefined
const worlds: ClientWorld[] = []

async function connectThrough(url: string, idleTimeout = 3000): Promise<void> {
  const world = createClientWorld(protocol, { entityIndex })
  await connect(world, { url, timeout: 10_000, idleTimeout })
  setInterval(() => runSystems(world, [...clientReceive, ...clientSend]), 1000 / RATE)
  worlds.push(world)
}

export const outageTasks = {
  /**
   * Connects as many as one address may have, and makes them silent; then others, in turns. In the end all are heard.
   */
  async takeTurns({ url }: { url: string }): Promise<void> {
    const relays: Relay[] = []
    for (let turn = 0; turn < TURNS; turn++) {
      const next = await startRelay({ upstream: url, forwardedFor: ADDRESS, seed: turn })
      relays.push(next)
      await Promise.all(Array.from({ length: LIMIT }, () => connectThrough(next.url, PATIENCE_MS)))
      if (turn === TURNS - 1) break
      // Both ways, so that no heartbeat of the server interrupts the attackers too: honest clients would try again.
      for (const link of [next.up, next.down]) link.set({ down: true })
      await pause(NOTICED_MS)
    }
    for (const { up, down } of relays) for (const link of [up, down]) link.set({ down: false })
    await pause(1500)
  },

  /** Connects one, whose packets are lost from then on; it hears the server. */
  async cutOneWay({ url }: { url: string }): Promise<void> {
    relay = await startRelay({ upstream: url })
    await connectThrough(relay.url)
    await pause(500)
    relay.up.set({ down: true })
  },

  lookAtClient(): { isInterrupted: boolean; isConnected: boolean } {
    const world = worlds[0]!
    const connection = connectionOf(world)
    return {
      isInterrupted: hasComponent(world, connection, Interrupted),
      isConnected: hasComponent(world, connection, Connected),
    }
  },

  restoreLink(): void {
    relay?.up.set({ down: false })
  },
}

export const OUTAGES: readonly Attack[] = [
  {
    name: 'clients of one address that are silent in turns',
    bare: 'none',
    isQuick: true,
    run: async ({ target, look, startAttacker }) => {
      const before = (await look()).sessions ?? 0
      const attacker = startAttacker()
      try {
        await attacker.ask('takeTurns', { url: target.url })
        const sessions = ((await look()).sessions ?? 0) - before
        return sessions > LIMIT ? `${sessions} sessions of an address that may have ${LIMIT}` : undefined
      } finally {
        await attacker.stop()
      }
    },
  },
  {
    name: 'a link that is dead from the client to the server alone',
    bare: 'none',
    isQuick: true,
    run: async ({ target, look, startAttacker }) => {
      const before = (await look()).interrupted ?? 0
      const attacker = startAttacker()
      try {
        await attacker.ask('cutOneWay', { url: target.url })
        await pause(NOTICED_MS)
        const { isInterrupted } = await attacker.ask('lookAtClient', undefined as never)
        const onServer = ((await look()).interrupted ?? 0) > before
        if (!isInterrupted || !onServer) return `it shows on the server: ${onServer}, on the client: ${isInterrupted}`
        await attacker.ask('restoreLink', undefined as never)
        await pause(2500)
        const after = await attacker.ask('lookAtClient', undefined as never)
        return after.isConnected && !after.isInterrupted ? undefined : 'the session does not go on when it is mended'
      } finally {
        await attacker.stop()
      }
    },
  },
]
