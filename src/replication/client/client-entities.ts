// Maps the server's slots to entities of a client.
//
// A client keeps all tables of entities by index, a number of its own (slot-indices.ts). `indexOf` turns a slot into an
// index as soon as it is read from the wire. Code that is shared with a server, whose tables are by slot, calls the
// index a slot.
import type { EntityMapper, ReferenceMapper } from '../../protocol/entity-mapper.js'
import { slotOf } from '../../protocol/net-id.js'
import { AnnouncedEntities } from './announced-entities.js'
import { SlotIndices } from './slot-indices.js'
import { growTo } from '../slot-set.js'
import { sortWords } from '../wire/array-loops.js'

/** The tick of a value whose entity does not have the component. No value is newer. */
export const NO_VALUE = 0xffffffff

/** The first length of the tables. */
const ALWAYS_THERE = 64

export class ClientEntities implements EntityMapper {
  /** By index: the entity, or 0 when there is none, or the game has removed its copy. Index 0 never has one. */
  eidOf = new Uint32Array(ALWAYS_THERE)
  /** By index: the net id, or 0 when the index is free. */
  netIds = new Uint32Array(ALWAYS_THERE)
  /** By component and index: the tick of the entity's value, or `NO_VALUE`. */
  readonly valueTicks: Uint32Array[]
  /** By index: when it was spawned, counted over all spawns. */
  order = new Float64Array(ALWAYS_THERE)
  /** One past the highest index ever used. */
  indices = 1
  alive = 0
  /** Counts the entities that were added and removed: lookups of an earlier version may be out of date. */
  version = 0
  /** By entity: its index, or 0. */
  slotByEid = new Uint32Array(ALWAYS_THERE)
  /** By slot of the server: the index. */
  readonly bySlot = new SlotIndices()
  /** The number of indices that differ from their slots: 0 where the server shows all of its world. */
  strays = 0
  /** Free indices: the first `freeCount`, some in use again since. And by index, whether it is among them. */
  private freeIndices = new Uint32Array(ALWAYS_THERE)
  private freeCount = 0
  private isListed = new Uint8Array(ALWAYS_THERE)
  /** Entities whose spawns follow; they have no index. */
  readonly announced = new AnnouncedEntities()
  /** Maps the names in values to entities, including entities that are announced and not spawned yet. */
  readonly references: ReferenceMapper = {
    netIdOf: (eid) => this.netIdOf(eid) || this.announced.netIdOf(eid),
    entityOf: (netId) => this.entityOf(netId) || this.announced.entityOf(netId),
    spawnedOf: (netId) => this.entityOf(netId),
  }
  private named = new Uint32Array(16)
  private spawns = 0

  /** `width`: the number of components that the protocol lists. */
  constructor(private readonly width: number) {
    this.valueTicks = Array.from({ length: width }, () => new Uint32Array(ALWAYS_THERE).fill(NO_VALUE))
  }

  /** By index: the entity. Stands in for the server table's record of the last entity of a slot. */
  get lastEidOf(): Uint32Array {
    return this.eidOf
  }

  /**
   * The index of the entity that the server has spawned in a slot, even if the game has removed its copy; otherwise 0.
   */
  indexOf(slot: number): number {
    return this.bySlot.get(slot)
  }

  hasComponent(index: number, component: number): boolean {
    return this.valueTicks[component]![index] !== NO_VALUE
  }

  /** Records that an entity has a component, or another value of it, as it was at a tick. */
  setValueTick(index: number, component: number, tick: number): void {
    this.valueTicks[component]![index] = Math.min(tick, NO_VALUE - 1)
  }

  removeComponent(index: number, component: number): void {
    this.valueTicks[component]![index] = NO_VALUE
  }

