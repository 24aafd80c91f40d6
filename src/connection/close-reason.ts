// Defines why a connection ended, for the code of both sides and for a player.

/** The codes of closes by the library. A game may pass its own codes to `kick` and `close`. */
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
  /** Human-readable. */
  readonly text: string
  /** Whether this side ended the connection, the other side, or the network. */
  readonly by: 'local' | 'remote' | 'network'
}
