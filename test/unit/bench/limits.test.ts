// The hand-written limits of the benchmark do what they claim: what they decode is what the library decodes.
import { describe, expect, it } from 'vitest'
import { CallCodec, FanOutCodec, MessageCodec, RequestCodec } from '../../../bench/limits/call-codec.js'
import { CheckedCallCodec } from '../../../bench/limits/checked-calls.js'
import { Columns } from '../../../bench/limits/columns.js'
import { Memcpy } from '../../../bench/limits/memcpy.js'
import type { HandTyped } from '../../../bench/limits/hand-typed.js'
import { packedRecords } from '../../../bench/limits/packed-records.js'
import { quantizedRecords } from '../../../bench/limits/quantized-records.js'
import { Shots } from '../../../bench/limits/shots.js'
import { shadowScan } from '../../../bench/limits/shadow-scan.js'
import {
  OurCommands,
  OurFanOut,
  OurMessages,
  OurRequests,
  OurRpcs,
  OurServerMessages,
  OurTargetRpcs,
} from '../../../bench/ours/calls.js'
import { OurDecoder, OurEncoder, OurWorld, recordTicks } from '../../../bench/ours/world.js'
import { BitecsDecoder, BitecsDiff, BitecsDirtyList } from '../../../bench/peers/bitecs.js'
import { copyAll, copyBack, copyChanges, type Moving } from '../../../bench/peers/bodies.js'
import { ColyseusDecoder, ColyseusEncoder } from '../../../bench/peers/colyseus.js'
import { GeckosCalls, GeckosRequests } from '../../../bench/peers/geckos.js'
import { decodeJson, encodeJson, JsonCalls, JsonRequests } from '../../../bench/peers/json.js'
import { MsgpackrCodec } from '../../../bench/peers/msgpackr.js'
import { NengiClient, NengiServer } from '../../../bench/peers/nengi.js'
import { numbers, POSITION_STEP, ROTATION_STEP, Stores, VARIANTS, Workload } from '../../../bench/workload.js'

const COUNT = 300
const workload = new Workload(COUNT, 0.2, 5)

/** The eleven values of each changed entity of a tick, in order. */
function valuesOf(stores: Stores, eids: Uint32Array, tick: number): number[][] {
  const { moved, hurt } = workload.at(tick)
  const poses = [...moved].map((i) => stores.columns.slice(0, 7).map((column) => column[eids[i]!]!))
  return [...poses, [...hurt].map((i) => stores.health.hp[eids[i]!]!)]
}

/** What the library's client has after each distinct tick. */
function ours(quantize: boolean): number[][][] {
  const world = new OurWorld(workload, quantize)
  const ticks = recordTicks(world)
  const decoder = new OurDecoder(world)
  return ticks.map((packets, tick) => {
    expect(packets.length).toBeGreaterThan(0)
    expect(decoder.decode(packets)).toBe(packets.length)
    return valuesOf(world.stores, world.clientEids, tick)
  })
}

interface Sent {
  stores: Stores
  eids: Uint32Array
  moved: Uint32Array
  hurt: Uint32Array
}

/** What another codec delivers for each distinct tick. `decode` is given the receiver's ids, by the sender's. */
function theirs(
  make: (stores: Stores, eids: Uint32Array) => Codec,
  stores = new Stores(COUNT + 1),
  target = new Stores(2 * COUNT + 1),
): number[][][] {
  const eids = numbers(1, COUNT)
  workload.populate(stores, eids)
  const codec = make(stores, eids)
  const eidOf = Uint32Array.from({ length: COUNT + 1 }, (_, eid) => (eid === 0 ? 0 : eid + COUNT))
  return workload.variants.map((changes, tick) => {
    workload.apply(tick, stores, eids)
    const moved = changes.moved.map((i) => eids[i]!)
    const hurt = changes.hurt.map((i) => eids[i]!)
    codec.encode({ stores, eids, moved, hurt })
    codec.decode(target, eidOf)
    return valuesOf(target, numbers(COUNT + 1, COUNT), tick)
  })
}

interface Codec {
  encode(sent: Sent): unknown
  decode(target: Stores, eidOf: Uint32Array): unknown
}

const idMap = (eidOf: Uint32Array): Map<number, number> => new Map([...eidOf].map((eid, sender) => [sender, eid]))

/** The same for hand-typed code, whose stores are its own. */
function handTyped(codec: HandTyped): number[][][] {
  const make = (): Codec => ({
    encode: ({ moved, hurt }) => codec.encode(moved, moved.length, hurt, hurt.length),
    decode: (_, eidOf) => codec.decode(eidOf),
  })
  return theirs(make, codec.source, codec.target)
}

