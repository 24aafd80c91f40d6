// The client's half of the signalling against a server that means harm: no answer is read without end.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { negotiate, type SignallingManager } from '../../../src/transport/geckos/geckos-client-signalling.js'

let server: http.Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A server that goes on writing for as long as somebody reads; resolves when nobody does. */
async function serveWithoutEnd(start: string): Promise<{ url: string; left: Promise<number> }> {
  let leave: (written: number) => void = () => {}
  const left = new Promise<number>((resolve) => (leave = resolve))
  const more = 'a'.repeat(16_384)
  server = http.createServer((_, response) => {
    let written = 0
    const write = (): void => {
      while (!response.destroyed && response.write(more)) written += more.length
    }
    response.on('drain', write).on('close', () => leave(written))
    response.write(start)
    write()
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, left }
}

describe('an offer', () => {
  it('without end is given up where no offer is as long', async () => {
    const { url, left } = await serveWithoutEnd('{"id":"')
    const manager = { dataChannel: undefined } as unknown as SignallingManager
    const options = { url, authorization: undefined, isOver: () => false, channel: new Promise<void>(() => {}) }
    const { error } = (await negotiate(manager, options)) as { error: Error }
    expect(error.message).toBe('the answer is too long')
    // What the kernel and the two ends had taken in by then counts too.
    expect(await left).toBeLessThan(16 << 20)
  })
})
