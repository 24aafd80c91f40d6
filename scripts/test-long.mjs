// `npm run test:long`: the tests that take longer than CI allows, of which CI runs a sample: the seeded models with all
// their seeds, and real WebRTC over every bad network and every kind of dead peer.
//
// Arguments name test files in their place: `npm run test:long -- rough-networks`.
import { ensureInstalled } from './ensure-installed.mjs'
import { main } from './run.mjs'
import { runTests } from './run-tests.mjs'

const LONG_TESTS = ['model', 'rough-networks', 'dead-peers']

await main(async () => {
  await ensureInstalled()
  const files = process.argv.length > 2 ? process.argv.slice(2) : LONG_TESTS
  // One test plays hundreds of seeds.
  await runTests('The long tests', files, { BITECS_NET_LONG: '1', BITECS_NET_STUCK_MINUTES: '15' })
})
