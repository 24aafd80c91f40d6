// Installs the dependencies when they are missing or differ from package-lock.json. Needs nothing installed.
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { CommandFailed, main, root, runNpm } from './run.mjs'

/** Returns why an install is needed, or undefined when the installed packages are those of the lockfile. */
export function whyInstall() {
  // npm writes this file last, so it is there only after a complete install.
  const installedFile = `${root}node_modules/.package-lock.json`
  if (!existsSync(installedFile)) return 'the dependencies are not installed yet'
  const locked = readJson(`${root}package-lock.json`).packages
  const installed = readJson(installedFile).packages
  for (const [path, { version, optional, devOptional }] of Object.entries(locked)) {
    if (path === '') continue
    const found = installed[path]
    // An optional package may be meant for another platform.
    if (found === undefined && (optional || devOptional)) continue
    if (found?.version !== version) return `${path} is not at version ${version}`
  }
  const manifest = readJson(`${root}package.json`)
  for (const kind of ['dependencies', 'devDependencies', 'peerDependencies']) {
    if (JSON.stringify(manifest[kind]) !== JSON.stringify(locked[''][kind]))
      return `the ${kind} of package.json changed`
  }
  return undefined
}

/** Installs missing packages, and prints why. */
export async function ensureInstalled() {
  const reason = whyInstall()
  if (reason === undefined) return
  console.log(`Installing (${reason}). This takes a minute or so the first time.\n`)
  try {
    await runNpm('npm ci', ['ci', '--include=dev'])
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    console.log('\n`npm ci` did not work; trying `npm install`.\n')
    await runNpm('npm install', ['install', '--include=dev'])
  }
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(ensureInstalled)
