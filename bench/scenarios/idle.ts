// Times a tick in which nothing changes: the server's cost of entities and clients that only exist.
import { measure } from '../../src/cli/bench/harness.js'
import { atMost, type Contender, type Entrant, toRows, valueAtMost } from '../../src/cli/bench/result.js'
import { Crowd } from '../ours/crowd.js'
import type { Tracking } from '../ours/world.js'
import { Workload } from '../workload.js'
import type { Scenario } from './scenario.js'

/** Entities of the small world that the large one is compared with. */
const FEW = 100
const QUIET_TICKS = 40
/** What a tick may take in which nothing happens. */
const QUIET_MICROS = 50

export const idle: Scenario = {
  name: 'idle',
  title: 'a tick with nothing changed',
  async run({ counts, clients, seed, budget, progress, emit }) {
    const most = Math.max(...counts)
    const few = Math.min(FEW, most / 2)
    const watchers = Math.max(...clients)
    const crowdOf = (count: number, track: Tracking): Crowd => {
      // A change or two, so that no server thinks that it never has to look.
      const crowd = new Crowd(new Workload(count, 0, seed), { clients: watchers, quantize: false, track })
      crowd.beginTick()
      crowd.settle()
      return crowd
    }
    const name = `${watchers} clients`
    const crowd = crowdOf(most, 'marked')
    const quiet = valueAtMost(QUIET_MICROS, `≤ ${QUIET_MICROS} µs`)
    const contenders: Contender[] = [
      contender(`marked, ${most} entities`, crowd, [quiet, atMost(3, `bitecs-net, marked, ${few} entities`)]),
      contender(`marked, ${few} entities`, crowdOf(few, 'marked')),
      contender(`scanned, ${most} entities`, crowdOf(most, 'scan')),
      contender(`scanned, ${few} entities`, crowdOf(few, 'scan')),
    ]
    const timings = await measure(contenders, { budget, onProgress: (done) => progress(name, done) })
    emit(toRows({ scenario: 'idle', workload: name, unit: 'µs', scale: 1000 }, contenders, timings))

    const bytes = quietBytes(crowd)
    const silence: Entrant = {
      name: 'bitecs-net, besides keep-alives',
      kind: 'ours',
      goal: [valueAtMost(0, 'no bytes but keep-alives')],
    }
    emit(
      toRows(
        { scenario: 'idle', workload: `${name}, sent`, unit: 'B/tick' },
        [silence],
        [{ median: bytes, p99: bytes, samples: 1 }],
      ),
    )
  },
}

function contender(name: string, crowd: Crowd, goal?: Contender['goal']): Contender {
  const prepare = (): void => crowd.stepClients()
  return { name: `bitecs-net, ${name}`, kind: 'ours', goal, repeatable: false, prepare, run: () => crowd.serverTick() }
}

/** Bytes of data packets for each tick, to all clients together. */
function quietBytes(crowd: Crowd): number {
  const sent = (): number => crowd.clients.reduce((sum, { bytes }) => sum + bytes[0] + bytes[1], 0)
  crowd.settle()
  crowd.stepClients()
  const before = sent()
  for (let i = 0; i < QUIET_TICKS; i++) {
    crowd.serverTick()
    crowd.stepClients()
  }
  return (sent() - before) / QUIET_TICKS
}
