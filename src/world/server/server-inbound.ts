// What a client sends, read by the server: every byte is checked, every refusal is counted, nothing is trusted.
import { Networked } from '../../../components/networked.js'
import type { Counters } from '../../connection/counters.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { ServerSessions } from '../../connection/server/server-sessions.js'
import type { Session } from '../../connection/session.js'
import type { TokenBuckets } from '../../connection/token-bucket.js'
import type { ByteReader } from '../../protocol/bytes.js'
import type { Command, Definition } from '../../protocol/definitions.js'
import { slotOf } from '../../protocol/net-id.js'
import { type DataHeader, SectionKind } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import { ReplyStatus } from '../../protocol/reply-status.js'
import type { SequenceOrder } from '../../protocol/sequence.js'
import { CallFault, type CallFaults } from '../../remote/call-faults.js'
import { CallSection, hasOnlyEarlyMessages, type InboundCalls } from '../../remote/inbound-calls.js'
import type { OpenRequests } from '../../remote/open-requests.js'
import { type PendingRequests, ReplyFate } from '../../remote/pending-requests.js'
import { type IncomingParts, type OutgoingParts, PartResult, PartSection } from '../../remote/message-parts.js'
import type { Observer } from '../../replication/server/observer.js'
import type { ServerReplication } from '../../replication/server/server-replication.js'
import { SceneReportSection } from '../../remote/scene-section.js'
import { Channel } from '../../transport/transport.js'
import { InboundWrites } from './inbound-writes.js'
import { PeerLimit } from './peer-limit.js'
import type { PeerScenes, ServerScenes } from './server-scenes.js'

/** What reading needs of the server's side of one client. */
export interface InboundPeer {
  readonly observer: Observer
  readonly rates: TokenBuckets
  readonly limits: TokenBuckets
  /** Requests that the server made of it. */
  readonly requests: PendingRequests
  readonly outgoingParts: OutgoingParts
  readonly incomingParts: IncomingParts
  readonly session: Session
  readonly scenes: PeerScenes
  /** Tells which of its packets left later. */
  readonly order: SequenceOrder
}

/** What reading needs of the server's role. */
export interface InboundContext {
  readonly counters: Counters
  readonly errors: ErrorLog
  readonly protocol: Protocol
  readonly faults: CallFaults
  readonly replication: ServerReplication
  readonly inbound: InboundCalls
  readonly openRequests: OpenRequests
  readonly scenes: ServerScenes
  sessionsOf(session: Session): ServerSessions | undefined
  readonly options: { readonly now: () => number }
  readonly tick: number
  /** The first call or message that no client may send closes the connection. */
  readonly closesUnknown: boolean
  peerOf(session: Session): InboundPeer | undefined
}

/** What a request that is dropped is answered, by `CallFault`. */
const STATUS_OF_FAULT = {
  [CallFault.NotReady]: ReplyStatus.NotReady,
  [CallFault.NotOwner]: ReplyStatus.NotOwner,
  // For this client it is gone. Whether it lives on out of its sight is not for it to know.
  [CallFault.NotObserved]: ReplyStatus.Despawned,
  [CallFault.UnknownEntity]: ReplyStatus.Despawned,
  [CallFault.OverRate]: ReplyStatus.OverRate,
  [CallFault.Late]: ReplyStatus.Despawned,
} as const

/** Whether a section counts as a call: against the limit of how many of them a client may send. */
function isCall(kind: number): boolean {
  return (
    kind === SectionKind.Call ||
    kind === SectionKind.Message ||
    (kind >= SectionKind.Request && kind <= SectionKind.Cancel)
  )
}

function travelsOn(definition: Definition, channel: Channel): boolean {
  return (definition.channel === 'reliable') === (channel === Channel.Reliable)
}

export class ServerInbound {
  private readonly section = new CallSection()
  private readonly part = new PartSection()
  private readonly sceneReport = new SceneReportSection()
  /** Whose packet is read, and when: asked once for each packet. A session that has not been seen open has no peer yet. */
  private peer: InboundPeer | undefined
  private now = 0
  /** Calls and messages of the packet that was checked, and bytes of their payloads. */
  private calls = 0
  private callBytes = 0
  /** It has parts of messages, which take of the same limits at their own place in the order. */
  private hasParts = false
  /** The whole packet is within the sender's general limits. */
  private isWithinLimits = false
  private readonly writes: InboundWrites
  /** The entity that the last command of this packet was let through on, and its owner; a net id of 0 is none's. */
  private passedNetId = 0
  private passedEntity = 0
  private passedOwner = 0

