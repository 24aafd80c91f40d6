// Limits how many sockets one address may hold open on our own server, so that it cannot use up all of them.
import type { Server } from 'node:http'
import { isLoopback, networkOfAddress, normalizeAddress } from '../addresses.js'
import type { Networks } from './addresses.js'

/** How long a request to our own server may take to arrive, in milliseconds, and how often that is checked. */
export const REQUEST_LIMITS = {
  requestTimeout: 10_000,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 1000,
} as const

/** Sockets of all addresses together; each client has one or two, for some seconds. */
const MAX_SOCKETS = 4096
/** Requests on one socket; then it closes, and a client that sends more opens another. */
const MAX_REQUESTS_PER_SOCKET = 1000
/** Sockets of one address: many players may share it. */
const MAX_SOCKETS_PER_ADDRESS = 256

/**
 * The addresses whose sockets have no limit per address: this machine's own, and those of proxies, which stand for
 * many clients.
 */
export function isSharedBy(proxies: Networks): (address: string) => boolean {
  return (address) => isLoopback(address) || proxies.has(address)
}

/** Closes sockets above the limits as soon as they are opened. `shut` is called for each that was over a limit. */
export function limitSockets(server: Server, isShared: (address: string) => boolean, shut: () => void): void {
  const open = new Map<string, number>()
  server.maxConnections = MAX_SOCKETS
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_SOCKET
  server.on('drop', shut)
  server.on('connection', (socket) => {
    const address = normalizeAddress(socket.remoteAddress)
    if (isShared(address)) return
    const key = networkOfAddress(address)
    const count = open.get(key) ?? 0
    if (count >= MAX_SOCKETS_PER_ADDRESS) {
      shut()
      socket.destroy()
      return
    }
    open.set(key, count + 1)
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1
      if (left > 0) open.set(key, left)
      else open.delete(key)
    })
  })
}
