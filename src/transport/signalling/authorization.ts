// Asks the game whether a client may begin to connect, before anything native is made for it.
//
// geckos' own hook is not used. A hook that ends the response ends the process, one that never answers leaves the
// request open indefinitely, and its result is sent to the client. Ours gets no response object, has a time limit, and
// its result stays on the server.
import type http from 'node:http'
import { AuthenticationError, messageOf } from '../../protocol/errors.js'
import { boundRefusal, type RefusalText } from '../geckos/refusal-text.js'
import { type RunningCall, RunningCalls } from '../concurrent-calls.js'
import { Status } from './status.js'

/** The data that `authorize` gets about a client that wants to connect. */
export interface AuthorizationRequest {
  /**
   * The `Authorization` header, as in `Bearer …`; undefined when there is none. Any client may write anything here.
   */
  readonly header: string | undefined
  /** All headers of the request, by their names in lower case. */
  readonly headers: Readonly<http.IncomingHttpHeaders>
  /**
   * The address that the request came from, in the form that authenticators get. Behind a proxy it is the proxy's,
   * unless `trustProxy` lists it. '' when it is unknown.
   */
  readonly address: string
  /** Aborted when the time is up and when the client disconnects: the answer is no longer needed. */
  readonly signal: AbortSignal
}

/**
 * Decides whether a client may begin to connect. An object admits it and is passed to the authenticator as
 * `authorization`, as is `true` or `undefined`. `false`, and the result of `deny`, refuse it. The client is sent only
 * the text and the code of `deny` (by default `unauthorized`). It runs outside of the tick, so it must not touch the
 * world.
 */
export type Authorize = (
  request: AuthorizationRequest,
) => object | boolean | undefined | void | Promise<object | boolean | undefined | void>

export interface AuthorizationOptions {
  /** Without it, every client may connect. */
  readonly authorize: Authorize | undefined
  /** Milliseconds that one call may take. */
  readonly timeout: number
  /** The most calls at once. */
  readonly limit: number
  readonly now: () => number
  /** Called with each error of `authorize`. */
  readonly onError: (message: string, cause?: unknown) => void
}

/** The game's answer for a client that may connect, or the status to refuse it with. */
export type Verdict =
  | { readonly authorization: unknown }
  | {
      readonly status: typeof Status.Unauthorized | typeof Status.Unavailable
      /** The reason that the client is sent. */
      readonly refusal?: RefusalText
    }

const UNAVAILABLE: Verdict = { status: Status.Unavailable }
const UNAUTHORIZED: Verdict = { status: Status.Unauthorized }
/** The code of a `deny` without one; clients get `unauthorized` instead. */
const DEFAULT_CODE = new AuthenticationError('').code

export class Authorization {
  private readonly running: RunningCalls

  constructor(private readonly options: AuthorizationOptions) {
    this.running = new RunningCalls(options.limit, options.now)
  }

  /** `leaving` is aborted when the answer is no longer needed. */
  ask(request: http.IncomingMessage, address: string, leaving: AbortSignal): Promise<Verdict> {
    const { authorize, timeout, onError } = this.options
    if (authorize === undefined) return Promise.resolve({ authorization: undefined })
    const call = this.running.begin()
    if (call === undefined) {
      onError('clients are refused: too many calls of authorize have not returned; let it end with its signal')
      return Promise.resolve(UNAVAILABLE)
    }
    return new Promise((resolve) => {
      const settle = (verdict: Verdict): void => {
        clearTimeout(timer)
        leaving.removeEventListener('abort', leave)
        resolve(verdict)
      }
      const leave = (): void => {
        call.abandon()
        settle(UNAVAILABLE)
      }
      const timer = setTimeout(() => {
        onError(`authorize took longer than ${timeout} ms; the client was refused`)
        leave()
      }, timeout)
      leaving.addEventListener('abort', leave)
      void this.decide(authorize, request, address, call).then(settle)
    })
  }

  private async decide(
    authorize: Authorize,
    { headers }: http.IncomingMessage,
    address: string,
    call: RunningCall,
  ): Promise<Verdict> {
    const { signal } = call
    try {
      return this.judge(await authorize({ header: headers.authorization, headers, address, signal }))
    } catch (error) {
      return this.fail('threw', error)
    } finally {
      call.returned()
    }
  }

  private judge(result: unknown): Verdict {
    if (result === false) return UNAUTHORIZED
    if (result instanceof AuthenticationError) return denied(result)
    const isData = typeof result === 'object' && result !== null
    if (result instanceof Error || !(isData || result === true || result === undefined)) {
      return this.fail('returned', result)
    }
    return { authorization: isData ? result : undefined }
  }

  private fail(what: string, cause: unknown): Verdict {
    if (cause instanceof AuthenticationError) return denied(cause)
    this.options.onError(`authorize ${what}: ${messageOf(cause)}`, cause)
    return UNAUTHORIZED
  }
}

function denied({ code, message }: AuthenticationError): Verdict {
  const refusal = { code: code === DEFAULT_CODE ? 'unauthorized' : code, text: message }
  return { ...UNAUTHORIZED, refusal: boundRefusal(refusal) }
}
