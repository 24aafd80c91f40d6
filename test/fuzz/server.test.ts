// Sends thousands of hostile packets to a server before the hello and before the welcome: other clients are served
// correctly. Packets after the welcome are in campaign.test.ts.
import { stats } from 'bitecs-net/stats'
import { type AuthenticationRequest } from 'bitecs-net/users'
import type { TestClient } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/transport/random.js'
import { Channel } from '../../src/transport/transport.js'
import { capture, type Captured, transportOf } from '../unit/world/tap.js'
import { FuzzGame } from './game.js'
import { hostilePacket, oneOf } from './generate.js'

/** For each seed and each of the two tests. */
const PACKETS = 2500
/** A data packet of tick 1 with a ready section. */
const IS_READY = Uint8Array.of(0, 0, 1, 0, 10, 1)
const CHANNELS = [Channel.Reliable, Channel.Unreliable] as const

/** Packets of honest clients, the handshake included. */
function recordClientPackets(): Uint8Array[] {
  const game = new FuzzGame(1, 1)
  const captured: Captured[] = []
  const late = game.net.begin()
  capture(transportOf(late.world, 'client'), 'client', captured)
  capture(transportOf(game.honest[0]!.client.world, 'client'), 'client', captured)
  for (let i = 0; i < 60; i++) game.step()
  return captured.map(({ bytes }) => bytes)
}

/** What the server counted against packets and calls. */
function dropped(game: FuzzGame): number {
  const { counters } = stats(game.net.server)
  const { malformedPackets, packetsBeforeHello, unknownDefinitions, unknownEntities, refusedConnections } = counters
  const { malformedCalls, staleCalls, unauthorizedCalls, notReadyCalls, duplicatePackets } = counters
  return (
    malformedPackets +
    packetsBeforeHello +
    unknownDefinitions +
    unknownEntities +
    refusedConnections +
    malformedCalls +
    staleCalls +
    unauthorizedCalls +
    notReadyCalls +
    duplicatePackets
  )
}

describe.each([11, 12])('a server under hostile packets, seed %i', (seed) => {
  const recorded = recordClientPackets()

  it('drops and counts them before the hello, and sends correct values to other clients', () => {
    const game = new FuzzGame(seed)
    const random = createRandom(seed)
    const { net } = game
    let hostile: TestClient | undefined
    let connections = 0
    for (let sent = 0; sent < PACKETS;) {
      // A connection without a valid hello; the server closes it at the first bad one.
      hostile = net.begin()
      hostile.running = false
      connections++
      for (let i = 0; i < 40; i++, sent++) {
        game.throwAtServer(hostile, oneOf(random, CHANNELS), hostilePacket(random, recorded, 1))
      }
      game.step()
    }
    expect(connections).toBeGreaterThan(50)
    expect(dropped(game)).toBeGreaterThan(500)
    expect(game.difference()).toBe('')
    expect(transportOf(net.server, 'server').counters.callbackErrors).toBe(0)
  })

  it('drops and counts them between hello and welcome, admits no hostile client, and serves other clients', () => {
    const authenticate = ({ token }: AuthenticationRequest): Promise<never> | undefined =>
      token === 'hostile' ? new Promise<never>(() => {}) : undefined
    const game = new FuzzGame(seed + 200, 2, { users: { authenticate } })
    const random = createRandom(seed + 200)
    const { net } = game
    const honest = stats(net.server).connections
    let closed = 0
    for (let sent = 0; sent < PACKETS;) {
      const hostile = net.begin({ token: 'hostile' })
      net.tick(2)
      hostile.running = false
      for (let i = 0; i < 60 && hostile.reason === undefined; i += 6) {
        for (let j = 0; j < 6; j++, sent++) {
          // Well-formed now and then: what every client sends once it is admitted.
          const bytes = random() < 0.2 ? IS_READY : hostilePacket(random, recorded, 1)
          game.throwAtServer(hostile, oneOf(random, CHANNELS), bytes)
        }
        game.step()
        hostile.step()
        expect(stats(net.server).connections).toBe(honest)
      }
      if (hostile.reason !== undefined) closed++
    }
    const { unauthenticatedPackets, malformedPackets } = stats(net.server).counters
    expect(closed).toBeGreaterThan(10)
    expect(unauthenticatedPackets).toBeGreaterThan(100)
    expect(malformedPackets).toBeGreaterThan(100)
    expect(game.difference()).toBe('')
  })
})
