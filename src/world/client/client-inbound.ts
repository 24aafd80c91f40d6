// What the server sends, applied by a client: packets are checked whole, then take effect section by section.
import type { World } from 'bitecs'
import { Connection } from '../../../components/connection.js'
import type { Counters } from '../../connection/counters.js'
import type { DataHeader } from '../../protocol/packet.js'
import type { Session } from '../../connection/session.js'
import { ByteReader } from '../../protocol/bytes.js'
import { slotOf } from '../../protocol/net-id.js'
import { SectionKind } from '../../protocol/packet.js'
import { readEndedKey } from '../../protocol/prefab.js'
import type { Protocol } from '../../protocol/protocol.js'
import { ReplyStatus } from '../../protocol/reply-status.js'
import { CallFault, type CallFaults } from '../../remote/call-faults.js'
import { type CallEntities, targetOf } from '../../remote/call-entities.js'
import { CallSection, hasOnlyEarlyMessages, type InboundCalls } from '../../remote/inbound-calls.js'
import type { OpenRequests } from '../../remote/open-requests.js'
import type { PendingRequests } from '../../remote/pending-requests.js'
import { readDraining } from '../../remote/draining-section.js'
import { type IncomingParts, type OutgoingParts, PartResult, PartSection } from '../../remote/message-parts.js'
import type { ClientReplication } from '../../replication/client/client-replication.js'
import { HeldPackets } from '../../replication/client/held-packets.js'
import { Channel } from '../../transport/transport.js'
import type { ClientScenes } from './client-scenes.js'
import { showDraining } from '../connection-entity.js'

/** What reading needs of the client's role. */
export interface ClientInboundContext {
  readonly world: World
  readonly options: { readonly now: () => number }
  readonly protocol: Protocol
  readonly counters: Counters
  readonly faults: CallFaults
  readonly replication: ClientReplication
  readonly inbound: InboundCalls
  readonly openRequests: OpenRequests
  readonly pendingRequests: PendingRequests
  readonly outgoingParts: OutgoingParts
  readonly incomingParts: IncomingParts
  readonly scenes: ClientScenes
  readonly entities: CallEntities
  /** The connection entity. */
  readonly connection: number
  /** Counts the pipelines run. */
  readonly frame: number
  malformed(): void
}

export class ClientInbound {
  private readonly section = new CallSection()
  private readonly part = new PartSection()
  private readonly held = new HeldPackets()
  private readonly heldReader = new ByteReader()
  /** Calls or messages were queued, or answers read, which no system has had the chance to see. */
  hasNews = false
  /** Set by a reliable packet that must not be read on before the game has seen the calls: where to go on. */
  private pausedAt = -1
  /** A packet that waits is looked through for answers alone. */
  private notesAnswers = false
  /** The packet that is read says, in one of its sections, what the server cannot mean. */
  private isMalformed = false
  private readonly applyHeld = (bytes: Uint8Array, length: number, tick: number): void => {
    this.heldReader.reset(bytes, 0, length)
    this.applyUpdates(this.heldReader, tick)
  }

  constructor(private readonly role: ClientInboundContext) {}

  /** A new frame: the game had its chance to drain. */
  startFrame(): void {
    this.role.inbound.called.clear()
    this.hasNews = false
  }

  reset(): void {
    this.held.clear()
    this.startFrame()
    this.pausedAt = -1
  }

  /** Where the packet just read stopped, or -1 when it was read to its end. Read it again from there next frame. */
  takePause(): number {
    const at = this.pausedAt
    this.pausedAt = -1
    return at
  }

