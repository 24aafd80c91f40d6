// Runs `npm run attacks`: bundles the attack suite and its processes with the library's sources, and starts it.
// Arguments are passed on.
import { runBundled } from './run-bundled.mjs'
import { main } from './run.mjs'

const entries = { attacks: 'test/attacks/run.ts', 'attacks-process': 'test/attacks/process.ts' }
await main(() => runBundled({ title: 'The attacks', name: 'attacks', entries }))
