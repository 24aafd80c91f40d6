// Runs `npm run profile -- encode`: runs one scenario of the benchmark and writes a CPU profile of it.
//
// Further arguments go to the benchmark: `npm run profile -- encode --quick`.
// The profiles open in the DevTools of Chrome and in VS Code.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { formatFunctions, isOurs, summarize } from './cpu-profile.mjs'
import { main, root } from './run.mjs'
import { runBundled } from './run-bundled.mjs'

/** The folder of the profiles, from the root. Git ignores it. */
const FOLDER = 'bench/results/profiles'
/** How many functions to show. */
const SHOWN = 15

const BENCH = { title: 'The benchmark', name: 'bench', entries: { bench: 'bench/run.ts' } }
const [scenario, ...rest] = process.argv.slice(2)

await main(async () => {
  if (scenario === undefined || scenario.startsWith('-')) {
    await runBundled(BENCH, { args: ['--help'] })
    console.error('\nName a scenario first: npm run profile -- encode')
    process.exitCode = 2
    return
  }
  const prefix = `${scenario}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  mkdirSync(root + FOLDER, { recursive: true })
  await runBundled(BENCH, {
    args: ['--scenario', scenario, ...rest],
    flags: ['--cpu-prof', `--cpu-prof-dir=${root}${FOLDER}`, `--cpu-prof-name=${prefix}.cpuprofile`],
    // Scenarios that start processes profile these too.
    env: { BITECS_NET_PROFILES: `${root}${FOLDER}/${prefix}` },
  })
  for (const name of readdirSync(root + FOLDER).filter((file) => file.startsWith(prefix))) {
    const { totalMs, functions } = summarize(JSON.parse(readFileSync(`${root}${FOLDER}/${name}`, 'utf8')))
    console.log(`\n${formatFunctions('all functions', functions, SHOWN)}`)
    console.log(`\n${formatFunctions('the library alone', functions.filter(isOurs), SHOWN)}`)
    console.log(`\nProfile over ${(totalMs / 1000).toFixed(1)} s: ${FOLDER}/${name}`)
  }
})
