// Runs `npm run bench`: reads the options, runs the benchmark, and prints a table, or one JSON object on request.
import { Command } from 'commander'
import { type BenchSettings, chosen, showRun, withBenchOptions } from '../src/cli/bench/options.js'
import { explain } from '../src/cli/user-error.js'
import { runBenchmark } from './benchmark.js'
import { scenarios } from './scenarios/index.js'

const command = new Command('npm run bench --').description(
  'Measures bitecs-net beside its peers and hand-written code, in turns within one run.',
)
const settings = withBenchOptions(command, scenarios).parse().opts<BenchSettings>()
try {
  await showRun(settings, (hooks) => {
    const { seed, quick = false } = settings
    return runBenchmark({ scenarios: chosen(scenarios, settings), seed, quick, ...hooks })
  })
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}
