// The contract over real WebRTC, with clients in a real Chromium.
import http from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listenWebRtc, type WebRtcServerTransport } from '../../src/transport/geckos/geckos-server.js'
import { type NativePeerConnection, GeckosPeer } from '../../src/transport/geckos/geckos-server-peer.js'
import { bundleForBrowser } from '../support/bundle.js'
import { launchChromium } from '../support/chromium.js'
import { tryAgain } from '../support/connect-patiently.js'
import { Channel } from '../../src/transport/transport.js'
import { standStill } from '../support/stand-still.js'
import { until } from '../support/until.js'
import { type Burst, LocalSide, type Side } from './side.js'
import { transportContract, type NetworkOptions } from './transport-contract.js'

let browser: Browser
let script: string

beforeAll(async () => {
  script = await bundleForBrowser(fileURLToPath(new URL('page.ts', import.meta.url)))
  browser = await launchChromium()
}, 60_000)

afterAll(() => browser?.close())

/** An end in the page. */
class PageSide implements Side {
  constructor(
    private readonly page: Page,
    private readonly side: number,
  ) {}

  send: Side['send'] = (...args) => this.call('send', args)
  ping: Side['ping'] = (...args) => this.call('ping', args)
  receive: Side['receive'] = () => this.call('receive', [])
  disconnect: Side['disconnect'] = (...args) => this.call('disconnect', args)
  close: Side['close'] = () => this.call('close', [])
  counters: Side['counters'] = () => this.call('counters', [])

  private call<Name extends keyof Side>(name: Name, args: Parameters<Side[Name]>): ReturnType<Side[Name]> {
    const evaluated = this.page.evaluate(
      ([side, method, values]) => globalThis.pageSides.call(side, method as 'receive', values as []),
      [this.side, name, args] as const,
    )
    return evaluated as unknown as ReturnType<Side[Name]>
  }
}

interface Site {
  transport: WebRtcServerTransport
  page: Page
  url: string
  /** What the page threw and nobody caught. */
  errors: Error[]
  close(): Promise<void>
}

/** A server of the game that serves its own page, with the transport added to it, and a browser page that shows it. */
async function openSite(options: NetworkOptions): Promise<Site> {
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', request.url === '/page.js' ? 'text/javascript' : 'text/html')
    response.end(request.url === '/page.js' ? script : '<!doctype html><script src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const transport = await listenWebRtc({ server, ...options })
  const url = `http://127.0.0.1:${transport.port}`
  // A context of its own: closing a page's last context ends the page without telling it.
  const context = await browser.newContext()
  const page = await context.newPage()
  const errors: Error[] = []
  page.on('pageerror', (error) => errors.push(error))
  await page.goto(url)
  return {
    transport,
    page,
    url,
    errors,
    close: async () => {
      await context.close()
      await transport.close()
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
    },
  }
}

transportContract('geckos server and Chromium', async (options) => {
  const site = await openSite(options)
  return {
    server: new LocalSide(site.transport),
    connect: async (first) => {
      const connectOptions = { url: site.url, timeout: 5000, ...options }
      const side = await tryAgain(() =>
        site.page.evaluate(([client, burst]) => globalThis.pageSides.connect(client, burst), [
          connectOptions,
          first,
        ] as const),
      )
      return new PageSide(site.page, side)
    },
    close: async () => {
      await site.close()
      if (site.errors.length > 0) throw new AggregateError(site.errors, 'the page threw')
    },
  }
})

it('keeps the order of what a page sends while the server stands still in the moment it makes the channel', async () => {
  const peer = GeckosPeer.prototype as unknown as { openReliable(): void; native: NativePeerConnection }
  const openReliable = Object.getOwnPropertyDescriptor(peer, 'openReliable')!.value as (this: typeof peer) => void
  peer.openReliable = function (this: typeof peer) {
    const create = this.native.createDataChannel.bind(this.native)
    const value: typeof create = (...args) => {
      const channel = create(...args)
      // The page hears of the channel, and sends on it, before the server listens.
      standStill(1000)
      return channel
    }
    Object.defineProperty(this.native, 'createDataChannel', { value })
    openReliable.call(this)
  }
  const site = await openSite({})
  try {
    const burst: Burst = { channel: Channel.Reliable, count: 5000, size: 100 }
    const server = new LocalSide(site.transport)
    await site.page.evaluate(([url, first]) => globalThis.pageSides.connect({ url, timeout: 10_000 }, first), [
      site.url,
      burst,
    ] as const)
    const numbers: number[] = []
    await until('all packets', async () => {
      for (const event of await server.receive()) if (event.type === 'packet') numbers.push(event.index)
      return numbers.length >= burst.count
    })
    expect(numbers).toEqual(Array.from({ length: burst.count }, (_, i) => i))
  } finally {
    peer.openReliable = openReliable
    await site.close()
  }
}, 30_000)

it('tells the server at once when its page is closed', async () => {
  const site = await openSite({})
  try {
    await site.page.evaluate((url) => globalThis.pageSides.connect({ url, timeout: 10_000 }), site.url)
    const server = new LocalSide(site.transport)
    await until('opened', async () => (await server.receive()).some((event) => event.type === 'opened'))
    await site.page.close()
    const start = performance.now()
    await until('closed', async () => (await server.receive()).some((event) => event.type === 'closed'))
    expect(performance.now() - start).toBeLessThan(2000)
  } finally {
    await site.close()
  }
}, 20_000)
