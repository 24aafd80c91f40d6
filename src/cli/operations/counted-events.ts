// Assigns each counter of the statistics to a family of metrics, so that the sum over a family is meaningful.
import { Counter, type Registry } from 'prom-client'
import type { Counters } from '../../connection/counters.js'
import type { TransportCounters } from '../../transport/transport.js'
import type { NetworkStats } from '../../verbs/stats.js'
import { setTotal } from './set-total.js'

/** Each family counts one kind of event; its label, if any, is the reason. */
const FAMILIES = {
  dropped_packets: ['Packets that were dropped, by reason.', 'reason'],
  dropped_calls: ['Calls, messages and requests that were dropped, by reason.', 'reason'],
  dropped_replies: ['Answers to requests that were dropped, by reason.', 'reason'],
  dropped_values: ['Values that were dropped, by reason.', 'reason'],
  failed_connections: ['Connections that were begun but never opened, by reason.', 'reason'],
  foreign_channels: ['Data channels that a client opened by itself.'],
  exceptions: ["Exceptions that were caught outside of systems, by place: the game's handlers, callbacks.", 'where'],
  lost_packets: ['Unreliable packets that were found lost.'],
  repairs: ['What was held back, clamped or sent again, by kind.', 'kind'],
  signalling_requests: ['Requests of the signalling, refused ones included.'],
  signalling_refusals: ['Requests that the signalling refused, by reason.', 'reason'],
  signalling_refused_sockets: ['Sockets of the signalling that were shut, since one address, or all, had too many.'],
  signalling_stripped_candidates: ["Addresses in clients' answers that nothing is sent to."],
} as const satisfies Readonly<Record<string, readonly [help: string, label?: string]>>

type Family = keyof typeof FAMILIES
/** The place of a counter: a family, and the value of its label. */
type Place = readonly [family: Family, value?: string]

/** All counters of a world except `acceptedPackets`, which is traffic. */
const OF_WORLD: Readonly<Record<Exclude<keyof Counters, 'acceptedPackets'>, Place>> = {
  malformedPackets: ['dropped_packets', 'malformed'],
  packetsBeforeHello: ['dropped_packets', 'before_hello'],
  rateLimitedPackets: ['dropped_packets', 'rate_limited'],
  packetsAfterEnd: ['dropped_packets', 'after_end'],
  duplicatePackets: ['dropped_packets', 'duplicate'],
  unauthenticatedPackets: ['dropped_packets', 'unauthenticated'],
  packetsWhileLoading: ['dropped_packets', 'while_loading'],
  holdOverflows: ['dropped_packets', 'hold_overflow'],
  unknownDefinitions: ['dropped_calls', 'unknown_definition'],
  unknownEntities: ['dropped_calls', 'unknown_entity'],
  staleCalls: ['dropped_calls', 'stale'],
  unauthorizedCalls: ['dropped_calls', 'unauthorized'],
  notReadyCalls: ['dropped_calls', 'not_ready'],
  rateLimitedCalls: ['dropped_calls', 'rate_limited'],
  malformedCalls: ['dropped_calls', 'malformed'],
  undrainedCalls: ['dropped_calls', 'undrained'],
  overShareCalls: ['dropped_calls', 'over_share'],
  unsentCalls: ['dropped_calls', 'unsent'],
  cancelledCalls: ['dropped_calls', 'cancelled'],
  overloadedRequests: ['dropped_calls', 'overloaded'],
  windowDroppedCalls: ['dropped_calls', 'window_full'],
  lateReplies: ['dropped_replies', 'late'],
  unknownReplies: ['dropped_replies', 'unknown'],
  malformedReplies: ['dropped_replies', 'malformed'],
  unauthorizedWrites: ['dropped_values', 'unauthorized_write'],
  staleWrites: ['dropped_values', 'stale_write'],
  refusedWrites: ['dropped_values', 'refused_write'],
  rateLimitedWrites: ['dropped_values', 'rate_limited_write'],
  staleValues: ['dropped_values', 'stale'],
  ignoredOperations: ['dropped_values', 'ignored_operation'],
  ignoredPairs: ['dropped_values', 'ignored_pair'],
  refusedConnections: ['failed_connections', 'refused'],
  handlerErrors: ['exceptions', 'handler'],
  lostPackets: ['lost_packets'],
  heldPackets: ['repairs', 'held_packet'],
  clampedValues: ['repairs', 'clamped_value'],
  resentValues: ['repairs', 'resent_value'],
}

/** The transport's counters of traffic, which have their own metrics. */
type Traffic = `${'packets' | 'bytes' | 'reliablePackets' | 'reliableBytes'}${'Sent' | 'Received'}`

const OF_TRANSPORT: Readonly<Record<Exclude<keyof TransportCounters, Traffic>, Place>> = {
  inboxDropped: ['dropped_packets', 'inbox_full'],
  unansweredPings: ['dropped_packets', 'unanswered_ping'],
  textFrames: ['dropped_packets', 'text'],
  oversized: ['dropped_packets', 'oversized'],
  sendDropped: ['dropped_packets', 'outbox_full'],
  foreignChannels: ['foreign_channels'],
  neverOpened: ['failed_connections', 'never_opened'],
  callbackErrors: ['exceptions', 'native_callback'],
  signallingErrors: ['exceptions', 'signalling'],
  signallingRequests: ['signalling_requests'],
  malformedRequests: ['signalling_refusals', 'malformed'],
  oversizedRequests: ['signalling_refusals', 'oversized'],
  slowRequests: ['signalling_refusals', 'slow'],
  foreignOrigins: ['signalling_refusals', 'foreign_origin'],
  unknownConnections: ['signalling_refusals', 'unknown_connection'],
  repeatedAnswers: ['signalling_refusals', 'repeated_answer'],
  unauthorizedRequests: ['signalling_refusals', 'unauthorized'],
  refusedAddresses: ['signalling_refusals', 'banned'],
  rateLimitedRequests: ['signalling_refusals', 'rate_limited'],
  overloadedRequests: ['signalling_refusals', 'overloaded'],
  refusedSockets: ['signalling_refused_sockets'],
  pipelinedRequests: ['signalling_refusals', 'pipelined'],
  slowAnswers: ['signalling_refusals', 'slow_answer'],
  strippedCandidates: ['signalling_stripped_candidates'],
}

export class CountedEvents {
  private readonly families: ReadonlyMap<Family, Counter>

  constructor(registry: Registry) {
    const registers = [registry]
    const entries = Object.entries(FAMILIES) as [Family, readonly [help: string, label?: string]][]
    this.families = new Map(
      entries.map(([family, [help, ...labelNames]]) => {
        const name = `bitecs_net_${family}_total`
        return [family, new Counter({ name, help, labelNames: labelNames as string[], registers })]
      }),
    )
  }

  update({ counters, transport }: Pick<NetworkStats, 'counters' | 'transport'>): void {
    for (const [name, place] of Object.entries(OF_WORLD)) this.tell(place, counters[name as keyof Counters])
    for (const [name, place] of Object.entries(OF_TRANSPORT)) {
      this.tell(place, transport[name as keyof TransportCounters])
    }
  }

  private tell([family, value]: Place, total: number): void {
    const [, label] = FAMILIES[family] as readonly [string, string?]
    setTotal(this.families.get(family)!, label === undefined ? {} : { [label]: value! }, total)
  }
}
