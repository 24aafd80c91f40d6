// Times a command from a real Chromium: from the call in the page to the drain of an observer there, over a server
// in its own process.
import { join } from 'node:path'
import { summarize } from '../../src/cli/bench/harness.js'
import { type Entrant, p99AtMost, toRows } from '../../src/cli/bench/result.js'
import { bundleForBrowser } from '../../test/support/bundle.js'
import { launchChromium } from '../../test/support/chromium.js'
import { Child } from '../processes/child.js'
import { TICK_MS } from '../processes/samples.js'
import type { Scenario } from './scenario.js'

const ENTITIES = 20
/** Milliseconds of the budget for each command: it takes eight times as long, but a 99th percentile needs a hundred. */
const COMMAND_MS = 10
const MOST = 500
const AT_ONCE = 50
const WARM_UP = 10

export const browser: Scenario = {
  name: 'browser',
  title: 'a command from Chromium to its observers',
  real: true,
  async run({ budget, progress, emit }) {
    const name = 'loopback interface'
    progress(name, 0)
    const server = await Child.start('our-server')
    const chromium = await launchChromium()
    try {
      const { port } = await server.ask('start', { entities: ENTITIES, grid: false })
      const page = await chromium.newPage()
      const address = `http://127.0.0.1:${port}`
      await page.goto(`${address}/nothing-is-here`)
      await page.addScriptTag({ content: await bundleForBrowser(join(process.cwd(), 'bench/processes/page.ts')) })
      await page.evaluate((url) => globalThis.pageTasks.connect(url), address)
      const count = Math.min(MOST, Math.max(WARM_UP, Math.round(budget / COMMAND_MS)))
      const command = (commands: number): Promise<number[]> =>
        page.evaluate((number) => globalThis.pageTasks.command(number), commands)
      await command(WARM_UP)
      const times: number[] = []
      while (times.length < count) {
        const taken = await command(Math.min(count - times.length, AT_ONCE))
        if (taken.length === 0) throw new Error('no command came back to the page')
        times.push(...taken)
        progress(name, Math.min(1, times.length / count))
      }
      const limit = TICK_MS + 3
      const entrant: Entrant = {
        name: 'bitecs-net, the call in the page to the drain of an observer',
        kind: 'ours',
        goal: [p99AtMost(limit, `p99 ≤ ${limit} ms, a tick and 3`)],
      }
      emit(toRows({ scenario: 'browser', workload: name, unit: 'ms' }, [entrant], [summarize(times)]))
    } finally {
      await chromium.close()
      server.stop()
    }
  },
}
