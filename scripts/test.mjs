// Runs `npm test`: installs on first use, then checks the types, builds, and runs every suite, Chromium included.
import { build } from './ensure-built.mjs'
import { ensureInstalled } from './ensure-installed.mjs'
import { main, runNode } from './run.mjs'
import { runTests } from './run-tests.mjs'

await main(async () => {
  await ensureInstalled()
  console.log('Types')
  await runNode('The type check', 'node_modules/typescript/bin/tsc', ['--noEmit'])
  console.log('Build')
  await build()
  console.log('Tests')
  await runTests('The tests', process.argv.slice(2))
})
