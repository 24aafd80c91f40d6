// The errors that a user of the library can meet. Each has a code, and a sentence that says what to do.

/** The base of every error that this library throws. `code` is stable; the message is for people. */
export class NetworkError extends Error {
  override readonly name: string = 'NetworkError'
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A protocol or definition that cannot be used as written. */
export class ProtocolError extends NetworkError {
  override readonly name = 'ProtocolError'
}

/** An argument of a call or message that its schema cannot represent. `field` names it, as in `args.angle`. */
export class ArgumentError extends NetworkError {
  override readonly name = 'ArgumentError'
  constructor(
    readonly field: string,
    /** What is wrong with it, without its name. */
    readonly problem: string,
  ) {
    super('bad-argument', `${field}: ${problem}`)
  }
}

/** A verb used where it cannot work: on the wrong side, before connecting, on something that is not networked. */
export class UsageError extends NetworkError {
  override readonly name = 'UsageError'
}

/** A client may not come in: an authenticator throws or returns it. The client is told its code and its message. */
export class AuthenticationError extends NetworkError {
  override readonly name = 'AuthenticationError'
  constructor(message: string, code = 'authentication-failed', options?: ErrorOptions) {
    super(code, message, options)
  }
}

/** `connect` or `listen` failed. `code` is a close code or one of the codes of the side that failed. */
export class ConnectionError extends NetworkError {
  override readonly name = 'ConnectionError'
  /** Milliseconds after which the server wants to be asked again; undefined when it did not say. */
  readonly retryAfter: number | undefined
  constructor(code: string, message: string, options?: ErrorOptions & { retryAfter?: number }) {
    super(code, message, options)
    this.retryAfter = options?.retryAfter
  }
}

/**
 * Bytes that cannot be loaded as a world. `code` says why: `not-a-save`, `newer-format` (of the library), `corrupt-save`, or
 * `save-mismatch` (the game's protocol has changed).
 */
export class SaveError extends NetworkError {
  override readonly name = 'SaveError'
  constructor(
    code: string,
    message: string,
    /** With `save-mismatch`: all that differs between the protocol of the save and the game's, one line for each thing. */
    readonly differences: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(code, message, options)
  }
}

/** The base of every error that a promise of `request` is rejected with. */
export class RequestError extends NetworkError {
  override readonly name: string = 'RequestError'
  constructor(
    code: string,
    /** The name of what was requested. */
    readonly request: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(code, `${request}: ${problem}`, options)
  }
}

/** The other side's game refused; `reason` says why. `refusalOf` gives it with its type. */
export class RequestRefusedError extends RequestError {
  override readonly name = 'RequestRefusedError'
  constructor(
    request: string,
    readonly reason: string,
    /** What was requested, as it was defined. */
    readonly definition: object,
  ) {
    super('refused', request, `refused: ${reason}`)
  }
}

/** No answer came in time. The other side has been told to stop working on it, and may have acted on it all the same. */
export class RequestTimedOutError extends RequestError {
  override readonly name = 'RequestTimedOutError'
  constructor(request: string, milliseconds: number) {
    super('timed-out', request, `no answer within ${milliseconds} ms`)
  }
}

/** The connection ended before the answer came. */
export class RequestDisconnectedError extends RequestError {
  override readonly name = 'RequestDisconnectedError'
  constructor(request: string, why: string) {
    super('disconnected', request, `the connection ended before an answer came: ${why}`)
  }
}

/** The entity that it was made on is gone. */
export class RequestDespawnedError extends RequestError {
  override readonly name = 'RequestDespawnedError'
  constructor(request: string) {
    super('despawned', request, 'the entity was despawned before an answer came')
  }
}

/** The client that asked does not own the entity any more, and the command requires it. */
export class RequestLostAuthorityError extends RequestError {
  override readonly name = 'RequestLostAuthorityError'
  constructor(request: string) {
    super('lost-authority', request, 'this client does not own the entity, or not any more')
  }
}

/** The `signal` that came with it was aborted; `cause` is the signal's reason. */
export class RequestAbortedError extends RequestError {
  override readonly name = 'RequestAbortedError'
  constructor(request: string, cause: unknown) {
    super('aborted', request, 'its signal was aborted', { cause })
  }
}

/**
 * The library refused it before the game of the other side could answer. `code` says why: `not-ready`, `not-observed`,
 * `over-rate`, `malformed-call`, `undrained`, `overloaded`, `handler-threw`, or `malformed-reply` when the answer was not
 * what the definition says.
 */
export class RequestRejectedError extends RequestError {
  override readonly name = 'RequestRejectedError'
}

/** What something says that was thrown, which may be anything. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  return typeof thrown === 'object' && thrown !== null ? 'an object' : String(thrown as string | number | undefined)
}
