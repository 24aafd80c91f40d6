// Update blocks: changed values of many entities, in columns, encoded once and copied into every packet that needs them.
//
// A block names one set of components and the slots that changed in all of them, ascending, then one lane after another.
// It always fits a packet, and an entity's changes of a tick are in one block, so an entity is never split. Its entities
// are of one class: all who get the block may see all of it.
import { ByteWriter, MAX_VARINT_BYTES, putVarint, varintBytes } from '../protocol/bytes.js'
import { type ComponentSets, EMPTY_SET } from '../protocol/component-sets.js'
import { MAX_BLOCK } from '../protocol/limits.js'
import { SectionKind } from '../protocol/packet.js'
import type { ServerComponent } from './change-tracker.js'
import { writeColumns } from './column-lanes.js'
import { growTo, type SlotSet } from './slot-set.js'

/**
 * Chunks and slots that the history remembers: at first, and where so many are made that packets in flight would be
 * forgotten. A packet whose chunks were forgotten is repaired from `lastChange`.
 */
const SMALLEST_CHUNKS = 1 << 12
const LARGEST_CHUNKS = 1 << 18
const SMALLEST_SLOTS = 1 << 16
const LARGEST_SLOTS = 1 << 22
/** Ticks for which all should be remembered: longer than a round trip over the slowest line that can be played on. */
const HISTORY_TICKS = 64
/**
 * Chunks are made about this large, in bytes, where packets are put together of many classes: small enough that a packet's
 * end is rarely wasted, large enough that a client's packets are a few copies. A block alone may be larger.
 */
const CHUNK_BYTES = 384

/** What chunks held, for as long as packets that carry them may be lost. One for all clients. */
export class BlockHistory {
  /** The number of the next chunk. Numbers only grow. */
  next = 1
  private ticks = new Uint32Array(SMALLEST_CHUNKS)
  private counts = new Uint32Array(SMALLEST_CHUNKS)
  /** Where a chunk's slots begin, counted over all slots ever recorded. */
  private starts = new Float64Array(SMALLEST_CHUNKS)
  private slots = new Uint32Array(SMALLEST_SLOTS)
  private sets = new Int32Array(SMALLEST_SLOTS)
  private recorded = 0
  /** The oldest chunk whose slots are all still in the ring. */
  private oldest = 1

  /** Begins a chunk; `append` says what is in it. */
  begin(tick: number): number {
    if (this.isRecent(this.next - this.ticks.length, tick) && this.ticks.length < LARGEST_CHUNKS) this.growChunks()
    const chunk = this.next++
    const at = chunk % this.ticks.length
    this.ticks[at] = tick
    this.counts[at] = 0
    this.starts[at] = this.recorded
    return chunk
  }

  /** The chunk begun last holds one set of components of some slots. */
  append(set: number, slots: Uint32Array, start: number, count: number): void {
    this.makeRoom(count)
    const { slots: into, sets } = this
    let at = this.recorded % into.length
    let i = start
    // In two parts where the ring ends.
    for (let left = count; left > 0; at = 0) {
      const part = Math.min(left, into.length - at)
      for (const end = i + part; i < end; i++, at++) {
        into[at] = slots[i]!
        sets[at] = set
      }
      left -= part
    }
    this.recorded += count
    this.counts[(this.next - 1) % this.ticks.length]! += count
  }

  /** Whether packets with a chunk may still be in flight. */
  private isRecent(chunk: number, tick: number): boolean {
    return chunk > 0 && tick - this.ticks[chunk % this.ticks.length]! < HISTORY_TICKS
  }

  /** Makes room for slots, in place of those of the oldest chunks. */
  private makeRoom(count: number): void {
    const tick = this.tickOf(this.next - 1)
    this.oldest = Math.max(this.oldest, this.next - this.ticks.length)
    while (
      this.oldest < this.next &&
      this.starts[this.oldest % this.ticks.length]! < this.recorded + count - this.slots.length
    ) {
      if (this.isRecent(this.oldest, tick) && this.slots.length < LARGEST_SLOTS) this.growSlots()
      else this.oldest++
    }
  }

  private growChunks(): void {
    const { ticks, counts, starts, next } = this
    const size = ticks.length
    this.ticks = new Uint32Array(size * 2)
    this.counts = new Uint32Array(size * 2)
    this.starts = new Float64Array(size * 2)
    for (let chunk = Math.max(1, next - size); chunk < next; chunk++) {
      this.ticks[chunk % (size * 2)] = ticks[chunk % size]!
      this.counts[chunk % (size * 2)] = counts[chunk % size]!
      this.starts[chunk % (size * 2)] = starts[chunk % size]!
    }
  }

