// Writes the structure of a tick: spawns, changes of components, owners, players and despawns. Each is encoded once and
// copied to every client that it concerns.
import type { PacketBuilder } from '../../connection/session.js'
import { ByteWriter } from '../../protocol/bytes.js'
import { MAX_SPAWN_KEY_BYTES } from '../../protocol/limits.js'
import { type ComponentSets, EMPTY_SET } from '../../protocol/component-sets.js'
import { slotOf, writeNetId } from '../../protocol/net-id.js'
import { SectionKind } from '../../protocol/packet.js'
import { writeOrigin } from '../../protocol/prefab.js'
import type { ServerAuthority } from '../authority/server-authority.js'
import type { ChangeTracker } from './change-tracker.js'
import type { ServerCollections } from '../collections/server-collections.js'
import type { Observer } from './observer.js'
import type { ServerRelations } from '../relations/server-relations.js'
import type { OwnerAudience } from './owner-audience.js'
import type { ReplicationTables } from './replication-tables.js'
import type { ServerEntities } from './server-entities.js'
import type { Reference, References } from './references.js'
import { growTo, type SlotSet } from '../slot-set.js'
import { LeaveReason } from './view-changes.js'
import type { SpawnOrigins } from './spawn-origins.js'

/** One entity's structural change of this tick on the wire, shared by all clients that have the entity. */
interface StructuralChange {
  slot: number
  /** The only connection that gets it, or 0 for all. */
  owner: number
  start: number
  end: number
  removed: number
  added: number
}

export class StructureWriter {
  /** The sections that several clients get in this tick. */
  private readonly bytes = new ByteWriter(4096)
  /** A section for one client alone. */
  private readonly scratch = new ByteWriter(256)
  private tick = 0
  private readonly changes: StructuralChange[] = []
  private changeCount = 0
  /** The changes of owners in this tick: the first `ownerChangeCount`. */
  readonly ownerChanges: { slot: number; before: number; now: number }[] = []
  ownerChangeCount = 0
  /** The operations on collections: slots, and where the section of each lies in `bytes`. */
  private operationSlots = new Uint32Array(16)
  private operationStarts = new Uint32Array(17)
  /** 1 where only the owner gets them. */
  private operationsArePrivate = new Uint8Array(16)
  private operationCount = 0
  /** The net ids that operations name, and where those of each begin. */
  private readonly operationNames: number[] = []
  private operationNameStarts = new Uint32Array(17)
  /** By slot: the tick in which its owner last changed. */
  private ownerTick = new Uint32Array(64)
  /** By slot: where its spawn lies in `bytes`, and the tick in which it was encoded. */
  private spawnStart = new Uint32Array(64)
  private spawnEnd = new Uint32Array(64)
  private spawnTick = new Uint32Array(64)

  private readonly entities: ServerEntities
  private readonly sets: ComponentSets
  private readonly tracker: ChangeTracker
  private readonly collections: ServerCollections
  private readonly origins: SpawnOrigins
  private readonly relations: ServerRelations
  private readonly authority: ServerAuthority
  private readonly audience: OwnerAudience

  constructor(tables: ReplicationTables) {
    this.entities = tables.entities
    this.sets = tables.sets
    this.tracker = tables.tracker
    this.collections = tables.collections
    this.origins = tables.origins
    this.relations = tables.relations
    this.authority = tables.authority
    this.audience = tables.audience
  }

  /** Makes room for a slot. */
  reserve(slots: number): void {
    this.spawnStart = growTo(this.spawnStart, slots)
    this.spawnEnd = growTo(this.spawnEnd, slots)
    this.spawnTick = growTo(this.spawnTick, slots)
    this.ownerTick = growTo(this.ownerTick, slots)
  }

  /** Begins a tick, and forgets what the last one encoded. */
  begin(tick: number): void {
    this.tick = tick
    this.bytes.clear()
    this.changeCount = 0
    this.ownerChangeCount = 0
    this.operationCount = 0
  }

  /** Encodes what one entity loses and gains in this tick, for all clients that have the entity. */
  addChange(slot: number, removed: number, added: number): void {
    const { audience, entities } = this
    if (!audience.isUsed) return this.encodeChange(slot, removed, added, 0)
    this.encodeChange(slot, audience.sharedPart(removed), audience.sharedPart(added), 0)
    // The owner until now has the components that only owners get.
    const owner = entities.toldOwner[slot]!
    if (owner !== 0) this.encodeChange(slot, audience.privatePart(removed), audience.privatePart(added), owner)
  }

