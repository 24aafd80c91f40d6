// What the server's sessions are told when they begin, and what they tell the layers above.
import type { ByteReader } from '../../protocol/bytes.js'
import type { DataHeader } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { Channel } from '../../transport/transport.js'
import type { ConductRules } from './client-limits.js'
import type { GateOptions } from './user-admission.js'
import type { Session } from '../session.js'

/** What sessions tell the layers above, inside `receive`, `maintain` and `close`. */
export interface ServerSessionEvents {
  /**
   * A hello was accepted: the session waits for `admit` or `refuse`. Left out when nobody is authenticated: a client is
   * let in at once then.
   */
  greeted?: (session: Session, token: string) => void
  /** A client was let in. */
  opened(session: Session): void
  /** This side is about to end a session, or to refuse a client: what was called for it leaves now, or never. */
  closing?: (session: Session) => void
  /** A client whose hello had been accepted is gone; `session.reason` says why. */
  closed(session: Session): void
  /**
   * A data packet; the reader stands at its first section. Returns false when it is malformed, or, for an unreliable
   * packet, when it must not be acknowledged.
   */
  data(session: Session, channel: Channel, header: DataHeader, reader: ByteReader): boolean
}

export interface ServerSessionOptions extends GateOptions {
  protocol: Protocol
  now: () => number
  /** Milliseconds without a packet until a client counts as gone. */
  timeout: number
  /** Milliseconds that a client has to say hello. */
  handshakeTimeout: number
  /** Milliseconds between an accepted hello and the answer of the authenticator. */
  authenticationTimeout: number
  /** The most clients, those that are being authenticated included. */
  maxConnections: number
  ticksPerSecond: number
  /** Milliseconds that a session waits for a client whose line broke and that may resume it; 0 for not at all. Default 0. */
  resumeTime?: number
  /** What each client may send. Default: the defaults of `listen`. */
  rules?: ConductRules
  /** The most sessions of one address that wait so; of more, the oldest ends. Default: no limit. */
  interruptedPerAddress?: number
  /** Numbers the connections. Default: from 1 on. */
  takeConnectionId?: () => number
}
