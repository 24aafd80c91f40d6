// Measures what a steady tick allocates: a server and two clients over the in-memory network, with changing values,
// and with commands, RPCs and messages in every tick, all of them drained.
import { addComponents, addEntity } from 'bitecs'
import { Networked } from '../../components/networked.js'
import {
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  drain,
  f32,
  replicate,
  sendCommand,
  sendMessage,
  sendRpc,
  setOwner,
  u16,
} from '../../src/index.js'
import { createTestNetwork } from '../../src/testing.js'
import { clientState, type ClientWorld, type ServerWorld } from '../../src/world/state.js'
import { summarize, type Timing } from '../../src/cli/bench/harness.js'
import { heapBytes, lookCost } from '../../src/cli/bench/heap.js'
import { type Condition, type Contender, toRows, valueAtMost } from '../../src/cli/bench/result.js'
import { Stores, Workload } from '../workload.js'
import type { Scenario } from './scenario.js'

const CLIENTS = 2
/** Ticks between two looks at the heap: few enough that most of these stretches meet no collection. */
const STRETCH = 50
const WARM_UP_TICKS = 2_000

/** A median over many stretches, so next to nothing is nothing. */
const ALLOCATES_NOTHING: readonly Condition[] = [valueAtMost(1, '≤ 1 B per tick')]
/** One difference of two looks at the heap: the compiler and the process itself account for some kilobytes. */
const KEEPS_NOTHING: readonly Condition[] = [valueAtMost(8, '≤ 8 B per tick')]

export const allocation: Scenario = {
  name: 'allocation',
  title: `heap of a server and ${CLIENTS} clients, calls included`,
  run({ counts, seed, ticks, progress, emit }) {
    for (const count of counts) {
      // A world in which nothing changes is the floor: what its ticks allocate is not the values'.
      for (const fraction of [0, 0.1]) {
        const workload = new Workload(count, fraction, seed)
        const { allocated, kept } = measureHeap(workload, ticks, (done) => progress(workload.name, done))
        const contenders = [
          contender('bitecs-net, allocated', ALLOCATES_NOTHING),
          contender('bitecs-net, kept after collection', KEEPS_NOTHING),
        ]
        emit(toRows({ scenario: 'allocation', workload: workload.name, unit: 'B/tick' }, contenders, [allocated, kept]))
      }
    }
    return Promise.resolve()
  },
}

function contender(name: string, goal: readonly Condition[]): Contender {
  return { name, kind: 'ours', goal, repeatable: false, run: () => 0 }
}

/** Bytes for each tick, in place of milliseconds. */
export interface HeapUse {
  /** What was allocated, collected again or not. */
  readonly allocated: Timing
  /** What a full collection left behind. */
  readonly kept: Timing
}

/** Runs a game of two clients on the workload and watches the heap of the process. */
export function measureHeap(workload: Workload, ticks: number, onProgress: (done: number) => void): HeapUse {
  const game = new SteadyGame(workload)
  for (let i = 0; i < Math.min(WARM_UP_TICKS, ticks); i++) game.tick()
  globalThis.gc?.()
  const before = heapBytes()
  const ownCost = lookCost()
  const stretches: number[] = []
  for (let done = 0; done < ticks; done += STRETCH) {
    const start = heapBytes()
    for (let i = 0; i < STRETCH; i++) game.tick()
    const grown = heapBytes() - start - ownCost
    // A collection took place: what was allocated cannot be told.
    if (grown > -ownCost) stretches.push(Math.max(0, grown) / STRETCH)
    onProgress((done + STRETCH) / ticks)
  }
  globalThis.gc?.()
  const grown = Math.max(0, heapBytes() - before - stretches.length * 16) / ticks
  return { allocated: summarize(stretches), kept: { median: grown, p99: grown, samples: 1 } }
}

const Steer = defineCommand({ x: f32, y: f32 }, { rate: { perSecond: 1000, burst: 1000 } })
const Boom = defineClientRpc({ x: f32, y: f32 }, { channel: 'unreliable' })
const Score = defineMessage({ points: u16 })

class SteadyGame {
  /** Of all calls received, so that none can be optimised away. */
  received = 0
  private readonly network
  private readonly server: ServerWorld
  private readonly clients: readonly ClientWorld[]
  private readonly stores: Stores
  private readonly eids: Uint32Array
  private readonly args = { x: 0, y: 0 }
  private readonly score = { points: 0 }
  private ticks = 0

  constructor(private readonly workload: Workload) {
    const { count } = workload
    this.stores = new Stores((1 + CLIENTS) * count + 64)
    const { position, rotation, velocity, health } = this.stores
    const protocol = defineProtocol({
      components: {
        Position: replicate(position, { x: f32, y: f32, z: f32 }),
        Rotation: replicate(rotation, { x: f32, y: f32, z: f32, w: f32 }),
        Velocity: replicate(velocity, { x: f32, y: f32, z: f32 }),
        Health: replicate(health, { hp: u16 }),
      },
      remote: { Steer, Boom },
      messages: { Score },
    })
    this.network = createTestNetwork(protocol, {
      clients: CLIENTS,
      serverSystems: [(world) => this.runServer(world)],
      clientSystems: [(world) => this.runClient(world)],
    })
    this.server = this.network.server
    this.clients = this.network.clients.map(({ world }) => world)
    this.eids = Uint32Array.from({ length: count }, () => addEntity(this.server))
    workload.populate(this.stores, this.eids)
    for (const eid of this.eids) addComponents(this.server, eid, position, rotation, velocity, health, Networked)
    this.network.clients.forEach(({ connection }, i) => setOwner(this.server, this.eids[i]!, connection))
    this.network.until(() => this.clients.every((world) => clientState(world).replication.entities.alive === count))
  }

  tick(): void {
    this.network.tick()
  }

  private runServer(world: ServerWorld): void {
    for (const { entity, args } of drain(world, Steer)) this.received += entity + args.x
    if (this.eids === undefined) return
    const { workload, args, score } = this
    if (workload.fraction > 0) workload.apply(this.ticks, this.stores, this.eids)
    this.ticks++
    sendRpc(world, this.eids[0]!, Boom, args)
    score.points = this.ticks & 0xffff
    sendMessage(world, Score, score)
  }

  private runClient(world: ClientWorld): void {
    for (const { entity, args } of drain(world, Boom)) this.received += entity + args.x
    for (const { args } of drain(world, Score)) this.received += args.points
    const { entities } = clientState(world).replication
    if (this.eids === undefined) return
    for (let i = 0; i < CLIENTS; i++) {
      const own = entities.entityOf(Networked.netId[this.eids[i]!]!)
      if (own === 0 || Networked.owner[own] === 0) continue
      this.args.x = this.ticks
      sendCommand(world, own, Steer, this.args)
    }
  }
}
