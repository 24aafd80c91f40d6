// The client's half of replication: it applies what the server says of the world's structure and values.
//
// Every section is checked before any of its packet takes effect (`check*`), so the `apply*` functions meet only what is
// well formed. Values are taken only when their tick is newer than what the component has; a structural change counts as
// a value too.
import {
  addComponent,
  addEntity,
  entityExists,
  hasComponent,
  observe,
  onRemove,
  removeComponent,
  removeEntity,
  type World,
} from 'bitecs'
import { Connection } from '../../components/connection.js'
import { LocalPlayer, Networked, Owned } from '../../components/networked.js'
import type { Counters } from '../connection/counters.js'
import type { ErrorLog } from '../connection/error-log.js'
import type { ByteReader } from '../protocol/bytes.js'
import { readMembers } from '../protocol/component-sets.js'
import { MAX_SLOT, readNetId, slotOf } from '../protocol/net-id.js'
import type { Protocol } from '../protocol/protocol.js'
import { ChangeLogs } from './change-log.js'
import { ClientComponent, MAX_BLOCK_ENTITIES } from './client-columns.js'
import { ClientEntities } from './client-entities.js'
import { ClientCollections } from './collections/client-collections.js'
import { growTo, put } from './slot-set.js'

export type DespawnReason = 'destroyed' | 'hidden' | 'disconnected'

export class ClientReplication {
  readonly entities: ClientEntities
  readonly components: readonly ClientComponent[]
  readonly changes: ChangeLogs
  readonly collections: ClientCollections
  /** The components of the section being read. */
  private readonly members: Uint16Array
  private readonly width: number
  /** By slot and component: the tick of the value it has. */
  private valueTick = new Uint32Array(0)
  private readonly slots = new Uint32Array(MAX_BLOCK_ENTITIES)
  private readonly targets = new Uint32Array(MAX_BLOCK_ENTITIES)
  /** Entities came or went since fields of entities were last resolved. */
  private unresolved = false
  /** The entity that the library itself is removing, or 0: its onRemove is not the game's doing. */
  private removing = 0

