// Runs `npm run fuzz`: bundles test/fuzz/run.ts with the library's sources and starts it. Arguments are passed on.
import { runBundled } from './run-bundled.mjs'
import { main } from './run.mjs'

const entries = { fuzz: 'test/fuzz/run.ts', 'fuzz-process': 'test/fuzz/network/process.ts' }
await main(() => runBundled({ title: 'The fuzzing', name: 'fuzz', entries }))
