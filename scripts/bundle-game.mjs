// Bundles the browser's half of capture-the-flag into a folder that the server serves. Also a command of its own.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './ensure-built.mjs'
import { main, root } from './run.mjs'

/** The game's folder, from the root. */
export const GAME = 'examples/capture-the-flag'
/** What a browser gets, from the root; git ignores it. */
export const PUBLIC = `${GAME}/dist`

/**
 * Bundles the client with the built library, as any user of the package gets it.
 *
 * @param {{ folder?: string, minify?: boolean, changePage?: (html: string) => string }} options the folder to write to, and what
 * becomes of the page's HTML
 */
export async function bundleGame({ folder = PUBLIC, minify = true, changePage = (html) => html } = {}) {
  const { build } = await import('esbuild')
  const target = resolve(root, folder)
  mkdirSync(target, { recursive: true })
  await build({
    absWorkingDir: root,
    // One that plays on a server, and one that plays offline.
    entryPoints: [`${GAME}/client.ts`, `${GAME}/host.ts`],
    outdir: target,
    bundle: true,
    minify,
    sourcemap: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // The paths of tsconfig.json would lead to the sources.
    tsconfigRaw: {},
    logLevel: 'warning',
    // Chunks of the library have no side effects, so that leaving out the bare import of one is right.
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