  /** Reads the sections of a packet. Returns whether it may be acknowledged. */
  read(session: Session, channel: Channel, header: DataHeader, reader: ByteReader, from: number): boolean {
    const start = reader.offset
    if (from < 0 && !(this.check(reader, channel) && this.mayComeNow(session, reader, start))) {
      this.role.malformed()
      return false
    }
    reader.offset = Math.max(start, from)
    const { counters } = this.role
    if (channel === Channel.Unreliable && this.role.scenes.isLoading) {
      counters.packetsWhileLoading++
      return false
    }
    if (channel === Channel.Unreliable) {
      const taken = this.applyUnreliable(session, header, reader)
      if (taken) counters.acceptedPackets++
      return taken
    }
    if (from < 0) this.isMalformed = false
    this.applyReliable(session, header, reader)
    // One that is read on in the next frame is counted then.
    if (this.pausedAt < 0 && this.isMalformed) this.role.malformed()
    else if (this.pausedAt < 0) counters.acceptedPackets++
    return true
  }

  /** Notes the answers in a reliable packet that waits for a scene, so that their requests do not time out meanwhile. */
  readonly noteAnswers = (reader: ByteReader): void => {
    if (this.role.pendingRequests.size === 0) return
    this.notesAnswers = true
    this.check(reader, Channel.Reliable)
    this.notesAnswers = false
  }

  private mayComeNow(session: Session, reader: ByteReader, start: number): boolean {
    if (session.state !== 'handshake') return true
    reader.offset = start
    return hasOnlyEarlyMessages(reader, this.section, this.role.protocol)
  }

  private check(reader: ByteReader, channel: Channel): boolean {
    const { replication } = this.role
    const reliable = channel === Channel.Reliable
    const start = reader.offset
    while (reader.left > 0) {
      const kind = reader.u8()
      if (kind === SectionKind.Call) this.section.read(reader, true)
      else if (kind === SectionKind.Message) this.section.read(reader, false)
      else if (kind === SectionKind.Update && !reliable) replication.updates.check(reader)
      else if (kind === SectionKind.Spawn && reliable) replication.checkSpawn(reader)
      else if (kind === SectionKind.Announce && reliable) replication.announcements.check(reader)
      else if (kind === SectionKind.Despawn && reliable) replication.checkDespawn(reader)
      else if (kind === SectionKind.AddComponents && reliable) replication.checkAdd(reader)
      else if (kind === SectionKind.RemoveComponents && reliable) replication.checkRemove(reader)
      else if (kind === SectionKind.Ownership && reliable) replication.ownership.check(reader)
      else if (kind === SectionKind.Player && reliable) replication.ownership.checkPlayer(reader)
      else if (kind === SectionKind.JoinProgress && reliable) replication.join.check(reader)
      else if (kind === SectionKind.Request && reliable) this.section.readRequest(reader)
      else if (kind === SectionKind.Reply && reliable) this.checkReply(reader)
      else if (kind === SectionKind.Cancel && reliable) this.section.readCancel(reader)
      else if (kind === SectionKind.Collection && reliable) replication.collections.check(reader)
      else if (kind === SectionKind.Correction && reliable) replication.checkCorrection(reader)
      else if (kind === SectionKind.Relation && reliable) replication.relations.check(reader)
      else if (kind === SectionKind.MessagePart && reliable) this.part.read(reader)
      else if (kind === SectionKind.PartsTaken && reliable) reader.varint()
      else if (kind === SectionKind.Draining && reliable) readDraining(reader)
      else if (kind === SectionKind.KeyEnded && reliable) readEndedKey(reader)
      else if (kind === SectionKind.Scene && reliable && reader.offset === start + 1) this.role.scenes.check(reader)
      else reader.fail()
      if (reader.failed) return false
    }
    return true
  }

  private checkReply(reader: ByteReader): void {
    this.section.readReply(reader)
    if (this.notesAnswers && !reader.failed) this.role.pendingRequests.noteArrived(this.section.request)
  }

