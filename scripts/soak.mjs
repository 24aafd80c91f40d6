// `npm run soak`: bundles the soak and the program of its processes with the library's sources, and runs it. Arguments are passed on.
import { mkdirSync } from 'node:fs'
import { ensureInstalled } from './ensure-installed.mjs'
import { main, root, run } from './run.mjs'

await main(async () => {
  await ensureInstalled()
  const { build } = await import('esbuild')
  const folder = `${root}node_modules/.cache/bitecs-net`
  mkdirSync(folder, { recursive: true })
  await build({
    absWorkingDir: root,
    entryPoints: { soak: 'test/soak/run.ts', 'soak-process': 'test/soak/process.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  })
  await run('The soak', process.execPath, ['--enable-source-maps', `${folder}/soak.mjs`, ...process.argv.slice(2)])
})
