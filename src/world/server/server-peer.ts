// What the server keeps for one client: its session, its view of the world, its limits, and what is under way.
import type { Session } from '../../connection/session.js'
import { TokenBuckets } from '../../connection/token-bucket.js'
import { SequenceOrder } from '../../protocol/sequence.js'
import type { Protocol } from '../../protocol/protocol.js'
import { IncomingParts, OutgoingParts } from '../../remote/message-parts.js'
import type { PendingRequests } from '../../remote/pending-requests.js'
import type { Observer } from '../../replication/server/observer.js'
import { LineTags } from '../link-tags.js'
import { PeerScenes } from './server-scenes.js'

/** Changes of readiness: each may cost the whole world. */
const READINESS_PER_SECOND = 1
const READINESS_BURST = 5

/** Bytes of values that one client writes: twice what a client sends. */
const WRITE_BYTES_PER_SECOND = 131_072
const WRITE_BYTES_BURST = 262_144

/** What the server keeps for one client. */
export class ServerPeer {
  readonly rates: TokenBuckets
  /** What no honest client exceeds, by `PeerLimit`. */
  readonly limits: TokenBuckets
  readonly outgoingParts = new OutgoingParts()
  readonly incomingParts = new IncomingParts()
  readonly scenes = new PeerScenes()
  readonly line = new LineTags()
  readonly order = new SequenceOrder()

  constructor(
    readonly session: Session,
    readonly observer: Observer,
    /** Requests that the server made of this client. */
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
    const { rules } = session.conduct!
    this.limits = new TokenBuckets(
      Float64Array.of(rules.callsPerSecond, READINESS_PER_SECOND, rules.callBytesPerSecond, WRITE_BYTES_PER_SECOND),
      Float64Array.of(rules.callBurst, READINESS_BURST, rules.callBytesBurst, WRITE_BYTES_BURST),
    )
  }
}
