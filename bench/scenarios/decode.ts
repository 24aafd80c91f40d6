// Times decoding one tick's bytes into the stores of a client whose entities have different ids.
import { Columns } from '../limits/columns.js'
import { type HandTyped, requireRoom } from '../limits/hand-typed.js'
import { packedRecords } from '../limits/packed-records.js'
import { quantizedRecords } from '../limits/quantized-records.js'
import { measure } from '../../src/cli/bench/harness.js'
import { bytesOf, OurDecoder, OurWorld, recordTicks } from '../ours/world.js'
import { BITECS, BitecsDecoder, BitecsDirtyList } from '../peers/bitecs.js'
import { copyAll, copyChanges } from '../peers/bodies.js'
import { COLYSEUS, ColyseusDecoder, ColyseusEncoder } from '../peers/colyseus.js'
import { decodeJson, encodeJson } from '../peers/json.js'
import { MSGPACKR, MsgpackrCodec } from '../peers/msgpackr.js'
import { NENGI, NengiClient, NengiServer } from '../peers/nengi.js'
import { requireEqual } from '../steady.js'
import { atMost, type Contender, faster, toRows } from '../../src/cli/bench/result.js'
import { numbers, Stores, Workload } from '../workload.js'
import type { Scenario } from './scenario.js'

const RECORDS = 'limit: hand-typed'
const COLUMNS = 'limit: columns'
const QUANTIZED = 'limit: hand-quantized'
const BITECS_SOA = `${BITECS} SoA`

export const decode: Scenario = {
  name: 'decode',
  title: "applying one tick's changes",
  async run({ counts, fractions, seed, budget, progress, emit }) {
    for (const count of counts) {
      for (const fraction of fractions) {
        const workload = new Workload(count, fraction, seed)
        const contenders = decoders(workload)
        const timings = await measure(contenders, { budget, onProgress: (done) => progress(workload.name, done) })
        emit(toRows({ scenario: 'decode', workload: workload.name, unit: 'µs', scale: 1000 }, contenders, timings))
      }
    }
  },
}

/** Every decoder on a workload, each with stores of its own. */
export function decoders(workload: Workload): Contender[] {
  requireRoom(workload.count)
  return [
    ours('bitecs-net', workload, false, [atMost(2, RECORDS), faster(15, BITECS_SOA), faster(50, COLYSEUS)]),
    ours('bitecs-net, quantized', workload, true, undefined),
    bitecsDecoder(workload),
    jsonDecoder(workload),
    msgpackrDecoder(workload),
    colyseusDecoder(workload),
    nengiDecoder(workload),
    handTyped(RECORDS, workload, packedRecords),
    columnsDecoder(workload),
    handTyped(QUANTIZED, workload, quantizedRecords),
  ]
}

/** Takes the distinct ticks by turns, so that no run meets the bytes of the one before. */
function turns<T>(items: readonly T[], use: (item: T) => number): () => number {
  let turn = 0
  return () => use(items[turn++ % items.length]!)
}

function ours(name: string, workload: Workload, quantize: boolean, goal: Contender['goal']): Contender {
  const world = new OurWorld(workload, quantize)
  const ticks = recordTicks(world)
  const decoder = new OurDecoder(world)
  const bytes = ticks.reduce((sum, packets) => sum + bytesOf(packets), 0) / workload.changedEntities
  const run = turns(ticks, (packets) => requireEqual(decoder.decode(packets), packets.length, name))
  return { name, kind: 'ours', goal, repeatable: true, run, bytes }
}

/** The sender's side of a decoder: stores, entities from 1 on, and who changed in each tick. */
class Sender {
  readonly target: Stores
  readonly eids: Uint32Array
  private bytes = 0

  constructor(
    readonly workload: Workload,
    readonly stores = new Stores(workload.count + 1),
  ) {
    this.target = new Stores(2 * workload.count + 1)
    this.eids = numbers(1, workload.count)
    workload.populate(this.stores, this.eids)
  }

  /** What `encodeTick` makes of each distinct tick; it returns the number of bytes too. */
  ticks<T>(encodeTick: (moved: Uint32Array, hurt: Uint32Array, tick: number) => { packet: T; bytes: number }): T[] {
    return this.workload.variants.map(({ moved, hurt }, tick) => {
      this.workload.apply(tick, this.stores, this.eids)
      const { packet, bytes } = encodeTick(
        moved.map((i) => this.eids[i]!),
        hurt.map((i) => this.eids[i]!),
        tick,
      )
      this.bytes += bytes
      return packet
    })
  }

  /** By the sender's entity: the receiver's. */
  get eidOf(): Uint32Array {
    return Uint32Array.from({ length: this.workload.count + 1 }, (_, eid) =>
      eid === 0 ? 0 : eid + this.workload.count,
    )
  }

