// Floods over HTTP: requests that do not wait for their answers, and readers that do not read.
import net from 'node:net'
import type { Attacked } from './attacks.js'
import { harmOf, pause, watch } from './tools.js'

const MEGABYTE = 1 << 20
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

/** Attacks, and resolves to the harm done, in words. */
async function judge({ look, isBare }: Attacked, attack: () => Promise<unknown>): Promise<string | undefined> {
  const before = await look()
  const [, worst] = await watch(look, attack())
  if (!isBare) return harmOf(worst, before.rss)
  return worst.blocked > MOST_BLOCKED ? `blocked for ${Math.round(worst.blocked)} ms` : undefined
}

/** Sends a megabyte of tiny requests on each of many sockets at once. */
export function pipeline(attacked: Attacked, port: number, path: string): Promise<string | undefined> {
  const request = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
  const bytes = Buffer.from(request.repeat(Math.floor(MEGABYTE / request.length)))
  return judge(attacked, async () => {
    const sockets = await openAll(port, attacked.isBare ? 64 : 256, bytes, true)
    await pause(3000)
    for (const socket of sockets) socket.destroy()
  })
}

/** Asks for a large file on many sockets, and reads nothing of it. */
export function readNothing(attacked: Attacked): Promise<string | undefined> {
  const bytes = Buffer.from('GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n')
  return judge(attacked, async () => {
    const sockets = await openAll(attacked.target.port, 200, bytes, false)
    await pause(3000)
    for (const socket of sockets) socket.destroy()
  })
}
