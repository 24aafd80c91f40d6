// Runs the tests in three steps: first the files without a network, fast and slow ones side by side; then those that
// mostly wait for a network or a browser, in pairs; then those that need the machine for themselves, one by one.
//
// The tests import the library by its public names. By default these lead to the sources; with BITECS_NET_TARGET=dist
// they lead to the built files, and only the tests that use nothing but public names run.
import { availableParallelism } from 'node:os'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { readEntries, root } from './scripts/entries.js'

const target = process.env['BITECS_NET_TARGET'] ?? 'source'
if (target !== 'source' && target !== 'dist') {
  throw new Error(`BITECS_NET_TARGET must be "source" or "dist", not "${target}"`)
}
const dist = target === 'dist'

const resolve = {
  alias: readEntries().map(({ name, source, built }) => ({
    find: new RegExp(`^${name}$`),
    replacement: dist ? built : source,
  })),
}

// Real connections, a browser, child processes, or what needs dist.
const REAL = [
  'test/contract/**/*.test.ts',
  'test/package/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/attacks/**/*.test.ts',
  'test/**/*.webrtc.test.ts',
  'test/architecture/built.test.ts',
]

// What measures time, or fills both cores.
const ALONE = [
  'test/attacks/**/*.test.ts',
  'test/contract/bench.test.ts',
  'test/contract/dead-peers.test.ts',
  'test/contract/dev.test.ts',
  'test/contract/profile.test.ts',
  'test/contract/rough-networks.test.ts',
]

// Half of the time of all files that need no network. `npm run test:unit` leaves them out; `npm test` and CI run them.
const SLOW = [
  'test/behaviour/saving.test.ts',
  'test/fuzz/campaign.test.ts',
  'test/fuzz/client.test.ts',
  'test/fuzz/decoders.test.ts',
  'test/fuzz/pieces.test.ts',
  'test/fuzz/saves.test.ts',
  'test/fuzz/server.test.ts',
  'test/fuzz/sessions-model.test.ts',
  'test/unit/examples/capture-the-flag.test.ts',
  'test/unit/examples/rough-networks.test.ts',
  'test/unit/examples/three-modes.test.ts',
  'test/unit/replication/blocks.test.ts',
  'test/unit/replication/interest-allocation.test.ts',
  'test/unit/world/call-allocation.test.ts',
]

// In dist mode everything else is left out, so the two projects divide the same list of files.
const included = dist ? (await import('./scripts/public-tests.js')).publicTests() : ['test/**/*.test.ts']
const isRealFile = (path: string): boolean => path.endsWith('.webrtc.test.ts')

const shared: TestProjectInlineConfiguration['test'] = {
  environment: 'node',
  // The native WebRTC module does not survive worker threads.
  pool: 'forks',
  // Some tests measure the heap, and collect it first.
  execArgv: ['--expose-gc'],
  // The built files are loaded by Node itself, as a user's program would.
  server: { deps: { external: [/\/dist\/[^/]+\.js$/] } },
}

const fast: TestProjectInlineConfiguration = {
  resolve,
  test: {
    ...shared,
    name: 'fast',
    include: dist ? included.filter((path) => !isRealFile(path)) : included,
    exclude: dist ? [] : [...REAL, ...SLOW],
    // Vitest would leave one core to itself, which is half of a small machine.
    maxWorkers: availableParallelism(),
    // Much more than any test takes: a machine that does other work too must fail none.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}

const slow: TestProjectInlineConfiguration = {
  resolve,
  test: { ...fast.test, name: 'slow', include: SLOW, exclude: REAL },
}

const real: TestProjectInlineConfiguration['test'] = {
  ...shared,
  globalSetup: './scripts/ensure-built.mjs',
  // Real time and a real network: a machine that is held up for seconds may fail a test. The totals name such tests.
  retry: 1,
  testTimeout: 60_000,
  hookTimeout: 60_000,
}

const paired: TestProjectInlineConfiguration = {
  resolve,
  test: {
    ...real,
    name: 'paired',
    include: dist ? included.filter(isRealFile) : REAL,
    exclude: ALONE,
    maxWorkers: 2,
    // After the fast ones, not beside them.
    sequence: { groupOrder: 1 },
  },
}

const serial: TestProjectInlineConfiguration = {
  resolve,
  test: {
    ...real,
    name: 'serial',
    include: ALONE,
    fileParallelism: false,
    sequence: { groupOrder: 2 },
  },
}

export default defineConfig({
  root,
  test: {
    projects: dist ? [fast, paired] : [slow, fast, paired, serial],
    allowOnly: false,
    passWithNoTests: false,
    reporters: ['default', './scripts/totals-reporter.mjs', './scripts/stuck-reporter.mjs'],
  },
})
