// Asks the game whether a request of the signalling may begin to connect, before anything native is made for it.
//
// geckos has a hook for that, which is hard to use: one that ends the response ends the process, one that never answers
// leaves the request open for ever, and whatever it returns is sent to the client. So the hook that geckos gets is this
// one: it hands out no response, has a time limit, and tells geckos a status and nothing else.
import type http from 'node:http'
import { AuthenticationError, messageOf } from '../protocol/errors.js'
import { type RunningCall, RunningCalls } from './running-calls.js'
import type { PeerInfo } from './transport.js'

/** What `authorize` is given of a client that is about to connect. */
export interface AuthorizationRequest {
  /** The `Authorization` header, as in `Bearer …`; undefined when there is none. Anybody may have written it. */
  readonly header: string | undefined
  /** All headers of the request, by their names in lower case. */
  readonly headers: Readonly<http.IncomingHttpHeaders>
  /** Where the request came from. Behind a proxy it is the proxy's. */
  readonly address: string | undefined
  /** Aborted when the time is up and when the client leaves: nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/**
 * Whether a client may begin to connect. An object lets it pass and is handed to the authenticator as `authorization`, as is
 * `true`, or `undefined`; `false`, and what `deny` returns, refuses. Nothing of it is sent to the client. It runs outside
 * of the tick, so it must not touch the world.
 */
export type Authorize = (
  request: AuthorizationRequest,
) => object | boolean | undefined | void | Promise<object | boolean | undefined | void>

export interface AuthorizationOptions {
  readonly authorize: Authorize
  /** Milliseconds that it may take. */
  readonly timeout: number
  /** The most calls of it at once. */
  readonly limit: number
  readonly now: () => number
  /** Told of what went wrong in it. */
  readonly onError: (message: string, cause?: unknown) => void
}

/** As HTTP says it. */
const Status = { Unauthorized: 401, Unavailable: 503 } as const

export class Authorization {
  private readonly running: RunningCalls
  private readonly results = new WeakMap<http.IncomingMessage, unknown>()
  /** Ends everything that waits. */
  private readonly closing = new AbortController()

  constructor(private readonly options: AuthorizationOptions) {
    this.running = new RunningCalls(options.limit, options.now)
  }

  /** What geckos takes from its hook: `true`, or the status to refuse with. */
  ask(header: string | undefined, request: http.IncomingMessage): Promise<true | number> {
    const { timeout, onError } = this.options
    const call = this.running.begin()
    if (call === undefined) {
      onError('clients are refused: too many calls of authorize have not returned; let it end with its signal')
      return Promise.resolve(Status.Unavailable)
    }
    const { socket } = request
    return new Promise((resolve) => {
      const settle = (status: true | number): void => {
        clearTimeout(timer)
        socket.removeListener('close', leave)
        this.closing.signal.removeEventListener('abort', leave)
        resolve(status)
      }
      const leave = (): void => {
        call.abandon()
        settle(Status.Unavailable)
      }
      const timer = setTimeout(() => {
        onError(`authorize took longer than ${timeout} ms; the client was refused`)
        leave()
      }, timeout)
      socket.once('close', leave)
      this.closing.signal.addEventListener('abort', leave)
      void this.decide(header, request, call).then(settle)
    })
  }

  private async decide(
    header: string | undefined,
    request: http.IncomingMessage,
    call: RunningCall,
  ): Promise<true | number> {
    const { headers, socket } = request
    const { signal } = call
    try {
      return this.judge(
        request,
        await this.options.authorize({ header, headers, address: socket.remoteAddress, signal }),
      )
    } catch (error) {
      return this.fail('threw', error)
    } finally {
      call.returned()
    }
  }

  /** What is known of the client behind a request that passed. */
  infoOf(request: http.IncomingMessage): PeerInfo {
    return { address: request.socket.remoteAddress, authorization: this.results.get(request) }
  }

  /** Refuses everybody who waits. */
  close(): void {
    this.closing.abort()
  }

  private judge(request: http.IncomingMessage, result: unknown): true | number {
    if (result === false || result instanceof AuthenticationError) return Status.Unauthorized
    const isData = typeof result === 'object' && result !== null
    if (result instanceof Error || !(isData || result === true || result === undefined)) {
      return this.fail('returned', result)
    }
    this.results.set(request, isData ? result : undefined)
    return true
  }

  private fail(what: string, cause: unknown): number {
    if (cause instanceof AuthenticationError) return Status.Unauthorized
    this.options.onError(`authorize ${what}: ${messageOf(cause)}`, cause)
    return Status.Unauthorized
  }
}
