// The soak's bad network, in a process of its own, so that it measures nothing but the game.
import type { Conditions } from '../../src/testing.js'
import { type Relay, startRelay } from '../support/relay.js'

let relay: Relay | undefined

export const relayTasks = {
  async start({ upstream, loss }: { upstream: string; loss: number }): Promise<{ url: string }> {
    await relay?.close()
    relay = await startRelay({ upstream, seed: 7, up: { loss }, down: { loss } })
    return { url: relay.url }
  },

  set(conditions: Partial<Conditions>): void {
    relay!.up.set(conditions)
    relay!.down.set(conditions)
  },

  counts(): { seen: number; lost: number } {
    const { up, down } = relay!
    return { seen: up.seen + down.seen, lost: up.lost + down.lost }
  },
}

export type RelayTasks = typeof relayTasks
