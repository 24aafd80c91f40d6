// How many sockets one address may hold open on a server of ours: whoever takes them all keeps everybody else out.
import type { Server } from 'node:http'
import { isLoopback, networkOfAddress, normalizeAddress } from '../addresses.js'
import type { Networks } from './addresses.js'

/** How long a request to a server of ours may take to come, in milliseconds, and how often that is looked at. */
export const REQUEST_LIMITS = {
  requestTimeout: 10_000,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 1000,
} as const

/** Of all addresses together; each client has one or two, for some seconds. */
const MAX_SOCKETS = 4096
/** On one socket; then it closes, and a client that has more to ask opens another. */
const MAX_REQUESTS_PER_SOCKET = 1000
/** Of one address: many players may stand behind it. */
const MAX_SOCKETS_PER_ADDRESS = 256

/** Whose sockets are not counted by address: this machine's own, and those of proxies, which speak for many. */
export function isSharedBy(proxies: Networks): (address: string) => boolean {
  return (address) => isLoopback(address) || proxies.has(address)
}

/** Closes sockets above the limits as soon as they are opened. `shut` is told of each that one address, or all, had too many. */
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
