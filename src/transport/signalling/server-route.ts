// Puts a world's signalling in front of the request listeners of an HTTP server, and removes it again.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { UsageError } from '../../protocol/errors.js'
import { respond } from './reply.js'
import { RequestGuard } from './request-guard.js'
import { isSignalling } from './route.js'
import { Status } from './status.js'

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown

/** By server: the route of the world that listens on it, or did last. */
const routes = new WeakMap<Server, ServerRoute>()

/** @throws UsageError when another world listens on the server: their paths are the same. */
export function requireUnusedServer(server: Server): void {
  if (routes.get(server)?.isTaken !== true) return
  const text =
    'another world listens on this HTTP server: close it first, or give each world a server and a port of its own'
  throw new UsageError('listening', text)
}

/** Routes the requests of a server while a world listens on it. */
export class ServerRoute {
  isTaken = true
  /** The listeners that the server had before. */
  private readonly former: RequestListener[]
  private isEnded = false

  /**
   * Only requests of the signalling reach `take`. All others go to the listeners that are already there; without any,
   * `isOwn` answers them with HTTP 404.
   */
  constructor(
    private readonly server: Server,
    private readonly take: RequestListener,
    isOwn: boolean,
  ) {
    requireUnusedServer(server)
    routes.get(server)?.end()
    routes.set(server, this)
    this.former = server.rawListeners('request') as RequestListener[]
    if (isOwn && this.former.length === 0) this.former.push(guarded(server, notFound))
    server.removeAllListeners('request')
    server.on('request', this.listener)
  }

  /** Lets another world listen on the server. Until one does, requests of the signalling still arrive here. */
  release(): void {
    this.isTaken = false
  }

  /**
   * Restores the server's own listeners. A listener that other code has wrapped cannot be removed: it stays and passes
   * all requests on.
   */
  end(): void {
    if (this.isEnded) return
    this.isEnded = true
    this.release()
    const { server } = this
    const listeners = server.rawListeners('request') as RequestListener[]
    const place = listeners.indexOf(this.listener)
    if (place < 0) return
    listeners.splice(place, 1, ...this.former)
    server.removeAllListeners('request')
    for (const listener of listeners) server.on('request', listener)
  }

  private readonly listener: RequestListener = (request, response) => {
    if (!this.isEnded && isSignalling(request.url)) {
      return RequestGuard.of(this.server).take(request, response, this.take)
    }
    for (const listener of this.former) listener.call(this.server, request, response)
  }
}

/** Wraps a listener: its requests are handled one at a time per socket, and leave time for ticks. */
export function guarded(server: Server, handle: RequestListener): RequestListener {
  const guard = RequestGuard.of(server)
  return (request, response) => guard.take(request, response, handle)
}

const notFound: RequestListener = (request, response) => respond(request, response, Status.NotFound)
