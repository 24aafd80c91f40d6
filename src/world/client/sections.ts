// Lists the sections that the server may send: their channel, how each is checked, and how it is applied.
import { Connection } from '../../../components/connection.js'
import type { ByteReader } from '../../protocol/bytes.js'
import { slotOf } from '../../protocol/net-id.js'
import { SectionKind } from '../../protocol/packet.js'
import { readEndedKey } from '../../protocol/prefab.js'
import { ReplyStatus } from '../../protocol/reply-status.js'
import { CallFault } from '../../remote/call-faults.js'
import { calledEntity } from '../../remote/call-entities.js'
import { readDraining } from '../../remote/draining-section.js'
import { PartResult } from '../../remote/message-parts.js'
import { Channel } from '../../transport/transport.js'
import { showDraining } from '../connection-entity.js'
import { SectionTable } from '../section-table.js'
import { checkScene, startChange } from './change-scenes.js'
import type { ClientState } from './client-state.js'

/** Every section that the server may send. */
export const clientSections = new SectionTable<ClientState>([
  { kind: SectionKind.Call, check: checkCall, apply: applyCall },
  { kind: SectionKind.Message, check: checkMessage, apply: applyMessage },
  { kind: SectionKind.Update, channel: Channel.Unreliable, check: checkUpdate, apply: applyUpdate },
  { kind: SectionKind.Scene, channel: Channel.Reliable, check: checkFirstScene, apply: applyScene },
  { kind: SectionKind.Despawn, channel: Channel.Reliable, check: checkDespawn, apply: applyDespawn },
  { kind: SectionKind.Request, channel: Channel.Reliable, check: checkRequest, apply: applyRequest },
  { kind: SectionKind.Reply, channel: Channel.Reliable, check: checkReply, apply: applyReply },
  { kind: SectionKind.Cancel, channel: Channel.Reliable, check: checkCancel, apply: applyCancel },
  { kind: SectionKind.MessagePart, channel: Channel.Reliable, check: checkPart, apply: applyPart },
  { kind: SectionKind.PartsTaken, channel: Channel.Reliable, check: checkPartsTaken, apply: applyPartsTaken },
  { kind: SectionKind.Draining, channel: Channel.Reliable, check: checkDraining, apply: applyDraining },
  {
    kind: SectionKind.Spawn,
    channel: Channel.Reliable,
    check: ({ replication }, reader) => replication.checkSpawn(reader),
    apply: ({ replication, reading }, reader) => replication.applySpawn(reader, reading.tick),
  },
  {
    kind: SectionKind.Announce,
    channel: Channel.Reliable,
    check: ({ replication }, reader) => replication.announcements.check(reader),
    apply: ({ replication }, reader) => replication.applyAnnounce(reader),
  },
  {
    kind: SectionKind.AddComponents,
    channel: Channel.Reliable,
    check: ({ replication }, reader) => replication.checkAdd(reader),
    apply: ({ replication, reading }, reader) => replication.applyAdd(reader, reading.tick),
  },
  {
    kind: SectionKind.RemoveComponents,
    channel: Channel.Reliable,
    check: ({ replication }, reader) => replication.checkRemove(reader),
    apply: ({ replication }, reader) => replication.applyRemove(reader),
  },
  {
    kind: SectionKind.Ownership,
    channel: Channel.Reliable,
    check: ({ replication }, reader) => replication.ownership.check(reader),
    apply: ({ replication, reading }, reader) => replication.ownership.apply(reader, reading.tick),
  },
  {
    kind: SectionKind.Player,
    channel: Channel.Reliable,
    check: ({ replication }, reader) => replication.ownership.checkPlayer(reader),
    apply: ({ replication }, reader) => replication.ownership.applyPlayer(reader),
  },
  {
    kind: SectionKind.JoinProgress,
    channel: Channel.Reliable,
    check: ({ replication }, reader) => replication.join.check(reader),
    apply: ({ replication }, reader) => replication.join.apply(reader),
  },
  {
    kind: SectionKind.Collection,
    channel: Channel.Reliable,
    check: ({ replication: { collections } }, reader) =>
      collections === undefined ? reader.fail() : collections.check(reader),
    apply: ({ replication }, reader) => replication.collections?.apply(reader),
  },
  {
    kind: SectionKind.Correction,
    channel: Channel.Reliable,
    check: ({ replication }, reader) => replication.checkCorrection(reader),
    apply: ({ replication, reading }, reader) => replication.applyCorrection(reader, reading.tick),
  },
  {
    kind: SectionKind.Relation,
    channel: Channel.Reliable,
    check: ({ replication }, reader) => replication.relations.check(reader),
    apply: ({ replication }, reader) => replication.relations.apply(reader),
  },
  {
    kind: SectionKind.KeyEnded,
    channel: Channel.Reliable,
    check: (_client, reader) => void readEndedKey(reader),
    apply: ({ replication }, reader) => replication.locals.endKey(readEndedKey(reader)),
  },
])

