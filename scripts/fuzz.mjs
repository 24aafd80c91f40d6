// `npm run fuzz`: bundles test/fuzz/run.ts with the library's sources and runs it. Arguments are passed on.
import { runBundled } from './run-bundled.mjs'
import { main } from './run.mjs'

await main(() => runBundled({ title: 'The fuzzing', entry: 'test/fuzz/run.ts', name: 'fuzz' }))
