// Defines the options of the server's sessions, and their events for the layers above.
import type { ByteReader } from '../../protocol/bytes.js'
import type { DataHeader } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { Channel } from '../../transport/transport.js'
import type { LimitRules } from './client-limits.js'
import type { UserAdmissionOptions } from './user-admission.js'
import type { Session } from '../session.js'

/** Events for the layers above, called inside `receive`, `maintain` and `close`. */
export interface ServerSessionEvents {
  /**
   * A hello was accepted: the session waits for `admit` or `refuse`. Without this event clients are admitted at once,
   * unauthenticated.
   */
  greeted?: (session: Session, token: string) => void
  /** A client was admitted. */
  opened(session: Session): void
  /** This side is about to end a session or to refuse a client. Its queued calls must be sent now. */
  closing?: (session: Session) => void
  /** A client whose hello had been accepted has disconnected, for `session.reason`. */
  closed(session: Session): void
  /**
   * A data packet; the reader is at its first section. Returns false when the packet is malformed, or, for an
   * unreliable one, when it must not be acknowledged.
   */
  data(session: Session, channel: Channel, header: DataHeader, reader: ByteReader): boolean
}

export interface ServerSessionOptions extends UserAdmissionOptions {
  protocol: Protocol
  now: () => number
  /** Milliseconds without a packet until a client is interrupted or disconnected. */
  timeout: number
  /** Milliseconds for a client to send its hello. */
  handshakeTimeout: number
  /** Milliseconds between an accepted hello and the authenticator's answer. */
  authenticationTimeout: number
  /** The most clients, those being authenticated included. */
  maxConnections: number
  ticksPerSecond: number
  /** Milliseconds that an interrupted session waits for its client to resume; 0 to end it at once. Default 0. */
  resumeTime?: number
  /** The limits of each client. Default: the defaults of `listen`. */
  rules?: LimitRules
  /** The most interrupted sessions per address; beyond that the oldest ends. Default: no limit. */
  interruptedPerAddress?: number
  /** Numbers the connections. Default: from 1 on. */
  takeConnectionId?: () => number
}