  /** Adds an entity that the server spawned in a slot without one. Returns its index. */
  add(netId: number, eid: number): number {
    const slot = slotOf(netId)
    const index = this.takeIndex(slot)
    if (index !== slot) this.strays++
    this.slotByEid = growTo(this.slotByEid, eid + 1)
    this.bySlot.add(slot, index)
    this.eidOf[index] = eid
    this.netIds[index] = netId
    this.order[index] = ++this.spawns
    this.slotByEid[eid] = index
    this.alive++
    this.version++
    return index
  }

  /**
   * Returns a free index for a slot: the slot itself, if it lies within twice the number of entities. So no lookup is
   * needed where the server shows all of its world. Tables never exceed three times the number of entities.
   */
  private takeIndex(slot: number): number {
    if (slot < this.indices ? this.netIds[slot] === 0 : slot < ALWAYS_THERE + 2 * this.alive) {
      this.reserve(slot + 1)
      return slot
    }
    while (this.freeCount > 0) {
      const index = this.freeIndices[--this.freeCount]!
      this.isListed[index] = 0
      if (this.netIds[index] === 0) return index
    }
    this.reserve(this.indices + 1)
    return this.indices - 1
  }

  private reserve(indices: number): void {
    if (indices <= this.indices) return
    this.indices = indices
    this.isListed = growTo(this.isListed, this.indices)
    this.eidOf = growTo(this.eidOf, this.indices)
    this.netIds = growTo(this.netIds, this.indices)
    for (let c = 0; c < this.width; c++) this.valueTicks[c] = growTicks(this.valueTicks[c]!, this.indices)
    this.order = growTo(this.order, this.indices)
  }

  /** Forgets a copy that the game removed; the index stays with the server's entity. */
  dropCopy(index: number): void {
    const eid = this.eidOf[index]!
    if (eid === 0) return
    if (this.slotByEid[eid] === index) this.slotByEid[eid] = 0
    this.eidOf[index] = 0
    this.version++
  }

  /** Lets another entity stand for the server's from now on. */
  moveTo(index: number, eid: number): void {
    this.dropCopy(index)
    this.slotByEid = growTo(this.slotByEid, eid + 1)
    this.eidOf[index] = eid
    this.slotByEid[eid] = index
  }

  /** Removes an entity that the server despawned; its index may be reused. */
  remove(index: number): void {
    this.dropCopy(index)
    const netId = this.netIds[index]!
    this.bySlot.delete(slotOf(netId))
    if (index !== slotOf(netId)) this.strays--
    this.netIds[index] = 0
    for (let c = 0; c < this.width; c++) this.removeComponent(index, c)
    this.alive--
    if (this.isListed[index] === 1) return
    this.isListed[index] = 1
    this.freeIndices = growTo(this.freeIndices, this.freeCount + 1)
    this.freeIndices[this.freeCount++] = index
  }

  slotOfEntity(eid: number): number {
    return this.slotByEid[eid] ?? 0
  }

  netIdOf(eid: number): number {
    return this.netIds[this.slotByEid[eid] ?? 0]!
  }

  entityOf(netId: number): number {
    const index = this.indexOf(slotOf(netId))
    return this.netIds[index] === netId ? this.eidOf[index]! : 0
  }

  /** Sorts `indices[0 .. count)`, which are in use, by their slots. Returns the slots, valid until the next call. */
  nameSlots(indices: Uint32Array, count: number): Uint32Array {
    this.named = growTo(this.named, count)
    const { named, netIds } = this
    for (let i = 0; i < count; i++) named[i] = slotOf(netIds[indices[i]!]!)
    sortWords(named, count)
    for (let i = 0; i < count; i++) indices[i] = this.indexOf(named[i]!)
    return named
  }

  /** The indices in use, newest spawn first. */
  newestFirst(): number[] {
    const indices: number[] = []
    for (let index = 1; index < this.indices; index++) if (this.netIds[index] !== 0) indices.push(index)
    return indices.sort((a, b) => this.order[b]! - this.order[a]!)
  }
}

function growTicks(ticks: Uint32Array, size: number): Uint32Array {
  const grown = growTo(ticks, size)
  return grown === ticks ? ticks : grown.fill(NO_VALUE, ticks.length)
}
