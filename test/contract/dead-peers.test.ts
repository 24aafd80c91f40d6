// Measures how soon a dead or blocked peer is noticed: killed, stopped, unplugged, its page gone. Real processes, a
// real browser and real WebRTC, all at once against one server with the default timeout of three seconds.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram, bundleForBrowser } from '../support/bundle.js'
import { launchChromium } from '../support/chromium.js'
import type { ClientTasks, Noticed, ServerTasks } from '../support/peer-process.js'
import { type Relay, startRelay } from '../support/relay.js'
import { until } from '../support/until.js'
import { sharedNow, Worker } from '../support/worker.js'

type Server = Worker<ServerTasks>
type Client = Worker<ClientTasks>

/** Three seconds, and what a loop on a busy machine may be late. */
const NOTICED_MS = 3000 + 800
/** How long the unplugged and the stopped stay so. */
const OUTAGE_MS = 4000

const support = (name: string): string => fileURLToPath(new URL(`../support/${name}`, import.meta.url))

let program: string
let browser: Browser
let site: http.Server
let relay: Relay
const workers: Worker<ServerTasks | ClientTasks>[] = []
let server: Server
let doomedServer: Server
let stoppedServer: Server
let killed: Client
let stopped: Client
let onlooker: Client
/** When each thing was done. */
const doneAt: Record<string, number> = {}
/** Milliseconds from then until it was noticed. */
const table: Record<string, number> = {}

async function startServer(): Promise<{ worker: Server; url: string }> {
  const worker = Worker.start<ServerTasks>(program, 'server')
  workers.push(worker)
  const { port } = await worker.ask('start', {})
  return { worker, url: `http://127.0.0.1:${port}` }
}

async function startClient(url: string, name: string): Promise<Client> {
  const worker = Worker.start<ClientTasks>(program, 'client')
  workers.push(worker)
  await worker.ask('connect', { url, name })
  return worker
}

