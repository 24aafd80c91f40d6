// Attacks over an open connection: heartbeats without end.
import { PING_BYTES } from '../../src/protocol/heartbeat.js'
import { PacketKind } from '../../src/protocol/packet-kind.js'
import { connectRaw } from '../support/webrtc-raw.js'
import type { Attack } from './attacks.js'
import { pause } from './tools.js'

const PINGS = 20_000
const ATTACK_MS = 2000
/** What one honest peer is answered in that time, and as much again. */
const MOST_ANSWERS = 700

export const LINK_ATTACKS: readonly Attack[] = [
  {
    name: 'heartbeats faster than any honest client sends them',
    bare: 'none',
    isQuick: true,
    run: async ({ target }) => {
      const client = await connectRaw(target.url)
      let answers = 0
      client.unreliable.onMessage((message) => {
        if (typeof message !== 'string' && new Uint8Array(message)[0] === PacketKind.Pong) answers++
      })
      const ping = new Uint8Array(PING_BYTES).fill(PacketKind.Ping)
      const end = performance.now() + ATTACK_MS
      try {
        for (let sent = 0; sent < PINGS && performance.now() < end && !client.isClosed(); sent += 100) {
          for (let i = 0; i < 100; i++) client.unreliable.sendMessageBinary(ping)
          await pause(5)
        }
        await pause(300)
      } catch {
        // The server has closed it.
      }
      client.close()
      return answers > MOST_ANSWERS ? `${answers} heartbeats are answered` : undefined
    },
  },
]
