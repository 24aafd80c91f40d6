// Components whose values travel once, or at their turns, over the network in memory.
import { addComponent, addComponents, addEntity, hasComponent, removeComponent } from 'bitecs'
import {
  changed,
  defineProtocol,
  drain,
  entityOf,
  f32,
  markChanged,
  netIdOf,
  ProtocolError,
  quantized,
  replicate,
  type ReplicateOptions,
  setOwner,
  u16,
  u8,
} from 'bitecs-net'
import { Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const MAX = 400
const INTERVAL = 5
const Position = { x: new Float32Array(MAX) }
const Look = { hat: new Uint8Array(MAX), size: new Float64Array(MAX) }
const Score = { points: new Uint16Array(MAX) }
const Mana = { left: new Uint16Array(MAX) }
const Flight = { x: new Float32Array(MAX) }
const protocol = defineProtocol({
  components: {
    Position: replicate(Position, { x: f32 }),
    Look: replicate(Look, { hat: u8, size: quantized(0, 10, 0.1) }, { send: 'once' }),
    Score: replicate(Score, { points: u16 }, { interval: INTERVAL, trackChanges: true }),
    Mana: replicate(Mana, { left: u16 }, { interval: INTERVAL, track: 'marked' }),
    Flight: replicate(Flight, { x: f32 }, { interval: INTERVAL, interpolate: true }),
  },
})

function begin(): { net: TestNetwork; client: TestClient; eid: number; there: () => number } {
  const net = createTestNetwork(protocol, { clients: 1 })
  const eid = addEntity(net.server)
  Position.x[eid] = Score.points[eid] = Mana.left[eid] = Flight.x[eid] = 0
  Look.hat[eid] = 3
  Look.size[eid] = 1.5
  addComponents(net.server, eid, [Position, Look, Score, Mana, Flight, Networked])
  const client = net.clients[0]!
  const there = (): number => entityOf(client.world, netIdOf(net.server, eid))
  net.until(() => there() !== 0)
  return { net, client, eid, there }
}

/** The ticks, of so many, in which a client's value changes, while the server's changes in each. */
function changesIn(net: TestNetwork, ticks: number, write: () => void, read: () => number): number[] {
  const seen: number[] = []
  let last = read()
  for (let i = 0; i < ticks; i++) {
    write()
    net.tick()
    if (read() !== last) seen.push(i)
    last = read()
  }
  return seen
}

describe("a component that is sent 'once'", () => {
  it('arrives with the spawn, and what it becomes later stays at the server', () => {
    const { net, eid, there } = begin()
    expect([Look.hat[there()], Look.size[there()]]).toEqual([3, 1.5])
    Look.hat[eid] = 4
    Look.size[eid] = 2.5
    markChanged(net.server, eid, Look)
    net.tick(3)
    Position.x[eid] = 1
    net.until(() => Position.x[there()] === 1)
    expect([Look.hat[there()], Look.size[there()]]).toEqual([3, 1.5])
  })

  it('reaches who comes late as it is by then', () => {
    const { net, client, eid, there } = begin()
    Look.hat[eid] = 4
    Look.size[eid] = 2.5
    const late = net.connect()
    const copy = (): number => entityOf(late.world, netIdOf(net.server, eid))
    net.until(() => copy() !== 0)
    expect([Look.hat[copy()], Look.size[copy()]]).toEqual([4, 2.5])
    expect([Look.hat[there()], Look.size[there()]]).toEqual([3, 1.5])
    expect(client.world).not.toBe(late.world)
  })

  it('arrives with its present value when it is added again', () => {
    const { net, eid, there } = begin()
    removeComponent(net.server, eid, Look)
    net.tick(2)
    Look.hat[eid] = 9
    Look.size[eid] = 9.5
    addComponent(net.server, eid, Look)
    net.until(() => Look.hat[there()] === 9)
    expect(Look.size[there()]).toBe(9.5)
  })
})

describe('a component with an interval', () => {
  it('leaves once in so many ticks, with the newest value, scanned or marked', () => {
    const { net, eid, there } = begin()
    const scanned = changesIn(
      net,
      20,
      () => Score.points[eid]!++,
      () => Score.points[there()]!,
    )
    expect(scanned).toHaveLength(20 / INTERVAL)
    const mark = (): void => {
      Mana.left[eid]!++
      markChanged(net.server, eid, Mana)
    }
    const marked = changesIn(net, 20, mark, () => Mana.left[there()]!)
    expect(marked).toHaveLength(20 / INTERVAL)
    net.tick(INTERVAL + 2)
    expect([Score.points[there()], Mana.left[there()]]).toEqual([20, 20])
  })

  it('takes its turn apart from others of the same interval', () => {
    const { net, eid, there } = begin()
    const both = (): void => {
      Score.points[eid]!++
      Mana.left[eid]!++
      markChanged(net.server, eid, Mana)
    }
    const seen: string[] = []
    let [points, left] = [0, 0]
    for (let i = 0; i < 10; i++) {
      both()
      net.tick()
      const now = [Score.points[there()]!, Mana.left[there()]!] as const
      if (now[0] !== points && now[1] !== left) seen.push('both')
      ;[points, left] = now
    }
    expect(points).toBeGreaterThan(0)
    expect(left).toBeGreaterThan(0)
    expect(seen).toEqual([])
  })

  it('tells game code of a change at its turn, once, from the old value to the newest', () => {
    const { net, eid } = begin()
    for (const _ of drain(net.server, changed(protocol.components.Score)));
    Score.points[eid] = 1
    net.tick()
    Score.points[eid] = 7
    const told: number[][] = []
    for (let i = 0; i < INTERVAL + 1; i++) {
      net.tick()
      for (const { before, after } of drain(net.server, changed(protocol.components.Score))) {
        told.push([before.points, after.points])
      }
    }
    expect(told.at(-1)![1]).toBe(7)
    expect(told.length).toBeLessThanOrEqual(2)
    expect(told[0]![0]).toBe(0)
  })

  it('forgets what was marked of an entity that has lost it meanwhile', () => {
    const { net, eid, there } = begin()
    Mana.left[eid] = 5
    markChanged(net.server, eid, Mana)
    removeComponent(net.server, eid, Mana)
    net.tick(INTERVAL * 2)
    Position.x[eid] = 3
    net.until(() => Position.x[there()] === 3)
    expect(Mana.left[there()]).toBe(0)
  })

  it('is sent by its owner once in that many frames', () => {
    const Aim = { at: new Uint16Array(MAX) }
    const owned = defineProtocol({
      components: { Aim: replicate(Aim, { at: u16 }, { authority: 'client', interval: INTERVAL }) },
    })
    const net = createTestNetwork(owned, { clients: 1 })
    const { world, connection } = net.clients[0]!
    const eid = addEntity(net.server)
    Aim.at[eid] = 0
    addComponents(net.server, eid, [Aim, Networked])
    setOwner(net.server, eid, connection)
    const there = (): number => entityOf(world, netIdOf(net.server, eid))
    net.until(() => there() !== 0 && hasComponent(world, there(), Owned))
    const write = (): void => void Aim.at[there()]!++
    expect(changesIn(net, 20, write, () => Aim.at[eid]!)).toHaveLength(20 / INTERVAL)
    net.tick(INTERVAL + 2)
    expect(Aim.at[eid]).toBe(20)
  })

  it('is moved without a halt where it is interpolated', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    const eid = addEntity(net.server)
    Flight.x[eid] = 0
    addComponents(net.server, eid, [Flight, Networked])
    const there = (): number => entityOf(net.clients[0]!.world, netIdOf(net.server, eid))
    net.until(() => there() !== 0)
    const shown: number[] = []
    for (let i = 1; i <= 40; i++) {
      Flight.x[eid] = i
      net.tick()
      if (i > 20) shown.push(Flight.x[there()]!)
    }
    const steps = shown.slice(1).map((x, i) => x - shown[i]!)
    expect(Math.min(...steps)).toBeGreaterThan(0.5)
    expect(Math.max(...steps)).toBeLessThan(1.5)
  })
})

describe('replicate refuses', () => {
  it.each<[ReplicateOptions, RegExp]>([
    [{ send: 'never' as 'once' }, /send is 'onChange' or 'once', got never/],
    [{ interval: 0 }, /interval is a whole number of ticks, from 1 to 10000, got 0/],
    [{ interval: 1.5 }, /got 1\.5/],
    [{ send: 'once', interval: 2 }, /no change travels/],
    [{ send: 'once', trackChanges: true }, /no change travels/],
    [{ send: 'once', interpolate: true }, /no change travels/],
    [{ send: 'once', authority: 'client' }, /no change travels/],
  ])('%o', (options, text) => {
    const make = (): unknown => replicate(Position, { x: f32 }, options)
    expect(make).toThrow(ProtocolError)
    expect(make).toThrow(text)
  })

  it('either of a tag', () => {
    expect(() => replicate({}, {}, { send: 'once' })).toThrow(/has none/)
    expect(() => replicate({}, {}, { interval: 2 })).toThrow(/has none/)
  })
})
