// Makes and wraps transports, as "bitecs-net/transport": for a network of your own, or for a worse one. No input or
// output.
export {
  condition,
  type ConditionedTransport,
  type ConditionerOptions,
  type ConditionerStats,
  type Conditions,
} from './transport/conditioner.js'
export { Inbox, type InboxOptions } from './transport/inbox.js'
export {
  Channel,
  countSent,
  createTransportCounters,
  type PeerId,
  type PeerInfo,
  type Transport,
  type TransportCloseReason,
  type TransportCounters,
  type TransportSink,
} from './transport/transport.js'
