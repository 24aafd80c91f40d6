// `npm run test:dist`: the behaviour tests, and the unit tests of public names, once more against the built files.
import { ensureBuilt } from './ensure-built.mjs'
import { ensureInstalled } from './ensure-installed.mjs'
import { main, runNode } from './run.mjs'

await main(async () => {
  await ensureInstalled()
  await ensureBuilt()
  await runNode('The tests of dist', 'node_modules/vitest/vitest.mjs', ['run', ...process.argv.slice(2)], {
    env: { ...process.env, BITECS_NET_TARGET: 'dist' },
  })
})