  private applyReliable(session: Session, header: DataHeader, reader: ByteReader): void {
    const { replication } = this.role
    const { tick } = header
    while (reader.left > 0) {
      const sectionStart = reader.offset
      const kind = reader.u8()
      if (kind === SectionKind.Call || kind === SectionKind.Message) this.applyCall(reader, kind === SectionKind.Call)
      else if (kind === SectionKind.Spawn) replication.applySpawn(reader, tick)
      else if (kind === SectionKind.Announce) replication.applyAnnounce(reader)
      else if (kind === SectionKind.AddComponents) replication.applyAdd(reader, tick)
      else if (kind === SectionKind.RemoveComponents) replication.applyRemove(reader)
      else if (kind === SectionKind.Ownership) replication.ownership.apply(reader, tick)
      else if (kind === SectionKind.Player) replication.ownership.applyPlayer(reader)
      else if (kind === SectionKind.JoinProgress) replication.join.apply(reader)
      else if (kind === SectionKind.Request) this.applyRequest(reader)
      else if (kind === SectionKind.Reply) this.applyReply(reader)
      else if (kind === SectionKind.Cancel) this.applyCancel(reader)
      else if (kind === SectionKind.Collection) replication.collections.apply(reader)
      else if (kind === SectionKind.Correction) replication.applyCorrection(reader, tick)
      else if (kind === SectionKind.Relation) replication.relations.apply(reader)
      else if (kind === SectionKind.MessagePart) this.applyPart(reader)
      else if (kind === SectionKind.PartsTaken) this.applyTaken(reader)
      else if (kind === SectionKind.Draining) this.applyDraining(reader)
      else if (kind === SectionKind.KeyEnded) replication.locals.endKey(readEndedKey(reader))
      else if (kind === SectionKind.Scene) {
        // Calls sent before a change of scenes are drained before it shows.
        if (this.hasNews) {
          this.pausedAt = sectionStart
          break
        }
        this.role.scenes.take(reader)
        if (this.role.scenes.isLoading) {
          this.pausedAt = reader.offset
          break
        }
      } else {
        if (this.mustWait(reader)) {
          this.pausedAt = sectionStart
          break
        }
        replication.applyDespawn(reader)
      }
    }
    const isComplete = this.pausedAt < 0 && header.completesStructure
    replication.resolveReferences()
    if (!isComplete) return
    session.structureTick = tick
    this.held.release(tick, this.applyHeld)
  }

  /**
   * A call and the despawn of its entity, or of one that it names, often come together: "explode, then remove". The despawn
   * waits a frame, so that the systems that drain the call still find the entity.
   */
  private mustWait(reader: ByteReader): boolean {
    const at = reader.offset
    const waits = this.role.inbound.called.has(reader.varint())
    reader.offset = at
    return waits
  }

  private applyUnreliable(session: Session, header: DataHeader, reader: ByteReader): boolean {
    const { counters, replication } = this.role
    const start = reader.offset
    // The tick of the structure that it was sent behind, where that has not been applied.
    const behind = header.structureTick > session.structureTick ? header.structureTick : 0
    replication.updates.missing = 0
    let values = false
    while (reader.left > 0) {
      const kind = reader.u8()
      if (kind === SectionKind.Update) {
        replication.updates.apply(reader, header.tick)
        values = true
      } else this.applyCall(reader, kind === SectionKind.Call)
    }
    if (!values) return true
    if (behind === 0) {
      // The structure it was made under has been applied: what it speaks of has ended since.
      counters.staleValues += replication.updates.missing
      return true
    }
    // Even values that found their place are applied again behind the structure that is still under way: it may take the
    // place away and bring it back with an older value.
    if (this.held.hold(reader.bytes, start, reader.end, header.tick, header.structureTick)) {
      counters.heldPackets++
      return true
    }
    counters.holdOverflows++
    return false
  }

  /** Applies the values of a packet that was held; its calls ran when it came. */
  private applyUpdates(reader: ByteReader, tick: number): void {
    const { replication, counters } = this.role
    replication.updates.missing = 0
    while (reader.left > 0) {
      const kind = reader.u8()
      if (kind === SectionKind.Update) replication.updates.apply(reader, tick)
      else this.section.read(reader, kind === SectionKind.Call)
    }
    counters.staleValues += replication.updates.missing
  }

