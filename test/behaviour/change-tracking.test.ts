// Tests change tracking, by marks of the game and by scanning, over the network in memory.
import { addComponent, addComponents, addEntity, removeComponent } from 'bitecs'
import {
  changed,
  type ClientWorld,
  createServerWorld,
  defineProtocol,
  despawn,
  drain,
  entityOf,
  f32,
  f64,
  i16,
  markChanged,
  netIdOf,
  quantized,
  replicate,
  type ServerWorld,
  u16,
  u8,
  UsageError,
  writeComponent,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const MAX = 400
const Position = { x: new Float32Array(MAX), y: new Float64Array(MAX), turn: new Int16Array(MAX) }
const Health = { hp: new Uint8Array(MAX), shield: new Uint16Array(MAX) }
const Score = { points: new Float64Array(MAX) }
const Unlisted = { n: new Uint8Array(4) }
const protocol = defineProtocol({
  components: {
    Position: replicate(
      Position,
      { x: f32, y: quantized(-100, 100, 0.01), turn: i16 },
      { track: 'marked', trackChanges: true },
    ),
    Health: replicate(Health, { hp: u8, shield: u16 }, { track: 'marked' }),
    Score: replicate(Score, { points: f64 }),
  },
})

function spawnOne(server: ServerWorld, x = 1): number {
  const eid = addEntity(server)
  Position.x[eid] = x
  Position.y[eid] = 2
  Position.turn[eid] = -3
  Health.hp[eid] = 4
  Health.shield[eid] = 500
  Score.points[eid] = 6.5
  addComponents(server, eid, [Position, Health, Score, Networked])
  return eid
}

function begin() {
  const net = createTestNetwork(protocol, { clients: 1 })
  const { world } = net.clients[0]!
  const eid = spawnOne(net.server)
  net.tick(3)
  return { net, server: net.server, world, eid, copy: copyOf(world, net.server, eid) }
}

const copyOf = (world: ClientWorld, server: ServerWorld, eid: number): number => entityOf(world, netIdOf(server, eid))

describe('a component replicated with track: marked', () => {
  it('arrives with its initial values, without a mark', () => {
    const { copy } = begin()
    expect([Position.x[copy], Position.turn[copy], Health.hp[copy], Health.shield[copy]]).toEqual([1, -3, 4, 500])
  })

  it('is sent whole once it is marked, and an unmarked component is not sent', () => {
    const { net, server, eid, copy } = begin()
    Position.x[eid] = 7
    Position.turn[eid] = -300
    Health.hp[eid] = 9
    net.tick(5)
    expect([Position.x[copy], Position.turn[copy], Health.hp[copy]]).toEqual([1, -3, 4])
    markChanged(server, eid, Position)
    net.tick(2)
    expect([Position.x[copy], Position.turn[copy], Health.hp[copy]]).toEqual([7, -300, 4])
  })

  it('can be marked by its definition from the protocol, too', () => {
    const { net, server, eid, copy } = begin()
    Health.shield[eid] = 65_535
    markChanged(server, eid, protocol.components.Health)
    net.tick(2)
    expect(Health.shield[copy]).toBe(65_535)
  })

  it('is sent once when it is marked several times in a tick, with its last values', () => {
    const { net, server, eid, copy } = begin()
    const { bytesSent } = stats(server).transport
    for (let x = 10; x <= 20; x++) writeComponent(server, eid, Position, { x })
    net.tick(2)
    expect(Position.x[copy]).toBe(20)
    expect(stats(server).transport.bytesSent - bytesSent).toBeLessThan(100)
  })

  it('reports drained changes only once they are marked', () => {
    const { net, server, world, eid } = begin()
    const seen = (on: ServerWorld | ClientWorld): number[][] =>
      Array.from(drain(on, changed(Position)), ({ before, after }) => [before.x, after.x])
    Position.x[eid] = 3
    net.tick(2)
    expect(seen(server)).toEqual([])
    writeComponent(server, eid, Position, { turn: 5 })
    net.tick(2)
    expect([seen(server), seen(world)]).toEqual([[[1, 3]], [[1, 3]]])
  })

  it('reports no drained change when it is marked without a new value', () => {
    const { net, server, eid } = begin()
    markChanged(server, eid, Position)
    net.tick(2)
    expect(Array.from(drain(server, changed(Position)))).toEqual([])
  })

  it('is not sent when removed in the tick it is marked, and returns with its current values', () => {
    const { net, server, world, eid, copy } = begin()
    writeComponent(server, eid, Health, { hp: 50 })
    writeComponent(server, eid, Position, { x: 50 })
    removeComponent(server, eid, Health)
    net.tick(2)
    expect([Position.x[copy], Health.hp[copy]]).toEqual([50, 4])
    Health.hp[eid] = 60
    addComponent(server, eid, Health)
    writeComponent(server, eid, Health, { shield: 1 })
    net.tick(2)
    expect([Health.hp[copy], Health.shield[copy]]).toEqual([60, 1])
    expect(stats(world).counters.malformedPackets).toBe(0)
  })

  it('does no harm when its entity despawns in the same tick, even if the id is reused at once', () => {
    const { net, server, world, eid } = begin()
    writeComponent(server, eid, Position, { x: 50 })
    despawn(server, eid)
    const next = spawnOne(server, 77)
    writeComponent(server, next, Position, { turn: 8 })
    net.tick(3)
    const copy = copyOf(world, server, next)
    expect([Position.x[copy], Position.turn[copy]]).toEqual([77, 8])
    expect(stats(world).entities).toBe(1)
  })

  it('clamps a value out of range, and keeps the last one for NaN', () => {
    const { net, server, eid, copy } = begin()
    writeComponent(server, eid, Position, { y: 1000 })
    net.tick(2)
    expect(Position.y[copy]).toBe(100)
    writeComponent(server, eid, Position, { y: NaN })
    net.tick(2)
    expect(Position.y[copy]).toBe(100)
    expect(stats(server).counters.clampedValues).toBe(2)
  })

  it('arrives at a late joiner with the values that were marked last', () => {
    const { net, server, eid } = begin()
    writeComponent(server, eid, Position, { x: 12 })
    net.tick(2)
    const { world } = net.connect()
    net.until(() => stats(world).entities === 1)
    expect(Position.x[copyOf(world, server, eid)]).toBe(12)
  })

  it('converges under loss, duplication and reordering', () => {
    const conditions = { loss: 0.3, jitter: 60, latency: 20, duplicate: 0.1, reorder: 0.2 }
    const net = createTestNetwork(protocol, { clients: 2, conditions, seed: 5 })
    const eids = Array.from({ length: 60 }, () => spawnOne(net.server))
    net.until(() => net.clients.every(({ world }) => stats(world).entities === 60))
    for (let tick = 0; tick < 40; tick++) {
      eids.forEach((eid, i) => {
        if ((i + tick) % 3 === 0) writeComponent(net.server, eid, Position, { x: tick * 10 + i, turn: tick })
        if ((i + tick) % 5 === 0) writeComponent(net.server, eid, Health, { shield: tick * 100 + i })
        if ((i + tick) % 7 === 0) Score.points[eid] = tick + i / 100
      })
      net.tick()
    }
    net.tick(60)
    for (const { world } of net.clients) {
      const wrong = eids.filter((eid) => {
        const copy = copyOf(world, net.server, eid)
        const arrays = [Position.x, Position.turn, Health.shield, Score.points]
        return arrays.some((array) => array[copy] !== array[eid])
      })
      expect(wrong).toEqual([])
    }
  })
})

describe('markChanged', () => {
  it('has no effect on a component that is tracked by scanning', () => {
    const { net, server, eid, copy } = begin()
    Score.points[eid] = 7.25
    markChanged(server, eid, Score)
    net.tick(2)
    expect(Score.points[copy]).toBe(7.25)
  })

  it('ignores an entity that is not networked, or does not have the component', () => {
    const { net, server, world, eid } = begin()
    const bare = addEntity(server)
    addComponent(server, bare, Position)
    writeComponent(server, bare, Position, { x: 3 })
    removeComponent(server, eid, Health)
    net.tick(2)
    markChanged(server, eid, Health)
    net.tick(2)
    expect(stats(world).counters.malformedPackets).toBe(0)
  })

  it('refuses a component that the protocol does not list', () => {
    const { server, eid } = begin()
    expect(() => markChanged(server, eid, Unlisted)).toThrow(UsageError)
    expect(() => writeComponent(server, eid, Unlisted, { n: 1 })).toThrow(/list it in defineProtocol/)
  })
})

describe('writeComponent', () => {
  it('writes the values that it is given, and leaves the other fields', () => {
    const { net, server, eid, copy } = begin()
    writeComponent(server, eid, Position, { x: 5, turn: undefined })
    expect([Position.x[eid], Position.y[eid], Position.turn[eid]]).toEqual([5, 2, -3])
    net.tick(2)
    expect([Position.x[copy], Position.y[copy], Position.turn[copy]]).toEqual([5, 2, -3])
  })

  it('refuses an unknown field, and an entity id beyond the length of its arrays', () => {
    const { server, eid } = begin()
    expect(() => writeComponent(server, eid, Health, { mana: 1 } as never)).toThrow(/mana/)
    expect(() => writeComponent(server, MAX, Health, { hp: 1 })).toThrow(/no room for entity 400/)
  })
})

it('an idle game with marked components sends nothing but keep-alives', () => {
  const { net, server } = begin()
  for (let i = 0; i < 200; i++) spawnOne(server)
  net.tick(10)
  const { bytesSent } = stats(server).transport
  net.tick(20)
  expect(stats(server).transport.bytesSent - bytesSent).toBeLessThan(20 * 25)
})

it('replicate refuses an unknown way of tracking', () => {
  expect(() => replicate(Health, { hp: u8 }, { track: 'never' as never })).toThrow(/track is 'scan' or 'marked'/)
  expect(() => createServerWorld(protocol)).not.toThrow()
})
