// Values that clients write, as they arrive: what may be read of them, and what becomes of those that are not taken.
import type { Counters } from '../../connection/counters.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { ServerSessions } from '../../connection/server/server-sessions.js'
import type { Session } from '../../connection/session.js'
import type { TokenBuckets } from '../../connection/token-bucket.js'
import type { ByteReader } from '../../protocol/bytes.js'
import type { DataHeader } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { SequenceOrder } from '../../protocol/sequence.js'
import { CallFault, type CallFaults } from '../../remote/call-faults.js'
import { WriteFault, type WriteSource } from '../../replication/authority/owner-writes.js'
import type { Observer } from '../../replication/server/observer.js'
import type { ServerReplication } from '../../replication/server/server-replication.js'
import { PeerLimit } from './peer-limit.js'

/** What it needs of the server's role. */
interface WritesContext {
  readonly counters: Counters
  readonly errors: ErrorLog
  readonly protocol: Protocol
  readonly faults: CallFaults
  readonly replication: ServerReplication
  sessionsOf(session: Session): ServerSessions | undefined
}

/** What it needs of the sender. */
interface WritesPeer {
  readonly observer: Observer
  readonly limits: TokenBuckets
  readonly order: SequenceOrder
}

const CALL_FAULT_OF = {
  [WriteFault.UnknownEntity]: CallFault.WriteUnknownEntity,
  [WriteFault.Late]: CallFault.WriteLate,
  [WriteFault.NotOwner]: CallFault.WriteNotOwner,
  [WriteFault.NotFinite]: CallFault.WriteNotFinite,
  [WriteFault.Refused]: CallFault.WriteRefused,
  [WriteFault.CheckThrew]: CallFault.WriteRefused,
} as const

export class InboundWrites implements WriteSource {
  connection = 0
  structureTick = 0
  order = 0
  private session!: Session
  private peer: WritesPeer | undefined
  /** Something in the packet was of an entity that never was. */
  private isForged = false

  constructor(private readonly role: WritesContext) {}

  get observer(): Observer {
    return this.peer!.observer
  }

  /** Begins a packet of a client; one whose session has not been seen open has no peer. */
  begin(session: Session, peer: WritesPeer | undefined, header: DataHeader): void {
    this.session = session
    this.peer = peer
    this.connection = session.entity
    this.structureTick = header.structureTick
    if (header.sequenced && peer !== undefined) this.order = peer.order.of(header.sequence)
  }

  /** Reads a section that was checked. */
  read(reader: ByteReader, now: number): void {
    const { role, session, peer } = this
    const start = reader.offset
    const { writes } = role.replication
    writes.check(reader)
    const end = reader.offset
    if (peer === undefined || !session.ready) {
      role.counters.staleWrites++
    } else if (!peer.limits.take(PeerLimit.WriteBytes, now, end - start)) {
      role.counters.rateLimitedWrites++
      session.withholds = true
      role.sessionsOf(session)?.weigh(session, 'value-flood', 'more values than any honest client sends')
    } else {
      this.isForged = false
      reader.offset = start
      writes.apply(reader, this)
      if (this.isForged)
        role.sessionsOf(session)?.weigh(session, 'unknown-entity', 'a value of an entity that never was')
    }
  }

  fault(fault: WriteFault, entity: number, component: number, cause?: unknown): void {
    const { role, session, connection } = this
    if (fault === WriteFault.UnknownEntity) this.isForged = true
    if (fault === WriteFault.CheckThrew) {
      role.counters.handlerErrors++
      const name = role.protocol.componentNames[component]!
      role.errors.push('handler-threw', `the check of ${name} threw`, { connection, entity, name, cause })
    }
    role.faults.addWrite(CALL_FAULT_OF[fault], session.connectionId, connection, entity, component)
  }
}
