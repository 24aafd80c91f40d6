// Maps networked entities to slots on the server, and keeps what was last read of each.
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { generationOf, makeNetId, MAX_GENERATION, MAX_SLOT, slotOf } from '../../protocol/net-id.js'
import { EMPTY_SET } from '../../protocol/component-sets.js'
import { growTo } from '../slot-set.js'

export class ServerEntities implements EntityMapper {
  /** By slot: the entity, or 0 when the slot is empty. */
  eidOf = new Uint32Array(64)
  /** By slot: its current or last entity. */
  lastEidOf = new Uint32Array(64)
  /** By slot: its net id, generation included. */
  netIds = new Uint32Array(64)
  /** By slot: the set of replicated components last sent to its observers. */
  componentsOf = new Int32Array(64)
  /** By slot: the owner's connection entity, as last sent to observers. */
  toldOwner = new Uint32Array(64)
  /** By slot: 1 once the components and values of its spawn have been read. */
  spawned = new Uint8Array(64)
  /** One past the highest slot ever used. */
  slots = 1
  alive = 0
  /** By entity: its slot, or 0. */
  slotByEid = new Uint32Array(64)
  /** Slots that wait, first in, first out, until every client has acknowledged the despawn: slot, tick. */
  private waiting: { slot: number; tick: number }[] = []
  private waitingHead = 0

  /** `maxSlot`: the highest slot that may be used. */
  constructor(private readonly maxSlot = MAX_SLOT) {}

  /**
   * Gives an entity a slot, and returns its net id; 0 when no slot is free.
   *
   * `acknowledgedTick`: the newest tick whose structure every client has applied.
   */
  add(eid: number, acknowledgedTick: () => number): number {
    const slot = this.takeSlot(acknowledgedTick)
    if (slot === 0) return 0
    const netId = this.netIds[slot]!
    this.eidOf[slot] = eid
    this.lastEidOf[slot] = eid
    this.componentsOf[slot] = EMPTY_SET
    this.toldOwner[slot] = 0
    this.spawned[slot] = 0
    this.slotByEid = growTo(this.slotByEid, eid + 1)
    this.slotByEid[eid] = slot
    this.alive++
    return netId
  }

  /** Ends the tenancy of a slot; call `release` when its despawn is sent. */
  remove(slot: number): void {
    const eid = this.eidOf[slot]!
    if (this.slotByEid[eid] === slot) this.slotByEid[eid] = 0
    this.eidOf[slot] = 0
    this.alive--
  }

  /** Lets a slot be reused once every client has applied the structure of `tick`. */
  release(slot: number, tick: number): void {
    this.waiting.push({ slot, tick })
  }

  slotOfEntity(eid: number): number {
    return this.slotByEid[eid] ?? 0
  }

  netIdOf(eid: number): number {
    return this.netIds[this.slotByEid[eid] ?? 0]!
  }

  entityOf(netId: number): number {
    const slot = slotOf(netId)
    return slot < this.slots && this.netIds[slot] === netId ? this.eidOf[slot]! : 0
  }

  /** The entity that a net id names, or named last. An entity that has ended is known until its slot is reused. */
  tenantOf(netId: number): number {
    const slot = slotOf(netId)
    return this.netIds[slot] === netId ? this.lastEidOf[slot]! : 0
  }

  /** False for an id that was never issued: no honest client can name it. */
  wasIssued(netId: number): boolean {
    const slot = slotOf(netId)
    if (slot === 0 || slot >= this.slots) return false
    // Serial arithmetic over the generations: a later one was never issued.
    const ahead = (generationOf(netId) - generationOf(this.netIds[slot]!)) & MAX_GENERATION
    return ahead === 0 || ahead > MAX_GENERATION / 2
  }

  /** A free slot, or 0. */
  private takeSlot(acknowledgedTick: () => number): number {
    if (this.waitingHead < this.waiting.length) {
      const { slot, tick } = this.waiting[this.waitingHead]!
      if (tick <= acknowledgedTick()) {
        if (++this.waitingHead > 64 && this.waitingHead * 2 > this.waiting.length) {
          this.waiting = this.waiting.slice(this.waitingHead)
          this.waitingHead = 0
        }
        const generation = (generationOf(this.netIds[slot]!) + 1) & MAX_GENERATION
        this.netIds[slot] = makeNetId(slot, generation)
        return slot
      }
    }
    if (this.slots > this.maxSlot) return 0
    const slot = this.slots++
    this.eidOf = growTo(this.eidOf, this.slots)
    this.lastEidOf = growTo(this.lastEidOf, this.slots)
    this.netIds = growTo(this.netIds, this.slots)
    this.componentsOf = growTo(this.componentsOf, this.slots)
    this.toldOwner = growTo(this.toldOwner, this.slots)
    this.spawned = growTo(this.spawned, this.slots)
    this.netIds[slot] = makeNetId(slot, 0)
    return slot
  }
}
