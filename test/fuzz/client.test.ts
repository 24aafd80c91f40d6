// Sends thousands of hostile packets to a client: nothing throws, hangs or grows without bound.
import { addEntity } from 'bitecs'
import { close, type ClientWorld, netIdOf } from 'bitecs-net'
import { entityOfKey, setSpawnKey } from 'bitecs-net/prefabs'
import { changeScene } from 'bitecs-net/scenes'
import { stats } from 'bitecs-net/stats'
import { describe, expect, it } from 'vitest'
import { clientState } from '../../src/world/state.js'
import { createRandom } from '../../src/transport/random.js'
import { Channel, type Transport } from '../../src/transport/transport.js'
import { capture, type Captured, transportOf } from '../unit/world/tap.js'
import { FuzzGame, Match } from './game.js'
import { hostilePacket, oneOf } from './generate.js'

const PACKETS = 1500
const CHANNELS = [Channel.Reliable, Channel.Unreliable] as const

/** Packets of the server, the handshake and the farewell included. */
function recordServerPackets(): Uint8Array[] {
  const game = new FuzzGame(2, 1)
  const captured: Captured[] = []
  capture(transportOf(game.net.server, 'server'), 'server', captured)
  const { connection } = game.net.connect()
  changeScene(game.net.server, Match, { seed: 7, name: 'dust' }, { to: connection })
  for (let i = 0; i < 60; i++) game.step()
  void close(game.net.server, 'enough')
  return captured.map(({ bytes }) => bytes)
}

/** Lets a test put packets in front of those that arrive. */
function inject(transport: Transport): (channel: Channel, bytes: Uint8Array) => void {
  const waiting: { channel: Channel; bytes: Uint8Array }[] = []
  const receive = transport.receive.bind(transport)
  transport.receive = (sink) => {
    receive(sink)
    for (const { channel, bytes } of waiting.splice(0)) sink.packet(1, channel, bytes, bytes.length, 0)
  }
  return (channel, bytes) => void waiting.push({ channel, bytes })
}

describe.each([21, 22])('a client under hostile packets, seed %i', (seed) => {
  const recorded = recordServerPackets()

  it('drops and counts malformed packets, reconnects when its session ends, and disturbs no other client', () => {
    const game = new FuzzGame(seed)
    const random = createRandom(seed)
    const { net } = game
    let victim = net.connect()
    const { world } = victim
    // Entities of its own, by keys that the server uses.
    for (let i = 0; i < 4; i++) setSpawnKey(world, addEntity(world), `mine ${i}`)
    const own = addEntity(world)
    setSpawnKey(world, own, 'never spawned')
    let send = inject(transportOf(world, 'client'))
    let sessions = 1
    for (let sent = 0; sent < PACKETS;) {
      for (let i = 0; i < 25; i++, sent++) {
        send(oneOf(random, CHANNELS), hostilePacket(random, recorded, game.net.now / 50 + 2))
      }
      game.step()
      if (victim.reason === undefined) continue
      // A hostile packet ended its session; the next one begins in the same world.
      victim.running = false
      victim = net.connect({ world })
      send = inject(transportOf(world, 'client'))
      sessions++
    }
    expect(sessions).toBeGreaterThan(1)
    expect(stats(world).counters.malformedPackets).toBeGreaterThan(150)
    expect(game.difference()).toBe('')
    game.net.tick(5)
    expectSound(world)
    expect([entityOfKey(world, 'never spawned'), netIdOf(world, own)]).toEqual([own, 0])
  })

  it('throws nothing before its welcome, and disturbs no other client', () => {
    const game = new FuzzGame(seed + 50)
    const random = createRandom(seed + 50)
    for (let sent = 0; sent < PACKETS;) {
      const victim = game.net.begin()
      const send = inject(transportOf(victim.world, 'client'))
      for (let i = 0; i < 100; i++, sent++) {
        const bytes = hostilePacket(random, recorded, 2)
        send(oneOf(random, CHANNELS), bytes)
      }
      victim.step()
      victim.step()
      void close(victim.world)
      victim.running = false
      game.step()
    }
    expect(game.difference()).toBe('')
  })
})

/** The tables of a client agree with each other. */
function expectSound(world: ClientWorld): void {
  const { entities } = clientState(world).replication
  let alive = 0
  for (let index = 1; index < entities.indices; index++) {
    if (entities.netIds[index] === 0) continue
    alive++
    const eid = entities.eidOf[index]!
    expect(eid === 0 || netIdOf(world, eid) === entities.netIds[index]).toBe(true)
  }
  expect(entities.alive).toBe(alive)
}
