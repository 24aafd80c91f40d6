// What a client's world may be told when it begins a session.
import type { OpenAgain } from './reconnection.js'

export interface JoinOptions {
  /** Presented to the server's authenticator. Default ''. */
  token?: string
  /** Milliseconds without a packet until the server counts as gone. Default 3,000. */
  timeout?: number
  /**
   * Milliseconds, from 1,000 to 60,000, of a server that answers heart-beats and does not tick, until `Stalled` is on the
   * connection; two of its ticks at least. Default 2,000.
   */
  stalledAfter?: number
  /**
   * Makes another connection when the line breaks, over which the session goes on where the server lets it. Default: the
   * session ends with its line.
   */
  reopen?: OpenAgain
  /** Take part as soon as the session is open. Default true; with false, call `setReady` when the game is loaded. */
  autoReady?: boolean
}

/** Milliseconds of silence after which the other side counts as gone. */
export const DEFAULT_TIMEOUT_MS = 3000
