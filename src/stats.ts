// Counts what a world sends, receives and drops, and how far large messages are, as "bitecs-net/stats".
export type { Counters } from './connection/counters.js'
export type { TransportCounters } from './transport/transport.js'
export { type ConnectionStates, type NetworkStats, type QueueLengths, type RoundTrips, stats } from './verbs/stats.js'
export { type Transfer, transfers } from './verbs/transfers.js'
