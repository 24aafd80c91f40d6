// Limits on how long the transports over a real network wait while a connection closes.

/** For one connection, in milliseconds: SCTP sends a lost packet again after a second. Nobody waits for it. */
export const DISCONNECT_LIMIT = 2000

/** For a transport that is closed as a whole, in milliseconds: its owner waits. */
export const CLOSE_LIMIT = 300

/** How often a flush looks whether the data has left, in milliseconds. */
export const FLUSH_POLL = 10

/** How long one channel may stay open after the other has closed. */
export const HALF_CLOSED_LIMIT_MS = 250

/** SCTP drops a silent peer after about 13 s. A connection that ends after less silence was closed on purpose. */
export const LOST_AFTER_SILENCE_MS = 10_000
