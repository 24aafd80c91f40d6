// Runs `npm run test:long`: the tests that take longer than CI allows. CI runs a sample of them.
// They are the seeded models with all their seeds, the files that `npm run test:unit` leaves out, and real WebRTC over
// every bad network and every kind of dead peer.
//
// Arguments name test files in their place: `npm run test:long -- rough-networks`.
import { ensureInstalled } from './ensure-installed.mjs'
import { main } from './run.mjs'
import { runTests } from './run-tests.mjs'

const LONG_TESTS = ['model', 'rough-networks', 'dead-peers']
/** The project of Vitest with the files that `npm run test:unit` leaves out. */
const SLOW_PROJECT = ['--project', 'slow']

await main(async () => {
  await ensureInstalled()
  // One test plays hundreds of seeds.
  const env = { BITECS_NET_LONG: '1', BITECS_NET_STUCK_MINUTES: '15' }
  const chosen = process.argv.slice(2)
  if (chosen.length > 0) {
    await runTests('The long tests', chosen, env)
    return
  }
  await runTests('The slow tests', SLOW_PROJECT, env)
  await runTests('The long tests', LONG_TESTS, env)
})