  private growSlots(): void {
    const { slots, sets, recorded } = this
    const size = slots.length
    this.slots = new Uint32Array(size * 2)
    this.sets = new Int32Array(size * 2)
    for (let at = Math.max(0, recorded - size); at < recorded; at++) {
      this.slots[at % (size * 2)] = slots[at % size]!
      this.sets[at % (size * 2)] = sets[at % size]!
    }
  }

  /** Forgets everything: packets in flight are repaired from `lastChange`. */
  forgetAll(): void {
    this.next += this.ticks.length
    // None of those passed over counts as recent.
    this.ticks.fill(0)
    this.starts.fill(this.recorded)
    this.oldest = this.next
  }

  remembers(chunk: number): boolean {
    if (chunk <= this.next - 1 - this.ticks.length) return false
    return this.starts[chunk % this.ticks.length]! >= this.recorded - this.slots.length
  }

  tickOf(chunk: number): number {
    return this.ticks[chunk % this.ticks.length]!
  }

  /** How many slots a chunk holds; one with changes in two blocks counts twice. */
  countOf(chunk: number): number {
    return this.counts[chunk % this.ticks.length]!
  }

  slotOf(chunk: number, index: number): number {
    return this.slots[(this.starts[chunk % this.ticks.length]! + index) % this.slots.length]!
  }

  /** The set of components that a chunk holds of the slot at `index`. */
  setOf(chunk: number, index: number): number {
    return this.sets[(this.starts[chunk % this.ticks.length]! + index) % this.slots.length]!
  }
}

/** Slots of one class and one set of components, gathered before they are encoded. */
class Group {
  set = EMPTY_SET
  slots = new Uint32Array(64)
  count = 0
  /** The next group of the class, as an index, or -1. */
  next = -1

  /** Adds `slots[start .. end)`. */
  add(slots: Uint32Array, start: number, end: number): void {
    const total = this.count + end - start
    if (total > this.slots.length) this.slots = growTo(this.slots, total)
    const into = this.slots
    for (let i = start, at = this.count; i < end; i++, at++) into[at] = slots[i]!
    this.count = total
  }
}

