// Runs `npm run bench`: bundles bench/run.ts with the library's sources and starts it. Arguments are passed on.
import { runBundled } from './run-bundled.mjs'
import { main } from './run.mjs'

await main(() => runBundled({ title: 'The benchmark', name: 'bench', entries: { bench: 'bench/run.ts' } }))
