// A server that could not be played on does not start.
import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { checkUdpPort } from '../../../src/cli/udp-port.js'

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

async function take(): Promise<number> {
  const socket = createSocket('udp4')
  sockets.push(socket)
  await new Promise<void>((resolve) => socket.bind(0, resolve))
  return (socket.address() as AddressInfo).port
}

describe('the UDP ports of a server', () => {
  it('must have one that is free', async () => {
    const port = await take()
    const taken = checkUdpPort({ portRange: { min: port, max: port } })
    await expect(taken).rejects.toThrow(`UDP port ${port} is in use: stop the program that uses it or choose`)
    await expect(checkUdpPort({ portRange: { min: 1025, max: 65_535 } })).resolves.toBeUndefined()
    sockets.pop()!.close()
    await expect(checkUdpPort({ portRange: { min: port, max: port } })).resolves.toBeUndefined()
  })

  it('are of an address of this machine, where one is named', async () => {
    await expect(checkUdpPort({ bindAddress: '203.0.113.99' })).rejects.toThrow(
      'this machine has no address 203.0.113.99: choose another with --bind-address',
    )
    await expect(checkUdpPort({ bindAddress: '127.0.0.1' })).resolves.toBeUndefined()
    await expect(checkUdpPort({})).resolves.toBeUndefined()
  })
})
