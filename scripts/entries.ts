// Lists the public entries of the package: the name a user imports, its source file and its built file.
//
// Nothing is listed twice: the sources come from the `paths` of tsconfig.json, the built files from the `exports` of
// package.json. The build, the test runner and the package tests all ask here.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One public entry. */
export interface Entry {
  /** The name a user imports, such as `bitecs-net/client`. */
  readonly name: string
  /** Its source file, absolute. */
  readonly source: string
  /** Its file in dist, absolute. */
  readonly built: string
}

/** The root of the project, with a slash at its end. */
export const root: string = fileURLToPath(new URL('..', import.meta.url))

interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}

interface CompilerConfig {
  readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> }
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(root + file, 'utf8')) as T
}

/** The package manifest, as far as the tools need it. */
export const manifest: Manifest = readJson<Manifest>('package.json')

/** Reads the entries. Throws an error that names the entry when the two files disagree. */
export function readEntries(): Entry[] {
  const { paths } = readJson<CompilerConfig>('tsconfig.json').compilerOptions
  const entries: Entry[] = []
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue
    const name = manifest.name + subpath.slice(1)
    const source = paths[name]?.[0]
    if (source === undefined)
      throw new Error(`${name} is exported by package.json, but tsconfig.json has no path for it`)
    entries.push({ name, source: root + source.slice(2), built: root + target.default.slice(2) })
  }
  for (const name of Object.keys(paths)) {
    if (!entries.some((entry) => entry.name === name)) {
      throw new Error(`${name} has a path in tsconfig.json, but package.json does not export it`)
    }
  }
  return entries
}
