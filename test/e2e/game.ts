// The game as a player starts it: the command as a process of its own, with bots, and pages in a browser.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, CDPSession, Page } from 'playwright-core'
import type { GameSnapshot } from '../../examples/capture-the-flag/client/probe.js'
import { until } from '../support/until.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const artefacts = `${root}test/artefacts/`
const GAME = 'examples/capture-the-flag'

/** A program that runs until it is told to stop. */
export class Program {
  /** What it wrote, line by line. */
  readonly lines: string[] = []
  private readonly child: ChildProcess
  private readonly ended: Promise<unknown>

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    this.ended = once(this.child, 'exit')
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line))
    }
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  get exitCode(): number | null {
    return this.child.exitCode
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  /** Asks it to stop, and waits until it has. */
  async stop(): Promise<void> {
    if (this.running) this.child.kill('SIGTERM')
    await this.ended
  }
}

/** Runs a program to its end. */
export async function runToEnd(args: readonly string[]): Promise<void> {
  const program = new Program(args)
  await until(`${args.join(' ')} ends`, () => !program.running, 60_000)
  if (program.exitCode !== 0) throw new Error(`${args.join(' ')} failed:\n${program.lines.join('\n')}`)
}

/** Bundles the page. */
export async function bundleGame(): Promise<void> {
  await runToEnd(['scripts/bundle-game.mjs'])
}

export interface Serving {
  /** Default: a free one. */
  port?: number
  /** The game module, and the folder of the page; default capture-the-flag. */
  module?: string
  page?: string
}

/** Starts a game's server; returns it with its address. */
export async function serveGame(serving: Serving = {}): Promise<{ server: Program; address: string }> {
  const { port = 0, module = `${GAME}/server.ts`, page = `${GAME}/dist` } = serving
  const options = ['--port', `${port}`, '--static', page, '--log-format', 'json']
  const server = new Program(['dist/cli.js', 'serve', module, ...options])
  let address = ''
  await until(
    'the server listens',
    () => {
      if (!server.running) throw new Error(`the server ended:\n${server.lines.join('\n')}`)
      address = /http:\/\/127\.0\.0\.1:\d+/.exec(server.lines.join('\n'))?.[0] ?? ''
      return address !== ''
    },
    20_000,
  )
  return { server, address }
}

export function startBots(module: string, count: number, address: string): Program {
  return new Program(['dist/cli.js', 'bots', module, '--count', `${count}`, '--url', address])
}

/** How long a page may take to see something, in milliseconds: a moment, but where the machine has much else to do. */
export const SEEING_LIMIT = 40_000

/** A page of the game, in a window of its own. */
export class GamePage {
  /** What went wrong on the page. */
  readonly errors: string[] = []
  private fingers: CDPSession | undefined

  private constructor(
    readonly page: Page,
    readonly name: string,
  ) {
    page.on('pageerror', (error) => this.errors.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text())
    })
  }

  static async open(browser: Browser, address: string, name: string): Promise<GamePage> {
    return await GamePage.openWith(browser, `${address}/?name=${name}`, name, {
      viewport: { width: 1280, height: 800 },
    })
  }

  /** A page on a phone, that is held upright. */
  static async openOnPhone(browser: Browser, address: string, name: string): Promise<GamePage> {
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }
    return await GamePage.openWith(browser, `${address}/?name=${name}`, name, phone)
  }

  static async openWith(
    browser: Browser,
    url: string,
    name: string,
    options: BrowserContextOptions,
  ): Promise<GamePage> {
    const page = await browser.newPage(options)
    const opened = new GamePage(page, name)
    await page.goto(url)
    await page.waitForFunction(() => 'gameSnapshot' in globalThis)
    return opened
  }

  look(): Promise<GameSnapshot> {
    return this.page.evaluate(() => gameSnapshot())
  }

  /** Waits until what the page sees of the game is so. */
  async sees(what: string, test: (game: GameSnapshot) => boolean, limit = SEEING_LIMIT): Promise<GameSnapshot> {
    let seen: GameSnapshot | undefined
    try {
      await until(`${this.name} sees ${what}`, async () => test((seen = await this.look())), limit)
    } catch (error) {
      throw new Error(`${String(error)}\n${JSON.stringify(seen)}\n${this.errors.join('\n')}`, { cause: error })
    }
    return seen!
  }

  /** Writes a line into the chat and sends it. */
  async say(text: string): Promise<void> {
    await this.page.locator('#chat').fill(text)
    await this.page.keyboard.press('Enter')
  }

  /** Puts a finger on the middle of an element and pulls it so many pixels; returns what lifts it. */
  async pull(selector: string, x: number, y: number): Promise<() => Promise<void>> {
    this.fingers ??= await this.page.context().newCDPSession(this.page)
    const box = (await this.page.locator(selector).boundingBox())!
    const start = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number }[]) =>
      await this.fingers!.send('Input.dispatchTouchEvent', { type, touchPoints })
    await touch('touchStart', [start])
    await touch('touchMove', [{ x: start.x + x, y: start.y + y }])
    return async () => void (await touch('touchEnd', []))
  }

  /** Keeps a picture of the page. */
  async keepPicture(title: string): Promise<void> {
    await mkdir(artefacts, { recursive: true })
    await this.page.screenshot({ path: `${artefacts}${title}.png` })
  }
}