/**
 * Encodes changed slots into blocks, and these into chunks: what a packet gets by one copy, blocks of one class that
 * stand one behind the other. One encoder for what clients share, one more for what is repeated to single clients.
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
  /** Kept from tick to tick for their memory. */
  private readonly groups: Group[] = []
  private groupCount = 0
  /** By class: its first group of this tick, and one; 0 for none. */
  private firstGroup = new Uint32Array(16)
  /** Classes with changes in this tick. */
  private usedClasses = new Uint32Array(16)
  private usedCount = 0
  /** The largest block of this tick, and the chunk to which the next block may be added. */
  private blockLimit = MAX_BLOCK
  private openChunk = -1
  /** The changed slots, ascending; the entities of one block. */
  private listed = new Uint32Array(64)
  private eids = new Uint32Array(64)
  /** Bits of one entity's values, and lanes, by set; -1 while unknown. */
  private readonly bitsOf: number[] = []
  private readonly lanesOf: number[] = []

  constructor(
    private readonly sets: ComponentSets,
    private readonly components: readonly ServerComponent[],
    private readonly history: BlockHistory,
    private readonly entities: { readonly lastEidOf: Uint32Array },
    /** What its blocks are: a server's, or a client's. */
    private readonly kind: SectionKind = SectionKind.Update,
  ) {}

  /**
   * Encodes every slot of `dirty` with the components that `changed` names for it. `classes` is by slot; what is in class
   * 0 is left out. Without it, all are in class 1.
   */
  encode(dirty: SlotSet, changed: Int32Array, tick: number, classes?: Uint32Array): void {
    this.writer.clear()
    this.count = 0
    if (dirty.size === 0) return
    this.gather(dirty, changed, classes)
    this.blockLimit = this.usedCount > 1 ? CHUNK_BYTES : MAX_BLOCK
    for (let i = 0; i < this.usedCount; i++) {
      const id = this.usedClasses[i]!
      this.openChunk = -1
      for (let g = this.firstGroup[id]! - 1; g >= 0; g = this.groups[g]!.next)
        this.encodeGroup(this.groups[g]!, id, tick)
      this.firstGroup[id] = 0
    }
  }

  /** The numbers of sets have changed: what is kept by them starts anew. */
  forgetSets(): void {
    this.bitsOf.length = 0
    this.lanesOf.length = 0
  }

  private gather(dirty: SlotSet, changed: Int32Array, classes: Uint32Array | undefined): void {
    this.groupCount = 0
    this.usedCount = 0
    this.listed = growTo(this.listed, dirty.size)
    dirty.list(this.listed)
    const { listed } = this
    for (let i = 0; i < dirty.size;) {
      const id = classes === undefined ? 1 : classes[listed[i]!]!
      const set = changed[listed[i]!]!
      let end = i + 1
      for (; end < dirty.size; end++) {
        const slot = listed[end]!
        if (changed[slot] !== set || (classes !== undefined && classes[slot] !== id)) break
      }
      if (id !== 0 && set !== EMPTY_SET) this.groupOf(id, set).add(listed, i, end)
      i = end
    }
  }

  private groupOf(id: number, set: number): Group {
    if (id >= this.firstGroup.length) this.firstGroup = growTo(this.firstGroup, id + 1)
    const first = this.firstGroup[id]!
    if (first === 0) {
      this.usedClasses = growTo(this.usedClasses, this.usedCount + 1)
      this.usedClasses[this.usedCount++] = id
    }
    let last: Group | undefined
    for (let g = first - 1; g >= 0; g = last.next) {
      last = this.groups[g]!
      if (last.set === set) return last
    }
    const index = this.groupCount++
    const group = (this.groups[index] ??= new Group())
    group.set = set
    group.count = 0
    group.next = -1
    if (last === undefined) this.firstGroup[id] = index + 1
    else last.next = index
    return group
  }

  private encodeGroup({ set, slots, count }: Group, id: number, tick: number): void {
    const bits = this.bitsPerEntity(set)
    const fixed = 1 + this.sets.maskBytes + 3 + this.lanesOf[set]!
    for (let start = 0; start < count;) {
      const size = this.blockSize(slots, start, count - start, bits, this.blockLimit - fixed)
      this.writeBlock(set, slots, start, size, id, tick)
      start += size
    }
  }

  /**
   * How many slots, of `count` from `start` on, surely fit a block with `room` bytes for them and their values: one at
   * least, since one entity alone fits a packet, as the protocol was checked for it.
   *
   * Mostly nothing is counted slot by slot. Slots are written as distances, which take a second byte from 2^7 on and a third from
   * 2^14 on: of such there are at most as many as go into the distance between the first and the last.
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
    // Where values are so small that slots weigh as much, counting them saves packets.
    return size > largest * 0.9 ? size : this.countedSize(slots, start, largest, bits, room)
  }

  /** The same, of at most `largest` slots, counted slot by slot. */
  private countedSize(slots: Uint32Array, start: number, largest: number, bits: number, room: number): number {
    let idBytes = varintBytes(slots[start]!)
    let size = 1
    for (; size < largest; size++) {
      idBytes += varintBytes(slots[start + size]! - slots[start + size - 1]!)
      if (idBytes + ((bits * (size + 1)) >> 3) > room) break
    }
    return size
  }

  private writeBlock(set: number, slots: Uint32Array, start: number, count: number, id: number, tick: number): void {
    const { writer } = this
    const from = writer.length
    writer.u8(this.kind)
    this.sets.write(writer, set)
    writer.varint(count)
    this.writeSlots(slots, start, count)
    const { eids } = this
    const members = this.sets.members[set]!
    for (let m = 0; m < members.length; m++) {
      writeColumns(writer, this.components[members[m]!]!.columns, eids, count)
    }
    this.chunk(from, id, tick)
    this.history.append(set, slots, start, count)
  }

  /**
   * Writes `slots[start .. start + count)`: the first, then by how much each is above the one before. Notes their entities.
   */
  private writeSlots(slots: Uint32Array, start: number, count: number): void {
    const { writer } = this
    writer.reserve(count * MAX_VARINT_BYTES)
    this.eids = growTo(this.eids, count)
    const { eids } = this
    const { lastEidOf } = this.entities
    const { bytes } = writer
    let at = writer.length
    let previous = 0
    for (let i = 0; i < count; i++) {
      const slot = slots[start + i]!
      eids[i] = lastEidOf[slot]!
      const distance = slot - previous
      previous = slot
      if (distance < 0x80) bytes[at++] = distance
      else at = putVarint(bytes, at, distance)
    }
    writer.length = at
  }

  /** Makes what was written from `from` on part of the open chunk, or the next one. */
  private chunk(from: number, id: number, tick: number): void {
    const { length } = this.writer
    const open = this.openChunk
    if (open >= 0 && length - this.starts[open]! <= CHUNK_BYTES) {
      this.ends[open] = length
      return
    }
    const index = this.count++
    this.openChunk = index
    this.starts[index] = from
    this.ends[index] = length
    this.classes = growTo(this.classes, this.count)
    this.classes[index] = id
    this.ids[index] = this.history.begin(tick)
  }

  /** The bits of one entity's values of a set of components. */
  bitsPerEntity(set: number): number {
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
