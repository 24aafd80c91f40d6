// Bundles the client of capture-the-flag into a folder that the server serves. Also runs as a separate command.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './ensure-built.mjs'
import { main, root } from './run.mjs'

/** The game's folder, from the root. */
export const GAME = 'examples/capture-the-flag'
/** The folder of the built page, from the root. Git ignores it. */
export const PUBLIC = `${GAME}/dist`

/**
 * Bundles the client with the built library, the one that users of the package get.
 *
 * @param {{ folder?: string, minify?: boolean, changePage?: (html: string) => string }} options
 * the folder to write to, and a function that changes the page's HTML
 */
export async function bundleGame({ folder = PUBLIC, minify = true, changePage = (html) => html } = {}) {
  const { build } = await import('esbuild')
  const target = resolve(root, folder)
  mkdirSync(target, { recursive: true })
  await build({
    absWorkingDir: root,
    // One page plays on a server, the other offline.
    entryPoints: [`${GAME}/client.ts`, `${GAME}/host.ts`],
    outdir: target,
    bundle: true,
    minify,
    sourcemap: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // Without this, the paths of tsconfig.json would resolve to the sources.
    tsconfigRaw: {},
    logLevel: 'warning',
    // Chunks of the library have no side effects, so a bare import of one can be dropped.
    logOverride: { 'ignored-bare-import': 'silent' },
  })
  writeFileSync(`${target}/index.html`, changePage(readFileSync(`${root}${GAME}/index.html`, 'utf8')))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    await ensureBuilt()
    await bundleGame()
  })
}
