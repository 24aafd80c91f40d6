// Keeps the server's data of one client: its session, its view of the world, its rate limits, and its queues.
import type { Session } from '../../connection/session.js'
import { TokenBuckets } from '../../connection/token-bucket.js'
import { SequenceOrder } from '../../protocol/sequence.js'
import type { Protocol } from '../../protocol/protocol.js'
import { IncomingParts, OutgoingParts } from '../../remote/message-parts.js'
import type { PendingRequests } from '../../remote/pending-requests.js'
import type { Observer } from '../../replication/server/observer.js'
import type { LinkTag } from '../link-tags.js'
import { PeerScenes } from './server-scenes.js'

/**
 * The general rate limits of a client, by their indices among its token buckets: calls and messages, changes of
 * readiness, bytes of calls and messages, bytes of values that it writes.
 */
export const PeerLimit = { Calls: 0, Readiness: 1, CallBytes: 2, WriteBytes: 3 } as const

/** Changes of readiness: each may make the server send the whole world. */
const READINESS_PER_SECOND = 1
const READINESS_BURST = 5

/** Bytes of values that one client writes: twice what a client sends. */
const WRITE_BYTES_PER_SECOND = 131_072
const WRITE_BYTES_BURST = 262_144

/** The server's data of one client. */
export class ServerPeer {
  /** Rate limits of calls and messages, by definition. */
  readonly rates: TokenBuckets
  /** Rate limits that no honest client exceeds, by `PeerLimit`. */
  readonly limits: TokenBuckets
  readonly outgoingParts = new OutgoingParts()
  readonly incomingParts = new IncomingParts()
  readonly scenes = new PeerScenes()
  /** The tag that shows the state of its link; none while the link works and its game ticks. */
  linkTag: LinkTag | undefined
  /** Compares the ages of its unreliable packets. */
  readonly order = new SequenceOrder()

  constructor(
    readonly session: Session,
    readonly observer: Observer,
    /** Requests that the server made of this client and that have no answer. */
    readonly requests: PendingRequests,
    protocol: Protocol,
  ) {
    const { definitions } = protocol
    const rate = (id: number) => {
      const definition = definitions[id]!
      return 'rate' in definition ? definition.rate : undefined
    }
    this.rates = new TokenBuckets(
      Float64Array.from(definitions, (_, id) => rate(id)?.perSecond ?? 0),
      Float64Array.from(definitions, (_, id) => rate(id)?.burst ?? 0),
    )
    const { rules } = session.clientLimits!
    this.limits = new TokenBuckets(
      Float64Array.of(rules.callsPerSecond, READINESS_PER_SECOND, rules.callBytesPerSecond, WRITE_BYTES_PER_SECOND),
      Float64Array.of(rules.callBurst, READINESS_BURST, rules.callBytesBurst, WRITE_BYTES_BURST),
    )
  }
}
