// `npm run bench`: reads the options, runs the benchmark, prints a table for people or one JSON object for machines.
import { Command, InvalidArgumentError } from 'commander'
import { runBenchmark } from './benchmark.js'
import { formatMeta, formatTable, Progress } from '../src/cli/bench/report.js'
import { type Scenario, scenarios } from './scenarios/index.js'

interface Options {
  json?: true
  quick?: true
  scenario?: Scenario[]
  seed: number
}

const names = scenarios.map(({ name }) => name).join(', ')

function parseScenario(name: string, before: Scenario[] = []): Scenario[] {
  const scenario = scenarios.find((each) => each.name === name)
  if (scenario === undefined) throw new InvalidArgumentError(`There is ${names}.`)
  return [...before, scenario]
}

function parseSeed(text: string): number {
  const seed = Number(text)
  if (!Number.isInteger(seed) || seed < 0) throw new InvalidArgumentError('A seed is a whole number from 0 on.')
  return seed
}

const { json, quick, scenario, seed } = new Command('npm run bench --')
  .description('Measures bitecs-net beside its peers and hand-written code, in turns within one run.')
  .option('--json', 'print one JSON object on stdout')
  .option('--quick', 'take less than a minute for all scenarios')
  .option('--scenario <name>', `run only this one; may be repeated (${names})`, parseScenario)
  .option('--seed <number>', 'what everything random follows from', parseSeed, 1)
  .addHelpText('after', scenarios.map((each) => `\n  ${each.name.padEnd(12)}${each.title}`).join(''))
  .parse()
  .opts<Options>()

const progress = new Progress(process.stderr)
const report = await runBenchmark({
  scenarios: scenario ?? scenarios,
  seed,
  quick: quick ?? false,
  onProgress: (name, workload, done) => progress.show(name, workload, done),
  onRows: (rows) => {
    progress.end()
    if (!json) process.stdout.write(`${formatTable(rows)}\n`)
  },
})
process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${formatMeta(report)}\n`)
