// Runs the tests in three steps: first the files without a network, fast and slow ones side by side; then those that
// mostly wait for a network or a browser, in pairs; then those that need the machine for themselves, one by one.
//
// The tests import the library by its public names. BITECS_NET_TARGET says where these lead:
// - "source", the default: to the sources;
// - "dist": to the built files; only the tests that use nothing but public names run;
// - "both", as in `npm test`: these tests run against the built files, as users do, and the others against the sources.
import { availableParallelism } from 'node:os'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { readEntries, root } from './scripts/entries.js'
import { publicTests } from './scripts/public-tests.js'

const target = process.env['BITECS_NET_TARGET'] ?? 'source'
if (target !== 'source' && target !== 'dist' && target !== 'both') {
  throw new Error(`BITECS_NET_TARGET must be "source", "dist" or "both", not "${target}"`)
}

/** Lets the public names lead to the sources or to the built files. */
const leadTo = (kind: 'source' | 'built'): TestProjectInlineConfiguration['resolve'] => ({
  alias: readEntries().map((entry) => ({ find: new RegExp(`^${entry.name}$`), replacement: entry[kind] })),
})

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

/** The files that run against dist. */
const builtFiles = target === 'source' ? [] : publicTests()
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

const quick: TestProjectInlineConfiguration['test'] = {
  ...shared,
  // Vitest would leave one core to itself, which is half of a small machine.
  maxWorkers: availableParallelism(),
  // Much more than any test takes: a machine that does other work too must fail none.
  testTimeout: 60_000,
  hookTimeout: 60_000,
}

const fast: TestProjectInlineConfiguration = {
  resolve: leadTo('source'),
  test: { ...quick, name: 'fast', include: ['test/**/*.test.ts'], exclude: [...REAL, ...SLOW, ...builtFiles] },
}

const slow: TestProjectInlineConfiguration = {
  resolve: leadTo('source'),
  test: { ...quick, name: 'slow', include: SLOW, exclude: [...REAL, ...builtFiles] },
}

const dist: TestProjectInlineConfiguration = {
  resolve: leadTo('built'),
  test: {
    ...quick,
    name: 'dist',
    globalSetup: './scripts/ensure-built.mjs',
    include: builtFiles.filter((path) => !isRealFile(path)),
  },
}

const real: TestProjectInlineConfiguration['test'] = {
  ...shared,
  globalSetup: './scripts/ensure-built.mjs',
  // Real time and a real network: a machine that is held up for seconds may fail a test. The totals name such tests.
  retry: 1,
  testTimeout: 60_000,
  hookTimeout: 60_000,
}

const inPairs: TestProjectInlineConfiguration['test'] = {
  ...real,
  maxWorkers: 2,
  // After the fast ones, not beside them.
  sequence: { groupOrder: 1 },
}

const paired: TestProjectInlineConfiguration = {
  resolve: leadTo('source'),
  test: { ...inPairs, name: 'paired', include: REAL, exclude: [...ALONE, ...builtFiles] },
}

const distPaired: TestProjectInlineConfiguration = {
  resolve: leadTo('built'),
  test: { ...inPairs, name: 'dist-paired', include: builtFiles.filter(isRealFile) },
}

const serial: TestProjectInlineConfiguration = {
  resolve: leadTo('source'),
  test: {
    ...real,
    name: 'serial',
    include: ALONE,
    fileParallelism: false,
    sequence: { groupOrder: 2 },
  },
}

const PROJECTS = {
  source: [slow, fast, paired, serial],
  dist: [dist, distPaired],
  both: [slow, fast, dist, paired, distPaired, serial],
}

export default defineConfig({
  root,
  test: {
    projects: PROJECTS[target],
    allowOnly: false,
    passWithNoTests: false,
    reporters: ['default', './scripts/totals-reporter.mjs', './scripts/stuck-reporter.mjs'],
  },
})
