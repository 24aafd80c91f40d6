// Times many clients that see the same entities: encoded once for all of them, and copied into each one's packets.
import { measure } from '../../src/cli/bench/harness.js'
import { atMost, type Contender, toRows } from '../../src/cli/bench/result.js'
import { Crowd, type SentPacket } from '../ours/crowd.js'
import { Workload } from '../workload.js'
import type { Scenario, ScenarioContext } from './scenario.js'

/** What a packet of a kilobyte for each client and tick comes from: 1 % of 10,000 entities. */
const FRACTION = 0.01

export const interest: Scenario = {
  name: 'interest',
  title: 'many clients with equal interest, in memory',
  async run(context) {
    const { counts, clients, seed } = context
    const workload = new Workload(Math.max(...counts), FRACTION, seed)
    const crowds = clients.map((count) => new Crowd(workload, { clients: count, quantize: true, track: 'marked' }))
    await measureEncoding(context, crowds)
    for (const crowd of crowds) await measureSending(context, crowd)
  },
}

const nameOf = (crowd: Crowd): string => `bitecs-net, ${crowd.clients.length} clients`

/**
 * What a tick is encoded in, side by side for every number of clients. All of them step before each, since what clients
 * do in between takes the server's data out of the processor's caches, and that is no cost of the encoding.
 */
async function measureEncoding({ budget, progress, emit }: ScenarioContext, crowds: readonly Crowd[]): Promise<void> {
  const name = `${crowds[0]!.workload.name}, encoding`
  const contenders = crowds.map((crowd, i): Contender => {
    return {
      name: nameOf(crowd),
      kind: 'ours',
      goal: i === 0 ? undefined : [atMost(1.3, nameOf(crowds[0]!))],
      repeatable: false,
      prepare() {
        for (const other of crowds) if (other !== crowd) other.beginTick()
        crowd.beginTick()
      },
      run: () => crowd.replicate(),
    }
  })
  const timings = await measure(contenders, { budget, onProgress: (done) => progress(name, done) })
  emit(toRows({ scenario: 'interest', workload: name, unit: 'µs', scale: 1000 }, contenders, timings))
}

/** What sending it to each takes, beside handing the same packets to the same transport. */
async function measureSending({ budget, progress, emit }: ScenarioContext, crowd: Crowd): Promise<void> {
  const count = crowd.clients.length
  const name = `${crowd.workload.name}, sending to ${count}, each`
  const bytes = crowd.record().reduce((sum, packet) => sum + packet.bytes.length, 0) / count
  let packets: SentPacket[] = []
  const contenders: Contender[] = [
    {
      name: 'bitecs-net',
      kind: 'ours',
      repeatable: false,
      bytes,
      prepare() {
        crowd.beginTick()
        crowd.replicate()
      },
      run: () => crowd.send(),
    },
    {
      name: 'limit: the same packets, in memory',
      kind: 'limit',
      repeatable: false,
      bytes,
      prepare() {
        packets = crowd.record()
        for (const client of crowd.clients) client.step()
      },
      run: () => crowd.sendBare(packets),
    },
  ]
  const timings = await measure(contenders, { budget: budget / 2, onProgress: (done) => progress(name, done) })
  emit(toRows({ scenario: 'interest', workload: name, unit: 'µs', scale: 1000 / count }, contenders, timings))
}