  /** `owner`: the only connection that gets it, or 0. */
  private encodeChange(slot: number, removed: number, added: number, owner: number): void {
    if (removed === EMPTY_SET && added === EMPTY_SET) return
    const { bytes } = this
    const start = bytes.length
    if (removed !== EMPTY_SET) {
      bytes.u8(SectionKind.RemoveComponents)
      bytes.varint(slot)
      this.sets.write(bytes, removed)
    }
    if (added !== EMPTY_SET) {
      bytes.u8(SectionKind.AddComponents)
      bytes.varint(slot)
      this.writeRow(slot, added)
    }
    const change = (this.changes[this.changeCount++] ??= { slot: 0, owner: 0, start: 0, end: 0, removed: 0, added: 0 })
    change.slot = slot
    change.owner = owner
    change.start = start
    change.end = bytes.length
    change.removed = removed
    change.added = added
  }

  addOwnerChange(slot: number, before: number, now: number): void {
    this.ownerTick[slot] = this.tick
    const change = (this.ownerChanges[this.ownerChangeCount++] ??= { slot: 0, before: 0, now: 0 })
    change.slot = slot
    change.before = before
    change.now = now
  }

  /** Encodes this tick's operations on collections, for all clients that have their entities. */
  addOperations(): void {
    const { bytes, collections } = this
    const { changed } = collections
    this.operationSlots = growTo(this.operationSlots, changed.length)
    this.operationStarts = growTo(this.operationStarts, changed.length + 1)
    this.operationsArePrivate = growTo(this.operationsArePrivate, changed.length)
    this.operationNameStarts = growTo(this.operationNameStarts, changed.length + 1)
    while (this.operationNames.length > 0) this.operationNames.pop()
    for (let i = 0; i < changed.length; i++) {
      this.operationStarts[this.operationCount] = bytes.length
      this.operationSlots[this.operationCount] = changed[i]!.slot
      this.operationsArePrivate[this.operationCount] = this.audience.covers(collections.componentOf(changed[i]!))
        ? 1
        : 0
      this.operationNameStarts[this.operationCount] = this.operationNames.length
      if (collections.writeChanges(bytes, changed[i]!, this.operationNames)) this.operationCount++
    }
    this.operationStarts[this.operationCount] = bytes.length
    this.operationNameStarts[this.operationCount] = this.operationNames.length
    if (changed.length > 0) changed.length = 0
    collections.seal()
  }

  /** Adds the entities that this tick's changes and operations name, if the client has the changed entity. */
  addNamed({ known, session }: Observer, references: References, into: Reference[]): void {
    const connection = session.entity
    for (let i = 0; i < this.changeCount; i++) {
      const { slot, owner, added } = this.changes[i]!
      if (!known.has(slot) || (owner !== 0 && owner !== connection)) continue
      references.addSet(slot, added, connection, into)
    }
    for (let i = 0; i < this.ownerChangeCount; i++) {
      const { slot, now } = this.ownerChanges[i]!
      if (now !== connection || !known.has(slot)) continue
      references.addSet(slot, this.audience.privatePart(this.entities.componentsOf[slot]!), connection, into)
    }
    for (let i = 0; i < this.operationCount; i++) {
      if (!this.getsOperations(i, known, connection)) continue
      for (let n = this.operationNameStarts[i]!; n < this.operationNameStarts[i + 1]!; n++) {
        references.add(this.operationNames[n]!, into)
      }
    }
  }

  /** Whether a client that has `known` gets the operations on collection `i`, as far as the owner decides that. */
  private getsOperations(i: number, known: SlotSet, connection: number): boolean {
    const slot = this.operationSlots[i]!
    if (!known.has(slot)) return false
    // A client that becomes the owner in this tick gets the owner's components as a whole.
    const isOwner = this.entities.toldOwner[slot] === connection && this.ownerTick[slot] !== this.tick
    return this.operationsArePrivate[i] === 0 || isOwner
  }

  /** Writes spawns, and changes of components, relations, owners and player, for one client. Returns whether it did. */
  write(observer: Observer, packet: PacketBuilder, player: number): boolean {
    const { entering } = observer
    let written = entering.count > 0
    if (this.writeAnnouncements(observer, packet)) written = true
    for (let i = 0; i < entering.count; i++) this.writeSpawn(slotOf(entering.netIds[i]!), packet)
    for (let i = 0; i < this.changeCount; i++) {
      const change = this.changes[i]!
      if (!observer.known.has(change.slot) || observer.enteringSet.has(change.slot)) continue
      if (change.owner !== 0 && change.owner !== observer.session.entity) continue
      observer.owed.strike(change.slot, change.removed)
      observer.owed.strike(change.slot, change.added)
      this.copy(packet, change.start, change.end)
      written = true
    }
    this.writeOperations(observer, packet)
    if (this.relations.write(observer, packet)) written = true
    if (this.writeCorrections(observer, packet)) written = true
    const playerSlot = player === 0 ? 0 : this.entities.slotOfEntity(player)
    const playerId = this.entities.netIds[playerSlot]!
    // `LocalPlayer` is removed before `Owned`, and added after it.
    const loses = observer.toldPlayer !== 0 && (observer.toldPlayer !== playerId || observer.losesPlayer)
    observer.losesPlayer = false
    if (loses) written = this.writePlayer(observer, packet, 0)
    if (this.writeOwnership(observer, packet)) written = true
    // The player is sent when it changes, and again when it returns into view.
    const returns = playerSlot !== 0 && observer.enteringSet.has(playerSlot)
    if (observer.toldPlayer !== playerId || returns) written = this.writePlayer(observer, packet, playerId)
    if (this.writeJoinProgress(observer, packet)) written = true
    return written
  }

