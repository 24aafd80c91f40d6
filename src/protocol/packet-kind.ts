// Numbers the kinds of packets, in the first byte of each.

export const PacketKind = {
  /** Acknowledgements and sections; either channel. */
  Data: 0,
  /** Client to server, reliable: opens the session. */
  Hello: 1,
  /** Server to client, reliable: the session is open. */
  Welcome: 2,
  /** Either way, reliable: the last packet of a session, with its reason. */
  Close: 3,
  /** Either way, unreliable: answered by the transport at once. */
  Ping: 4,
  /** The answer to a ping. */
  Pong: 5,
} as const
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind]