  private applyPart(reader: ByteReader): void {
    const { part, section } = this
    part.read(reader)
    const { protocol, incomingParts, inbound, connection, frame } = this.role
    const definition = protocol.definitions[part.id]
    const expected = definition?.kind === 'message' && definition.large && definition.from !== 'client'
    if (!expected || part.total > definition.codec.maxBytes) {
      this.drop(expected ? CallFault.MalformedCall : CallFault.UnknownDefinition, part.id)
      return
    }
    const result = incomingParts.take(part, reader.bytes)
    if (result === PartResult.Refused) this.isMalformed = true
    if (result !== PartResult.Whole) return
    section.become(part.id, incomingParts.payload.length)
    this.hasNews = true
    if (!inbound.push(section, incomingParts.payload.bytes, connection, frame)) {
      this.drop(CallFault.MalformedCall, section.id)
    }
    incomingParts.release()
  }

  private applyTaken(reader: ByteReader): void {
    if (!this.role.outgoingParts.acknowledge(reader.varint())) this.isMalformed = true
  }

  private applyDraining(reader: ByteReader): void {
    const { left, text } = readDraining(reader)
    const { world, connection, options } = this.role
    showDraining(world, connection, options.now() + left, text)
  }

  private applyRequest(reader: ByteReader): void {
    const { section } = this
    section.readRequest(reader)
    const { protocol, inbound, openRequests, entities, connection, frame } = this.role
    const definition = protocol.definitions[section.id]
    if (definition?.kind !== 'target-rpc' || definition.answers === undefined) {
      this.drop(CallFault.UnknownDefinition, section.id)
      return
    }
    const eid = targetOf(entities, section.netId)
    if (eid < 0) {
      this.drop(CallFault.Late, section.id)
      openRequests.endUnopened(connection, section.request, ReplyStatus.Despawned)
      return
    }
    this.role.inbound.called.add(slotOf(section.netId))
    this.hasNews = true
    const status = inbound.pushRequest(section, reader.bytes, connection, frame)
    if (status === ReplyStatus.MalformedCall) this.drop(CallFault.MalformedCall, section.id, eid)
  }

  /** Whoever awaits the answer finds the entity still there, as a system that drains a call does. */
  private applyReply(reader: ByteReader): void {
    this.section.readReply(reader)
    const { pendingRequests } = this.role
    const netId = pendingRequests.netIdOf(this.section.request)
    if (netId !== 0) this.role.inbound.called.add(slotOf(netId))
    this.hasNews = true
    pendingRequests.take(this.section, reader.bytes)
  }

  private applyCancel(reader: ByteReader): void {
    this.section.readCancel(reader)
    this.role.openRequests.cancel(this.role.connection, this.section.request)
  }

  /**
   * Queues a call or message. Its channel is not checked: the server sends an unreliable one on the reliable channel as long
   * as this client may not have the entities yet that it is about.
   */
  private applyCall(reader: ByteReader, call: boolean): void {
    const { section } = this
    section.read(reader, call)
    const { protocol, inbound, entities, connection, frame } = this.role
    const definition = protocol.definitions[section.id]
    const expected = call
      ? definition?.kind === 'client-rpc' || definition?.kind === 'target-rpc'
      : definition?.kind === 'message' && definition.from !== 'client'
    if (!expected) {
      this.drop(CallFault.UnknownDefinition, section.id)
      return
    }
    let eid = 0
    if (section.netId !== 0) {
      eid = targetOf(entities, section.netId)
      if (eid < 0) {
        this.drop(CallFault.Late, section.id)
        return
      }
      inbound.called.add(slotOf(section.netId))
    }
    this.hasNews = true
    if (!inbound.push(section, reader.bytes, connection, frame)) this.drop(CallFault.MalformedCall, section.id, eid)
  }

  /** Counts and reports a call that is dropped. */
  private drop(fault: CallFault, id: number, eid = 0): void {
    const { faults, connection } = this.role
    faults.add(fault, Connection.id[connection]!, connection, eid, id)
  }
}
