// `npm run dev` in a copy of the project: rebuilds, restarts and reloads as files change, and ends cleanly.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'
import { launchChromium } from '../support/chromium.js'
import { until } from '../support/until.js'

const LIMIT_MS = 240_000
const GAME = 'examples/capture-the-flag'
const COPIED = ['src', 'systems', 'components', 'scripts', GAME]
const COPIED_FILES = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsup.config.ts']

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A copy of the project without what was built, with the packages of this one. */
function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bitecs-net-dev-test-'))
  for (const path of [...COPIED, ...COPIED_FILES]) {
    cpSync(root + path, join(folder, path), { recursive: true, filter: (source) => !source.endsWith('/dist') })
  }
  symlinkSync(`${root}node_modules`, join(folder, 'node_modules'))
  return folder
}

describe('npm run dev', () => {
  const folder = copyProject()
  const temporary = mkdtempSync(join(tmpdir(), 'bitecs-net-dev-page-'))
  let child: ChildProcess
  let browser: Browser
  let page: Page
  let address = ''
  let output = ''
  /** How often the page was loaded. */
  let loads = 0
  /** Whether every process that shares the output has ended. */
  let closed = false

  /** Makes a change, and waits for the dev server to say something after it. */
  async function changeAndWait(change: () => void, text: string): Promise<string> {
    const before = output.length
    change()
    await waitFor(text, before)
    return output.slice(before)
  }

  async function waitFor(text: string, from = 0): Promise<void> {
    const said = (): boolean => output.slice(from).includes(text)
    await until(`the output to contain "${text}"`, () => said() || closed, LIMIT_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${output}`)
    })
    if (!said()) throw new Error(`ended before the output contained "${text}":\n${output}`)
  }

  async function waitForReload(before: number): Promise<void> {
    await until('the page to reload', () => loads > before, LIMIT_MS)
  }

  const file = (path: string): string => join(folder, path)
  const READY = 'Watching for changes; Ctrl+C stops it.'

  beforeAll(async () => {
    browser = await launchChromium()
    const port = await freePort()
    address = `http://127.0.0.1:${port}/`
    child = spawn(process.execPath, ['scripts/dev.mjs'], {
      cwd: folder,
      env: { ...process.env, PORT: `${port}`, BOTS: '1', TMPDIR: temporary, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    child.on('close', () => (closed = true))
    await waitFor(READY)
    page = await browser.newPage()
    page.on('load', () => loads++)
    await page.goto(address)
  }, LIMIT_MS)

  afterAll(async () => {
    await browser?.close()
    if (!closed) child?.kill('SIGTERM')
    await until('all processes to end', () => closed || child === undefined, 30_000)
    rmSync(folder, { recursive: true, force: true })
    rmSync(temporary, { recursive: true, force: true })
  }, LIMIT_MS)

  it('builds what is missing and serves the game, without a trace in the folder of the built game', async () => {
    expect(await (await fetch(address)).text()).toContain('build-id.txt')
    expect(existsSync(file('dist/index.js'))).toBe(true)
    expect(existsSync(file(`${GAME}/dist`))).toBe(false)
  })

  it(
    'reloads an open page when its own sources change, and keeps the server running',
    async () => {
      const index = file(`${GAME}/index.html`)
      const said = await changeAndWait(() => {
        writeFileSync(index, readFileSync(index, 'utf8').replace(/<title>[^<]*/, '<title>changed'))
      }, READY)
      expect(said).toContain('Changed: examples/capture-the-flag/index.html')
      expect(said).not.toContain('listening')
      await page.waitForFunction(() => document.title === 'changed', undefined, { timeout: LIMIT_MS })
    },
    LIMIT_MS,
  )

  it(
    'shows the error of a failing build, keeps the game running, and recovers',
    async () => {
      const source = file('src/server.ts')
      const sound = readFileSync(source, 'utf8')
      const said = await changeAndWait(() => writeFileSync(source, 'export const = 1\n'), 'The build failed.')
      expect(said).toContain('src/server.ts:1:13')
      expect((await fetch(address)).status).toBe(200)
      const before = loads
      await changeAndWait(() => writeFileSync(source, sound), READY)
      expect((await fetch(address)).status).toBe(200)
      await waitForReload(before)
    },
    LIMIT_MS,
  )

  it(
    'rebuilds the library when a source changes, restarts the server, and reloads the page',
    async () => {
      const before = loads
      const said = await changeAndWait(() => {
        appendFileSync(file('src/server.ts'), "\nprocess.stderr.write('the changed library runs\\n')\n")
      }, READY)
      expect(said).toContain('the changed library runs')
      expect((await fetch(address)).status).toBe(200)
      await waitForReload(before)
    },
    LIMIT_MS,
  )

  it(
    'restarts the server when the game changes, also in a new folder',
    async () => {
      await changeAndWait(() => {
        cpSync(file(`${GAME}/systems`), file(`${GAME}/more`), { recursive: true })
      }, READY)
      const said = await changeAndWait(() => {
        writeFileSync(file(`${GAME}/more/note.ts`), "process.stderr.write('the changed game runs\\n')\n")
        appendFileSync(file(`${GAME}/server.ts`), "\nimport './more/note.js'\n")
      }, READY)
      expect(said).toContain('the changed game runs')
      await changeAndWait(() => appendFileSync(file(`${GAME}/more/note.ts`), '// Another line.\n'), READY)
    },
    LIMIT_MS,
  )

  it(
    'ends with all its processes at Ctrl+C, and leaves nothing behind',
    async () => {
      child.kill('SIGINT')
      await until('all processes to end', () => closed, 30_000)
      expect(child.exitCode).toBe(0)
      await expect(fetch(address)).rejects.toThrow('fetch failed')
      expect(existsSync(file(`${GAME}/dist`))).toBe(false)
    },
    LIMIT_MS,
  )
})
