// Times a server's whole tick as the numbers of clients and of entities grow. `--plot` draws the result.
import { measure } from '../../src/cli/bench/harness.js'
import { type Contender, toRows } from '../../src/cli/bench/result.js'
import { Crowd } from '../ours/crowd.js'
import type { Tracking } from '../ours/world.js'
import { Workload } from '../workload.js'
import type { Scenario } from './scenario.js'

const FRACTION = 0.1
/** Entities while clients become more, and clients while entities do. */
const ENTITIES = 1000
const CLIENTS = 16

export const growth: Scenario = {
  name: 'growth',
  title: 'a whole tick of the server against clients and entities',
  async run({ clients, growth: sizes, seed, budget, progress, emit }) {
    const run = async (name: string, contenders: readonly Contender[]): Promise<void> => {
      const timings = await measure(contenders, { budget, onProgress: (done) => progress(name, done) })
      emit(toRows({ scenario: 'growth', workload: name, unit: 'µs', scale: 1000 }, contenders, timings))
    }
    const workload = new Workload(Math.min(ENTITIES, Math.max(...sizes)), FRACTION, seed)
    await run(
      `clients, ${workload.name}, marked`,
      clients.map((count) => changing(`bitecs-net, ${count} clients`, workload, count)),
    )
    const watchers = Math.min(CLIENTS, Math.max(...clients))
    await run(
      `entities, ${FRACTION * 100} % change, ${watchers} clients, marked`,
      sizes.map((size) => changing(`bitecs-net, ${size} entities`, new Workload(size, FRACTION, seed), watchers)),
    )
    for (const track of ['marked', 'scan'] as const) {
      await run(
        `entities, nothing changes, ${watchers} clients, ${track === 'scan' ? 'scanned' : 'marked'}`,
        sizes.map((size) => still(`bitecs-net, ${size} entities`, new Workload(size, 0, seed), watchers, track)),
      )
    }
  },
}

function changing(name: string, workload: Workload, clients: number): Contender {
  const crowd = new Crowd(workload, { clients, quantize: true, track: 'marked' })
  return {
    name,
    kind: 'ours',
    repeatable: false,
    prepare() {
      crowd.stepClients()
      crowd.change()
    },
    run: () => crowd.serverTick(),
  }
}

function still(name: string, workload: Workload, clients: number, track: Tracking): Contender {
  const crowd = new Crowd(workload, { clients, quantize: true, track })
  return { name, kind: 'ours', repeatable: false, prepare: () => crowd.stepClients(), run: () => crowd.serverTick() }
}
