// Runs `npm run test:dist`: the behaviour tests and the unit tests of public names, against the built files.
import { ensureBuilt } from './ensure-built.mjs'
import { ensureInstalled } from './ensure-installed.mjs'
import { main } from './run.mjs'
import { runTests } from './run-tests.mjs'

await main(async () => {
  await ensureInstalled()
  await ensureBuilt()
  await runTests('The tests of dist', process.argv.slice(2), { BITECS_NET_TARGET: 'dist' })
})
