// Sockets of one address: so many at once, and room again when they close.
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { normalizeAddress } from '../../../../src/transport/addresses.js'
import { Networks } from '../../../../src/transport/signalling/addresses.js'
import { isSharedBy, limitSockets } from '../../../../src/transport/signalling/sockets.js'
import { until } from '../../../support/until.js'

const cleanup: (() => unknown)[] = []

afterEach(async () => {
  for (const action of cleanup.splice(0).reverse()) await action()
})

async function serve(isShared: boolean) {
  let shut = 0
  const server = http.createServer((_, response) => response.end())
  limitSockets(
    server,
    () => isShared,
    () => shut++,
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const { port } = server.address() as AddressInfo
  const sockets: net.Socket[] = []
  const open = async (count: number): Promise<void> => {
    await Promise.all(
      Array.from(
        { length: count },
        () =>
          new Promise<void>((resolve) => {
            const socket = net.connect(port, '127.0.0.1', resolve).on('error', () => {})
            socket.resume()
            sockets.push(socket)
          }),
      ),
    )
  }
  return { open, sockets, shut: () => shut }
}

describe('sockets', () => {
  it('from one address are closed above the limit, and there is room again when some have closed', async () => {
    const { open, sockets, shut } = await serve(false)
    await open(258)
    await until('two are closed', () => shut() === 2)
    expect(sockets.length).toBe(258)
    for (const socket of sockets.splice(0, 258)) socket.destroy()
    await until('room again', async () => {
      const before = shut()
      await open(1)
      await new Promise((resolve) => setTimeout(resolve, 10))
      return shut() === before
    })
  })

  it('from this machine and from proxies are not counted by address', async () => {
    const isShared = isSharedBy(new Networks(['10.0.0.0/8']))
    const shared = ['127.0.0.1', '::1', '10.1.1.1', '203.0.113.7'].map((address) => isShared(normalizeAddress(address)))
    expect(shared).toEqual([true, true, true, false])
    const { open, shut } = await serve(true)
    await open(300)
    expect(shut()).toBe(0)
  })
})
