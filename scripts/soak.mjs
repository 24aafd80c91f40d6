// Runs `npm run soak`: bundles the soak and its processes with the library's sources, and starts it.
// Arguments are passed on.
import { runBundled } from './run-bundled.mjs'
import { main } from './run.mjs'

const entries = { soak: 'test/soak/run.ts', 'soak-process': 'test/soak/process.ts' }
await main(() => runBundled({ title: 'The soak', name: 'soak', entries }))
