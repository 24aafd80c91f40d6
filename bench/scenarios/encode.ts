// Times encoding one tick's changes: finding them, where the game does not report them, and writing them.
import { Columns } from '../limits/columns.js'
import { Memcpy } from '../limits/memcpy.js'
import { type HandTyped, requireRoom } from '../limits/hand-typed.js'
import { packedRecords } from '../limits/packed-records.js'
import { quantizedRecords } from '../limits/quantized-records.js'
import { shadowScan } from '../limits/shadow-scan.js'
import { measure } from '../../src/cli/bench/harness.js'
import { bytesOf, OurEncoder, OurWorld, recordTicks, type Tracking } from '../ours/world.js'
import { BITECS, BitecsDiff, BitecsDirtyList } from '../peers/bitecs.js'
import { copyAll, copyChanges, type Moving } from '../peers/bodies.js'
import { COLYSEUS, ColyseusEncoder } from '../peers/colyseus.js'
import { encodeJson } from '../peers/json.js'
import { MSGPACKR, MsgpackrCodec } from '../peers/msgpackr.js'
import { NENGI, NengiServer } from '../peers/nengi.js'
import { requireEqual } from '../steady.js'
import { atMost, bytesAtMost, type Contender, faster, toRows } from '../../src/cli/bench/result.js'
import { numbers, Stores, VARIANTS, Workload } from '../workload.js'
import type { Scenario } from './scenario.js'

const MEMCPY = 'limit: memcpy'
const RECORDS = 'limit: hand-typed, dirty list'
const COLUMNS = 'limit: columns, dirty list'
const QUANTIZED = 'limit: hand-quantized, dirty list'
const SHADOW_SCAN = 'limit: hand-typed shadow scan'
const BITECS_LIST = `${BITECS} SoA, dirty list`
const BITECS_DIFF = `${BITECS} SoA, diff mode`

/** Microseconds from milliseconds. */
const MICROSECONDS = 1000

export const encode: Scenario = {
  name: 'encode',
  title: "encoding one tick's changes",
  async run({ counts, fractions, seed, budget, progress, emit }) {
    for (const count of counts) {
      for (const fraction of fractions) {
        const workload = new Workload(count, fraction, seed)
        const contenders = encoders(workload)
        const timings = await measure(contenders, { budget, onProgress: (done) => progress(workload.name, done) })
        emit(
          toRows({ scenario: 'encode', workload: workload.name, unit: 'µs', scale: MICROSECONDS }, contenders, timings),
        )
      }
    }
  },
}

/** Every encoder on a workload, each with stores of its own. */
export function encoders(workload: Workload): Contender[] {
  const { fraction, count } = workload
  const size = workload.at(0).moved.length * 32 + workload.at(0).hurt.length * 6
  const copy = new Memcpy(size)
  requireRoom(count)
  const goals = {
    // Few changes do not spread the block headers.
    quantized: fraction >= 0.1 ? [bytesAtMost(12)] : [],
    marked: [atMost(2, RECORDS), faster(15, BITECS_LIST), faster(fraction < 0.1 ? 25 : 40, COLYSEUS)],
    scan: [atMost(1.5, SHADOW_SCAN), faster(500, BITECS_DIFF)],
  }
  return [
    ours('bitecs-net, marked', workload, 'marked', false, goals.marked),
    ours('bitecs-net, marked, quantized', workload, 'marked', true, [atMost(1.5, QUANTIZED), ...goals.quantized]),
    ours('bitecs-net, scan', workload, 'scan', false, goals.scan),
    ours('bitecs-net, scan, quantized', workload, 'scan', true, goals.quantized),
    listed(BITECS_LIST, 'peer', workload, (stores) => {
      const encoder = new BitecsDirtyList(stores, count)
      return ({ movedList, hurtList }) => encoder.encode(movedList, hurtList)
    }),
    bitecsDiff(workload),
    listed('JSON', 'peer', workload, (stores) => {
      return ({ movedList, hurtList }) => encodeJson(stores, movedList, hurtList).length
    }),
    listed(MSGPACKR, 'peer', workload, (stores) => {
      const codec = new MsgpackrCodec()
      return ({ movedList, hurtList }) => codec.encode(stores, movedList, hurtList).length
    }),
    objects(COLYSEUS, workload, (fill) => new ColyseusEncoder(count, fill)),
    objects(NENGI, workload, (fill) => new NengiServer(count, fill)),
    { name: MEMCPY, kind: 'limit', repeatable: true, bytes: size / workload.at(0).entities, run: () => copy.encode() },
    handTyped(RECORDS, workload, packedRecords),
    listed(COLUMNS, 'limit', workload, (stores) => {
      const encoder = new Columns(stores, count)
      return ({ moved, hurt }) => encoder.encode(moved, hurt)
    }),
    handTyped(QUANTIZED, workload, quantizedRecords),
    handScan(workload),
  ]
}

