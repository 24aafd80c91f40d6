// Bundles a program of this project with the library's sources, and runs it.
import { mkdirSync } from 'node:fs'
import { ensureInstalled } from './ensure-installed.mjs'
import { root, run } from './run.mjs'

/**
 * Runs a program with this script's arguments.
 *
 * @param {{ title: string, name: string, entries: Record<string, string> }} program its name for people, that of its bundle, and
 * the sources of its bundles: its own, and those of processes that it starts
 */
export async function runBundled({ title, name, entries }) {
  await ensureInstalled()
  const { build } = await import('esbuild')
  // Under node_modules, so that the packages it needs are found from there.
  const folder = `${root}node_modules/.cache/bitecs-net`
  mkdirSync(folder, { recursive: true })
  await build({
    absWorkingDir: root,
    entryPoints: entries,
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
  // What is said about memory needs the heap collected before it is measured.
  const flags = ['--enable-source-maps', '--expose-gc']
  await run(title, process.execPath, [...flags, `${folder}/${name}.mjs`, ...process.argv.slice(2)])
}
