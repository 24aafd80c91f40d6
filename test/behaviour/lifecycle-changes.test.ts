// Change hooks: the values of a component before and after a change, drained by any number of systems, on both sides.
import { addComponent, addEntity, removeComponent } from 'bitecs'
import {
  type ChangeEvent,
  changed,
  type Changes,
  type ClientWorld,
  defineProtocol,
  despawn,
  drain,
  entity,
  entityOf,
  f32,
  f64,
  netIdOf,
  quantized,
  replicate,
  type ServerWorld,
  u16,
  u8,
  UsageError,
} from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const MAX = 2000
const Health = { hp: new Uint16Array(MAX), shield: new Uint8Array(MAX), max: new Uint16Array(MAX) }
const Place = { y: new Float32Array(MAX), x: new Float32Array(MAX) }
const Glide = { x: new Float32Array(MAX) }
const Exact = { value: new Float64Array(MAX), raw: new Float32Array(MAX) }
const Target = { of: new Uint32Array(MAX) }
const Silent = { n: new Uint8Array(MAX) }

const trackChanges = true
const protocol = defineProtocol({
  components: {
    // Declared in another order than that of the names, which is the wire's.
    Health: replicate(Health, { shield: u8, hp: u16 }, { trackChanges }),
    Place: replicate(Place, { y: quantized(-100, 100, 0.5), x: quantized(-100, 100, 0.5) }, { trackChanges }),
    Glide: replicate(Glide, { x: quantized(-100, 100, 0.1) }, { trackChanges, interpolate: true }),
    Exact: replicate(Exact, { value: f64, raw: f32 }, { trackChanges }),
    Target: replicate(Target, { of: entity }, { trackChanges }),
    Silent: replicate(Silent, { n: u8 }),
  },
})

interface Seen {
  entity: number
  before: Record<string, number>
  after: Record<string, number>
}

/** Copies of the events that a system would see now. */
function read<F extends string>(world: ServerWorld | ClientWorld, changes: Changes<F>): Seen[] {
  const copy = ({ entity: eid, before, after }: ChangeEvent<F>): Seen => ({
    entity: eid,
    before: { ...before },
    after: { ...after },
  })
  return Array.from(drain(world, changes), copy)
}

function spawn(net: TestNetwork, ...components: readonly object[]): number {
  const eid = addEntity(net.server)
  for (const store of [Health, Place, Glide, Exact, Target, Silent])
    for (const array of Object.values(store)) array[eid] = 0
  for (const component of components) addComponent(net.server, eid, component)
  addComponent(net.server, eid, Networked)
  return eid
}

/** An entity with health 100 and shield 5 on both sides, its copy, and a client that has drained everything so far. */
function start(): { net: TestNetwork; ship: number; world: ClientWorld; copy: number } {
  const net = createTestNetwork(protocol, { clients: 1 })
  const ship = spawn(net, Health, Silent)
  Health.hp[ship] = 100
  Health.shield[ship] = 5
  net.tick(3)
  const { world } = net.clients[0]!
  return { net, ship, world, copy: entityOf(world, netIdOf(net.server, ship)) }
}

