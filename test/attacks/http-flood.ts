// Floods over HTTP: requests that do not wait for their answers, and readers that do not read.
import net from 'node:net'
import type { Attacked } from './attacks.js'
import { pause } from './tools.js'

const MEGABYTE = 1 << 20
/** CPU milliseconds of a server between two steps: one step's time, and the 50 ms that a step may be late. */
const MOST_BUSY = 100
/** Milliseconds that a server may take to answer its own process. */
const MOST_BLOCKED = 1000

/** Opens so many sockets, sends the same bytes to each once all are open, and reads or does not. */
async function openAll(port: number, count: number, bytes: Buffer, reads: boolean): Promise<net.Socket[]> {
  const sockets = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<net.Socket>((resolve) => {
          const socket = net.connect(port, '127.0.0.1', () => resolve(socket))
          socket.on('error', () => resolve(socket))
          if (reads) socket.resume()
          else socket.pause()
        }),
    ),
  )
  for (const socket of sockets) socket.write(bytes)
  return sockets
}

/** Watches a server while `attack` runs, and for so long afterwards; resolves to the harm done, in words. */
async function watch({ look, isBare }: Attacked, attack: () => Promise<unknown>): Promise<string | undefined> {
  const before = await look()
  const attacking = attack()
  const state = { isOver: false }
  void attacking.finally(() => (state.isOver = true))
  let blocked = 0
  let busy = 0
  let rss = 0
  while (!state.isOver) {
    const start = performance.now()
    const inside = await look()
    blocked = Math.max(blocked, performance.now() - start)
    busy = Math.max(busy, inside.busy ?? 0)
    rss = Math.max(rss, inside.rss)
    await pause(100)
  }
  await attacking
  if (isBare) return blocked > MOST_BLOCKED ? `blocked for ${Math.round(blocked)} ms` : undefined
  const grown = rss - before.rss
  if (busy > MOST_BUSY) return `${Math.round(busy)} ms of work between two steps`
  return grown > 64 * MEGABYTE ? `${Math.round(grown / MEGABYTE)} MB more memory` : undefined
}

/** Sends a megabyte of tiny requests on each of many sockets at once. */
export function pipeline(attacked: Attacked, port: number, path: string): Promise<string | undefined> {
  const request = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
  const bytes = Buffer.from(request.repeat(Math.floor(MEGABYTE / request.length)))
  return watch(attacked, async () => {
    const sockets = await openAll(port, attacked.isBare ? 64 : 256, bytes, true)
    await pause(3000)
    for (const socket of sockets) socket.destroy()
  })
}

/** Asks for a large file on many sockets, and reads nothing of it. */
export function readNothing(attacked: Attacked): Promise<string | undefined> {
  const bytes = Buffer.from('GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n')
  return watch(attacked, async () => {
    const sockets = await openAll(attacked.target.port, 200, bytes, false)
    await pause(3000)
    for (const socket of sockets) socket.destroy()
  })
}
