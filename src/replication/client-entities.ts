// The client's table of networked entities: which of its entities stands for which slot of the server.
import type { EntityMapper } from '../protocol/entity-mapper.js'
import { generationOf, MAX_GENERATION, slotOf } from '../protocol/net-id.js'
import { growTo } from './slot-set.js'

/** In place of the tick of a value: the entity has no such component. No value is newer. */
export const NO_VALUE = 0xffffffff

export class ClientEntities implements EntityMapper {
  /** By slot: the entity, or 0 when there is none, or the game has removed its copy. */
  eidOf = new Uint32Array(64)
  /** By slot: the net id, or 0 when the server has not spawned it here. */
  netIds = new Uint32Array(64)
  /** By slot: the newest net id that the server spawned here, and 1 once that entity has ended for good. */
  private newestNetIds = new Uint32Array(64)
  private ended = new Uint8Array(64)
  /** By component and slot: the tick of the value that the entity has of it, or `NO_VALUE`. */
  readonly valueTicks: Uint32Array[]
  /** By slot: when it was spawned, counted over all spawns. */
  order = new Float64Array(64)
  /** One past the highest slot ever used. */
  slots = 1
  alive = 0
  /** Counts the entities that came and went: what was looked up before may be out of date. */
  version = 0
  /** By entity: its slot, or 0. */
  slotByEid = new Uint32Array(64)
  private spawns = 0

  /** `width`: the number of components that the protocol lists. */
  constructor(private readonly width: number) {
    this.valueTicks = Array.from({ length: width }, () => new Uint32Array(64).fill(NO_VALUE))
  }

  /** By slot: the entity, for what asks a server's table for the last one that it had. */
  get lastEidOf(): Uint32Array {
    return this.eidOf
  }

  hasComponent(slot: number, component: number): boolean {
    return this.valueTicks[component]![slot] !== NO_VALUE
  }

  /** An entity has a component, or another value of it, as it was at a tick. */
  setValueTick(slot: number, component: number, tick: number): void {
    this.valueTicks[component]![slot] = Math.min(tick, NO_VALUE - 1)
  }

  removeComponent(slot: number, component: number): void {
    this.valueTicks[component]![slot] = NO_VALUE
  }

  add(netId: number, eid: number): number {
    const slot = slotOf(netId)
    this.eidOf = growTo(this.eidOf, slot + 1)
    this.netIds = growTo(this.netIds, slot + 1)
    this.newestNetIds = growTo(this.newestNetIds, slot + 1)
    this.ended = growTo(this.ended, slot + 1)
    for (let c = 0; c < this.width; c++) this.valueTicks[c] = growTicks(this.valueTicks[c]!, slot + 1)
    this.order = growTo(this.order, slot + 1)
    this.slotByEid = growTo(this.slotByEid, eid + 1)
    if (slot >= this.slots) this.slots = slot + 1
    this.eidOf[slot] = eid
    this.netIds[slot] = netId
    this.newestNetIds[slot] = netId
    this.ended[slot] = 0
    for (let c = 0; c < this.width; c++) this.removeComponent(slot, c)
    this.order[slot] = ++this.spawns
    this.slotByEid[eid] = slot
    this.alive++
    this.version++
    return slot
  }

  /** True when the server has spawned an entity in this slot, even if the game has removed its copy. */
  isSpawned(slot: number): boolean {
    return slot < this.slots && this.netIds[slot] !== 0
  }

  /** The game removed its copy; the slot stays the server's. */
  dropCopy(slot: number): void {
    const eid = this.eidOf[slot]!
    if (eid === 0) return
    if (this.slotByEid[eid] === slot) this.slotByEid[eid] = 0
    this.eidOf[slot] = 0
    this.version++
  }

  /** Another entity stands for the slot from now on. */
  moveTo(slot: number, eid: number): void {
    this.dropCopy(slot)
    this.slotByEid = growTo(this.slotByEid, eid + 1)
    this.eidOf[slot] = eid
    this.slotByEid[eid] = slot
  }

  /** The server despawned it; `forGood`: it cannot come back into view. */
  remove(slot: number, forGood: boolean): void {
    this.dropCopy(slot)
    if (forGood) this.ended[slot] = 1
    this.netIds[slot] = 0
    for (let c = 0; c < this.width; c++) this.removeComponent(slot, c)
    this.alive--
  }

  slotOfEntity(eid: number): number {
    return this.slotByEid[eid] ?? 0
  }

  netIdOf(eid: number): number {
    const slot = this.slotByEid[eid] ?? 0
    return slot === 0 ? 0 : this.netIds[slot]!
  }

  entityOf(netId: number): number {
    const slot = slotOf(netId)
    return slot > 0 && slot < this.slots && this.netIds[slot] === netId ? this.eidOf[slot]! : 0
  }

  /** Whether an entity that is not here may still come: not when it, or one after it in its slot, is known to have been. */
  mayArrive(netId: number): boolean {
    const slot = slotOf(netId)
    if (slot >= this.slots || this.newestNetIds[slot] === 0) return slot !== 0
    // Serial arithmetic over the generations.
    const ahead = (generationOf(netId) - generationOf(this.newestNetIds[slot]!)) & MAX_GENERATION
    if (ahead !== 0) return ahead <= MAX_GENERATION / 2
    return this.netIds[slot] === 0 && this.ended[slot] === 0
  }

  /** The session ended: the next server may give the same net ids to others. */
  forgetAll(): void {
    this.newestNetIds.fill(0)
  }

  /** The slots in use, newest spawn first. */
  newestFirst(): number[] {
    const slots: number[] = []
    for (let slot = 1; slot < this.slots; slot++) if (this.netIds[slot] !== 0) slots.push(slot)
    return slots.sort((a, b) => this.order[b]! - this.order[a]!)
  }
}

function growTicks(ticks: Uint32Array, size: number): Uint32Array {
  const grown = growTo(ticks, size)
  return grown === ticks ? ticks : grown.fill(NO_VALUE, ticks.length)
}