describe('the limits', () => {
  it('for records deliver what the library delivers', () => {
    expect(handTyped(packedRecords)).toEqual(ours(false))
  })

  it('for columns deliver what the library delivers', () => {
    const delivered = theirs((stores) => {
      const codec = new Columns(stores, COUNT)
      return {
        encode: ({ moved, hurt }) => codec.encode(moved, hurt),
        decode: (target, eidOf) => codec.decode(target, eidOf),
      }
    })
    expect(delivered).toEqual(ours(false))
  })

  it('for a shadow scan find exactly the changes, and deliver what the library delivers', () => {
    const make = (_: Stores, eids: Uint32Array): Codec => {
      shadowScan.encode(eids)
      return {
        encode: ({ moved, hurt }) => {
          expect(shadowScan.encode(eids)).toBe(8 + moved.length * 32 + hurt.length * 6)
          packedRecords.bytes.set(shadowScan.bytes)
          expect([...new Uint32Array(packedRecords.bytes.buffer, 0, 2)]).toEqual([moved.length, hurt.length])
        },
        decode: (__, eidOf) => packedRecords.decode(eidOf),
      }
    }
    expect(theirs(make, shadowScan.source, packedRecords.target)).toEqual(ours(false))
  })

  it('for quantized records deliver what the library delivers, except for a step where a value lies between two', () => {
    const delivered = handTyped(quantizedRecords)
    const expected = ours(true)
    delivered.forEach((tick, t) => {
      expect(tick.length).toBe(expected[t]!.length)
      expect(tick.at(-1)).toEqual(expected[t]!.at(-1))
      tick.slice(0, -1).forEach((pose, p) => {
        pose.forEach((value, c) => {
          const step = c < 3 ? POSITION_STEP : ROTATION_STEP
          expect(Math.abs(value - expected[t]![p]![c]!)).toBeLessThan(step * 1.01)
        })
      })
    })
  })

  it('for copying copy every byte', () => {
    expect(new Memcpy(200).encode()).toBe(199)
  })
})

describe('the peers', () => {
  it('with bitECS deliver what the library delivers', () => {
    let decoder: BitecsDecoder | undefined
    const delivered = theirs((stores) => {
      const codec = new BitecsDirtyList(stores, COUNT)
      return {
        encode: ({ moved, hurt }) => codec.encode([...moved], [...hurt]),
        decode: (target, eidOf) =>
          (decoder ??= new BitecsDecoder(target)).decode(codec.posePacket, codec.healthPacket, idMap(eidOf)),
      }
    })
    expect(delivered).toEqual(ours(false))
  })

  it('with bitECS in diff mode find the changes', () => {
    const stores = new Stores(COUNT + 1)
    const eids = numbers(1, COUNT)
    workload.populate(stores, eids)
    const codec = new BitecsDiff(stores, eids)
    expect(codec.encode()).toBe(0)
    workload.apply(0, stores, eids)
    const { moved, hurt } = workload.at(0)
    expect(codec.encode()).toBe(moved.length * (21 + 25) + hurt.length * 11)
  })

  it('with JSON deliver what the library delivers', () => {
    let text = ''
    const delivered = theirs(() => ({
      encode: ({ stores, moved, hurt }) => {
        text = encodeJson(stores, [...moved], [...hurt])
      },
      decode: (target, eidOf) => decodeJson(text, target, idMap(eidOf)),
    }))
    expect(delivered).toEqual(ours(false))
  })

  it('with msgpackr deliver what the library delivers', () => {
    let packet = new Uint8Array()
    const codec = new MsgpackrCodec()
    const delivered = theirs(() => ({
      encode: ({ stores, moved, hurt }) => {
        packet = codec.encode(stores, [...moved], [...hurt]).slice()
      },
      decode: (target, eidOf) => codec.decode(packet, target, idMap(eidOf)),
    }))
    expect(delivered).toEqual(ours(false))
  })

  it.each([
    {
      name: 'Colyseus',
      make: (fill: (bodies: readonly Moving[]) => void) => {
        const encoder = new ColyseusEncoder(COUNT, fill)
        const decoder = new ColyseusDecoder(encoder.first)
        return { bodies: encoder.bodies, received: decoder.bodies, tick: () => decoder.decode(encoder.patch()) }
      },
    },
    {
      name: 'nengi',
      make: (fill: (bodies: readonly Moving[]) => void) => {
        const server = new NengiServer(COUNT, fill)
        const client = new NengiClient(server.first)
        const tick = (): number => {
          server.encode()
          return client.decode(server.packet)
        }
        return { bodies: server.bodies, received: client.bodies, tick }
      },
    },
  ])('of $name, made of objects, deliver what the library delivers', ({ make }) => {
    const stores = new Stores(COUNT + 1)
    const target = new Stores(2 * COUNT + 1)
    const eids = numbers(1, COUNT)
    workload.populate(stores, eids)
    const peer = make((bodies) => copyAll(stores, eids, bodies))
    const delivered = workload.variants.map((changes, tick) => {
      workload.apply(tick, stores, eids)
      copyChanges(stores, eids, changes, peer.bodies)
      expect(peer.tick()).toBeGreaterThan(0)
      peer.received.forEach((body, i) => copyBack(body, COUNT + 1 + i, target))
      return valuesOf(target, numbers(COUNT + 1, COUNT), tick)
    })
    expect(delivered).toEqual(ours(false))
  })
})

