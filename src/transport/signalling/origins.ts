// Decides which pages may use the signalling (CORS), so that a game's own function cannot end the process.
import type http from 'node:http'
import { isThenable } from '../../protocol/thenable.js'

/** The pages that may connect, and the headers they may send. */
export interface CorsOptions {
  /**
   * `'*'`, the default: all pages. Otherwise the origin of the only page, as in `https://game.example`, or a function
   * that returns it for a request. Pages of other origins get HTTP 403, as do all when the function throws or returns
   * no string. Programs other than browsers send no origin, and are not checked; nor is a page that this server itself
   * serves.
   */
  origin?: string | ((request: http.IncomingMessage) => string)
  /** Whether pages may send the `Authorization` header. Default true. */
  allowAuthorization?: boolean
}

/** How long a browser may cache the answer, in seconds. */
const REMEMBER = '600'

export class Origins {
  private readonly origin: NonNullable<CorsOptions['origin']>
  private readonly headerNames: string

  constructor({ origin = '*', allowAuthorization = true }: CorsOptions = {}) {
    this.origin = origin
    this.headerNames = allowAuthorization ? 'authorization, content-type' : 'content-type'
  }

  /** Sets the headers of an answer. Returns false when the page may not connect. */
  admit(request: http.IncomingMessage, response: http.ServerResponse): boolean {
    const { origin, host } = request.headers
    if (this.origin !== '*') response.setHeader('vary', 'origin')
    if (origin !== undefined) {
      const allowed = this.allowedFor(request)
      if (allowed !== '*' && allowed !== origin) return isSameHost(origin, host)
      response.setHeader('access-control-allow-origin', allowed)
    } else if (this.origin === '*') response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-expose-headers', 'retry-after')
    return true
  }

  /** Sets the headers that a browser requests before the request itself. */
  announce(response: http.ServerResponse): void {
    response.setHeader('access-control-allow-methods', 'OPTIONS, GET, POST')
    response.setHeader('access-control-allow-headers', this.headerNames)
    response.setHeader('access-control-max-age', REMEMBER)
  }

  private allowedFor(request: http.IncomingMessage): string | undefined {
    if (typeof this.origin === 'string') return this.origin
    try {
      const result: unknown = this.origin(request)
      // A promise is not a string, and its rejection must not end the process.
      if (isThenable(result)) result.then(undefined, () => {})
      return typeof result === 'string' ? result : undefined
    } catch {
      return undefined
    }
  }
}

/** Whether a page comes from the host that it connects to; browsers send its origin with every POST. */
function isSameHost(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `https://${host}` || origin === `http://${host}`)
}