  constructor(private readonly role: InboundContext) {
    this.writes = new InboundWrites(role)
  }

  /** Reads the sections of a data packet; false when one is malformed, and then none took effect. */
  read(session: Session, channel: Channel, header: DataHeader, reader: ByteReader): boolean {
    const start = reader.offset
    if (!this.check(reader, header.sequenced, channel)) return false
    reader.offset = start
    if (session.state === 'authenticating') {
      if (!hasOnlyEarlyMessages(reader, this.section, this.role.protocol)) return this.refuseEarly(session)
      reader.offset = start
    }
    this.peer = this.role.peerOf(session)
    this.now = this.role.options.now()
    this.isWithinLimits = this.takeTokens()
    this.writes.begin(session, this.peer, header)
    this.passedNetId = 0
    while (reader.left > 0 && session.state !== 'closed') this.apply(session, channel, reader)
    this.role.counters.acceptedPackets++
    return true
  }

  /** An honest client says nothing before its welcome but messages that may come before it. */
  private refuseEarly(session: Session): boolean {
    this.role.counters.unauthenticatedPackets++
    this.role
      .sessionsOf(session)
      ?.weigh(session, 'unauthenticated-packet', 'something that no client may send before it is authenticated')
    return true
  }

  private check(reader: ByteReader, sequenced: boolean, channel: Channel): boolean {
    const reliable = channel === Channel.Reliable
    const { section } = this
    this.calls = 0
    this.callBytes = 0
    this.hasParts = false
    while (reader.left > 0) {
      const kind = reader.u8()
      if (kind === SectionKind.Call) section.read(reader, true)
      else if (kind === SectionKind.Message) section.read(reader, false)
      else if (kind === SectionKind.ClientUpdate && sequenced) this.role.replication.writes.check(reader)
      else if (!reliable) this.checkReport(kind, reader, reliable)
      else if (kind === SectionKind.Request) section.readRequest(reader)
      else if (kind === SectionKind.Reply) section.readReply(reader)
      else if (kind === SectionKind.Cancel) section.readCancel(reader)
      else this.checkReport(kind, reader, reliable)
      if (reader.failed) return false
      if (!isCall(kind)) continue
      this.calls++
      this.callBytes += section.end - section.start
    }
    return true
  }

  private checkReport(kind: number, reader: ByteReader, reliable: boolean): void {
    if (kind === SectionKind.Ready) {
      if (reader.u8() > 1) reader.fail()
    } else if (kind === SectionKind.MessagePart && reliable) {
      this.part.read(reader)
      this.hasParts = true
    } else if (kind === SectionKind.PartsTaken && reliable) reader.varint()
    else if (kind === SectionKind.SceneProgress && reliable) this.sceneReport.read(reader)
    else reader.fail()
  }

  /** Takes what the whole packet is worth from the sender's general limits; false takes nothing: then each call counts. */
  private takeTokens(): boolean {
    const { peer, now, calls, callBytes } = this
    if (peer === undefined) return true
    if (this.hasParts) return false
    const { limits } = peer
    if (!limits.has(PeerLimit.Calls, now, calls) || !limits.has(PeerLimit.CallBytes, now, callBytes)) return false
    limits.take(PeerLimit.Calls, now, calls)
    limits.take(PeerLimit.CallBytes, now, callBytes)
    return true
  }

  private apply(session: Session, channel: Channel, reader: ByteReader): void {
    const { section } = this
    const kind = reader.u8()
    if (kind === SectionKind.Call) section.read(reader, true)
    else if (kind === SectionKind.Message) section.read(reader, false)
    else if (kind === SectionKind.Request) section.readRequest(reader)
    else if (kind === SectionKind.Reply) section.readReply(reader)
    else if (kind === SectionKind.Cancel) section.readCancel(reader)
    else return this.applyReport(kind, session, reader)
    if (!this.isWithinLimits && !this.takesCall(session)) return
    if (kind === SectionKind.Call) this.applyCall(session, channel, reader)
    else if (kind === SectionKind.Message) this.applyMessage(session, channel, reader)
    else if (kind === SectionKind.Request) this.applyRequest(session, reader)
    else if (kind === SectionKind.Reply) this.applyReply(session, reader)
    else this.role.openRequests.cancel(session.entity, section.request)
  }

