// Limits how long the transports of a real network wait while a connection closes.

/** For one connection, in milliseconds: SCTP retransmits a lost packet after a second. No caller waits for it. */
export const DISCONNECT_LIMIT_MS = 2000

/** For a transport that is closed as a whole, in milliseconds: its owner waits. */
export const CLOSE_LIMIT_MS = 300

/** How often a flush checks whether the data has left, in milliseconds. */
export const FLUSH_POLL_MS = 10

/** How long one channel may stay open after the other has closed. */
export const HALF_CLOSED_LIMIT_MS = 250

/** SCTP drops a peer after about 13 s without packets. A connection that ends sooner was closed on purpose. */
export const LOST_AFTER_SILENCE_MS = 10_000