  constructor(
    private readonly world: World,
    protocol: Protocol,
    /** The one connection entity of this world. */
    private readonly connection: number,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {
    this.width = protocol.componentList.length
    this.entities = new ClientEntities(this.width)
    this.members = new Uint16Array(this.width)
    this.changes = new ChangeLogs(protocol)
    this.components = protocol.componentList.map(
      (component, id) =>
        new ClientComponent(id, protocol.componentNames[id]!, component, this.entities, this.changes.byId[id]),
    )
    this.collections = new ClientCollections(world, protocol, this.entities, counters)
    observe(world, onRemove(Networked), (eid: number) => {
      if (eid !== this.removing) this.dropCopy(eid)
    })
  }

  checkSpawn(reader: ByteReader): void {
    if (slotOf(readNetId(reader)) === 0) reader.fail()
    this.checkRow(reader)
  }

  checkDespawn(reader: ByteReader): void {
    this.readSlot(reader)
    if (reader.u8() > 1) reader.fail()
  }

  checkAdd(reader: ByteReader): void {
    this.readSlot(reader)
    this.checkRow(reader)
  }

  checkRemove(reader: ByteReader): void {
    this.readSlot(reader)
    this.readSet(reader)
  }

  checkOwnership(reader: ByteReader): void {
    this.readSlot(reader)
    if (reader.u8() > 1) reader.fail()
  }

  checkPlayer(reader: ByteReader): void {
    readNetId(reader)
  }

  checkUpdate(reader: ByteReader): void {
    const components = this.readSet(reader)
    const count = this.readSlots(reader)
    if (reader.failed) return
    for (let m = 0; m < components; m++) this.components[this.members[m]!]!.checkColumns(reader, count)
  }

  applySpawn(reader: ByteReader, tick: number): void {
    const netId = readNetId(reader)
    const slot = slotOf(netId)
    // A slot still in use means that its despawn was never told; the server knows better than we do.
    if (this.entities.isSpawned(slot)) this.despawn(slot, 'destroyed')
    const eid = addEntity(this.world)
    this.entities.add(netId, eid)
    this.reserve(slot + 1)
    // What the slot's former tenant had counts for nothing.
    for (let c = 0; c < this.width; c++) this.valueTick[slot * this.width + c] = tick
    const count = this.readRow(reader, slot, eid, tick)
    put(Networked.netId, eid, netId, 0)
    put(Networked.owner, eid, 0, 0)
    put(Networked.reason, eid, '', '')
    this.addComponents(eid, count)
    this.add(eid, Networked)
    this.unresolved = true
    // An observer of the game may have removed it already; then nobody told us.
    if (!hasComponent(this.world, eid, Networked)) this.dropCopy(eid)
  }

  applyDespawn(reader: ByteReader): void {
    const slot = this.readSlot(reader)
    const reason = reader.u8() === 0 ? 'destroyed' : 'hidden'
    if (this.entities.isSpawned(slot)) this.despawn(slot, reason)
  }

  applyAdd(reader: ByteReader, tick: number): void {
    const slot = this.readSlot(reader)
    const eid = this.entities.isSpawned(slot) ? this.entities.eidOf[slot]! : 0
    if (eid === 0) {
      this.checkRow(reader)
      return
    }
    this.addComponents(eid, this.readRow(reader, slot, eid, tick))
  }

  applyRemove(reader: ByteReader): void {
    const slot = this.readSlot(reader)
    const count = this.readSet(reader)
    if (!this.entities.isSpawned(slot)) return
    const eid = this.entities.eidOf[slot]!
    for (let m = 0; m < count; m++) {
      const component = this.members[m]!
      this.entities.setComponent(slot, component, false)
      this.components[component]!.snapshots?.forget(slot)
      if (eid !== 0) this.remove(eid, this.components[component]!.definition.store)
    }
  }

  applyOwnership(reader: ByteReader): void {
    const slot = this.readSlot(reader)
    const owned = reader.u8() === 1
    const eid = this.entities.isSpawned(slot) ? this.entities.eidOf[slot]! : 0
    if (eid === 0) return
    Networked.owner[eid] = owned ? this.connection : 0
    if (owned) this.add(eid, Owned)
    else this.remove(eid, Owned)
  }

  applyPlayer(reader: ByteReader): void {
    const netId = readNetId(reader)
    const before = Connection.player[this.connection]!
    const now = this.entities.entityOf(netId)
    if (before === now) return
    if (before !== 0) this.remove(before, LocalPlayer)
    Connection.player[this.connection] = now
    if (now !== 0) this.add(now, LocalPlayer)
  }

  /** Applies the values that are news; counts those whose entity or component is not there in `missing`. */
  applyUpdate(reader: ByteReader, tick: number): void {
    const { slots, targets, width, valueTick, members } = this
    const setSize = this.readSet(reader)
    const count = this.readSlots(reader)
    const { netIds, components, eidOf, slots: known } = this.entities
    let missing = 0
    for (let m = 0; m < setSize; m++) {
      const component = members[m]!
      const { capacity } = this.components[component]!
      for (let i = 0; i < count; i++) {
        const slot = slots[i]!
        targets[i] = 0
        if (slot >= known || netIds[slot] === 0 || components[slot * width + component] === 0) {
          missing++
          continue
        }
        const at = slot * width + component
        if (valueTick[at]! >= tick) continue
        valueTick[at] = tick
        const eid = eidOf[slot]!
        if (eid < capacity) targets[i] = eid
      }
      this.components[component]!.readColumns(reader, slots, targets, count, tick)
    }
    this.missing += missing
  }

  /** Values that had no place to go in the updates since this was last set to 0. */
  missing = 0

  /**
   * After a packet of structure: fields of entities may resolve now, or name what is gone. `isComplete`: it was the last
   * of its tick.
   */
  resolveReferences(isComplete: boolean): void {
    if (this.unresolved) this.resolve()
    if (isComplete) for (const component of this.components) component.changes?.settle()
  }

  private resolve(): void {
    this.unresolved = false
    const { entities } = this
    for (const component of this.components) {
      if (!component.hasReferences) continue
      for (let slot = 1; slot < entities.slots; slot++) {
        const eid = entities.eidOf[slot]!
        if (eid !== 0 && entities.hasComponent(slot, component.id)) component.resolve(slot, eid)
      }
    }
  }

  /** Shows interpolated components as they are at `tick`, fractions included. */
  interpolate(tick: number): void {
    for (const component of this.components) component.snapshots?.show(tick, this.entities.eidOf)
  }

  /** Ends every entity, the newest first. */
  despawnAll(): void {
    for (const slot of this.entities.newestFirst()) this.despawn(slot, 'disconnected')
    this.entities.forgetAll()
  }

  private despawn(slot: number, reason: DespawnReason): void {
    const eid = this.entities.eidOf[slot]!
    for (const component of this.components) component.snapshots?.forget(slot)
    this.unresolved = true
    if (eid === 0) {
      this.entities.remove(slot, reason !== 'hidden')
      return
    }
    this.removing = eid
    Networked.reason[eid] = reason
    if (Connection.player[this.connection] === eid) {
      this.remove(eid, LocalPlayer)
      Connection.player[this.connection] = 0
    }
    this.remove(eid, Owned)
    Networked.owner[eid] = 0
    this.remove(eid, Networked)
    for (let c = this.width - 1; c >= 0; c--) {
      if (this.entities.hasComponent(slot, c)) this.remove(eid, this.components[c]!.definition.store)
    }
    // The table comes last, so that an observer of any step can still ask for the net id.
    this.entities.remove(slot, reason !== 'hidden')
    this.guard(() => removeEntity(this.world, eid))
    this.removing = 0
  }

  /** The game removed its copy of an entity: the slot stays, and what comes for it is passed over. */
  private dropCopy(eid: number): void {
    const slot = this.entities.slotOfEntity(eid)
    if (slot === 0) return
    if (Connection.player[this.connection] === eid) Connection.player[this.connection] = 0
    this.entities.dropCopy(slot)
    this.unresolved = true
    // What is left of it, if anything is, is the game's own, and neither player nor owned.
    if (!entityExists(this.world, eid)) return
    this.remove(eid, LocalPlayer)
    this.remove(eid, Owned)
  }

  private reserve(slots: number): void {
    this.valueTick = growTo(this.valueTick, slots * this.width)
    for (const component of this.components) component.reserve(slots)
  }

  private checkRow(reader: ByteReader): void {
    const count = this.readSet(reader)
    for (let m = 0; m < count; m++) {
      this.components[this.members[m]!]!.checkRow(reader)
      this.collections.checkRow(reader, this.members[m]!)
    }
  }

  /** Reads a set of components into `members`, and returns how many there are. */
  private readSet(reader: ByteReader): number {
    return readMembers(reader, this.width, this.members)
  }

  /** Reads a row into an entity; its components are in `members` then, and their number is returned. */
  private readRow(reader: ByteReader, slot: number, eid: number, tick: number): number {
    const count = this.readSet(reader)
    this.collections.arriving = eid
    for (let m = 0; m < count; m++) {
      const id = this.members[m]!
      const component = this.components[id]!
      this.entities.setComponent(slot, id, true)
      if (eid >= component.capacity) {
        const message = `entity ${eid} has ${component.name}, whose arrays hold ${component.capacity} entities: make them larger`
        this.errors.once('store-too-small', component.name, message, eid)
      }
      // Newer values that have overtaken this row are held, and applied again behind it.
      this.valueTick[slot * this.width + id] = tick
      component.readRow(reader, slot, eid, tick)
      this.collections.readRow(reader, id, eid)
    }
    return count
  }

  private addComponents(eid: number, count: number): void {
    for (let m = 0; m < count; m++) this.add(eid, this.components[this.members[m]!]!.definition.store)
    this.collections.arriving = 0
  }

  private readSlot(reader: ByteReader): number {
    const slot = reader.varint()
    return slot === 0 || slot > MAX_SLOT ? reader.fail() : slot
  }

  /** Reads a block's slots into `slots`; they must ascend. */
  private readSlots(reader: ByteReader): number {
    const count = reader.varint()
    if (count === 0 || count > MAX_BLOCK_ENTITIES || count > reader.left) return reader.fail()
    let slot = 0
    for (let i = 0; i < count; i++) {
      const step = reader.varint()
      slot += step
      if (step === 0 || slot > MAX_SLOT) return reader.fail()
      this.slots[i] = slot
    }
    return count
  }

  private add(eid: number, component: object): void {
    this.guard(() => addComponent(this.world, eid, component))
  }

  private remove(eid: number, component: object): void {
    this.guard(() => {
      if (hasComponent(this.world, eid, component)) removeComponent(this.world, eid, component)
    })
  }

  /** Observers are the game's; one that throws must not stop the rest of the packet. */
  private guard(change: () => void): void {
    try {
      change()
    } catch (cause) {
      this.counters.handlerErrors++
      this.errors.push('observer-threw', 'an observer threw while replication was applied', { cause })
    }
  }
}
