// Runs `npm test`: installs on first use, then checks the types, builds, and runs every suite, Chromium included. Tests
// that use nothing but public names run against the built files, the others against the sources.
import { build } from './ensure-built.mjs'
import { ensureInstalled } from './ensure-installed.mjs'
import { main, runNode } from './run.mjs'
import { runTests } from './run-tests.mjs'

await main(async () => {
  await ensureInstalled()
  console.log('Types and build')
  await Promise.all([runNode('The type check', 'node_modules/typescript/bin/tsc', ['--noEmit']), build()])
  console.log('Tests')
  await runTests('The tests', process.argv.slice(2), { BITECS_NET_TARGET: 'both' })
})
