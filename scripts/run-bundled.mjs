// Bundles a program of this project with the library's sources, and runs it.
import { mkdirSync } from 'node:fs'
import { ensureInstalled } from './ensure-installed.mjs'
import { root, run } from './run.mjs'

/**
 * Runs a program, by default with this script's arguments.
 *
 * @param {{ title: string, name: string, entries: Record<string, string> }} program its title,
 * the name of its bundle, and the sources of its bundles: its own, and those of processes that it starts
 * @param {{ args?: string[], flags?: string[], env?: Record<string, string> }} options its arguments, further flags of
 * Node, and further variables of its environment
 */
export async function runBundled({ title, name, entries }, options = {}) {
  const { args = process.argv.slice(2), flags = [], env = {} } = options
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
  // Memory measurements need to collect garbage first.
  const allFlags = ['--enable-source-maps', '--expose-gc', ...flags]
  await run(title, process.execPath, [...allFlags, `${folder}/${name}.mjs`, ...args], {
    env: { ...process.env, ...env },
  })
}
