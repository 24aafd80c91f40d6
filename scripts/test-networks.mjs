// `npm run test:networks`: capture-the-flag over every bad network, real WebRTC through relays, for as long as it takes;
// and dead peers of every kind. CI runs a selection of the same tests.
import { ensureInstalled } from './ensure-installed.mjs'
import { main, runNode } from './run.mjs'

await main(async () => {
  await ensureInstalled()
  const files = ['rough-networks', 'dead-peers'].map((name) => `test/contract/${name}.test.ts`)
  const env = { ...process.env, BITECS_NET_LONG: '1' }
  await runNode('The tests', 'node_modules/vitest/vitest.mjs', ['run', '--project', 'serial', ...files], { env })
})
