// Defines the errors that a user of the library can meet. Each has a code, and a sentence about what to do.

/** The base of every error that this library throws. `code` is stable; the message is human-readable. */
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

/** An argument of a call or message that its schema cannot represent. `field` is its name, as in `args.angle`. */
export class ArgumentError extends NetworkError {
  override readonly name = 'ArgumentError'
  constructor(
    readonly field: string,
    /** The problem, without the name of the field. */
    readonly problem: string,
  ) {
    super('bad-argument', `${field}: ${problem}`)
  }
}

/** A verb used where it cannot work: on the wrong side, before connecting, on something that is not networked. */
export class UsageError extends NetworkError {
  override readonly name = 'UsageError'
}

/** Refuses a client: an authenticator throws or returns it. The client is sent its code and its message. */
export class AuthenticationError extends NetworkError {
  override readonly name = 'AuthenticationError'
  constructor(message: string, code = 'authentication-failed', options?: ErrorOptions) {
    super(code, message, options)
  }
}

/** `connect` or `listen` failed. `code` is a close code or one of the codes of the side that failed. */
export class ConnectionError extends NetworkError {
  override readonly name = 'ConnectionError'
  /** Milliseconds after which the server asks for another try; undefined when it sent none. */
  readonly retryAfter: number | undefined
  constructor(code: string, message: string, options?: ErrorOptions & { retryAfter?: number }) {
    super(code, message, options)
    this.retryAfter = options?.retryAfter
  }
}

/**
 * Bytes that cannot be loaded as a world. `code` is the reason: `not-a-save`, `newer-format` (of the library),
 * `corrupt-save`, or `save-mismatch` (the game's protocol has changed).
 */
export class SaveError extends NetworkError {
  override readonly name = 'SaveError'
  constructor(
    code: string,
    message: string,
    /**
     * With `save-mismatch`: all differences between the protocol of the save and the game's, one line for each thing.
     */
    readonly differences: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(code, message, options)
  }
}

/** The base of every error with which a promise of `request` rejects. */
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

/** The other side's game refused; `reason` is why. `refusalOf` returns it with its type. */
export class RequestRefusedError extends RequestError {
  override readonly name = 'RequestRefusedError'
  constructor(
    request: string,
    readonly reason: string,
    /** The definition that was requested. */
    readonly definition: object,
  ) {
    super('refused', request, `refused: ${reason}`)
  }
}

/** No answer arrived in time. The other side is asked to stop working on it, but may already have acted on it. */
export class RequestTimedOutError extends RequestError {
  override readonly name = 'RequestTimedOutError'
  constructor(request: string, milliseconds: number) {
    super('timed-out', request, `no answer within ${milliseconds} ms`)
  }
}

/** The connection ended before the answer arrived. */
export class RequestDisconnectedError extends RequestError {
  override readonly name = 'RequestDisconnectedError'
  constructor(request: string, why: string) {
    super('disconnected', request, `the connection ended before an answer came: ${why}`)
  }
}

/** The entity of the request was despawned. */
export class RequestDespawnedError extends RequestError {
  override readonly name = 'RequestDespawnedError'
  constructor(request: string) {
    super('despawned', request, 'the entity was despawned before an answer came')
  }
}

/** The requesting client no longer owns the entity, and the command requires it. */
export class RequestLostAuthorityError extends RequestError {
  override readonly name = 'RequestLostAuthorityError'
  constructor(request: string) {
    super('lost-authority', request, 'this client does not own the entity, or not any more')
  }
}

/** The request's `signal` was aborted; `cause` is the signal's reason. */
export class RequestAbortedError extends RequestError {
  override readonly name = 'RequestAbortedError'
  constructor(request: string, cause: unknown) {
    super('aborted', request, 'its signal was aborted', { cause })
  }
}

/**
 * The library refused it before the other side's game could answer. `code` is the reason: `not-ready`, `not-observed`,
 * `over-rate`, `malformed-call`, `undrained`, `overloaded`, `handler-threw`, or `malformed-reply` when the answer does
 * not match the definition.
 */
export class RequestRejectedError extends RequestError {
  override readonly name = 'RequestRejectedError'
}

/** The message of a thrown value, which may be anything. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  return typeof thrown === 'object' && thrown !== null ? 'an object' : String(thrown as string | number | undefined)
}
