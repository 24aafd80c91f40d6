// Builds the library when dist is missing or older than the sources. Vitest also runs this before the tests of dist.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { main, root, runNode } from './run.mjs'

/** The files and folders that a build reads. */
export const SOURCES = ['src', 'systems', 'components', 'tsup.config.ts', 'tsconfig.json', 'package.json']

/**
 * Returns why a build is needed, or undefined when dist is complete and newer than every source.
 *
 * @param {{ types?: boolean }} options without types, only the code is looked at
 */
export function whyBuild({ types = true } = {}) {
  const built = builtFiles().filter((path) => types || !path.endsWith('.d.ts'))
  for (const path of built) if (!existsSync(root + path)) return `${path} is missing`
  const oldest = Math.min(...built.map((path) => statSync(root + path).mtimeMs))
  for (const path of SOURCES.flatMap(filesOf)) {
    if (statSync(root + path).mtimeMs > oldest) return `${path} is newer than dist`
  }
  return undefined
}

/** Builds the library, showing the progress. */
export function build(options) {
  return runNode('The build', 'node_modules/tsup/dist/cli-default.js', [], options)
}

/**
 * Builds the code without the types, which take most of the time. The types in dist stay older than the sources,
 * so the next full build is not skipped.
 */
export function buildCode({ signal }) {
  return build({ signal, env: { ...process.env, BITECS_NET_BUILD: 'code' } })
}

/** Builds when needed, and prints why. */
export async function ensureBuilt() {
  const reason = whyBuild()
  if (reason === undefined) return
  console.log(`Building the library (${reason}).\n`)
  await build()
}

/** Runs before the tests of dist; called by Vitest. */
export const setup = ensureBuilt

function builtFiles() {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const exported = Object.values(manifest.exports).filter((target) => typeof target === 'object')
  return [...exported.flatMap((target) => [target.types, target.default]), ...Object.values(manifest.bin)]
}

function filesOf(path) {
  if (!existsSync(root + path)) return []
  if (!statSync(root + path).isDirectory()) return [path]
  return readdirSync(root + path, { recursive: true })
    .map((name) => `${path}/${name}`)
    .filter((file) => statSync(root + file).isFile())
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(ensureBuilt)
