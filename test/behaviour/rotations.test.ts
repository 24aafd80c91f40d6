// Angles and rotations in replicated components and in calls, over the network in memory.
import { addComponents, addEntity } from 'bitecs'
import {
  angle,
  changed,
  defineClientRpc,
  defineProtocol,
  drain,
  entityOf,
  f32,
  netIdOf,
  NetworkErrors,
  ProtocolError,
  quantized,
  replicate,
  sendRpc,
  u16,
  unitQuaternion,
  writeComponent,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const MAX = 64

interface Spin {
  qx: number
  qy: number
  qz: number
  qw: number
}

function begin({ interpolate = false, track = 'scan' as 'scan' | 'marked' } = {}) {
  const Heading = { turn: new Float32Array(MAX), tilt: new Float64Array(MAX) }
  const floats = (): Float32Array => new Float32Array(MAX)
  const Rotation = { x: floats(), y: floats(), z: floats(), w: floats() }
  const Spins: Spin[] = []
  const Pose = { qw: floats(), height: floats(), qx: floats(), qy: floats(), qz: floats() }
  const Look = defineClientRpc({ aim: unitQuaternion, turn: angle(8) })
  const options = { interpolate, track, trackChanges: true }
  const protocol = defineProtocol({
    components: {
      Heading: replicate(Heading, { turn: angle(16), tilt: angle(10) }, options),
      Rotation: replicate(Rotation, unitQuaternion.fields(), options),
      Spins: replicate(Spins, unitQuaternion.fields('qx', 'qy', 'qz', 'qw'), { interpolate }),
      Pose: replicate(Pose, { height: f32, ...unitQuaternion.fields('qx', 'qy', 'qz', 'qw') }, { interpolate }),
    },
    remote: { Look },
  })
  const net = createTestNetwork(protocol, { clients: 1 })
  const { world } = net.clients[0]!
  const eid = addEntity(net.server)
  Spins[eid] = { qx: 0, qy: 1, qz: 0, qw: 0 }
  Rotation.w[eid] = 1
  Pose.qx[eid] = 1
  Pose.height[eid] = 4
  addComponents(net.server, eid, [Heading, Rotation, Spins, Pose, Networked])
  net.tick(3)
  const copy = entityOf(world, netIdOf(net.server, eid))
  const turnTo = (radians: number, at = eid): void => {
    Rotation.y[at] = Math.sin(radians / 2)
    Rotation.w[at] = Math.cos(radians / 2)
  }
  const rotationOf = (at: number): number[] => [Rotation.x[at]!, Rotation.y[at]!, Rotation.z[at]!, Rotation.w[at]!]
  return { net, server: net.server, world, Heading, Rotation, Spins, Pose, Look, eid, copy, turnTo, rotationOf }
}

describe('an angle', () => {
  it('arrives wrapped, within half a step', () => {
    const { net, Heading, eid, copy } = begin()
    Heading.turn[eid] = 7
    Heading.tilt[eid] = -100
    net.tick(2)
    expect(Heading.turn[copy]).toBeCloseTo(7 - 2 * Math.PI, 3)
    expect(Math.sin(Heading.tilt[copy]!)).toBeCloseTo(Math.sin(-100), 2)
  })

  it('a whole turn further is no change', () => {
    const { net, world, Heading, eid } = begin()
    Heading.tilt[eid] = 1
    net.tick(2)
    expect(Array.from(drain(world, changed(Heading)))).toHaveLength(1)
    Heading.tilt[eid] = 1 + 8 * Math.PI
    net.tick(2)
    expect(Array.from(drain(world, changed(Heading)))).toHaveLength(0)
  })

  it('keeps the last value when it is NaN or infinite, and is reported once', () => {
    const { net, server, Heading, eid, copy } = begin()
    Heading.turn[eid] = 1
    net.tick(2)
    for (const none of [NaN, Infinity]) {
      Heading.turn[eid] = none
      net.tick(2)
      expect(Heading.turn[copy]).toBeCloseTo(1, 3)
    }
    expect(Array.from(drain(server, NetworkErrors), ({ name }) => name)).toEqual(['Heading.turn'])
  })

  it('is interpolated by the shorter side', () => {
    const { net, Heading, eid, copy } = begin({ interpolate: true })
    const seen: number[] = []
    for (let i = 0; i < 40; i++) {
      if (i < 20) Heading.turn[eid] = 3 + i * 0.02
      net.tick()
      seen.push(Heading.turn[copy]!)
    }
    expect(seen.at(-1)).toBeCloseTo(3.38 - 2 * Math.PI, 3)
    // Across half a turn it jumps from the one end to the other, and is never in between.
    expect(seen.filter((value, i) => i > 10 && Math.abs(value) < 2.8)).toEqual([])
  })
})

describe('a rotation in a component', () => {
  it('takes 32 bits, and arrives within 0.0014 in each part', () => {
    const { net, turnTo, rotationOf, eid, copy } = begin()
    turnTo(1)
    net.tick(2)
    rotationOf(copy).forEach((value, i) => expect(Math.abs(value - rotationOf(eid)[i]!)).toBeLessThan(0.0014))
  })

  it('begins and changes in structs, and beside other fields', () => {
    const { net, Spins, Pose, eid, copy } = begin()
    expect(Spins[copy]).toEqual({ qx: 0, qy: 1, qz: 0, qw: 0 })
    expect([Pose.qx[copy], Pose.qy[copy], Pose.qz[copy], Pose.qw[copy], Pose.height[copy]]).toEqual([1, 0, 0, 0, 4])
    Spins[eid] = { qx: 0, qy: 0, qz: -3, qw: 0 }
    Pose.qz[eid] = 1
    Pose.height[eid] = 5
    net.tick(2)
    expect(Spins[copy]).toEqual({ qx: 0, qy: 0, qz: 1, qw: 0 })
    expect([Pose.qx[copy], Pose.qz[copy], Pose.height[copy]].map((value) => value!.toFixed(3))).toEqual([
      '0.707',
      '0.707',
      '5.000',
    ])
  })

  it('is not sent again when it turns into its negative, which is the same rotation', () => {
    const { net, server, Rotation, turnTo, eid } = begin()
    turnTo(2)
    net.tick(30)
    const { bytesSent } = stats(server).transport
    for (let i = 0; i < 10; i++) {
      for (const array of Object.values(Rotation)) array[eid]! *= -1
      net.tick()
    }
    const moving = stats(server).transport.bytesSent - bytesSent
    net.tick(10)
    expect(stats(server).transport.bytesSent - bytesSent - moving).toBe(moving)
  })

  it('keeps the last value when its length is 0 or a part is not finite; the first such value is no rotation', () => {
    const { net, server, world, Rotation, turnTo, rotationOf, eid, copy } = begin()
    turnTo(1)
    net.tick(2)
    const before = rotationOf(copy)
    Rotation.y[eid] = NaN
    net.tick(2)
    expect(rotationOf(copy)).toEqual(before)
    for (const array of Object.values(Rotation)) array[eid] = 0
    net.tick(2)
    expect(rotationOf(copy)).toEqual(before)
    expect(Array.from(drain(server, NetworkErrors), ({ code }) => code)).toEqual(['clamped-value'])
    const blank = addEntity(server)
    addComponents(server, blank, [Rotation, Networked])
    net.tick(2)
    expect(rotationOf(entityOf(world, netIdOf(server, blank)))).toEqual([0, 0, 0, 1])
  })

  it('is marked as one', () => {
    const { net, server, turnTo, rotationOf, eid, copy, Rotation } = begin({ track: 'marked' })
    turnTo(1)
    net.tick(2)
    expect(rotationOf(copy)).toEqual([0, 0, 0, 1])
    writeComponent(server, eid, Rotation, { x: 0 })
    net.tick(2)
    expect(rotationOf(copy)[1]).toBeCloseTo(Math.sin(0.5), 2)
  })

  it('tells its change with all four parts, on both sides alike', () => {
    const { net, server, world, Rotation, turnTo } = begin()
    turnTo(1)
    net.tick(2)
    const [told, received] = [server, world].map((on) =>
      Array.from(drain(on, changed(Rotation)), ({ before, after }) => [{ ...before }, { ...after }]),
    )
    expect(told).toHaveLength(1)
    expect(received).toEqual(told)
    expect(told![0]![0]).toEqual({ x: 0, y: 0, z: 0, w: 1 })
  })

  it('is interpolated by the shorter side, at length 1 all the way', () => {
    const { net, turnTo, rotationOf, copy } = begin({ interpolate: true })
    let turned = 0
    for (let i = 0; i < 60; i++) {
      // The largest part changes on the way, and with it the sign of what arrives.
      if (i < 40) turnTo(i * 0.15)
      net.tick()
      const [x, y, z, w] = rotationOf(copy)
      expect(Math.hypot(x!, y!, z!, w!)).toBeCloseTo(1, 5)
      const now = (2 * Math.atan2(y!, w!)) % (2 * Math.PI)
      const step = now - turned - 2 * Math.PI * Math.round((now - turned) / (2 * Math.PI))
      expect(Math.abs(step)).toBeLessThan(0.2)
      turned = now
    }
    expect(Math.cos(turned - 39 * 0.15)).toBeCloseTo(1, 3)
  })
})

it('a call carries rotations and angles', () => {
  const { net, server, world, Look, eid } = begin()
  sendRpc(server, eid, Look, { aim: { x: 0, y: 0, z: 5, w: 0 }, turn: 3 * Math.PI })
  net.tick(2)
  expect(Array.from(drain(world, Look), ({ args }) => ({ ...args }))).toEqual([
    { aim: { x: 0, y: 0, z: 1, w: 0 }, turn: -Math.PI },
  ])
  expect(() => sendRpc(server, eid, Look, { aim: { x: 0, y: 0, z: 0, w: 0 }, turn: 0 })).toThrow(/aim/)
  expect(() => sendRpc(server, eid, Look, { aim: { x: 0, y: 0, z: 0, w: 1 }, turn: NaN })).toThrow(/turn/)
})

it('a rotation without one of its fields is no definition', () => {
  const Rotation = { x: new Float32Array(1), y: new Float32Array(1), z: new Float32Array(1), w: new Float32Array(1) }
  const { x, y, z } = unitQuaternion.fields()
  expect(() => replicate(Rotation, { x, y, z })).toThrow(ProtocolError)
  expect(() => replicate(Rotation, { x, y, z, w: unitQuaternion.fields().w })).toThrow(/needs . beside it/)
  expect(() => replicate(Rotation, { x, y, z, w: f32 })).toThrow(ProtocolError)
  expect(() => replicate(Rotation, unitQuaternion.fields('qx', 'y', 'z', 'w'))).toThrow(/has no field qx/)
})

it('an entity that moves within ±1,024 m to 1 cm and turns takes 12 bytes at most, ids and headers included', () => {
  const count = 1000
  const floats = (): Float32Array => new Float32Array(2 * count + 8)
  const Position = { x: floats(), y: floats(), z: floats() }
  const Rotation = { x: floats(), y: floats(), z: floats(), w: floats() }
  const Health = { hp: new Uint16Array(2 * count + 8) }
  const metres = quantized(-1024, 1024, 0.01)
  const protocol = defineProtocol({
    components: {
      Position: replicate(Position, { x: metres, y: metres, z: metres }),
      Rotation: replicate(Rotation, unitQuaternion.fields()),
      Health: replicate(Health, { hp: u16 }),
    },
  })
  const net = createTestNetwork(protocol, { clients: 1 })
  const eids = Array.from({ length: count }, () => {
    const eid = addEntity(net.server)
    Rotation.w[eid] = 1
    addComponents(net.server, eid, [Position, Rotation, Health, Networked])
    return eid
  })
  net.tick(20)
  const { bytesSent } = stats(net.server).transport
  const moving = eids.filter((_, i) => i % 10 === 0)
  for (const eid of moving) {
    Position.x[eid] = eid
    Position.z[eid] = -eid / 7
    Rotation.y[eid] = Math.sin(eid)
  }
  net.tick()
  expect((stats(net.server).transport.bytesSent - bytesSent) / moving.length).toBeLessThanOrEqual(12)
})
