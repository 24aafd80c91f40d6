// `npm run attacks`: bundles the attack suite and the program of its processes with the library's sources, and runs it. Arguments are passed on.
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
    entryPoints: { attacks: 'test/attacks/run.ts', 'attacks-process': 'test/attacks/process.ts' },
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
  await run('The attacks', process.execPath, [
    '--enable-source-maps',
    `${folder}/attacks.mjs`,
    ...process.argv.slice(2),
  ])
})
