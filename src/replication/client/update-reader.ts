// Reads update blocks on a client: checks each, then writes the newer values to the stores of their entities.
import type { ByteReader } from '../../protocol/bytes.js'
import { readMembers } from '../../protocol/component-sets.js'
import type { ClientAuthority } from '../authority/client-authority.js'
import { MAX_BLOCK_ENTITIES, readSlots } from '../wire/block-slots.js'
import type { ClientComponent } from './client-columns.js'
import { type ClientEntities, NO_VALUE } from './client-entities.js'
import { gatherBelow, raiseWords } from '../wire/array-loops.js'

/** The largest entity id that the fast path handles. */
const LAST_ENTITY = 2 ** 31 - 1

export class UpdateReader {
  /** Values whose entity or component was missing since this was last set to 0. */
  missing = 0
  /**
   * The components of the block being read, its slots, their indices, their entities, and the entities that apply
   * values of one component.
   */
  private readonly members: Uint16Array
  private readonly slots = new Uint32Array(MAX_BLOCK_ENTITIES)
  private readonly indices = new Uint32Array(MAX_BLOCK_ENTITIES)
  private readonly eids = new Uint32Array(MAX_BLOCK_ENTITIES)
  private readonly targets = new Uint32Array(MAX_BLOCK_ENTITIES)
  /** Those of them that the component's arrays have no room for, and whether there are any. */
  private readonly unfit = new Uint32Array(MAX_BLOCK_ENTITIES)
  private hasUnfit = false
  /** The place and count of the slots read last: a packet mostly has one block, which is checked, then applied. */
  private slotsIn: Uint8Array | undefined
  private slotsFrom = 0
  private slotsTo = 0
  private slotCount = 0

  constructor(
    private readonly components: readonly ClientComponent[],
    private readonly entities: ClientEntities,
    private readonly authority: ClientAuthority,
  ) {
    this.members = new Uint16Array(components.length)
  }

  /** Skips a block; the reader fails when it is not well formed. */
  check(reader: ByteReader): void {
    const { members, components } = this
    const memberCount = readMembers(reader, components.length, members)
    const from = reader.offset
    const count = readSlots(reader, this.slots)
    this.slotsIn = reader.failed ? undefined : reader.bytes
    this.slotsFrom = from
    this.slotsTo = reader.offset
    this.slotCount = count
    for (let m = 0; m < memberCount && !reader.failed; m++) components[members[m]!]!.checkColumns(reader, count)
  }

  /** Applies the values of a checked block. Counts those whose entity or component is missing in `missing`. */
  apply(reader: ByteReader, tick: number): void {
    const { components, members, slots, eids, entities } = this
    const news = Math.min(tick, NO_VALUE - 1)
    const memberCount = readMembers(reader, components.length, members)
    const count = this.takeSlots(reader)
    let capacity = LAST_ENTITY
    for (let m = 0; m < memberCount; m++) capacity = Math.min(capacity, components[members[m]!]!.capacity)
    // The usual case: all entities are there, and none of the values is older than the entity's.
    const isAligned = entities.strays === 0 && slots[count - 1]! < entities.indices
    const indices = isAligned ? slots : this.indices
    const known = isAligned
      ? gatherBelow(eids, entities.eidOf, slots, count, capacity - 1)
      : entities.bySlot.gather(slots, count, indices, eids, entities.eidOf, capacity - 1)
    for (let m = 0; m < memberCount; m++) {
      const id = members[m]!
      const component = components[id]!
      const isFree = known && !component.isWritable
      const raised = isFree ? raiseWords(entities.valueTicks[id]!, indices, count, news) : 0
      if (raised === count) component.readColumns(reader, indices, eids, count, tick, true)
      else {
        this.choose(component, indices, raised, count, news)
        const start = reader.offset
        component.readColumns(reader, indices, this.targets, count, tick, false)
        if (!this.hasUnfit) continue
        reader.offset = start
        component.keepColumns(reader, indices, this.unfit, count, tick)
      }
    }
  }

  /** Reads the slots of a checked block, unless they were the last ones read. */
  private takeSlots(reader: ByteReader): number {
    if (reader.bytes !== this.slotsIn || reader.offset !== this.slotsFrom) {
      this.slotsIn = undefined
      return readSlots(reader, this.slots)
    }
    reader.offset = this.slotsTo
    return this.slotCount
  }

  /**
   * Fills `targets` with the entities that apply the values of a component, and 0 for the others. The first `raised`
   * do, and have their tick noted already.
   */
  private choose(component: ClientComponent, indices: Uint32Array, raised: number, count: number, tick: number): void {
    const { eids, targets, unfit, entities, authority } = this
    const { id, capacity, isWritable } = component
    const ticks = entities.valueTicks[id]!
    this.hasUnfit = false
    for (let i = 0; i < raised; i++) {
      targets[i] = eids[i]!
      unfit[i] = 0
    }
    for (let i = raised; i < count; i++) {
      const index = indices[i]!
      targets[i] = unfit[i] = 0
      // A missing entity has index 0, which has no value.
      const before = ticks[index]!
      if (before === NO_VALUE) this.missing++
      else if (before < tick && !(isWritable && authority.holds(index, id))) {
        entities.setValueTick(index, id, tick)
        const eid = entities.eidOf[index]!
        if (eid < capacity) targets[i] = eid
        else {
          unfit[i] = eid
          this.hasUnfit = true
        }
      }
    }
  }
}