describe('31: a change hook gets old and new, only on a change, not for the initial values; order = declaration order', () => {
  it('shows both sets of values once on a client', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    const { world } = net.clients[0]!
    const ship = spawn(net, Health)
    Health.hp[ship] = 100
    for (let i = 0; i < 5; i++) {
      net.tick()
      expect(read(world, changed(Health))).toEqual([])
    }
    Health.hp[ship] = 80
    net.tick(2)
    const copy = entityOf(world, netIdOf(net.server, ship))
    const events = read(world, changed(Health))
    expect(events).toEqual([{ entity: copy, before: { shield: 0, hp: 100 }, after: { shield: 0, hp: 80 } }])
    expect(events.map(({ before, after }) => [Object.keys(before), Object.keys(after)])).toEqual([
      [
        ['shield', 'hp'],
        ['shield', 'hp'],
      ],
    ])
    net.tick()
    expect(read(world, changed(Health))).toEqual([])
  })

  it('is seen by every system, each event once, under the component and under what declares it', () => {
    const { net, ship, world, copy } = start()
    Health.hp[ship] = 1
    net.tick(2)
    const one = [{ entity: copy, before: { shield: 5, hp: 100 }, after: { shield: 5, hp: 1 } }]
    expect(read(world, changed(Health))).toEqual(one)
    expect(read(world, changed(protocol.components.Health))).toEqual(one)
    let name = 0
    for (const { netId } of drain(world, changed(Health))) name = netId
    expect(name).toBe(netIdOf(net.server, ship))
    net.tick()
    expect(read(world, changed(Health))).toEqual([])
  })

  it('gets two events for two packets that one frame applies', () => {
    const { net, ship, world } = start()
    const client = net.clients[0]!
    client.running = false
    for (const hp of [90, 70]) {
      Health.hp[ship] = hp
      net.tick()
    }
    client.running = true
    net.tick()
    expect(read(world, changed(Health)).map(({ before, after }) => [before['hp'], after['hp']])).toEqual([
      [100, 90],
      [90, 70],
    ])
  })

  it('gets nothing where a component is added again with another value, or an entity comes back', () => {
    const { net, ship, world } = start()
    removeComponent(net.server, ship, Health)
    net.tick(2)
    Health.hp[ship] = 7
    addComponent(net.server, ship, Health)
    net.tick()
    const after = (): Seen[] => (net.tick(), read(world, changed(Health)))
    expect([after(), after()]).toEqual([[], []])
    removeComponent(net.server, ship, Networked)
    net.tick(2)
    Health.hp[ship] = 8
    addComponent(net.server, ship, Networked)
    expect([after(), after()]).toEqual([[], []])
    expect(Health.hp[entityOf(world, netIdOf(net.server, ship))]).toBe(8)
  })

  it('gets nothing for values that arrive twice or too late', () => {
    const net = createTestNetwork(protocol, {
      clients: 1,
      seed: 5,
      conditions: { duplicate: 0.4, reorder: 0.4, reorderBy: 120, loss: 0.2, latency: 30 },
    })
    const ship = spawn(net, Health)
    net.tick(10)
    const { world } = net.clients[0]!
    const seen: [number, number][] = []
    for (let hp = 1; hp <= 100; hp++) {
      if (hp <= 60) Health.hp[ship] = hp
      net.tick()
      for (const { before, after } of drain(world, changed(Health))) seen.push([before.hp, after.hp])
    }
    expect(seen.length).toBeGreaterThan(20)
    // Each begins where the one before ended, and none goes back.
    seen.forEach(([before, after], i) => {
      expect(before).toBe(i === 0 ? 0 : seen[i - 1]![1])
      expect(after).toBeGreaterThan(before)
    })
    expect(seen.at(-1)![1]).toBe(60)
  })

  it('gets numbers as they are stored: quantized, rounded to 32 bits, or exact; NaN is as good as NaN', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    const { world } = net.clients[0]!
    const eid = spawn(net, Place, Exact)
    net.tick(3)
    Place.x[eid] = 1.3
    Exact.value[eid] = Math.PI
    Exact.raw[eid] = NaN
    net.tick(2)
    const copy = entityOf(world, netIdOf(net.server, eid))
    expect(read(world, changed(Place))).toEqual([{ entity: copy, before: { y: 0, x: 0 }, after: { y: 0, x: 1.5 } }])
    expect(read(world, changed(Exact))).toEqual([
      { entity: copy, before: { value: 0, raw: 0 }, after: { value: Math.PI, raw: NaN } },
    ])
    Exact.value[eid] = 2
    net.tick(2)
    expect(read(world, changed(Exact))).toEqual([
      { entity: copy, before: { value: Math.PI, raw: NaN }, after: { value: 2, raw: NaN } },
    ])
  })

  it('gets the values received, not those shown, of an interpolated component', () => {
    const seen: number[][] = []
    const look = (world: ClientWorld): void => {
      for (const { entity: eid, before, after } of drain(world, changed(Glide))) {
        seen.push([before.x, after.x, Glide.x[eid]!])
      }
    }
    const net = createTestNetwork(protocol, { clients: 1, framesPerTick: 3, clientSystems: [look] })
    const eid = spawn(net, Glide)
    net.tick(4)
    for (let i = 1; i <= 8; i++) {
      if (i <= 3) Glide.x[eid] = i * 10
      net.tick()
    }
    expect(seen.map(([before, after]) => [before, after])).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
    ])
    // What is shown then is behind.
    for (const [before, , shown] of seen) expect(shown).toBeLessThanOrEqual(before!)
  })

  it('gets entities as this world’s own ids, also those that arrive later or are gone', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    const { world } = net.clients[0]!
    const eid = spawn(net, Target)
    const first = spawn(net)
    Target.of[eid] = first
    net.tick(2)
    expect(read(world, changed(Target))).toEqual([])
    const mine = (id: number): number => entityOf(world, netIdOf(net.server, id))
    const second = spawn(net)
    Target.of[eid] = second
    net.tick(2)
    const copies = [mine(first), mine(second)]
    expect(copies).not.toContain(0)
    expect(read(world, changed(Target))).toEqual([
      { entity: mine(eid), before: { of: copies[0] }, after: { of: copies[1] } },
    ])
    despawn(net.server, second)
    net.tick(2)
    expect(read(world, changed(Target)).at(-1)).toEqual({
      entity: mine(eid),
      before: { of: copies[1] },
      after: { of: 0 },
    })
  })

  it('gets a change when an entity that a field names arrives after the field, but not while the entity itself spawns', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    const { world } = net.clients[0]!
    // Named before it exists on the wire: spawned behind it in the same tick.
    const eid = spawn(net, Target)
    const named = addEntity(net.server)
    Target.of[eid] = named
    addComponent(net.server, named, Networked)
    net.tick(3)
    const mine = (id: number): number => entityOf(world, netIdOf(net.server, id))
    expect(Target.of[mine(eid)]).toBe(mine(named))
    expect(read(world, changed(Target))).toEqual([])
    const late = addEntity(net.server)
    Target.of[eid] = late
    net.tick(2)
    expect(read(world, changed(Target))).toEqual([{ entity: mine(eid), before: { of: mine(named) }, after: { of: 0 } }])
    addComponent(net.server, late, Networked)
    net.tick(2)
    expect(read(world, changed(Target))).toEqual([{ entity: mine(eid), before: { of: 0 }, after: { of: mine(late) } }])
  })

  it('on the server shows what the last tick sent to clients: networked entities alone, with rounded values', () => {
    const { net, ship } = start()
    const { server } = net
    const eid = spawn(net, Place)
    const local = addEntity(server)
    addComponent(server, local, Place)
    net.tick(2)
    expect(read(server, changed(Place))).toEqual([])
    Place.x[eid] = 1.3
    Place.x[local] = 5
    Health.hp[ship] = 99
    // The scan of this tick, seen by the systems of the next.
    net.tick()
    expect(read(server, changed(Place))).toEqual([])
    net.tick()
    expect(read(server, changed(Place))).toEqual([{ entity: eid, before: { y: 0, x: 0 }, after: { y: 0, x: 1.5 } }])
    expect(read(server, changed(Health))).toEqual([
      { entity: ship, before: { shield: 5, hp: 100 }, after: { shield: 5, hp: 99 } },
    ])
    // Less than a step is no change, and goes on from what was told.
    Place.x[eid] = 1.6
    net.tick(2)
    expect(read(server, changed(Place))).toEqual([])
    Place.x[eid] = 1.9
    net.tick(2)
    expect(read(server, changed(Place))).toEqual([{ entity: eid, before: { y: 0, x: 1.5 }, after: { y: 0, x: 2 } }])
    net.tick()
    expect(read(server, changed(Place))).toEqual([])
  })

  it('on the server gets nothing when an entity or a component begins, also in a reused slot', () => {
    const { net, ship } = start()
    const { server } = net
    removeComponent(server, ship, Health)
    net.tick(2)
    Health.hp[ship] = 3
    addComponent(server, ship, Health)
    net.tick(2)
    expect(read(server, changed(Health))).toEqual([])
    despawn(server, ship)
    net.tick(4)
    for (let i = 0; i < 4; i++) Health.hp[spawn(net, Health)] = 50 + i
    net.tick(1)
    const after = (): Seen[] => (net.tick(), read(server, changed(Health)))
    expect([after(), after()]).toEqual([[], []])
  })

  it('is refused where the component did not ask for it, or is not listed, and says what to do', () => {
    const { net, world } = start()
    const other = { n: new Uint8Array(1) }
    for (const side of [net.server, world]) {
      expect(() => drain(side, changed(Silent))).toThrow(/Silent .*replicate it with \{ trackChanges: true \}/)
      expect(() => drain(side, changed(protocol.components.Silent))).toThrow(UsageError)
      expect(() => drain(side, changed(other))).toThrow(/does not list/)
    }
    expect(() => replicate({}, {}, { trackChanges })).toThrow(/no values that could change/)
  })

  it('says so when a field is asked for that is not replicated', () => {
    const { net, ship, world } = start()
    Health.hp[ship] = 9
    net.tick(2)
    for (const { before } of drain(world, changed(Health))) expect(() => before.max).toThrow(/max is not replicated/)
    expect(read(world, changed(Health))).toHaveLength(1)
  })
})
