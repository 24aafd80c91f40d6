// Defines the options of a benchmark, and shows its result: a human-readable table, JSON, a comparison, a plot.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { UserError } from '../user-error.js'
import { formatComparison, parseReport } from './compare.js'
import { plot } from './plot.js'
import { formatMeta, formatTable, type Output, Progress } from './report.js'
import type { Report, Row } from './result.js'

/** The values of the options. */
export interface BenchSettings {
  json?: true
  quick?: true
  /** The names of the scenarios to run; without it all of them. */
  scenario?: string[]
  /** A file with the output of `--json`. */
  compare?: string
  /** Where to write the SVG. */
  plot?: string
  seed: number
}

interface Named {
  readonly name: string
  readonly title: string
}

/** Adds the options that every benchmark has. */
export function withBenchOptions(command: Command, scenarios: readonly Named[]): Command {
  const names = scenarios.map(({ name }) => name).join(', ')
  const parseScenario = (name: string, before: string[] = []): string[] => {
    if (!scenarios.some((each) => each.name === name)) throw new InvalidArgumentError(`Must be one of ${names}.`)
    return [...before, name]
  }
  return command
    .option('--json', 'print one JSON object on stdout')
    .option('--quick', 'run all scenarios in less than a minute')
    .option('--scenario <name>', `run only this scenario; may be repeated (${names})`, parseScenario)
    .option('--compare <file>', 'compare with the JSON of an earlier run')
    .option('--plot <file>', 'write a plot of cost against clients and entities, as SVG')
    .option('--seed <number>', 'seed of all random numbers', parseSeed, 1)
    .addHelpText('after', `\n${scenarios.map(({ name, title }) => `  ${name.padEnd(17)}${title}`).join('\n')}`)
}

function parseSeed(text: string): number {
  const seed = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed)) {
    throw new InvalidArgumentError('Must be a whole number from 0.')
  }
  return seed
}

/** The scenarios that the options name, in the order of the benchmark. */
export function chosen<S extends Named>(scenarios: readonly S[], { scenario }: BenchSettings): S[] {
  return scenarios.filter(({ name }) => scenario === undefined || scenario.includes(name))
}

/** Called while a benchmark runs. */
export interface RunHooks {
  readonly onProgress: (scenario: string, workload: string, done: number) => void
  readonly onRows: (rows: readonly Row[]) => void
}

/**
 * Runs a benchmark and shows the result, on two streams: `out` for the result, `err` for progress.
 *
 * @throws UserError when a file cannot be read or written, or there is nothing to plot.
 */
export async function showRun(
  settings: BenchSettings,
  run: (hooks: RunHooks) => Promise<Report>,
  out: Output = process.stdout,
  err: Output = process.stderr,
): Promise<void> {
  const { json } = settings
  // Before the run, so that an unreadable file is reported at once.
  const before = settings.compare === undefined ? undefined : readReport(settings.compare)
  const progress = new Progress(err)
  const report = await run({
    onProgress: (scenario, workload, done) => progress.show(scenario, workload, done),
    onRows(rows) {
      progress.end()
      if (!json) out.write(`${formatTable(rows)}\n`)
    },
  })
  out.write(json ? `${JSON.stringify(report)}\n` : `${formatMeta(report)}\n`)
  if (before !== undefined) (json ? err : out).write(`\n${formatComparison(before, report)}`)
  if (settings.plot !== undefined) writePlot(settings.plot, report)
}

function readReport(file: string): Report {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new UserError(`cannot read the file of --compare, ${file}: ${(cause as Error).message}`, { cause })
  }
  return parseReport(text, file)
}

function writePlot(file: string, report: Report): void {
  const svg = plot(report)
  try {
    writeFileSync(file, svg)
  } catch (cause) {
    throw new UserError(`cannot write the file of --plot, ${file}: ${(cause as Error).message}`, { cause })
  }
}
