// Keeps the state of a client's data packet while the server reads it.
import type { Session } from '../../connection/session.js'
import type { DataHeader } from '../../protocol/packet.js'
import { CallFault } from '../../remote/call-faults.js'
import { CallSection } from '../../remote/inbound-calls.js'
import { PartSection } from '../../remote/message-parts.js'
import { SceneReportSection } from '../../remote/scene-section.js'
import { WriteFault, type WriteSource } from '../../replication/authority/owner-writes.js'
import type { Observer } from '../../replication/server/observer.js'
import { Channel } from '../../transport/transport.js'
import type { ServerPeer } from './server-peer.js'
import type { ServerState } from './server-state.js'

const CALL_FAULT_OF = {
  [WriteFault.UnknownEntity]: CallFault.WriteUnknownEntity,
  [WriteFault.Late]: CallFault.WriteLate,
  [WriteFault.NotOwner]: CallFault.WriteNotOwner,
  [WriteFault.NotFinite]: CallFault.WriteNotFinite,
  [WriteFault.Refused]: CallFault.WriteRefused,
  [WriteFault.CheckThrew]: CallFault.WriteRefused,
} as const

/** The server reuses one of these for all packets, so that reading allocates nothing. */
export class ServerPacket implements WriteSource {
  /** Scratch: the section that is being read. */
  readonly section = new CallSection()
  readonly part = new PartSection()
  readonly sceneReport = new SceneReportSection()

  session!: Session
  /** The sender; undefined for a session that opened in this receive and has no connection entity yet. */
  peer: ServerPeer | undefined
  channel: Channel = Channel.Reliable
  /** Whether its header has a sequence number, as every unreliable packet with values has. */
  isSequenced = false
  /** When it is read, in milliseconds of the world's clock. */
  now = 0

  /** Calls and messages that `check` found, and bytes of their payloads. */
  calls = 0
  callBytes = 0
  /** Whether it has parts of large messages. Each takes from the same rate limits at its own place in the order. */
  hasParts = false
  /** Whether all its calls together are within the sender's general rate limits. */
  isWithinLimits = false

  /** The net id that its last accepted command was on, or 0; its entity; and the entity's owner. */
  passedNetId = 0
  passedEntity = 0
  passedOwner = 0

  /** Of values that the client writes: its connection, the structure that it knows, and the age of the packet. */
  connection = 0
  structureTick = 0
  order = 0
  /** Whether it has a value of an entity that never existed. */
  isForged = false

  constructor(readonly server: ServerState) {}

  /** Begins to check a packet. */
  startCheck(session: Session, channel: Channel, header: DataHeader): void {
    this.session = session
    this.channel = channel
    this.isSequenced = header.sequenced
    this.calls = 0
    this.callBytes = 0
    this.hasParts = false
  }

  /** Begins to apply the packet that was checked. */
  startApply(header: DataHeader): void {
    const { server, session } = this
    this.peer = server.peerOfSession.get(session)
    this.now = server.options.now()
    this.connection = session.entity
    this.structureTick = header.structureTick
    if (header.sequenced && this.peer !== undefined) this.order = this.peer.order.of(header.sequence)
    this.passedNetId = 0
  }

  /** The client's view of the world. */
  get observer(): Observer {
    return this.peer!.observer
  }

  /** Counts and reports a value that is not applied. */
  fault(fault: WriteFault, entity: number, component: number, cause?: unknown): void {
    const { server, session, connection } = this
    if (fault === WriteFault.UnknownEntity) this.isForged = true
    if (fault === WriteFault.CheckThrew) {
      server.counters.handlerErrors++
      const name = server.protocol.componentNames[component]!
      server.errors.push('handler-threw', `the check of ${name} threw`, { connection, entity, name, cause })
    }
    server.faults.addWrite(CALL_FAULT_OF[fault], session.connectionId, connection, entity, component)
  }
}
