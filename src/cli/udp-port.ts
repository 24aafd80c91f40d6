// Checks that a UDP port is free to play on. The native library binds one only when the first client connects, which
// is too late to report a problem.
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { UserError } from './user-error.js'

/** The UDP options of `listen`. */
export interface UdpOptions {
  readonly portRange?: { readonly min: number; readonly max: number }
  readonly bindAddress?: string
}

/**
 * Finds a port that is free now. Another process may take it before the first client connects, so this catches
 * mistakes, not races.
 *
 * @throws UserError when no port is free, or the address does not belong to this machine.
 */
export async function checkUdpPort({ portRange, bindAddress }: UdpOptions): Promise<void> {
  if (portRange === undefined && bindAddress === undefined) return
  const { min, max } = portRange ?? { min: 0, max: 0 }
  for (let port = min; port <= max; port++) {
    const code = await tryPort(port, bindAddress)
    // Other problems, such as a machine without IPv4, are no reason not to try.
    if (code === undefined || !PROBLEMS.has(code)) return
    if (code === 'EADDRNOTAVAIL') {
      throw new UserError(`this machine has no address ${bindAddress}: choose another with --bind-address`)
    }
    if (code === 'EACCES') {
      throw new UserError(`this process may not use UDP port ${port}: choose others with --port-range`)
    }
  }
  const taken = min === max ? `UDP port ${min} is in use` : `all UDP ports from ${min} to ${max} are in use`
  throw new UserError(`${taken}: stop the program that uses it or choose others with --port-range`)
}

const PROBLEMS = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'])

/**
 * Binds a port for a moment. Returns why that failed, if it did. Without an address it tries IPv4, which clients use
 * first.
 */
function tryPort(port: number, address: string | undefined): Promise<string | undefined> {
  const socket = createSocket(address !== undefined && isIPv6(address) ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      resolve(error.code ?? 'unknown')
    })
    socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(undefined)))
  })
}
