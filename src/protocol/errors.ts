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

/** `connect` or `listen` failed. `code` is a close code or one of the codes of the side that failed. */
export class ConnectionError extends NetworkError {
  override readonly name = 'ConnectionError'
}
