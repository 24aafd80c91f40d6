// Times structural churn: in each tick a thousand entities end and as many begin, with all their components.
import { addComponents, addEntity, createWorld, removeEntity, type World } from 'bitecs'
import { Networked } from '../../components/networked.js'
import { measureSamples, type SelfTimed, timed } from '../../src/cli/bench/harness.js'
import { type Entrant, toRows } from '../../src/cli/bench/result.js'
import { createTestNetwork } from '../../src/testing.js'
import { clientState } from '../../src/world/state.js'
import { runSystems, serverReceive, serverSend } from '../../systems/index.js'
import { protocolOf } from '../ours/world.js'
import { BITECS } from '../peers/bitecs.js'
import { BitecsObserver } from '../peers/bitecs-worlds.js'
import { Stores, Workload } from '../workload.js'
import type { Scenario } from './scenario.js'

/** Entities that are exchanged in each tick, at most half of the world. */
const CHURN = 1000
const TICK_MS = 50
/** It carries no values. */
const BITECS_OBSERVER = `${BITECS} Observer serializer`

type Sampled = Entrant & SelfTimed

export const structure: Scenario = {
  name: 'structure',
  title: 'entities that begin and end',
  async run({ counts, seed, budget, progress, emit }) {
    const count = Math.max(...counts)
    const churn = Math.min(CHURN, count / 2)
    const workload = new Workload(count, 0, seed)
    for (const { side, contenders } of [ours(workload, churn), peers(workload, churn)].reduce(pair)) {
      const name = `${churn} of ${count} exchanged, ${side}`
      const timings = await measureSamples(contenders, { budget, onProgress: (done) => progress(name, done) })
      emit(toRows({ scenario: 'structure', workload: name, unit: 'ms' }, contenders, timings))
    }
  },
}

interface Side {
  readonly side: string
  readonly contenders: readonly Sampled[]
}

/** The contenders of both for each side, ours first. */
function pair(first: readonly Side[], second: readonly Side[]): Side[] {
  return first.map(({ side, contenders }, i) => ({ side, contenders: [...contenders, ...second[i]!.contenders] }))
}

/** Entities that are exchanged from the oldest on. */
class Churn {
  private readonly eids: number[]
  private at = 0

  constructor(
    private readonly world: World,
    private readonly stores: Stores,
    private readonly tag: object,
    workload: Workload,
  ) {
    this.eids = Array.from({ length: workload.count }, () => addEntity(world))
    workload.populate(stores, Uint32Array.from(this.eids))
    for (const eid of this.eids) this.add(eid)
  }

  exchange(count: number): number {
    for (let i = 0; i < count; i++, this.at = (this.at + 1) % this.eids.length) {
      removeEntity(this.world, this.eids[this.at]!)
      const eid = addEntity(this.world)
      this.eids[this.at] = eid
      this.add(eid)
    }
    return this.at
  }

  private add(eid: number): void {
    const { position, rotation, velocity, health } = this.stores
    addComponents(this.world, eid, position, rotation, velocity, health, this.tag)
  }
}

function ours(workload: Workload, churn: number): Side[] {
  const { count } = workload
  const stores = new Stores(3 * count + 64)
  const network = createTestNetwork(protocolOf(stores, false))
  const { server, clients } = network
  const world = new Churn(server, stores, Networked, workload)
  const { entities } = clientState(clients[0]!.world).replication
  network.until(() => entities.alive === count)
  const serve = (): number => {
    runSystems(server, [...serverReceive, ...serverSend])
    return entities.alive
  }
  const receive = (): number => {
    network.stall(TICK_MS)
    clients[0]!.step()
    return entities.alive
  }
  return [
    {
      side: 'server',
      contenders: [
        {
          name: 'bitecs-net, the exchange included',
          kind: 'ours',
          sample() {
            receive()
            return timed(() => world.exchange(churn) + serve())
          },
        },
      ],
    },
    {
      side: 'client',
      contenders: [
        {
          name: 'bitecs-net',
          kind: 'ours',
          sample() {
            world.exchange(churn)
            serve()
            return timed(receive)
          },
        },
      ],
    },
  ]
}

function peers(workload: Workload, churn: number): Side[] {
  const { count } = workload
  const tag = {}
  const alone = new Churn(createWorld(), new Stores(2 * count + 64), tag, workload)
  const stores = new Stores(2 * count + 64)
  const sender = createWorld()
  const receiver = createWorld()
  const observer = new BitecsObserver(sender, tag, stores, receiver, new Stores(2 * count + 64), 2 * count)
  const world = new Churn(sender, stores, tag, workload)
  observer.encode()
  observer.decode()
  return [
    {
      side: 'server',
      contenders: [
        {
          name: `${BITECS_OBSERVER}, the exchange included`,
          kind: 'peer',
          sample() {
            const elapsed = timed(() => world.exchange(churn) + observer.encode())
            observer.decode()
            return elapsed
          },
        },
        { name: 'limit: bitECS alone', kind: 'limit', sample: () => timed(() => alone.exchange(churn)) },
      ],
    },
    {
      side: 'client',
      contenders: [
        {
          name: BITECS_OBSERVER,
          kind: 'peer',
          sample() {
            world.exchange(churn)
            observer.encode()
            return timed(() => observer.decode())
          },
        },
      ],
    },
  ]
}
