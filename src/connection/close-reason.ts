// Why a connection ended, in a form that both sides, and a player, can read.

/** Codes of closes that the library makes; a game may use codes of its own with `kick` and `close`. */
export type CloseCode =
  | 'client-closed'
  | 'server-stopped'
  | 'kicked'
  | 'banned'
  | 'timeout'
  | 'stalled'
  | 'lost'
  | 'protocol-mismatch'
  | 'wire-version'
  | 'handshake-timeout'
  | 'server-full'
  | 'duplicate-user'
  | 'draining'
  | 'authentication-failed'
  | 'authentication-timeout'
  | 'malformed'
  | 'overflow'
  | 'flood'
  | 'unknown-call'
  | 'text-frame'
  | 'scene-failed'
  | 'scene-timeout'
  | (string & {})

/** Why a connection ended. */
export interface CloseReason {
  /** Stable, for code. */
  readonly code: CloseCode
  /** For people. */
  readonly text: string
  /** Whether this side ended it, the other, or the network between them. */
  readonly by: 'local' | 'remote' | 'network'
}
