// Makes the HTTP server of `bitecs-net serve` for the game's page; the signalling is added in front of it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { guarded } from '../transport/signalling/server-route.js'
import { Networks } from '../transport/signalling/addresses.js'
import { isSharedBy, limitSockets, REQUEST_LIMITS } from '../transport/signalling/sockets.js'
import { pathOf, serveFolder } from './page-files.js'
import type { TlsContext } from './tls.js'
import { UserError } from './user-error.js'

/**
 * Makes the server, which does not listen yet. Without a folder, or where it has no page, `/` answers that the server
 * runs. With `tls` it uses https.
 *
 * @throws UserError when the folder is missing.
 */
export function createPageServer(folder: string | undefined, tls?: TlsContext): Server {
  const files = folder === undefined ? undefined : serveFolder(folder)
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'Method not allowed')
    const rest = (): void => {
      if (pathOf(request) === '/') answer(response, 200, 'This is a bitecs-net server.')
      else answer(response, 404, 'Not found')
    }
    if (files === undefined) return rest()
    try {
      files(request, response, rest)
    } catch {
      // For example, a file may vanish between two reads.
      if (response.headersSent) response.destroy()
      else answer(response, 500, 'This cannot be served')
    }
  }
  const server =
    tls === undefined
      ? createServer(REQUEST_LIMITS)
      : createTlsServer({
          ...REQUEST_LIMITS,
          cert: tls.cert,
          key: tls.key,
          handshakeTimeout: REQUEST_LIMITS.requestTimeout,
        })
  return server.on('request', guarded(server, handle))
}

/**
 * Limits the sockets of a page's server, in total and per address, except for trusted proxies. `shut` is called for
 * each socket over a limit.
 */
export function limitPageSockets(server: Server, proxies: readonly string[] = [], shut: () => void): void {
  limitSockets(server, isSharedBy(new Networks(proxies)), shut)
}

/** The names of the options that set where a server listens, for error messages. */
export interface ListenNames {
  readonly port: string
  readonly host: string
}

const PAGE_OPTIONS: ListenNames = { port: '--port', host: '--host' }

/**
 * Listens, and resolves with the port.
 *
 * @throws UserError when it cannot listen, with what to do.
 */
export function startListening(
  server: Server,
  port: number,
  host: string | undefined,
  names: ListenNames = PAGE_OPTIONS,
): Promise<number> {
  return new Promise((done, fail) => {
    const failed = (error: NodeJS.ErrnoException): void => fail(listenError(error, port, host, names))
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      const address = server.address()
      done(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** Closes the server and every request. */
export function stopListening(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done())
    server.closeAllConnections()
  })
}

function listenError(
  error: NodeJS.ErrnoException,
  port: number,
  host: string | undefined,
  names: ListenNames,
): UserError {
  const options = { cause: error }
  switch (error.code) {
    case 'EADDRINUSE':
      return new UserError(
        `port ${port} is in use: stop the program that uses it or choose another with ${names.port}`,
        options,
      )
    case 'EACCES':
      return new UserError(`this process may not use port ${port}: choose one above 1023 with ${names.port}`, options)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UserError(`this machine has no address ${host}: choose another with ${names.host}`, options)
    default:
      return new UserError(`cannot listen on port ${port}: ${error.message}`, options)
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}
