// How a request ended, as its reply says it on the wire: docs/protocol.md lists the numbers.

/** The status of a reply. What is neither `Ok` nor `Refused` is said by the library itself, and carries nothing. */
export const ReplyStatus = {
  /** A record of the definition's `returns` follows. */
  Ok: 0,
  /** A reason follows: its number in the definition's list, or a text. */
  Refused: 1,
  /** The client that asked does not take part yet. */
  NotReady: 2,
  /** The client that asked does not own the entity, or not any more. */
  NotOwner: 3,
  /** The entity is gone, or out of the sight of the client that asked. */
  Despawned: 4,
  /** The client that is asked does not have the entity in sight: the server says so to its own game, and to nobody else. */
  NotObserved: 5,
  /** Over the definition's rate. */
  OverRate: 6,
  /** The arguments are not what the definition says. */
  MalformedCall: 7,
  /** No system drained it in time. */
  Undrained: 8,
  /** Too many requests of this connection are open already. */
  Overloaded: 9,
  /** The handler threw before it answered. */
  HandlerThrew: 10,
} as const
export type ReplyStatus = (typeof ReplyStatus)[keyof typeof ReplyStatus]

export const LAST_REPLY_STATUS = ReplyStatus.HandlerThrew