async function openPage(name: string, url: string): Promise<Page> {
  // A context of its own, with another page in it: closing the last page of a context ends it without telling it.
  const context = await browser.newContext()
  await context.newPage()
  const page = await context.newPage()
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}`)
  await page.evaluate((args) => globalThis.join(args.url, args.name), { url, name })
  return page
}

async function serveSite(script: string): Promise<void> {
  site = http.createServer((request, response) => {
    response.setHeader('content-type', request.url === '/page.js' ? 'text/javascript' : 'text/html')
    response.end(request.url === '/page.js' ? script : '<!doctype html><script src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
}

function logOf(worker: Server | Client): Promise<Noticed[]> {
  return (worker as unknown as Worker<{ log(): Noticed[] }>).ask('log', undefined as never)
}

/** Waits until a process has noticed something, and returns when it did. */
async function noticed(worker: Server | Client, name: string, ...what: Noticed['what'][]): Promise<Noticed> {
  let found: Noticed | undefined
  const look = async (): Promise<boolean> => {
    const log = await logOf(worker)
    found = log.findLast((one) => one.name === name && what.includes(one.what))
    return found !== undefined
  }
  await until(`${name}: ${what.join(' or ')}`, look, 20_000)
  return found!
}

/** How long after it was done something was noticed. */
async function delay(worker: Server | Client, name: string, what: Noticed['what'], deed: string): Promise<number> {
  const { at } = await noticed(worker, name, what)
  const side = worker === server ? 'server' : 'client'
  return (table[`${deed}: ${what} on the ${side}`] = Math.round(at - doneAt[deed]!))
}

beforeAll(async () => {
  const launching = launchChromium()
  const bundling = bundleForBrowser(support('peer-page.ts'))
  program = await buildProgram(support('peer-process.ts'))
  const [first, second, third] = await Promise.all([startServer(), startServer(), startServer()])
  server = first.worker
  doomedServer = second.worker
  stoppedServer = third.worker
  relay = await startRelay({ upstream: first.url })
  ;[browser] = await Promise.all([launching, bundling.then(serveSite)])
  const [closed, crashed] = await Promise.all([openPage('closed', first.url), openPage('crashed', first.url)])
  ;[killed, stopped, onlooker] = await Promise.all([
    startClient(first.url, 'killed'),
    startClient(first.url, 'stopped'),
    startClient(second.url, 'of the killed server'),
  ])
  await onlooker.ask('connect', { url: third.url, name: 'of the stopped server' })
  await onlooker.ask('connect', { url: relay.url, name: 'unplugged' })
  await onlooker.ask('connect', { url: first.url, name: 'leaving' })

  const crashing = await crashed.context().newCDPSession(crashed)
  const deeds: Record<string, () => unknown> = {
    'client killed': () => killed.signal('SIGKILL'),
    'client stopped': () => stopped.signal('SIGSTOP'),
    'server killed': () => doomedServer.signal('SIGKILL'),
    'server stopped': () => stoppedServer.signal('SIGSTOP'),
    unplugged() {
      relay.up.set({ down: true })
      relay.down.set({ down: true })
    },
    'page crashed': () => void crashing.send('Page.crash').catch(() => {}),
    'page closed': () => closed.close(),
    goodbye: () => onlooker.ask('leave', { name: 'leaving' }),
  }
  await Promise.all(
    Object.entries(deeds).map(([deed, act]) => {
      doneAt[deed] = sharedNow()
      return act()
    }),
  )
  setTimeout(() => {
    relay.up.set({ down: false })
    relay.down.set({ down: false })
    for (const worker of [stopped, stoppedServer]) worker.signal('SIGCONT')
    for (const deed of ['plugged in', 'client continued', 'server continued']) doneAt[deed] = sharedNow()
  }, OUTAGE_MS)
}, 60_000)

afterAll(async () => {
  await mkdir('test/artefacts', { recursive: true })
  await writeFile('test/artefacts/dead-peers.json', `${JSON.stringify(table, undefined, 2)}\n`)
  await browser?.close()
  await Promise.all(workers.map((worker) => worker.stop()))
  await relay?.close()
  await new Promise((resolve) => (site === undefined ? resolve(undefined) : site.close(resolve)))
})

describe('a dead peer is noticed within three seconds', () => {
  it('a client that says goodbye, or whose page is closed, ends its session at once', async () => {
    for (const [name, deed] of [
      ['leaving', 'goodbye'],
      ['closed', 'page closed'],
    ] as const) {
      const { reason } = await noticed(server, name, 'ended')
      expect(await delay(server, name, 'ended', deed)).toBeLessThan(1000)
      expect([name, reason]).toEqual([name, 'client-closed'])
    }
  })

  it('a client whose process is killed', async () => {
    expect(await delay(server, 'killed', 'interrupted', 'client killed')).toBeLessThan(NOTICED_MS)
  })

  it('a client whose page crashes, without a goodbye', async () => {
    expect(await delay(server, 'crashed', 'interrupted', 'page crashed')).toBeLessThan(NOTICED_MS)
  })

  it('a server whose process is killed', async () => {
    expect(await delay(onlooker, 'of the killed server', 'interrupted', 'server killed')).toBeLessThan(NOTICED_MS)
  })

  it('a line that carries nothing more, on both sides; and the session goes on when it does again', async () => {
    expect(await delay(server, 'unplugged', 'interrupted', 'unplugged')).toBeLessThan(NOTICED_MS)
    expect(await delay(onlooker, 'unplugged', 'interrupted', 'unplugged')).toBeLessThan(NOTICED_MS)
    await delay(server, 'unplugged', 'back', 'plugged in')
    await delay(onlooker, 'unplugged', 'back', 'plugged in')
    expect((await onlooker.ask('state', { name: 'unplugged' })).player).not.toBe(0)
  })

  it('a client that is stopped; and it plays on when it is continued', async () => {
    expect(await delay(server, 'stopped', 'interrupted', 'client stopped')).toBeLessThan(NOTICED_MS)
    await delay(server, 'stopped', 'back', 'client continued')
    expect((await stopped.ask('state', { name: 'stopped' })).player).not.toBe(0)
  })

  it('a server that is stopped; and its client plays on when it is continued', async () => {
    const name = 'of the stopped server'
    expect(await delay(onlooker, name, 'interrupted', 'server stopped')).toBeLessThan(NOTICED_MS)
    await delay(onlooker, name, 'back', 'server continued')
    expect((await onlooker.ask('state', { name })).player).not.toBe(0)
    const log = await logOf(stoppedServer)
    expect(log.filter(({ what }) => what === 'ended')).toEqual([])
  })

  it('ends no session of those who came back', async () => {
    for (const worker of [server, onlooker]) {
      const log = await logOf(worker)
      const ended = log.filter(({ what }) => what === 'ended').map(({ name }) => name)
      for (const name of ['unplugged', 'stopped', 'of the stopped server']) expect(ended).not.toContain(name)
    }
  })
})
