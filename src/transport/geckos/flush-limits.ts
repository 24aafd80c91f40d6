// How long the transports over a real network let reliable data leave before a connection is closed.

/** For one connection, in milliseconds: SCTP sends a lost packet again after a second. Nobody waits for it. */
export const DISCONNECT_LIMIT = 2000

/** For a transport that is closed as a whole, in milliseconds: its owner waits. */
export const CLOSE_LIMIT = 300

/** How often a flush looks whether the data has left, in milliseconds. */
export const FLUSH_POLL = 10
