// The client's half of replication: it applies what the server says of the world's structure and values.
//
// Every section is checked before any of its packet takes effect (`check*`), so the `apply*` functions meet only what is
// well formed. Values are taken only when their tick is newer than what the component has; a structural change counts as
// a value too.
import {
  addComponent,
  addEntity,
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
import { ComponentSets } from '../protocol/component-sets.js'
import { MAX_SLOT, readNetId, slotOf } from '../protocol/net-id.js'
import type { Protocol } from '../protocol/protocol.js'
import { ClientComponent, MAX_BLOCK_ENTITIES } from './client-columns.js'
import { ClientEntities } from './client-entities.js'
import { growTo, put } from './slot-set.js'

export type DespawnReason = 'destroyed' | 'hidden' | 'disconnected'

export class ClientReplication {
  readonly entities = new ClientEntities()
  readonly components: readonly ClientComponent[]
  private readonly sets: ComponentSets
  private readonly width: number
  /** By slot and component: the tick of the value it has. */
  private valueTick = new Uint32Array(0)
  private readonly slots = new Uint32Array(MAX_BLOCK_ENTITIES)
  private readonly targets = new Uint32Array(MAX_BLOCK_ENTITIES)
  /** Entities came or went since fields of entities were last resolved. */
  private unresolved = false
  /** The entity that the library itself is removing, or 0: its onRemove is not the game's doing. */
  private removing = 0
  private readonly stop: () => void

  constructor(
    private readonly world: World,
    protocol: Protocol,
    /** The one connection entity of this world. */
    private readonly connection: number,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {
    this.components = protocol.componentList.map(
      (component, id) => new ClientComponent(id, protocol.componentNames[id]!, component, this.entities),
    )
    this.width = this.components.length
    this.sets = new ComponentSets(this.width)
    this.stop = observe(world, onRemove(Networked), (eid: number) => {
      if (eid !== this.removing) this.dropCopy(eid)
    })
  }

  /** Stops following the world. */
  dispose(): void {
    this.stop()
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
    this.sets.read(reader)
  }

  checkOwnership(reader: ByteReader): void {
    this.readSlot(reader)
    if (reader.u8() > 1) reader.fail()
  }

  checkPlayer(reader: ByteReader): void {
    readNetId(reader)
  }

  checkUpdate(reader: ByteReader): void {
    const set = this.sets.read(reader)
    const count = this.readSlots(reader)
    if (reader.failed) return
    for (const component of this.sets.members[set]!) this.components[component]!.checkColumns(reader, count)
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
    const set = this.readRow(reader, slot, eid, tick)
    this.entities.componentsOf[slot] = set
    put(Networked.netId, eid, netId, 0)
    put(Networked.owner, eid, 0, 0)
    put(Networked.reason, eid, '', '')
    for (const component of this.sets.members[set]!) this.add(eid, this.components[component]!.definition.store)
    this.add(eid, Networked)
    this.unresolved = true
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
    const before = this.entities.componentsOf[slot]!
    const added = this.readRow(reader, slot, eid, tick)
    this.entities.componentsOf[slot] = this.sets.union(before, added)
    for (const component of this.sets.members[added]!) this.add(eid, this.components[component]!.definition.store)
  }

  applyRemove(reader: ByteReader): void {
    const slot = this.readSlot(reader)
    const removed = this.sets.read(reader)
    if (!this.entities.isSpawned(slot)) return
    this.entities.componentsOf[slot] = this.sets.difference(this.entities.componentsOf[slot]!, removed)
    const eid = this.entities.eidOf[slot]!
    for (const component of this.sets.members[removed]!) {
      this.components[component]!.snapshots?.forget(slot)
      if (eid !== 0) this.remove(eid, this.components[component]!.definition.store)
    }
  }

  applyOwnership(reader: ByteReader): void {
    const slot = this.readSlot(reader)
    const owned = reader.u8() === 1
    const eid = this.entities.isSpawned(slot) ? this.entities.eidOf[slot]! : 0
    if (eid === 0) return
    this.entities.owned[slot] = owned ? 1 : 0
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
    const set = this.sets.read(reader)
    const count = this.readSlots(reader)
    const { slots, targets, width, valueTick, sets } = this
    const { netIds, componentsOf, eidOf, slots: known } = this.entities
    let missing = 0
    const members = sets.members[set]!
    for (let m = 0; m < members.length; m++) {
      const component = members[m]!
      const { capacity } = this.components[component]!
      for (let i = 0; i < count; i++) {
        const slot = slots[i]!
        targets[i] = 0
        if (slot >= known || netIds[slot] === 0 || !sets.has(componentsOf[slot]!, component)) {
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

  /** After a packet of structure: fields of entities may resolve now, or name what is gone. */
  resolveReferences(): void {
    if (!this.unresolved) return
    this.unresolved = false
    const { entities } = this
    for (const component of this.components) {
      if (!component.hasReferences) continue
      for (let slot = 1; slot < entities.slots; slot++) {
        const eid = entities.eidOf[slot]!
        if (eid !== 0 && this.sets.has(entities.componentsOf[slot]!, component.id)) component.resolve(slot, eid)
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
  }

  private despawn(slot: number, reason: DespawnReason): void {
    const eid = this.entities.eidOf[slot]!
    for (const component of this.sets.members[this.entities.componentsOf[slot]!]!) {
      this.components[component]!.snapshots?.forget(slot)
    }
    this.unresolved = true
    if (eid === 0) {
      this.entities.remove(slot)
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
    const members = this.sets.members[this.entities.componentsOf[slot]!]!
    for (let m = members.length - 1; m >= 0; m--) this.remove(eid, this.components[members[m]!]!.definition.store)
    // The table comes last, so that an observer of any step can still ask for the net id.
    this.entities.remove(slot)
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
  }

  private reserve(slots: number): void {
    this.valueTick = growTo(this.valueTick, slots * this.width)
    for (const component of this.components) component.reserve(slots)
  }

  private checkRow(reader: ByteReader): void {
    const set = this.sets.read(reader)
    for (const component of this.sets.members[set]!) this.components[component]!.checkRow(reader)
  }

  private readRow(reader: ByteReader, slot: number, eid: number, tick: number): number {
    const set = this.sets.read(reader)
    for (const id of this.sets.members[set]!) {
      const component = this.components[id]!
      if (eid >= component.capacity) {
        const message = `entity ${eid} has ${component.name}, whose arrays hold ${component.capacity} entities: make them larger`
        this.errors.once('store-too-small', component.name, message, eid)
      }
      // Newer values that have overtaken this row are held, and applied again behind it.
      this.valueTick[slot * this.width + id] = tick
      component.readRow(reader, slot, eid, tick)
    }
    return set
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