describe('the encoder of the library', () => {
  it('finds exactly the entities that changed', () => {
    const world = new OurWorld(workload, false)
    const encoder = new OurEncoder(world)
    workload.apply(0, world.stores, world.eids)
    expect(encoder.encode()).toBe(workload.at(0).entities)
    expect(encoder.encode()).toBe(0)
  })
})

describe('a call', () => {
  const shots = new Shots(3)
  const calls = [0, 1, 2].map((i) => shots.at(i))
  /** What handlers are given: by `times` receivers of every call. */
  const expected = (entity: number, times = 1): number[][] =>
    Array.from({ length: times }, () => calls.map((call) => [entity, ...call])).flat()
  let heard: number[][] = []
  const fire = (...args: number[]): void => {
    heard.push(args)
  }

  it('arrives once and whole by every way', async () => {
    heard = []
    const codec = new CallCodec(3)
    codec.send(shots)
    codec.dispatch(fire)
    const checked = new CheckedCallCodec(3)
    checked.send(shots)
    checked.dispatch(fire)
    const messages = new MessageCodec(3)
    messages.send(shots)
    messages.dispatch(fire)
    new JsonCalls(fire).send(shots)
    new GeckosCalls(fire).send(shots)
    await Promise.resolve()
    expect(heard).toEqual(expected(1, 5))
  })

  it('to many observers arrives at each of them in every subject', async () => {
    heard = []
    const many = new FanOutCodec(3, 2)
    many.send(shots)
    many.dispatch(fire)
    expect(heard).toEqual(expected(1, 2))
    new JsonCalls(fire).send(shots, 2)
    new GeckosCalls(fire).send(shots, 2)
    await Promise.resolve()
    expect(heard.length).toBe(18)
  })

  it('with an answer is answered in every subject', async () => {
    heard = []
    const codec = new RequestCodec(3)
    codec.send(shots)
    codec.dispatch(fire)
    codec.settle()
    const others = [new JsonRequests(fire), new GeckosRequests(fire)]
    for (const other of others) other.send(shots)
    expect(await Promise.all([codec, ...others].map(({ last }) => last))).toEqual([2, 2, 2])
    expect(heard).toEqual(expected(1, 3))
  })

  it.each([
    { kind: 'command', make: () => new OurCommands() },
    { kind: 'client RPC', make: () => new OurRpcs() },
    { kind: 'target RPC', make: () => new OurTargetRpcs() },
    { kind: 'message', make: () => new OurMessages() },
    { kind: "server's message", make: () => new OurServerMessages() },
  ])('of the library arrives with its entity, as often as it is sent: a $kind', ({ make }) => {
    heard = []
    const library = make()
    const many = new Shots(64)
    // More in all than a client may send at once.
    for (let round = 0; round < 100; round++) {
      heard = []
      library.clear()
      library.send(many)
      library.dispatch(fire)
      expect(heard).toEqual(Array.from({ length: 64 }, (_, i) => [library.entity, ...many.at(i)]))
    }
    expect(library.size).toBeGreaterThan(0)
  })

  it('of the library arrives at each of many observers', () => {
    heard = []
    const library = new OurFanOut(3)
    for (let round = 0; round < 2; round++) {
      library.clear()
      library.send(shots)
      library.dispatch(fire)
    }
    expect(heard.map(([, ...args]) => args)).toEqual(Array.from({ length: 6 }, () => calls).flat())
    expect(new Set(heard.map(([entity]) => entity)).size).toBe(3)
  })

  it('of the library is answered when it is a request', async () => {
    heard = []
    const library = new OurRequests()
    for (let round = 0; round < 100; round++) {
      library.clear()
      library.send(new Shots(64))
      library.dispatch(fire)
      library.settle()
      expect(await library.last).toEqual({ left: 63 })
    }
    expect(heard.length).toBe(6400)
  })
})

describe('the workload', () => {
  it('changes exactly the entities it names, also when its ticks repeat', () => {
    const stores = new Stores(COUNT + 1)
    const eids = numbers(1, COUNT)
    workload.populate(stores, eids)
    for (let tick = 0; tick < 3 * VARIANTS; tick++) {
      const before = stores.columns.map((column) => column.slice())
      workload.apply(tick, stores, eids)
      const changed = eids.filter((eid) => stores.columns.some((column, c) => column[eid] !== before[c]![eid]))
      const { moved, hurt, entities } = workload.at(tick)
      const named = new Set([...moved, ...hurt].map((i) => eids[i]!))
      expect(new Set(changed)).toEqual(named)
      expect(named.size).toBe(entities)
      expect(moved.length).toBe(60)
      expect(hurt.length).toBe(3)
    }
  })

  it('is the same for the same seed, and another for another', () => {
    const poses = (seed: number): number[] => [...new Workload(20, 0.5, seed).at(1).poses]
    expect(poses(3)).toEqual(poses(3))
    expect(poses(3)).not.toEqual(poses(4))
  })
})