export function checkCall({ reading }: ClientState, reader: ByteReader): void {
  reading.section.read(reader, true)
}

export function checkMessage({ reading }: ClientState, reader: ByteReader): void {
  reading.section.read(reader, false)
}

export function applyCall(client: ClientState, reader: ByteReader): void {
  queueCall(client, reader, true)
}

export function applyMessage(client: ClientState, reader: ByteReader): void {
  queueCall(client, reader, false)
}

/**
 * Queues a call or message. Its channel is not checked: the server sends an unreliable one on the reliable channel
 * while this client may not have the entities that it names.
 */
function queueCall(client: ClientState, reader: ByteReader, isCall: boolean): void {
  const { reading, inbound, protocol, connection, frame } = client
  const { section } = reading
  section.read(reader, isCall)
  const definition = protocol.definitions[section.id]
  const isExpected = isCall
    ? definition?.kind === 'client-rpc' || definition?.kind === 'target-rpc'
    : definition?.kind === 'message' && definition.from !== 'client'
  if (!isExpected) {
    drop(client, CallFault.UnknownDefinition, section.id)
    return
  }
  let eid = 0
  if (section.netId !== 0) {
    eid = calledEntity(client.entities, section.netId)
    if (eid < 0) {
      drop(client, CallFault.Late, section.id)
      return
    }
    inbound.called.add(slotOf(section.netId))
  }
  reading.hasNews = true
  if (!inbound.push(section, reader.bytes, connection, frame)) drop(client, CallFault.MalformedCall, section.id, eid)
}

export function checkUpdate({ replication }: ClientState, reader: ByteReader): void {
  replication.updates.check(reader)
}

export function applyUpdate({ replication, reading }: ClientState, reader: ByteReader): void {
  replication.updates.apply(reader, reading.tick)
  reading.hasValues = true
}

function checkFirstScene(client: ClientState, reader: ByteReader): void {
  if (reader.offset === client.reading.packetStart + 1) checkScene(client, reader)
  else reader.fail()
}

/**
 * Starts to load. Calls sent before a change of scenes are drained before it shows, and the rest waits until it ends.
 */
function applyScene(client: ClientState, reader: ByteReader): void {
  const { reading, scenes } = client
  if (reading.hasNews) {
    reading.pausedAt = reading.sectionStart
    return
  }
  startChange(client, reader)
  if (scenes.isLoading) reading.pausedAt = reader.offset
}

function checkDespawn({ replication }: ClientState, reader: ByteReader): void {
  replication.checkDespawn(reader)
}

/**
 * A call and the despawn of its entity, or of one that it names, often arrive together: "explode, then remove". The
 * despawn waits a frame, so that the systems that drain the call still find the entity.
 */
function applyDespawn({ reading, inbound, replication }: ClientState, reader: ByteReader): void {
  const start = reader.offset
  if (inbound.called.has(reader.varint())) {
    reading.pausedAt = reading.sectionStart
    return
  }
  reader.offset = start
  replication.applyDespawn(reader)
}

