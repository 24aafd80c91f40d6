// Bundles a TypeScript entry, for the browser in memory, for a Node process of its own into a file.
import { mkdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Returns the script. `entry` is a path, absolute or from the working directory. */
export async function bundleForBrowser(entry: string): Promise<string> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    sourcemap: 'inline',
    logLevel: 'silent',
  })
  const [file] = result.outputFiles
  if (file === undefined) throw new Error(`nothing was built from ${entry}`)
  return file.text
}

/** Returns the path of a program for `fork`. It lies under node_modules, so that packages are found from there. */
export async function buildProgram(entry: string): Promise<string> {
  const folder = fileURLToPath(new URL('../../node_modules/.cache/bitecs-net/', import.meta.url))
  await mkdir(folder, { recursive: true })
  const outfile = `${folder}${basename(entry, '.ts')}-${process.pid}.mjs`
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  })
  return outfile
}