/** A game that is `marked` says what it changed, which is not timed, as it is not for those that are given lists. */
function ours(
  name: string,
  workload: Workload,
  track: Tracking,
  quantize: boolean,
  goal: Contender['goal'],
): Contender {
  const world = new OurWorld(workload, quantize, 1, track)
  const bytes = recordTicks(world).reduce((sum, packets) => sum + bytesOf(packets), 0) / workload.changedEntities
  const encoder = new OurEncoder(world)
  let tick = VARIANTS
  const prepare = (): void => {
    workload.apply(tick, world.stores, world.eids)
    if (track === 'marked') world.mark(workload.at(tick))
    tick++
  }
  const run = (): number => requireEqual(encoder.encode(), workload.at(tick - 1).entities, name)
  return { name, kind: 'ours', goal, repeatable: false, prepare, run, bytes }
}

/** A peer whose entities are objects, of which it finds by itself what changed. Setting their fields is not timed. */
function objects(
  name: string,
  workload: Workload,
  make: (fill: (bodies: readonly Moving[]) => void) => { bodies: readonly Moving[]; encode(): number },
): Contender {
  const stores = new Stores(workload.count + 1)
  const eids = numbers(1, workload.count)
  workload.populate(stores, eids)
  const encoder = make((bodies) => copyAll(stores, eids, bodies))
  let tick = 0
  const prepare = (): void => {
    workload.apply(tick, stores, eids)
    copyChanges(stores, eids, workload.at(tick++), encoder.bodies)
  }
  const run = (): number => encoder.encode()
  return { name, kind: 'peer', repeatable: false, prepare, run, bytes: averageBytes(workload, prepare, run) }
}

function bitecsDiff(workload: Workload): Contender {
  const stores = new Stores(workload.count + 1)
  const eids = numbers(1, workload.count)
  workload.populate(stores, eids)
  return tracking(BITECS_DIFF, 'peer', workload, stores, eids, new BitecsDiff(stores, eids))
}

function handScan(workload: Workload): Contender {
  const eids = numbers(1, workload.count)
  workload.populate(shadowScan.source, eids)
  const encoder = { encode: () => shadowScan.encode(eids) }
  encoder.encode()
  return tracking(SHADOW_SCAN, 'limit', workload, shadowScan.source, eids, encoder)
}

function handTyped(name: string, workload: Workload, codec: HandTyped): Contender {
  return listed(
    name,
    'limit',
    workload,
    () =>
      ({ moved, hurt }) =>
        codec.encode(moved, moved.length, hurt, hurt.length),
    codec.source,
  )
}

/** An encoder that finds the changes: each run needs new ones. */
function tracking(
  name: string,
  kind: Contender['kind'],
  workload: Workload,
  stores: Stores,
  eids: Uint32Array,
  encoder: { encode(): number },
): Contender {
  let tick = 0
  const prepare = (): void => workload.apply(tick++, stores, eids)
  const run = (): number => encoder.encode()
  return { name, kind, repeatable: false, prepare, run, bytes: averageBytes(workload, prepare, run) }
}

interface DirtyLists {
  readonly moved: Uint32Array
  readonly hurt: Uint32Array
  /** The same as plain arrays, as some libraries want them. */
  readonly movedList: readonly number[]
  readonly hurtList: readonly number[]
}

/** An encoder that is told what changed: it can run again on the same changes. */
function listed(
  name: string,
  kind: Contender['kind'],
  workload: Workload,
  make: (stores: Stores) => (lists: DirtyLists) => number,
  stores = new Stores(workload.count + 1),
): Contender {
  const eids = numbers(1, workload.count)
  workload.populate(stores, eids)
  const encodeLists = make(stores)
  const lists = workload.variants.map((changes): DirtyLists => {
    const moved = changes.moved.map((i) => eids[i]!)
    const hurt = changes.hurt.map((i) => eids[i]!)
    return { moved, hurt, movedList: [...moved], hurtList: [...hurt] }
  })
  let tick = 0
  let current = lists[0]!
  const prepare = (): void => {
    current = lists[tick % VARIANTS]!
    workload.apply(tick++, stores, eids)
  }
  const run = (): number => encodeLists(current)
  return { name, kind, repeatable: true, prepare, run, bytes: averageBytes(workload, prepare, run) }
}

/** Bytes for each changed entity, over all distinct ticks. */
function averageBytes(workload: Workload, prepare: () => void, run: () => number): number {
  let bytes = 0
  for (let i = 0; i < VARIANTS; i++) {
    prepare()
    bytes += run()
  }
  return bytes / workload.changedEntities
}
