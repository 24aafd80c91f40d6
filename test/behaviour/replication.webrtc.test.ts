// Replication over real WebRTC that loses a fifth of its packets, doubles and reorders them.
import { afterEach } from 'vitest'
import { convergenceBehaviours } from '../support/behaviours-replication.js'
import { overWebRtc } from '../support/peers.js'
import { startRelay, type Relay } from '../support/relay.js'

const relays: Relay[] = []

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()))
})

convergenceBehaviours(
  'real WebRTC with loss',
  overWebRtc(async (upstream) => {
    const bad = { duplicate: 0.05, reorder: 0.1, reorderBy: 15, latency: 5 }
    const relay = await startRelay({ upstream, seed: 4, up: bad, down: bad })
    relays.push(relay)
    return {
      url: relay.url,
      // Connecting through loss takes seconds; what is tested here begins afterwards.
      opened: () => {
        relay.up.set({ loss: 0.2 })
        relay.down.set({ loss: 0.2 })
      },
    }
  }),
)
