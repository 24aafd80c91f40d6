// Numbers the results of a request, as a reply carries them: docs/protocol.md lists the numbers.

/**
 * The status of a reply. Every status except `Ok` and `Refused` is sent by the library itself, and carries nothing.
 */
export const ReplyStatus = {
  /** A record of the definition's `returns` follows. */
  Ok: 0,
  /** A reason follows: its number in the definition's list, or a text. */
  Refused: 1,
  /** The requesting client is not ready. */
  NotReady: 2,
  /** The requesting client does not own the entity, or no longer owns it. */
  NotOwner: 3,
  /** The entity was despawned, or the requesting client does not observe it. */
  Despawned: 4,
  /** The requested client does not observe the entity. Only the server's own game gets this status. */
  NotObserved: 5,
  /** The request was over the definition's rate limit. */
  OverRate: 6,
  /** The arguments do not match the definition. */
  MalformedCall: 7,
  /** No system drained the request in time. */
  Undrained: 8,
  /** Too many requests of this connection are open already. */
  Overloaded: 9,
  /** The handler threw before it answered. */
  HandlerThrew: 10,
} as const
export type ReplyStatus = (typeof ReplyStatus)[keyof typeof ReplyStatus]

export const LAST_REPLY_STATUS = ReplyStatus.HandlerThrew
