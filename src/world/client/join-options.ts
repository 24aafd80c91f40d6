// Defines the options with which a client's world begins a session.
import type { OpenAgain } from './reconnection.js'

export interface JoinOptions {
  /** Presented to the server's authenticator. Default ''. */
  token?: string
  /** Milliseconds without packets after which the connection is interrupted. Default 3,000. */
  timeout?: number
  /**
   * Milliseconds, from 1,000 to 60,000, without a tick of a server that still answers heartbeats, before `Stalled` is
   * added to the connection; at least two of its ticks. Default 2,000.
   */
  stalledAfter?: number
  /**
   * Opens another link when the link breaks; the session continues on it if the server allows that. Default: the
   * session ends with its link.
   */
  reopen?: OpenAgain
  /** Become ready as soon as the session is open. Default true; with false, call `setReady` when the game is loaded. */
  autoReady?: boolean
}
