// Times a whole tick, end to end in one process: a server and its clients, each with its own world,
// and everything that they do.
import { measure } from '../../src/cli/bench/harness.js'
import { type Contender, toRows } from '../../src/cli/bench/result.js'
import { requireRoom } from '../limits/hand-typed.js'
import { packedRecords } from '../limits/packed-records.js'
import { OurWorld } from '../ours/world.js'
import { BITECS, BitecsDecoder, BitecsDirtyList } from '../peers/bitecs.js'
import { decodeJson, encodeJson } from '../peers/json.js'
import { MSGPACKR, MsgpackrCodec } from '../peers/msgpackr.js'
import { numbers, Stores, VARIANTS, Workload } from '../workload.js'
import type { Scenario } from './scenario.js'

/** Clients that get all of it. */
const CLIENTS = 8
const FRACTION = 0.1

export const loopback: Scenario = {
  name: 'loopback',
  title: `a whole tick of a server and ${CLIENTS} clients in one process`,
  async run({ counts, seed, budget, progress, emit }) {
    const workload = new Workload(Math.min(...counts), FRACTION, seed)
    requireRoom(workload.count)
    const name = `${workload.name}, ${CLIENTS} clients`
    const contenders = contendersOf(workload)
    const timings = await measure(contenders, { budget, onProgress: (done) => progress(name, done) })
    emit(toRows({ scenario: 'loopback', workload: name, unit: 'µs', scale: 1000 }, contenders, timings))
  },
}

function contendersOf(workload: Workload): Contender[] {
  return [ours(workload), ...peers(workload)]
}

/** Everything that a tick is: sessions, acknowledgements, ownership, events, and what of it the clients do. */
function ours(workload: Workload): Contender {
  const world = new OurWorld(workload, false, CLIENTS)
  const { network, stores, eids } = world
  let tick = 0
  return {
    name: 'bitecs-net, everything',
    kind: 'ours',
    repeatable: false,
    prepare: () => workload.apply(tick++, stores, eids),
    run() {
      network.tick()
      return network.now
    },
  }
}

/** The codecs alone: what changed is given, encoded once, and decoded by every client. */
function peers(workload: Workload): Contender[] {
  const { count } = workload
  const bitecsStores = new Stores(count + 1)
  const encoder = new BitecsDirtyList(bitecsStores, count)
  const jsonStores = new Stores(count + 1)
  const msgpackrStores = new Stores(count + 1)
  const codec = new MsgpackrCodec()
  const target = new Stores(2 * count + 1)
  const decoder = new BitecsDecoder(target)
  const ids = new Map(Array.from(numbers(1, count), (eid): [number, number] => [eid, eid + count]))
  const eidOf = Uint32Array.from({ length: count + 1 }, (_, eid) => (eid === 0 ? 0 : eid + count))
  const each = (decode: () => number): number => {
    let sum = 0
    for (let i = 0; i < CLIENTS; i++) sum += decode()
    return sum
  }
  return [
    codecOnly(`${BITECS} SoA, dirty list`, 'peer', workload, bitecsStores, ({ movedList, hurtList }) => {
      encoder.encode(movedList, hurtList)
      return each(() => decoder.decode(encoder.posePacket, encoder.healthPacket, ids))
    }),
    codecOnly('JSON', 'peer', workload, jsonStores, ({ movedList, hurtList }) => {
      const text = encodeJson(jsonStores, movedList, hurtList)
      return each(() => decodeJson(text, target, ids))
    }),
    codecOnly(MSGPACKR, 'peer', workload, msgpackrStores, ({ movedList, hurtList }) => {
      const bytes = codec.encode(msgpackrStores, movedList, hurtList)
      return each(() => codec.decode(bytes, target, ids))
    }),
    codecOnly('limit: hand-typed, dirty list', 'limit', workload, packedRecords.source, ({ moved, hurt }) => {
      packedRecords.encode(moved, moved.length, hurt, hurt.length)
      return each(() => packedRecords.decode(eidOf))
    }),
  ]
}

interface DirtyLists {
  readonly moved: Uint32Array
  readonly hurt: Uint32Array
  readonly movedList: readonly number[]
  readonly hurtList: readonly number[]
}

function codecOnly(
  name: string,
  kind: Contender['kind'],
  workload: Workload,
  stores: Stores,
  pass: (lists: DirtyLists) => number,
): Contender {
  const eids = numbers(1, workload.count)
  workload.populate(stores, eids)
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
  return { name: `${name}, codec alone`, kind, repeatable: true, prepare, run: () => pass(current) }
}
