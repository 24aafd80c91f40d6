// The smallest example, as it stands: two pages see the same dots, and a click moves the own one on both.
import { copyFile, mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { until } from '../support/until.js'
import { type Program, serveGame } from './game.js'

const example = fileURLToPath(new URL('../../examples/minimal/', import.meta.url))
const built = fileURLToPath(new URL('../artefacts/minimal/', import.meta.url))

let browser: Browser
let server: Program
let address: string

beforeAll(async () => {
  await mkdir(built, { recursive: true })
  await copyFile(`${example}index.html`, `${built}index.html`)
  await build({
    entryPoints: [`${example}client.ts`],
    outfile: `${built}client.js`,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // As a user's project: the library comes from its package.
    tsconfigRaw: {},
    logLevel: 'error',
    logOverride: { 'ignored-bare-import': 'silent' },
  })
  ;[browser, { server, address }] = await Promise.all([
    launchChromium(),
    serveGame({ module: 'examples/minimal/server.ts', page: built }),
  ])
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

test('two pages see two dots, and a click moves one on both', async () => {
  const ada = await browser.newPage({ viewport: { width: 800, height: 600 } })
  const bob = await browser.newPage({ viewport: { width: 800, height: 600 } })
  for (const page of [ada, bob]) await page.goto(address)
  for (const page of [ada, bob]) await until('two dots', async () => (await dots(page)).length === 2, 15_000)
  await ada.mouse.click(400, 150)
  for (const page of [ada, bob])
    await until('the dot in its place', async () => (await dots(page)).includes('50:25'), 5000)
  expect(await dots(bob)).toHaveLength(2)
})

/** Where the dots are, in whole percent. */
function dots(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    Array.from(document.querySelectorAll('b'), ({ style }) =>
      [style.left, style.top].map((place) => Math.round(Number.parseFloat(place))).join(':'),
    ),
  )
}