function checkRequest({ reading }: ClientState, reader: ByteReader): void {
  reading.section.readRequest(reader)
}

function applyRequest(client: ClientState, reader: ByteReader): void {
  const { reading, protocol, inbound, openRequests, entities, connection, frame } = client
  const { section } = reading
  section.readRequest(reader)
  const definition = protocol.definitions[section.id]
  if (definition?.kind !== 'target-rpc' || definition.answers === undefined) {
    drop(client, CallFault.UnknownDefinition, section.id)
    return
  }
  const eid = calledEntity(entities, section.netId)
  if (eid < 0) {
    drop(client, CallFault.Late, section.id)
    openRequests.endUnopened(connection, section.request, ReplyStatus.Despawned)
    return
  }
  inbound.called.add(slotOf(section.netId))
  reading.hasNews = true
  const status = inbound.pushRequest(section, reader.bytes, connection, frame)
  if (status === ReplyStatus.MalformedCall) drop(client, CallFault.MalformedCall, section.id, eid)
}

function checkReply({ reading, pendingRequests }: ClientState, reader: ByteReader): void {
  const { section } = reading
  section.readReply(reader)
  if (reading.notesReplies && !reader.failed) pendingRequests.noteArrived(section.request)
}

/** The entity of the request stays until the game has seen the reply, as it does for a call. */
function applyReply({ reading, pendingRequests, inbound }: ClientState, reader: ByteReader): void {
  const { section } = reading
  section.readReply(reader)
  const netId = pendingRequests.netIdOf(section.request)
  if (netId !== 0) inbound.called.add(slotOf(netId))
  reading.hasNews = true
  pendingRequests.take(section, reader.bytes)
}

function checkCancel({ reading }: ClientState, reader: ByteReader): void {
  reading.section.readCancel(reader)
}

function applyCancel({ reading, openRequests, connection }: ClientState, reader: ByteReader): void {
  reading.section.readCancel(reader)
  openRequests.cancel(connection, reading.section.request)
}

function checkPart({ reading }: ClientState, reader: ByteReader): void {
  reading.part.read(reader)
}

function applyPart(client: ClientState, reader: ByteReader): void {
  const { reading, protocol, incomingParts, inbound, connection, frame } = client
  const { part, section } = reading
  part.read(reader)
  const definition = protocol.definitions[part.id]
  if (definition?.kind !== 'message' || !definition.large || definition.from === 'client') {
    drop(client, CallFault.UnknownDefinition, part.id)
    return
  }
  if (part.total > definition.codec.maxBytes) {
    drop(client, CallFault.MalformedCall, part.id)
    return
  }
  const result = incomingParts.take(part, reader.bytes)
  if (result === PartResult.Refused) reading.isMalformed = true
  if (result !== PartResult.Whole) return
  section.become(part.id, incomingParts.payload.length)
  reading.hasNews = true
  if (!inbound.push(section, incomingParts.payload.bytes, connection, frame)) {
    drop(client, CallFault.MalformedCall, section.id)
  }
  incomingParts.release()
}

function checkPartsTaken(_client: ClientState, reader: ByteReader): void {
  reader.varint()
}

function applyPartsTaken({ reading, outgoingParts }: ClientState, reader: ByteReader): void {
  if (!outgoingParts.acknowledge(reader.varint())) reading.isMalformed = true
}

function checkDraining(_client: ClientState, reader: ByteReader): void {
  readDraining(reader)
}

function applyDraining({ world, connection, options }: ClientState, reader: ByteReader): void {
  const { left, text } = readDraining(reader)
  showDraining(world, connection, options.now() + left, text)
}

/** Counts and reports a call that is dropped. */
function drop({ faults, connection }: ClientState, fault: CallFault, id: number, eid = 0): void {
  faults.add(fault, Connection.id[connection]!, connection, eid, id)
}
