// Runs `npm run fuzz`: sends hostile input to every target for a given time, prints progress and a summary, and writes
// failures to files.
import { Command, InvalidArgumentError, Option } from 'commander'
import { type Failure, reduce, runOnce, type NameCounts } from './engine/campaign.js'
import { readRun, writeFound, writeTape } from './engine/corpus.js'
import { plays } from './golden/plays.js'
import { KeptMemory } from './engine/memory.js'
import { recordPlay } from './golden/stage.js'
import { fuzzNetwork } from './network/campaign.js'
import { targets } from './targets/index.js'
import { replay, type Target } from './targets/target.js'

interface Settings {
  readonly minutes: number
  readonly seed: number
  readonly target?: string
  readonly inputs?: number
  readonly replay?: string
  readonly network?: boolean
  readonly record?: boolean
}

/** Milliseconds between two lines of progress. */
const PROGRESS_EVERY = 10_000
/** The time limit for reducing a failure, in milliseconds. */
const MINIMISE_FOR = 120_000
/** The distance between the seeds of two targets, so that they never share one. */
const SEEDS_APART = 1_000_003
/** Turns until caches, code and tables have their lasting size, and the bytes that may be kept beyond that. */
const WARM_UP_TURNS = 20
const MAX_KEPT = 16 << 20

function numberAbove(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!(value > least)) throw new InvalidArgumentError(`it must be a number above ${least}`)
    return value
  }
}

function readSettings(): Settings {
  return new Command('npm run fuzz --')
    .description('Throws hostile input at every decoder, the whole server, the whole client and the loading of saves.')
    .option('--minutes <n>', 'how long', numberAbove(0), 1)
    .option('--inputs <n>', 'stop after so many inputs in all', numberAbove(0))
    .option('--seed <n>', 'where everything random begins', numberAbove(-1), 1)
    .addOption(new Option('--target <name>', 'one target alone').choices(targets.map(({ name }) => name)))
    .option('--network', 'over real WebRTC and HTTP instead, beside players, in turns with guests and with nothing')
    .option('--record', 'write the recordings of the corpus anew, and nothing else')
    .option('--replay <file>', 'repeat a run of the corpus, and nothing else')
    .parse()
    .opts<Settings>()
}

function showTable(tallies: ReadonlyMap<string, NameCounts>): void {
  console.log(
    `\n${'target'.padEnd(14)}${'inputs'.padStart(12)}${'runs'.padStart(8)}${'seconds'.padStart(10)}${'inputs/s'.padStart(12)}`,
  )
  for (const [name, { inputs, runs, milliseconds }] of tallies) {
    const seconds = milliseconds / 1000
    const perSecond = seconds > 0 ? Math.round(inputs / seconds) : 0
    console.log(
      `${name.padEnd(14)}${String(inputs).padStart(12)}${String(runs).padStart(8)}${seconds.toFixed(1).padStart(10)}${String(perSecond).padStart(12)}`,
    )
  }
  const total = [...tallies.values()].reduce((sum, { inputs }) => sum + inputs, 0)
  console.log(`${'all'.padEnd(14)}${String(total).padStart(12)}`)
}

/** Writes a failure to the corpus, and prints how to repeat it. */
function keep(target: Target, failure: Failure): void {
  console.error(`\nFAILED: ${target.name}, seed ${failure.run.seed}: ${String(failure.error)}`)
  const { run } = reduce(target, failure, MINIMISE_FOR)
  const file = writeFound(run, `Not understood yet: ${String(failure.error).split('\n')[0]!}`)
  console.error(`${run.steps.length} of ${failure.run.steps.length} steps are left, in ${file}`)
  console.error(`repeat it with: npm run fuzz -- --replay ${file}`)
  if (failure.error instanceof Error) console.error(failure.error.stack)
}

/** Runs the targets in turns, each with its own seed in every turn, until one fails or the time is over. */
async function runCampaign({ minutes, seed, inputs = Infinity, target }: Settings): Promise<void> {
  const chosen = targets.filter(({ name }) => target === undefined || name === target)
  const tallies = new Map(
    chosen.map(({ name }) => [name, { inputs: 0, runs: 0, milliseconds: 0 } satisfies NameCounts]),
  )
  const end = performance.now() + minutes * 60_000
  let shownAt = performance.now()
  let thrown = 0
  const kept = new KeptMemory()
  console.log(`seed ${seed}, ${minutes} minutes, targets ${chosen.map(({ name }) => name).join(', ')}`)
  for (let turn = 0; performance.now() < end && thrown < inputs; turn++) {
    if (turn === WARM_UP_TURNS) kept.begin()
    for (const [i, one] of chosen.entries()) {
      const started = performance.now()
      const failure = runOnce(one, seed + turn + i * SEEDS_APART, one.inputs)
      const tally = tallies.get(one.name)!
      tally.inputs += one.inputs
      tally.runs++
      // Let promises settle between turns; otherwise their values would stay in memory for hours.
      await new Promise((resolve) => setImmediate(resolve))
      tally.milliseconds += performance.now() - started
      thrown += one.inputs
      if (failure !== undefined) {
        process.exitCode = 1
        keep(one, failure)
        return showTable(tallies)
      }
      if (performance.now() - shownAt > PROGRESS_EVERY) {
        shownAt = performance.now()
        const rates = [...tallies].map(
          ([name, done]) => `${name} ${Math.round((done.inputs * 1000) / done.milliseconds)}/s`,
        )
        console.log(`turn ${turn}, ${thrown} inputs: ${rates.join(', ')}`)
      }
    }
  }
  const growth = kept.measure()
  showTable(tallies)
  if (growth !== 0) console.log(String(kept))
  if (growth <= MAX_KEPT) return
  process.exitCode = 1
  console.error('FAILED: something of what was thrown stays')
}

function replayFile(file: string): void {
  const run = readRun(file)
  const target = targets.find(({ name }) => name === run.target)
  if (target === undefined) throw new Error(`${file} is of a target that does not exist: ${run.target}`)
  console.log(run.story)
  replay(target, run)
  console.log(`${run.steps.length} steps, and nothing got through`)
}

/** Writes the recordings of the corpus again. */
function recordPlays(): void {
  for (const play of plays) console.log(writeTape(recordPlay(play)))
}

const settings = readSettings()
if (settings.record) recordPlays()
else if (settings.replay !== undefined) replayFile(settings.replay)
else if (settings.network) await fuzzNetwork(settings)
else await runCampaign(settings)
