// The server's half of replication: it follows the world's structure, finds what changed, encodes it once, and fills each
// client's packets from that.
//
// Structure (spawns, despawns, components, owners) travels on the reliable channel, in the order of the ticks; values on
// the unreliable one, always whole and always the newest. What was lost is told again with the value of now.
import { entityExists, hasComponent, observe, onAdd, onRemove, query, removeComponent, type World } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { Networked, Owned } from '../../components/networked.js'
import type { Counters } from '../connection/counters.js'
import type { ErrorLog } from '../connection/error-log.js'
import type { PacketBuilder, Session } from '../connection/session.js'
import { ByteWriter } from '../protocol/bytes.js'
import { ComponentSets, EMPTY_SET } from '../protocol/component-sets.js'
import { slotOf, writeNetId } from '../protocol/net-id.js'
import { SectionKind } from '../protocol/packet.js'
import type { Protocol } from '../protocol/protocol.js'
import { BlockEncoder, BlockHistory } from './blocks.js'
import { ChangeTracker } from './change-tracker.js'
import { updateEveryone } from './interest.js'
import { LeaveReason, Observer } from './observer.js'
import { ServerEntities } from './server-entities.js'
import { growTo, put, SlotSet } from './slot-set.js'

/** Distinct sets of components that are kept without a look at which are in use. */
const SMALLEST_SET_LIMIT = 4096

/** What one entity's structural change of this tick looks like on the wire, shared by all who know the entity. */
interface StructuralChange {
  slot: number
  start: number
  end: number
  removed: number
  added: number
}

export class ServerReplication {
  readonly entities = new ServerEntities()
  readonly sets: ComponentSets
  readonly tracker: ChangeTracker
  readonly observers: Observer[] = []
  private readonly history = new BlockHistory()
  private readonly shared: BlockEncoder
  private readonly repeats: BlockEncoder
  private readonly structure = new ByteWriter(4096)
  private readonly scratch = new ByteWriter(256)

  /** Slots that began, and slots that ended, since interest was last updated. */
  private readonly added: number[] = []
  private readonly removed: number[] = []
  /** Slots whose components and values have not been taken over yet. */
  private readonly unspawned: number[] = []
  /** Sets of components from which on the table of them is compacted. */
  private setLimit = SMALLEST_SET_LIMIT
  /** Slots whose components may have changed, and whose owner may have. */
  private readonly structureDirty = new SlotSet()
  private readonly ownerDirty = new SlotSet()
  private readonly changes: StructuralChange[] = []
  private changeCount = 0
  private readonly ownerChanges: { slot: number; before: number; now: number }[] = []
  private ownerChangeCount = 0
  /** By slot: where its spawn lies in `structure`, if it was encoded in this tick. */
  private spawnStart = new Uint32Array(64)
  private spawnEnd = new Uint32Array(64)
  private spawnTick = new Uint32Array(64)

  private tick = 0
  /** The newest tick whose packets were sent. */
  private sentTick = 0
  private readonly acknowledgedTick = (): number => {
    let tick = this.sentTick
    for (const { session } of this.observers) {
      const { structureTick, structureAcknowledged } = session
      if (structureAcknowledged < structureTick) tick = Math.min(tick, structureAcknowledged)
    }
    return tick
  }

