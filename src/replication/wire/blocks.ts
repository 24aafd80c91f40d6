// Encodes update blocks: changed values of many entities, in columns, encoded once and copied into every packet that
// needs them.
//
// A block names one set of components and the slots that changed in all of them, ascending, then one lane after
// another. It always fits a packet. An entity's changes of a tick are in one block, so an entity is never split. A
// block's entities are of one class: every client that gets the block may see all of it.
import { ByteWriter, MAX_VARINT_BYTES, putVarint, varintBytes } from '../../protocol/bytes.js'
import type { ComponentSets } from '../../protocol/component-sets.js'
import { MAX_BLOCK } from '../../protocol/limits.js'
import { SectionKind } from '../../protocol/packet.js'
import type { BlockHistory } from './block-history.js'
import type { ServerComponent } from '../server/change-tracker.js'
import { LanePlan } from './lane-plan.js'
import { laneBytes } from './lanes.js'
import { type SlotGroup, SlotGroups } from './slot-groups.js'
import { growTo, type SlotSet } from '../slot-set.js'
import { gatherWords } from './array-loops.js'

/**
 * The size of a chunk in bytes, for packets that combine many classes. It is small enough that a packet's end is rarely
 * wasted, and large enough that a client's packets are a few copies. A block alone may be larger.
 */
const CHUNK_BYTES = 384

/** What encoding needs of a table of entities. */
export interface BlockEntities {
  readonly lastEidOf: Uint32Array
  /**
   * For a client's table, which uses its own indices: sorts `indices[0 .. count)` by their slots. Returns the slots,
   * valid until the next call.
   */
  nameSlots?(indices: Uint32Array, count: number): Uint32Array
}

/**
 * Encodes changed slots into blocks, and groups these into chunks. A chunk is consecutive blocks of one class, which a
 * packet gets by one copy. One encoder serves what clients share; another repeats values to single clients.
 */
export class BlockEncoder {
  readonly writer = new ByteWriter(1 << 14)
  /** The chunks of the last `encode`, by index: number in the history, and where its bytes are in `writer`. */
  readonly ids: number[] = []
  readonly starts: number[] = []
  readonly ends: number[] = []
  /** The class of its slots. */
  classes = new Uint32Array(16)
  count = 0
  private readonly groups = new SlotGroups()
  /** The largest block of this tick, and the chunk to which the next block may be added. */
  private blockLimit = MAX_BLOCK
  private openChunk = -1
  /** The entities of one block. */
  private eids = new Uint32Array(64)
  /** By set. */
  private readonly plans: (LanePlan | undefined)[] = []

  constructor(
    private readonly sets: ComponentSets,
    private readonly components: readonly ServerComponent[],
    private readonly history: BlockHistory,
    private readonly entities: BlockEntities,
    /** The kind of its blocks: a server's, or a client's. */
    private readonly kind: SectionKind = SectionKind.Update,
  ) {}

  /**
   * Encodes every slot of `dirty` with the components that `changed` names for it. `classes` is by slot; slots of class
   * 0 are left out. Without `classes`, all are in class 1.
   */
  encode(dirty: SlotSet, changed: Uint32Array, tick: number, classes?: Uint32Array): void {
    this.writer.clear()
    this.count = 0
    if (dirty.size === 0) return
    const { groups } = this
    groups.gather(dirty, changed, classes)
    this.blockLimit = groups.usedCount > 1 ? CHUNK_BYTES : MAX_BLOCK
    for (let i = 0; i < groups.usedCount; i++) {
      const id = groups.usedClasses[i]!
      this.openChunk = -1
      for (let group: SlotGroup | undefined = groups.firstOf(id); group !== undefined; group = groups.after(group)) {
        this.encodeGroup(group, id, tick)
      }
    }
  }

  /** Forgets what is kept by set, because the numbers of sets have changed. */
  forgetSets(): void {
    this.plans.length = 0
  }

  /** The bits of one entity's values of a set of components. */
  bitsPerEntity(set: number): number {
    return this.planOf(set).bits
  }

  private planOf(set: number): LanePlan {
    const known = this.plans[set]
    if (known !== undefined) return known
    while (this.plans.length <= set) this.plans.push(undefined)
    const plan = new LanePlan([...this.sets.members[set]!].flatMap((id) => this.components[id]!.columns))
    this.plans[set] = plan
    return plan
  }

  private encodeGroup({ set, slots, count }: SlotGroup, id: number, tick: number): void {
    const plan = this.planOf(set)
    const named = this.entities.nameSlots?.(slots, count) ?? slots
    const fixed = 1 + this.sets.maskBytes + 3 + plan.lanes
    for (let start = 0; start < count;) {
      const size = this.blockSize(named, start, count - start, plan.bits, this.blockLimit - fixed)
      const isFirst = this.openRoom(plan, named[start]!, size, id, tick)
      this.writeBlock(set, plan, slots, named, start, size, isFirst)
      start += size
    }
  }