  /** Takes the call in `section` from the sender's general limits. */
  private takesCall(session: Session): boolean {
    const { peer, now } = this
    const bytes = this.section.end - this.section.start
    if (
      peer === undefined ||
      (peer.limits.take(PeerLimit.Calls, now) && (bytes === 0 || peer.limits.take(PeerLimit.CallBytes, now, bytes)))
    ) {
      return true
    }
    this.drop(CallFault.OverRate, session)
    this.role.sessionsOf(session)?.weigh(session, 'call-flood', 'more calls than any honest client sends')
    return false
  }

  private applyCall(session: Session, channel: Channel, reader: ByteReader): void {
    const definition = this.role.protocol.definitions[this.section.id]
    if (definition?.kind !== 'command' || !travelsOn(definition, channel)) this.refuseUnknown(session, this.section.id)
    else if (this.mayCommand(session, definition) === ReplyStatus.Ok) this.push(session, reader.bytes)
  }

  private applyMessage(session: Session, channel: Channel, reader: ByteReader): void {
    const { section, peer } = this
    const definition = this.role.protocol.definitions[section.id]
    if (definition?.kind !== 'message' || definition.from === 'server' || !travelsOn(definition, channel)) {
      this.refuseUnknown(session, section.id)
    } else if (peer === undefined) {
      // A connection that opened in this very receive has no entity yet; an honest client waits for its welcome.
      this.drop(CallFault.NotReady, session)
    } else if (!peer.rates.take(section.id, this.now)) this.drop(CallFault.OverRate, session)
    else this.push(session, reader.bytes)
  }

  /** What is no call, and weighs nothing by itself. */
  private applyReport(kind: number, session: Session, reader: ByteReader): void {
    if (kind === SectionKind.Ready) session.wantsReady = reader.u8() === 1
    else if (kind === SectionKind.MessagePart) this.applyPart(session, reader)
    else if (kind === SectionKind.PartsTaken) this.applyTaken(session, reader)
    else if (kind === SectionKind.ClientUpdate) this.writes.read(reader, this.now)
    else this.applySceneReport(session, reader)
  }

  private refuseUnknown(session: Session, id: number): void {
    this.drop(CallFault.UnknownDefinition, session, 0, id)
    const sessions = this.role.sessionsOf(session)
    const text = 'a call or message that no client may send'
    if (this.role.closesUnknown) sessions?.close(session, 'unknown-call', text)
    else sessions?.weigh(session, 'unknown-call', text)
  }

  private applyRequest(session: Session, reader: ByteReader): void {
    const { inbound, openRequests, protocol, tick } = this.role
    const definition = protocol.definitions[this.section.id]
    if (definition?.kind !== 'command' || definition.answers === undefined) {
      return this.refuseUnknown(session, this.section.id)
    }
    if (this.peer === undefined) return this.drop(CallFault.NotReady, session)
    const status = this.mayCommand(session, definition)
    if (status !== ReplyStatus.Ok) openRequests.endUnopened(session.entity, this.section.request, status)
    else if (inbound.paused && !this.mayWait(session)) return
    else if (inbound.pushRequest(this.section, reader.bytes, session.entity, tick) === ReplyStatus.MalformedCall) {
      this.malformedCall(session)
    }
  }

  private applyReply(session: Session, reader: ByteReader): void {
    const { role } = this
    const fate = this.peer?.requests.take(this.section, reader.bytes)
    if (fate === ReplyFate.Unknown)
      role.sessionsOf(session)?.weigh(session, 'unknown-reply', 'an answer to a request that was never made')
    if (fate === ReplyFate.Malformed)
      role.sessionsOf(session)?.weigh(session, 'malformed-reply', 'an answer that is not what its definition says')
  }

  /** What stands against a command; `Ok` when nothing does. */
  private mayCommand(session: Session, definition: Command): ReplyStatus {
    const { replication } = this.role
    const { peer } = this
    if (!session.ready || peer === undefined) return this.refuse(CallFault.NotReady, session)
    const { netId, id } = this.section
    // Most commands of a packet are on one entity, and nothing changes while it is read.
    if (netId === this.passedNetId && (!definition.requiresAuthority || this.passedOwner === session.entity)) {
      return peer.rates.take(id, this.now)
        ? ReplyStatus.Ok
        : this.refuse(CallFault.OverRate, session, this.passedEntity)
    }
    const eid = replication.entities.entityOf(netId)
    if (eid === 0) {
      if (replication.entities.wasIssued(netId)) return this.refuse(CallFault.Late, session)
      this.role
        .sessionsOf(session)
        ?.weigh(session, 'unknown-entity', 'a command on an entity that was never spawned for it')
      return this.refuse(CallFault.UnknownEntity, session)
    }
    if (!peer.observer.sees(slotOf(netId))) return this.refuse(CallFault.NotObserved, session, eid)
    if (definition.requiresAuthority && Networked.owner[eid] !== session.entity) {
      return this.refuse(CallFault.NotOwner, session, eid)
    }
    this.passedNetId = netId
    this.passedEntity = eid
    this.passedOwner = Networked.owner[eid]!
    if (!peer.rates.take(id, this.now)) return this.refuse(CallFault.OverRate, session, eid)
    return ReplyStatus.Ok
  }