  constructor(
    private readonly world: World,
    protocol: Protocol,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {
    this.sets = new ComponentSets(protocol.componentList.length)
    this.tracker = new ChangeTracker(protocol, this.sets, this.entities, counters, errors)
    this.shared = new BlockEncoder(this.sets, this.tracker.components, this.history)
    this.repeats = new BlockEncoder(this.sets, this.tracker.components, this.history)
    for (const eid of query(world, [Networked])) this.begin(eid)
    observe(world, onAdd(Networked), (eid: number) => this.begin(eid))
    observe(world, onRemove(Networked), (eid: number) => this.end(eid))
    const touch = (eid: number): void => {
      const slot = this.entities.slotOfEntity(eid)
      if (slot !== 0) this.structureDirty.add(slot)
    }
    for (const { store } of this.tracker.components) {
      observe(world, onAdd(store), touch)
      observe(world, onRemove(store), touch)
    }
  }

  addObserver(session: Session): Observer {
    const observer = new Observer(session, this.entities, this.tracker, this.sets, this.history, this.counters)
    this.observers.push(observer)
    return observer
  }

  removeObserver(observer: Observer): void {
    const index = this.observers.indexOf(observer)
    if (index >= 0) this.observers.splice(index, 1)
    observer.session.deliverySink = undefined
  }

  /** Says that an entity's owner may have changed. */
  touchOwner(eid: number): void {
    const slot = this.entities.slotOfEntity(eid)
    if (slot !== 0) this.ownerDirty.add(slot)
  }

  /** Brings every client's view in step with the world. */
  updateInterest(tick: number): void {
    updateEveryone(this.observers, this.entities, this.added, this.removed)
    // Despawns that were found here leave with this tick; what a system changes from now on is found in the next.
    for (let i = 0; i < this.removed.length; i++) this.entities.release(this.removed[i]!, tick)
    this.added.length = 0
    this.removed.length = 0
  }

  /** Takes over the world's structure and values, and encodes what changed. */
  replicate(tick: number): void {
    this.tick = tick
    if (this.sets.count > this.setLimit) this.compactSets()
    this.structure.clear()
    this.changeCount = 0
    this.ownerChangeCount = 0
    this.takeOverSpawns()
    this.takeOverComponents()
    this.takeOverOwners()
    this.tracker.scan(tick)
    this.shared.encode(this.tracker.dirty, this.tracker.changed, tick)
  }

  /** Ends the tick: everything was sent. */
  finishTick(): void {
    this.sentTick = this.tick
  }

  /**
   * Writes what begins and changes for one client: spawns, components, owners, the player. Returns whether anything was
   * written.
   */
  writeStructure(observer: Observer, packet: PacketBuilder, player: number): boolean {
    let written = observer.entering.length > 0
    for (let i = 0; i < observer.entering.length; i++) this.writeSpawn(observer.entering[i]!, packet)
    for (let i = 0; i < this.changeCount; i++) {
      const change = this.changes[i]!
      if (!observer.known.has(change.slot) || observer.enteringSet.has(change.slot)) continue
      observer.forget(change.slot, change.removed)
      observer.forget(change.slot, change.added)
      this.copy(packet, change.start, change.end)
      written = true
    }
    if (this.writeOwnership(observer, packet)) written = true
    if (this.writePlayer(observer, packet, player)) written = true
    observer.entering.length = 0
    observer.enteringSet.clear()
    return written
  }

  /** Writes what ends for one client; it comes after the calls of the tick, which may be about these entities. */
  writeDespawns(observer: Observer, packet: PacketBuilder): boolean {
    const { leaving } = observer
    for (let i = 0; i < leaving.length; i++) {
      const { slot, reason } = leaving[i]!
      const { scratch } = this
      scratch.clear()
      scratch.u8(SectionKind.Despawn)
      scratch.varint(slot)
      scratch.u8(reason === LeaveReason.Destroyed ? 0 : 1)
      packet.fit(scratch.length)
      packet.writer.copy(scratch.bytes, 0, scratch.length)
    }
    const written = leaving.length > 0
    leaving.length = 0
    observer.leavingSet.clear()
    return written
  }

  /** Writes the values that changed, and those that one client is owed. */
  writeUpdates(observer: Observer, packet: PacketBuilder): void {
    const { shared, repeats } = this
    if (observer.fresh) observer.fresh = false
    else {
      for (let b = 0; b < shared.count; b++) {
        if (!this.writeBlock(observer, packet, shared, b)) observer.oweBlock(shared.ids[b]!)
      }
    }
    if (observer.owedSlots.size === 0 || !packet.fit(0)) return
    repeats.encode(observer.owedSlots, observer.owedSets, this.tick)
    for (let b = 0; b < repeats.count; b++) {
      const block = repeats.ids[b]!
      if (!this.writeBlock(observer, packet, repeats, b)) return
      this.counters.resentValues += this.history.countOf(block) * this.sets.members[this.history.setOf(block)]!.length
    }
  }

  private writeBlock(observer: Observer, packet: PacketBuilder, blocks: BlockEncoder, b: number): boolean {
    const start = blocks.starts[b]!
    const end = blocks.ends[b]!
    if (!packet.fit(end - start)) return false
    packet.writer.copyFrom(blocks.writer, start, end)
    observer.carries(packet.sequence, this.tick, blocks.ids[b]!)
    observer.settle(blocks.ids[b]!)
    return true
  }

  /** Keeps the sets in use and forgets the others, of which a game with independent components meets ever new ones. */
  private compactSets(): void {
    const live = new Set<number>()
    for (let slot = 1; slot < this.entities.slots; slot++) live.add(this.entities.componentsOf[slot]!)
    for (const { owedSlots, owedSets } of this.observers) {
      for (let slot = owedSlots.next(0); slot >= 0; slot = owedSlots.next(slot + 1)) live.add(owedSets[slot]!)
    }
    const numbers = this.sets.compact(live)
    for (let slot = 1; slot < this.entities.slots; slot++) {
      this.entities.componentsOf[slot] = numbers[this.entities.componentsOf[slot]!]!
    }
    for (const observer of this.observers) observer.renumberSets(numbers)
    this.history.forgetAll()
    this.shared.forgetSets()
    this.repeats.forgetSets()
    this.setLimit = Math.max(SMALLEST_SET_LIMIT, this.sets.count * 2)
  }

  private begin(eid: number): void {
    const netId = this.entities.add(eid, this.acknowledgedTick)
    const slot = slotOf(netId)
    this.tracker.reserve(slot + 1)
    this.spawnStart = growTo(this.spawnStart, slot + 1)
    this.spawnEnd = growTo(this.spawnEnd, slot + 1)
    this.spawnTick = growTo(this.spawnTick, slot + 1)
    put(Networked.netId, eid, netId, 0)
    put(Networked.owner, eid, 0, 0)
    this.added.push(slot)
    this.unspawned.push(slot)
  }

  private end(eid: number): void {
    const slot = this.entities.slotOfEntity(eid)
    if (slot === 0) return
    if (this.entities.spawned[slot] === 1) {
      for (const component of this.sets.members[this.entities.componentsOf[slot]!]!) this.tracker.stop(slot, component)
    }
    this.entities.remove(slot)
    this.removed.push(slot)
    // bitECS gives the id to another entity at once, which must inherit neither an owner nor a client.
    // (The owner itself stays readable for the game's observers; `begin` clears it.)
    if (Networked.owner[eid] !== 0 && entityExists(this.world, eid)) removeComponent(this.world, eid, Owned)
    for (const { session } of this.observers) {
      if (Connection.player[session.entity] === eid) Connection.player[session.entity] = 0
    }
    this.structureDirty.delete(slot)
    this.ownerDirty.delete(slot)
  }

  private takeOverSpawns(): void {
    for (let i = 0; i < this.unspawned.length; i++) {
      const slot = this.unspawned[i]!
      const eid = this.entities.eidOf[slot]!
      if (eid === 0 || this.entities.spawned[slot] === 1) continue
      const set = this.componentsIn(eid)
      this.entities.componentsOf[slot] = set
      this.entities.spawned[slot] = 1
      for (const component of this.sets.members[set]!) this.tracker.start(slot, eid, component, this.tick)
      this.structureDirty.delete(slot)
      this.entities.toldOwner[slot] = Networked.owner[eid]!
      this.ownerDirty.delete(slot)
    }
    this.unspawned.length = 0
  }

  private takeOverComponents(): void {
    const { structureDirty, entities, sets, tracker } = this
    for (let slot = structureDirty.next(0); slot >= 0; slot = structureDirty.next(slot + 1)) {
      const eid = entities.eidOf[slot]!
      const before = entities.componentsOf[slot]!
      const now = this.componentsIn(eid)
      if (now === before) continue
      const removed = sets.difference(before, now)
      const added = sets.difference(now, before)
      for (const component of sets.members[removed]!) tracker.stop(slot, component)
      for (const component of sets.members[added]!) tracker.start(slot, eid, component, this.tick)
      entities.componentsOf[slot] = now
      this.encodeChange(slot, removed, added)
    }
    structureDirty.clear()
  }

  private encodeChange(slot: number, removed: number, added: number): void {
    const { structure } = this
    const start = structure.length
    if (removed !== EMPTY_SET) {
      structure.u8(SectionKind.RemoveComponents)
      structure.varint(slot)
      this.sets.write(structure, removed)
    }
    if (added !== EMPTY_SET) {
      structure.u8(SectionKind.AddComponents)
      structure.varint(slot)
      this.writeRow(slot, added)
    }
    const change = (this.changes[this.changeCount++] ??= { slot: 0, start: 0, end: 0, removed: 0, added: 0 })
    change.slot = slot
    change.start = start
    change.end = structure.length
    change.removed = removed
    change.added = added
  }

  private takeOverOwners(): void {
    const { ownerDirty, entities } = this
    for (let slot = ownerDirty.next(0); slot >= 0; slot = ownerDirty.next(slot + 1)) {
      const before = entities.toldOwner[slot]!
      const now = Networked.owner[entities.eidOf[slot]!]!
      if (before === now) continue
      entities.toldOwner[slot] = now
      const change = (this.ownerChanges[this.ownerChangeCount++] ??= { slot: 0, before: 0, now: 0 })
      change.slot = slot
      change.before = before
      change.now = now
    }
    ownerDirty.clear()
  }

  private writeSpawn(slot: number, packet: PacketBuilder): void {
    if (this.spawnTick[slot] !== this.tick) {
      const { structure } = this
      this.spawnTick[slot] = this.tick
      this.spawnStart[slot] = structure.length
      structure.u8(SectionKind.Spawn)
      writeNetId(structure, this.entities.netIds[slot]!)
      this.writeRow(slot, this.entities.componentsOf[slot]!)
      this.spawnEnd[slot] = structure.length
    }
    this.copy(packet, this.spawnStart[slot]!, this.spawnEnd[slot]!)
  }

  /** A set of components and the values of one entity, each lane in whole bytes. */
  private writeRow(slot: number, set: number): void {
    const { structure } = this
    this.sets.write(structure, set)
    for (const component of this.sets.members[set]!) {
      for (const { spec, wire, wireHigh } of this.tracker.components[component]!.columns) {
        const bytes = (spec.bits + 7) >> 3
        structure.uint(wire[slot]!, bytes)
        if (spec.lanes === 2) structure.uint(wireHigh[slot]!, bytes)
      }
    }
  }

  private writeOwnership(observer: Observer, packet: PacketBuilder): boolean {
    const connection = observer.session.entity
    let written = false
    for (const slot of observer.entering) {
      if (this.entities.toldOwner[slot] === connection) written = this.writeOwned(packet, slot, true)
    }
    for (let i = 0; i < this.ownerChangeCount; i++) {
      const { slot, before, now } = this.ownerChanges[i]!
      if (!observer.known.has(slot) || observer.enteringSet.has(slot)) continue
      if (before === connection) written = this.writeOwned(packet, slot, false)
      if (now === connection) written = this.writeOwned(packet, slot, true)
    }
    return written
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

  /** The player is told when it changes, and again when it comes back into view. */
  private writePlayer(observer: Observer, packet: PacketBuilder, player: number): boolean {
    const playerSlot = player === 0 ? 0 : this.entities.slotOfEntity(player)
    const netId = this.entities.netIds[playerSlot]!
    if (netId === observer.toldPlayer && !(playerSlot !== 0 && observer.enteringSet.has(playerSlot))) return false
    observer.toldPlayer = netId
    const { scratch } = this
    scratch.clear()
    scratch.u8(SectionKind.Player)
    writeNetId(scratch, netId)
    packet.fit(scratch.length)
    packet.writer.copy(scratch.bytes, 0, scratch.length)
    return true
  }

  private copy(packet: PacketBuilder, start: number, end: number): void {
    packet.fit(end - start)
    packet.writer.copyFrom(this.structure, start, end)
  }

  /** The replicated components that an entity has, without those whose arrays have no room for it. */
  private componentsIn(eid: number): number {
    let set = EMPTY_SET
    if (!entityExists(this.world, eid)) return set
    for (const component of this.tracker.components) {
      if (!hasComponent(this.world, eid, component.store)) continue
      if (eid < component.capacity) set = this.sets.with(set, component.id)
      else {
        const message =
          `entity ${eid} has ${component.name}, whose arrays hold ${component.capacity} entities: ` +
          `it is not replicated; make the arrays larger`
        this.errors.once('store-too-small', component.name, message, eid)
      }
    }
    return set
  }
}