  /**
   * Returns how many slots, of `count` from `start` on, surely fit a block with `room` bytes for them and their values.
   * It is at least one, because the protocol was checked so that one entity fits a packet.
   *
   * Mostly this does not count slot by slot. Slots are written as distances, which use a second byte from 2^7 on and a
   * third from 2^14 on. The distance between the first and the last slot limits how many such distances there can be.
   */
  private blockSize(slots: Uint32Array, start: number, count: number, bits: number, room: number): number {
    const first = slots[start]!
    const largest = Math.min(count, Math.max(1, Math.floor((room * 8) / (bits + 8))))
    let size = largest
    while (size > 1) {
      const spread = slots[start + size - 1]! - first
      const longer = Math.min(size - 1, spread >>> 7) + Math.min(size - 1, spread >>> 14)
      const over = varintBytes(first) + size - 1 + longer + ((bits * size) >> 3) - room
      if (over <= 0) break
      size = Math.max(1, size - Math.ceil((over * 8) / (bits + 24)))
    }
    // Where values are so small that slots matter as much, counting them saves packets.
    return size > largest * 0.9 ? size : this.countedSize(slots, start, largest, bits, room)
  }

  /** Does the same for at most `largest` slots, counted slot by slot. */
  private countedSize(slots: Uint32Array, start: number, largest: number, bits: number, room: number): number {
    let idBytes = varintBytes(slots[start]!)
    let size = 1
    for (; size < largest; size++) {
      idBytes += varintBytes(slots[start + size]! - slots[start + size - 1]!)
      if (idBytes + ((bits * (size + 1)) >> 3) > room) break
    }
    return size
  }

  /**
   * Adds the next block, of `count` slots from `first` on, to the open chunk. Or opens another chunk, and returns true.
   */
  private openRoom({ bits }: LanePlan, first: number, count: number, id: number, tick: number): boolean {
    const { writer } = this
    // The usual size: one byte for each distance.
    const head = 1 + this.sets.maskBytes + varintBytes(count) + varintBytes(first) + count - 1
    const open = this.openChunk
    if (open >= 0 && writer.length + head + laneBytes(bits, count) - this.starts[open]! <= CHUNK_BYTES) return false
    // Chunks may have gaps between them. With this one, lanes mostly begin on a whole word.
    writer.reserve(3)
    writer.length += -(writer.length + head) & 3
    const index = this.count++
    this.openChunk = index
    this.starts[index] = writer.length
    this.classes = growTo(this.classes, this.count)
    this.classes[index] = id
    this.ids[index] = this.history.begin(tick)
    return true
  }

  /** `named`: the slots on the wire for `slots`. `isFirst`: it is the first block of its chunk. */
  private writeBlock(
    set: number,
    plan: LanePlan,
    slots: Uint32Array,
    named: Uint32Array,
    start: number,
    count: number,
    isFirst: boolean,
  ): void {
    const { writer } = this
    writer.u8(this.kind)
    this.sets.write(writer, set)
    writer.varint(count)
    this.writeSlots(named, start, count)
    if (isFirst) this.alignLanes()
    this.eids = growTo(this.eids, count)
    gatherWords(this.eids, 0, this.entities.lastEidOf, slots, start, count)
    plan.write(writer, this.eids, count)
    this.ends[this.openChunk] = writer.length
    this.history.append(set, slots, start, count)
  }

  /**
   * Moves the open chunk's bytes, a block's head, so that its lanes begin on a whole word. Moving the lanes would be
   * slower.
   */
  private alignLanes(): void {
    const { writer } = this
    const gap = -writer.length & 3
    if (gap === 0) return
    writer.reserve(gap)
    const from = this.starts[this.openChunk]!
    writer.bytes.copyWithin(from + gap, from, writer.length)
    writer.length += gap
    this.starts[this.openChunk] = from + gap
  }

  /** Writes `slots[start .. start + count)`: the first, then the distance of each from the one before. */
  private writeSlots(slots: Uint32Array, start: number, count: number): void {
    const { writer } = this
    writer.reserve(count * MAX_VARINT_BYTES)
    const { bytes } = writer
    const end = start + count
    const fours = end - 3
    let previous = slots[start]!
    let at = putVarint(bytes, writer.length, previous)
    let i = start + 1
    while (i < end) {
      // The loop handles four at a time where each takes one byte, as most do.
      for (; i < fours; i += 4) {
        const a = slots[i]!
        const b = slots[i + 1]!
        const c = slots[i + 2]!
        const d = slots[i + 3]!
        if (((a - previous) | (b - a) | (c - b) | (d - c)) >= 0x80) break
        bytes[at] = a - previous
        bytes[at + 1] = b - a
        bytes[at + 2] = c - b
        bytes[at + 3] = d - c
        at += 4
        previous = d
      }
      if (i === end) break
      const slot = slots[i++]!
      at = putVarint(bytes, at, slot - previous)
      previous = slot
    }
    writer.length = at
  }
}