  /**
   * Operations follow the structure they need only because the reliable channel keeps the order. No value waits for
   * them, so they complete no structure.
   */
  private writeOperations(observer: Observer, packet: PacketBuilder): void {
    for (let i = 0; i < this.operationCount; i++) {
      const slot = this.operationSlots[i]!
      // A client that gets the entity in this tick gets its collections whole.
      if (observer.enteringSet.has(slot)) continue
      if (!this.getsOperations(i, observer.known, observer.session.entity)) continue
      this.copy(packet, this.operationStarts[i]!, this.operationStarts[i + 1]!)
    }
  }

  /** Writes what ends for one client. It follows the calls of the tick, which may be about these entities. */
  writeDespawns(observer: Observer, packet: PacketBuilder): boolean {
    const { leaving, withdrawn } = observer
    const { count, netIds, reasons } = leaving
    const written = count > 0 || withdrawn.length > 0
    for (let i = 0; i < count; i++) this.writeDespawn(packet, slotOf(netIds[i]!), reasons[i] as LeaveReason)
    for (let end = withdrawn.pop(); end !== undefined; end = withdrawn.pop()) {
      this.writeDespawn(packet, end.slot, end.reason)
    }
    return written
  }

  private writeDespawn(packet: PacketBuilder, slot: number, reason: LeaveReason): void {
    const { scratch } = this
    scratch.clear()
    scratch.u8(SectionKind.Despawn)
    scratch.varint(slot)
    scratch.u8(reason === LeaveReason.Destroyed ? 0 : 1)
    packet.fit(scratch.length)
    packet.writer.copy(scratch.bytes, 0, scratch.length)
  }

  /** Writes the net ids of entities that the following sections name, and that are spawned later. */
  private writeAnnouncements({ announcing }: Observer, packet: PacketBuilder): boolean {
    const written = announcing.length > 0
    for (let netId = announcing.pop(); netId !== undefined; netId = announcing.pop()) {
      const { scratch } = this
      scratch.clear()
      scratch.u8(SectionKind.Announce)
      writeNetId(scratch, netId)
      scratch.string(this.origins.of(this.entities.entityOf(netId)).key, MAX_SPAWN_KEY_BYTES)
      packet.fit(scratch.length)
      packet.writer.copy(scratch.bytes, 0, scratch.length)
    }
    return written
  }

  /** The bytes that the spawn of an entity uses in this tick. */
  spawnBytes(slot: number): number {
    this.encodeSpawn(slot)
    return this.spawnEnd[slot]! - this.spawnStart[slot]!
  }

  private writeSpawn(slot: number, packet: PacketBuilder): void {
    this.encodeSpawn(slot)
    this.copy(packet, this.spawnStart[slot]!, this.spawnEnd[slot]!)
  }

  /** Encodes a spawn once per tick, for all clients that get it. */
  private encodeSpawn(slot: number): void {
    if (this.spawnTick[slot] !== this.tick) {
      const { bytes } = this
      this.spawnTick[slot] = this.tick
      this.spawnStart[slot] = bytes.length
      bytes.u8(SectionKind.Spawn)
      writeNetId(bytes, this.entities.netIds[slot]!)
      writeOrigin(bytes, this.origins.of(this.entities.eidOf[slot]!))
      this.writeRow(slot, this.audience.sharedPart(this.entities.componentsOf[slot]!))
      this.spawnEnd[slot] = bytes.length
    }
  }

  /** Writes a set of components and the values of one entity. Each lane takes whole bytes; collections are whole. */
  private writeRow(slot: number, set: number): void {
    const { bytes } = this
    // A system may have removed the entity since its values were read. Then it is still sent as it was.
    const eid = this.entities.lastEidOf[slot]!
    this.sets.write(bytes, set)
    for (const component of this.sets.members[set]!) {
      const { columns, isOnce } = this.tracker.components[component]!
      // No scan has compared these; a system that removed the entity may have left anything in its arrays.
      const isAsNow = isOnce && this.entities.eidOf[slot] === eid
      for (const column of columns) {
        if (isAsNow) column.start(eid, false)
        column.writeRow(bytes, eid)
      }
      this.collections.writeRow(bytes, this.entities.eidOf[slot]!, component)
    }
  }

