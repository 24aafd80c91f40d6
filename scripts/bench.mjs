// `npm run bench`: bundles bench/run.ts with the library's sources and runs it. Arguments are passed on.
import { mkdirSync } from 'node:fs'
import { ensureInstalled } from './ensure-installed.mjs'
import { main, root, run } from './run.mjs'

await main(async () => {
  await ensureInstalled()
  const { build } = await import('esbuild')
  // Under node_modules, so that the packages it compares with are found from there.
  const folder = `${root}node_modules/.cache/bitecs-net`
  mkdirSync(folder, { recursive: true })
  await build({
    absWorkingDir: root,
    entryPoints: ['bench/run.ts'],
    outfile: `${folder}/bench.mjs`,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  })
  // Rows about memory collect the heap before they measure it.
  const flags = ['--enable-source-maps', '--expose-gc']
  await run('The benchmark', process.execPath, [...flags, `${folder}/bench.mjs`, ...process.argv.slice(2)])
})
