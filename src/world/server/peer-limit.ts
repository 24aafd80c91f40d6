// The general limits of a client, by their places among its token buckets.

/** Calls and messages, changes of readiness, bytes of calls and messages, bytes of values that it writes. */
export const PeerLimit = { Calls: 0, Readiness: 1, CallBytes: 2, WriteBytes: 3 } as const
