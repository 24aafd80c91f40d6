// Update blocks: changed values of many entities, in columns, encoded once and copied into every packet that needs them.
//
// A block names one set of components and the slots that changed in all of them, ascending, then one lane after another.
// It always fits a packet, and an entity's changes of a tick are in one block, so an entity is never split.
import { ByteWriter, varintBytes } from '../protocol/bytes.js'
import type { ComponentSets } from '../protocol/component-sets.js'
import { MAX_BLOCK } from '../protocol/limits.js'
import { SectionKind } from '../protocol/packet.js'
import type { ServerComponent } from './change-tracker.js'
import { writeLane } from './lanes.js'
import { growTo, type SlotSet } from './slot-set.js'

/** Blocks and slots that the history remembers. A packet whose blocks were forgotten is repaired from `lastChange`. */
const HISTORY_BLOCKS = 1 << 13
const HISTORY_SLOTS = 1 << 18

/** What blocks held, for as long as packets that carry them may be lost. One for all clients. */
export class BlockHistory {
  /** The number of the next block. Numbers only grow. */
  next = 1
  private readonly sets = new Int32Array(HISTORY_BLOCKS)
  private readonly ticks = new Uint32Array(HISTORY_BLOCKS)
  private readonly counts = new Uint32Array(HISTORY_BLOCKS)
  /** Where a block's slots begin, counted over all slots ever recorded. */
  private readonly starts = new Float64Array(HISTORY_BLOCKS)
  private readonly slots = new Uint32Array(HISTORY_SLOTS)
  private recorded = 0

  record(set: number, tick: number, slots: Uint32Array, start: number, count: number): number {
    const block = this.next++
    const at = block % HISTORY_BLOCKS
    this.sets[at] = set
    this.ticks[at] = tick
    this.counts[at] = count
    this.starts[at] = this.recorded
    for (let i = 0; i < count; i++) this.slots[(this.recorded + i) % HISTORY_SLOTS] = slots[start + i]!
    this.recorded += count
    return block
  }

  /** Forgets everything: packets in flight are repaired from `lastChange`. */
  forgetAll(): void {
    this.next += HISTORY_BLOCKS
  }

  remembers(block: number): boolean {
    if (block <= this.next - 1 - HISTORY_BLOCKS) return false
    return this.starts[block % HISTORY_BLOCKS]! >= this.recorded - HISTORY_SLOTS
  }

  setOf(block: number): number {
    return this.sets[block % HISTORY_BLOCKS]!
  }

  tickOf(block: number): number {
    return this.ticks[block % HISTORY_BLOCKS]!
  }

  countOf(block: number): number {
    return this.counts[block % HISTORY_BLOCKS]!
  }

  slotOf(block: number, index: number): number {
    return this.slots[(this.starts[block % HISTORY_BLOCKS]! + index) % HISTORY_SLOTS]!
  }
}

/** Slots of one set, gathered before they are encoded. */
class Group {
  slots = new Uint32Array(64)
  count = 0

  push(slot: number): void {
    if (this.count === this.slots.length) this.slots = growTo(this.slots, this.count + 1)
    this.slots[this.count++] = slot
  }
}

/** Encodes changed slots into blocks. One for what all share, one more for what is repeated to single clients. */
export class BlockEncoder {
  readonly writer = new ByteWriter(1 << 14)
  /** The blocks of the last `encode`, by index: number in the history, and where its bytes are in `writer`. */
  readonly ids: number[] = []
  readonly starts: number[] = []
  readonly ends: number[] = []
  count = 0
  private readonly groups: Group[] = []
  private readonly usedSets: number[] = []
  /** Bits of one entity's values, and lanes, by set; -1 while unknown. */
  private readonly bitsOf: number[] = []
  private readonly lanesOf: number[] = []

  constructor(
    private readonly sets: ComponentSets,
    private readonly components: readonly ServerComponent[],
    private readonly history: BlockHistory,
  ) {}

  /** Encodes every slot of `dirty` with the components that `changed` names for it. */
  encode(dirty: SlotSet, changed: Int32Array, tick: number): void {
    this.writer.clear()
    this.count = 0
    if (dirty.size === 0) return
    for (let slot = dirty.next(0); slot >= 0; slot = dirty.next(slot + 1)) this.groupOf(changed[slot]!).push(slot)
    for (let i = 0; i < this.usedSets.length; i++) {
      const set = this.usedSets[i]!
      const group = this.groups[set]!
      this.encodeGroup(set, group, tick)
      group.count = 0
    }
    this.usedSets.length = 0
  }

  /** The numbers of sets have changed: what is kept by them starts anew. */
  forgetSets(): void {
    this.groups.length = 0
    this.bitsOf.length = 0
    this.lanesOf.length = 0
  }

  private groupOf(set: number): Group {
    while (this.groups.length <= set) this.groups.push(new Group())
    const group = this.groups[set]!
    if (group.count === 0) this.usedSets.push(set)
    return group
  }

  private encodeGroup(set: number, group: Group, tick: number): void {
    const bits = this.bitsPerEntity(set)
    const fixed = 1 + this.sets.maskBytes + 3 + this.lanesOf[set]!
    let start = 0
    let previous = 0
    let idBytes = 0
    for (let i = 0; i < group.count; i++) {
      const slot = group.slots[i]!
      const more = varintBytes(slot - previous)
      const size = fixed + idBytes + more + ((bits * (i - start + 1)) >> 3)
      // One entity alone fits, as the protocol was checked for it; `size` counts the padding of its lanes twice.
      if (size > MAX_BLOCK && i > start) {
        this.writeBlock(set, group.slots, start, i - start, tick)
        start = i
        idBytes = varintBytes(slot)
      } else idBytes += more
      previous = slot
    }
    this.writeBlock(set, group.slots, start, group.count - start, tick)
  }

  private writeBlock(set: number, slots: Uint32Array, start: number, count: number, tick: number): void {
    const { writer } = this
    const index = this.count++
    this.starts[index] = writer.length
    writer.u8(SectionKind.Update)
    this.sets.write(writer, set)
    writer.varint(count)
    let previous = 0
    for (let i = start; i < start + count; i++) {
      writer.varint(slots[i]! - previous)
      previous = slots[i]!
    }
    const members = this.sets.members[set]!
    for (let m = 0; m < members.length; m++) {
      const { columns } = this.components[members[m]!]!
      for (let c = 0; c < columns.length; c++) {
        const { spec, wire, wireHigh } = columns[c]!
        writeLane(writer, spec.bits, wire, slots, start, count)
        if (spec.lanes === 2) writeLane(writer, spec.bits, wireHigh, slots, start, count)
      }
    }
    this.ends[index] = writer.length
    this.ids[index] = this.history.record(set, tick, slots, start, count)
  }

  private bitsPerEntity(set: number): number {
    const known = this.bitsOf[set]
    if (known !== undefined && known >= 0) return known
    while (this.bitsOf.length <= set) {
      this.bitsOf.push(-1)
      this.lanesOf.push(0)
    }
    let bits = 0
    let lanes = 0
    for (const id of this.sets.members[set]!) {
      for (const { spec } of this.components[id]!.columns) {
        bits += spec.bits * spec.lanes
        lanes += spec.lanes
      }
    }
    this.bitsOf[set] = bits
    this.lanesOf[set] = lanes
    return bits
  }
}