  /** Sends the owner the server's values of components that the owner writes, where the two may differ. */
  private writeCorrections(observer: Observer, packet: PacketBuilder): boolean {
    const { count, slots, correctedSets } = this.authority
    const connection = observer.session.entity
    let written = false
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!
      if (this.entities.toldOwner[slot] !== connection) continue
      // A client that gets the entity in this tick gets these values with it.
      if (!observer.known.has(slot) || observer.enteringSet.has(slot)) continue
      this.writeCorrection(observer, packet, slot, correctedSets[i]!)
      written = true
    }
    return written
  }

  private writeCorrection(observer: Observer, packet: PacketBuilder, slot: number, set: number): void {
    if (set === EMPTY_SET) return
    const { bytes } = this
    const start = bytes.length
    bytes.u8(SectionKind.Correction)
    bytes.varint(slot)
    this.writeRow(slot, set)
    observer.owed.strike(slot, set)
    this.copy(packet, start, bytes.length)
  }

  private writeOwnership(observer: Observer, packet: PacketBuilder): boolean {
    const connection = observer.session.entity
    let written = false
    const { entering } = observer
    for (let i = 0; i < entering.count; i++) {
      const slot = slotOf(entering.netIds[i]!)
      if (this.entities.toldOwner[slot] !== connection) continue
      this.authority.tellAll(slot, this.tick)
      this.writePrivate(packet, slot)
      written = this.writeOwned(packet, slot, true)
    }
    for (let i = 0; i < this.ownerChangeCount; i++) {
      const { slot, before, now } = this.ownerChanges[i]!
      if (!observer.known.has(slot) || observer.enteringSet.has(slot)) continue
      // The owner ignores the server's values of components that owners write. So both sides must agree when ownership
      // begins, and again when it has ended.
      const has = this.entities.componentsOf[slot]!
      const set = this.authority.partOf(this.audience.sharedPart(has))
      if (before === connection) {
        written = this.writeOwned(packet, slot, false)
        if (now !== connection) this.writeCorrection(observer, packet, slot, set)
        this.writePrivateEnd(observer, packet, slot)
      }
      if (now === connection) {
        this.writeCorrection(observer, packet, slot, set)
        this.writePrivate(packet, slot)
        written = this.writeOwned(packet, slot, true)
      }
    }
    return written
  }

  /** Gives a client the components that only the owner of an entity gets. */
  private writePrivate(packet: PacketBuilder, slot: number): void {
    const set = this.audience.privatePart(this.entities.componentsOf[slot]!)
    if (set === EMPTY_SET) return
    const { bytes } = this
    const start = bytes.length
    bytes.u8(SectionKind.AddComponents)
    bytes.varint(slot)
    this.writeRow(slot, set)
    this.copy(packet, start, bytes.length)
  }

  /** Takes those components from a client that is no longer the owner. */
  private writePrivateEnd(observer: Observer, packet: PacketBuilder, slot: number): void {
    const set = this.audience.privatePart(this.entities.componentsOf[slot]!)
    if (set === EMPTY_SET) return
    observer.owed.strike(slot, set)
    const { bytes } = this
    const start = bytes.length
    bytes.u8(SectionKind.RemoveComponents)
    bytes.varint(slot)
    this.sets.write(bytes, set)
    this.copy(packet, start, bytes.length)
  }

  private writeOwned(packet: PacketBuilder, slot: number, owned: boolean): true {
    const { scratch } = this
    scratch.clear()
    scratch.u8(SectionKind.Ownership)
    scratch.varint(slot)
    scratch.u8(owned ? 1 : 0)
    packet.fit(scratch.length)
    packet.writer.copy(scratch.bytes, 0, scratch.length)
    return true
  }

  private writePlayer(observer: Observer, packet: PacketBuilder, netId: number): true {
    observer.toldPlayer = netId
    const { scratch } = this
    scratch.clear()
    scratch.u8(SectionKind.Player)
    writeNetId(scratch, netId)
    packet.fit(scratch.length)
    packet.writer.copy(scratch.bytes, 0, scratch.length)
    return true
  }

  /** Writes how much of the promised world a joining client still lacks; in the last section nothing. */
  private writeJoinProgress({ pending }: Observer, packet: PacketBuilder): boolean {
    const { remaining } = pending
    if (remaining === pending.told) return false
    pending.told = remaining
    const { scratch } = this
    scratch.clear()
    scratch.u8(SectionKind.JoinProgress)
    scratch.varint(pending.total)
    scratch.varint(remaining)
    packet.fit(scratch.length)
    packet.writer.copy(scratch.bytes, 0, scratch.length)
    return true
  }

  private copy(packet: PacketBuilder, start: number, end: number): void {
    packet.fit(end - start)
    packet.writer.copyFrom(this.bytes, start, end)
  }
}
