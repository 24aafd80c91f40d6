// Bundles a TypeScript entry for the browser, in memory.
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