  get idMap(): Map<number, number> {
    return new Map(Array.from(this.eidOf, (eid, sender): [number, number] => [sender, eid]).slice(1))
  }

  get bytesPerChange(): number {
    return this.bytes / this.workload.changedEntities
  }
}

function bitecsDecoder(workload: Workload): Contender {
  const sender = new Sender(workload)
  const encoder = new BitecsDirtyList(sender.stores, workload.count)
  const decoder = new BitecsDecoder(sender.target)
  const ids = sender.idMap
  const ticks = sender.ticks((moved, hurt) => {
    const bytes = encoder.encode([...moved], [...hurt])
    return { bytes, packet: { poses: encoder.posePacket, healths: encoder.healthPacket } }
  })
  const run = turns(ticks, ({ poses, healths }) => decoder.decode(poses, healths, ids))
  return { name: BITECS_SOA, kind: 'peer', repeatable: true, run, bytes: sender.bytesPerChange }
}

function jsonDecoder(workload: Workload): Contender {
  const sender = new Sender(workload)
  const ids = sender.idMap
  const ticks = sender.ticks((moved, hurt) => {
    const packet = encodeJson(sender.stores, [...moved], [...hurt])
    return { packet, bytes: packet.length }
  })
  const run = turns(ticks, (text) => decodeJson(text, sender.target, ids))
  return { name: 'JSON', kind: 'peer', repeatable: true, run, bytes: sender.bytesPerChange }
}

function msgpackrDecoder(workload: Workload): Contender {
  const sender = new Sender(workload)
  const ids = sender.idMap
  const codec = new MsgpackrCodec()
  const ticks = sender.ticks((moved, hurt) => {
    const packet = codec.encode(sender.stores, [...moved], [...hurt]).slice()
    return { packet, bytes: packet.length }
  })
  const run = turns(ticks, (packet) => codec.decode(packet, sender.target, ids))
  return { name: MSGPACKR, kind: 'peer', repeatable: true, run, bytes: sender.bytesPerChange }
}

/** Into objects of its own, which are what its client has; they are not copied to the stores. */
function colyseusDecoder(workload: Workload): Contender {
  const sender = new Sender(workload)
  const { stores, eids } = sender
  const encoder = new ColyseusEncoder(workload.count, (bodies) => copyAll(stores, eids, bodies))
  const decoder = new ColyseusDecoder(encoder.first)
  const ticks = sender.ticks((_, __, tick) => {
    copyChanges(stores, eids, workload.at(tick), encoder.bodies)
    const packet = encoder.patch().slice()
    return { packet, bytes: packet.length }
  })
  const run = turns(ticks, (packet) => decoder.decode(packet))
  return { name: COLYSEUS, kind: 'peer', repeatable: true, run, bytes: sender.bytesPerChange }
}

function nengiDecoder(workload: Workload): Contender {
  const sender = new Sender(workload)
  const { stores, eids } = sender
  const server = new NengiServer(workload.count, (bodies) => copyAll(stores, eids, bodies))
  const client = new NengiClient(server.first)
  const ticks = sender.ticks((_, __, tick) => {
    copyChanges(stores, eids, workload.at(tick), server.bodies)
    const bytes = server.encode()
    return { packet: Buffer.from(server.packet), bytes }
  })
  const run = turns(ticks, (packet) => client.decode(packet))
  return { name: NENGI, kind: 'peer', repeatable: true, run, bytes: sender.bytesPerChange }
}

function columnsDecoder(workload: Workload): Contender {
  const sender = new Sender(workload)
  const { target, eidOf } = sender
  const ticks = sender.ticks((moved, hurt) => {
    const codec = new Columns(sender.stores, workload.count)
    return { packet: codec, bytes: codec.encode(moved, hurt) }
  })
  const run = turns(ticks, (codec) => codec.decode(target, eidOf))
  return { name: COLUMNS, kind: 'limit', repeatable: true, run, bytes: sender.bytesPerChange }
}

/** Hand-typed code reads from a buffer of its own, where the bytes of a tick are put before it is timed. */
function handTyped(name: string, workload: Workload, codec: HandTyped): Contender {
  const sender = new Sender(workload, codec.source)
  const { eidOf } = sender
  const ticks = sender.ticks((moved, hurt) => {
    const bytes = codec.encode(moved, moved.length, hurt, hurt.length)
    return { packet: codec.bytes.slice(), bytes }
  })
  const prepare = turns(ticks, (packet) => {
    codec.bytes.set(packet)
    return 0
  })
  const run = (): number => codec.decode(eidOf)
  return { name, kind: 'limit', repeatable: true, prepare, run, bytes: sender.bytesPerChange }
}
