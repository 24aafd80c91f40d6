// Reads the versions that are compared from the installed packages.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** The installed version of a package. `entry` is something that it lets others import, if not its name. */
export function versionOf(name: string, entry = name): string {
  for (let folder = dirname(require.resolve(entry)); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json')
    if (!existsSync(file)) continue
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string }
    if (manifest.name === name && manifest.version !== undefined) return manifest.version
  }
  throw new Error(`the version of ${name} was not found`)
}
