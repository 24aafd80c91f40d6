// `npm run soak`: runs the phases one after another, tells how far it is, and ends with bars, a verdict, JSON and a
// plot.
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { type PhaseResult, soakCycles, soakPlay, soakRestarts } from './phases.js'
import { plotSoak } from './plot.js'
import { report } from './report.js'
import { judge } from './series.js'

interface Settings {
  cycles: number
  restarts: number
  minutes: number
  bots: number
  processes: number
  loss: number
  out: string
}

const settings = new Command('npm run soak --')
  .description('Looks for leaks: clients that come and leave, servers that start again, and a long game under loss.')
  .option('--cycles <n>', 'clients that come and leave; 0 leaves the phase out', Number, 1000)
  .option('--restarts <n>', 'starts of the server in one process; 0 leaves the phase out', Number, 100)
  .option('--minutes <n>', 'how long the bots play; 0 leaves the phase out', Number, 30)
  .option('--bots <n>', 'how many play', Number, 64)
  .option('--processes <n>', 'processes that the bots are spread over', Number, 4)
  .option('--loss <share>', 'share of the packets that is lost, in each direction', Number, 0.05)
  .option('--out <path>', 'where to write <path>.json and <path>.svg', 'test/artefacts/soak')
  .parse()
  .opts<Settings>()

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001B[2K${text}` : `${new Date().toISOString()} ${text}\n`)
}

const { cycles, restarts, minutes, bots, processes, loss, out } = settings
// Built beside this one.
const program = fileURLToPath(new URL('soak-process.mjs', import.meta.url))
const phases: PhaseResult[] = []
if (cycles > 0) phases.push(await soakCycles(cycles, { program, progress }))
if (restarts > 0) phases.push(await soakRestarts(restarts, { program, progress }))
if (minutes > 0) phases.push(await soakPlay({ program, progress, minutes, bots, processes, loss }))
progress('')

const series = phases.flatMap((phase) => phase.series)
const verdicts = series.flatMap(judge)
const notes = phases.map((phase) => phase.notes)
const meta = { date: new Date().toISOString(), node: process.version, cpu: cpus()[0]?.model, settings }
await mkdir(dirname(resolve(out)), { recursive: true })
await writeFile(`${out}.json`, `${JSON.stringify({ meta, verdicts, notes, series }, undefined, 1)}\n`)
await writeFile(`${out}.svg`, plotSoak(series, `bitecs-net soak, Node ${process.version}, ${meta.date.slice(0, 10)}`))

console.log(report(verdicts))
console.log(`\n${JSON.stringify(notes)}`)
const growing = verdicts.filter(({ flat }) => !flat)
console.log(`\n${out}.json and ${out}.svg written`)
console.log(growing.length === 0 ? 'Everything is flat.' : `${growing.length} of ${verdicts.length} grow.`)
process.exitCode = growing.length === 0 ? 0 : 1