  /** Drops the command in `section`, and returns what a request is answered then. */
  private refuse(fault: keyof typeof STATUS_OF_FAULT, session: Session, eid = 0): ReplyStatus {
    this.drop(fault, session, eid)
    return STATUS_OF_FAULT[fault]
  }

  /** Counts and reports a call that is dropped. */
  private drop(fault: CallFault, session: Session, eid = 0, id = this.section.id): void {
    // A connection that opened in this very receive has no entity yet, and one that ended has none any more.
    const isKnown = this.peer !== undefined
    this.role.faults.add(fault, isKnown ? session.connectionId : 0, isKnown ? session.entity : 0, eid, id)
  }

  /** Its bytes are weighed when they are reported as taken in: until then the client may not send more. */
  private applyPart(session: Session, reader: ByteReader): void {
    const { part } = this
    part.read(reader)
    const { protocol } = this.role
    const sessions = this.role.sessionsOf(session)
    const { peer } = this
    if (peer === undefined) {
      this.drop(CallFault.NotReady, session, 0, part.id)
      return
    }
    const { incomingParts } = peer
    const definition = protocol.definitions[part.id]
    if (definition?.kind !== 'message' || !definition.large || definition.from === 'server') {
      this.refuseUnknown(session, part.id)
      return
    }
    if (incomingParts.begins(part)) {
      if (part.total > definition.codec.maxBytes) {
        this.drop(CallFault.MalformedCall, session, 0, part.id)
        sessions?.weigh(session, 'malformed-call', 'a message larger than its definition allows')
        return
      }
      // However small its parts are, a message is one of the calls that a client may send.
      if (!peer.limits.take(PeerLimit.Calls, this.now)) {
        this.drop(CallFault.OverRate, session, 0, part.id)
        sessions?.weigh(session, 'call-flood', 'more calls than any honest client sends')
        incomingParts.refuse()
      } else if (!peer.rates.take(part.id, this.now)) {
        this.drop(CallFault.OverRate, session, 0, part.id)
        incomingParts.refuse()
      }
    }
    const result = incomingParts.take(part, reader.bytes)
    if (result === PartResult.Refused)
      sessions?.weigh(session, 'false-part', 'a part that is not the next of its message')
    if (result !== PartResult.Whole) return
    const { payload } = incomingParts
    this.section.become(part.id, payload.length)
    this.push(session, payload.bytes)
    incomingParts.release()
  }

  private applyTaken(session: Session, reader: ByteReader): void {
    const taken = reader.varint()
    const { peer } = this
    if (peer === undefined || peer.outgoingParts.acknowledge(taken)) return
    this.role.sessionsOf(session)?.weigh(session, 'false-part', 'a report of parts that were never sent')
  }

  private applySceneReport(session: Session, reader: ByteReader): void {
    const { sceneReport } = this
    sceneReport.read(reader)
    const { peer } = this
    if (peer !== undefined && this.role.scenes.report(peer, sceneReport.change, sceneReport.report)) return
    this.role
      .sessionsOf(session)
      ?.weigh(session, 'false-report', 'a report of a change of scenes that it was not told of')
  }

  private push(session: Session, bytes: Uint8Array): void {
    const { inbound, tick } = this.role
    if (inbound.paused && !this.mayWait(session)) return
    if (inbound.push(this.section, bytes, session.entity, tick)) return
    this.malformedCall(session)
  }

  private malformedCall(session: Session): void {
    this.drop(CallFault.MalformedCall, session)
    this.role
      .sessionsOf(session)
      ?.weigh(session, 'malformed-call', 'a call whose arguments are not what its definition says')
  }

  /** While the server loads a scene calls wait, but not without end. */
  private mayWait(session: Session): boolean {
    const { peer } = this
    if (peer !== undefined && this.role.scenes.mayHold(peer, this.section.end - this.section.start)) return true
    this.role.sessionsOf(session)?.close(session, 'overflow', 'more calls than the server keeps while it loads a scene')
    return false
  }
}
