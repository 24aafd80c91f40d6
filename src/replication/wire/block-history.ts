// Remembers the content of shared and repeated blocks, so that what a lost packet carried can be sent again.
import { copyWords, fillWords } from './array-loops.js'

/**
 * The first number of chunks and slots to remember. The history grows where packets in flight would be forgotten. A
 * packet whose chunks were forgotten is repaired from `lastChange`.
 */
const SMALLEST_CHUNKS = 1 << 12
const LARGEST_CHUNKS = 1 << 18
const SMALLEST_SLOTS = 1 << 16
const LARGEST_SLOTS = 1 << 22
/** Ticks that should be remembered: longer than a round trip over the slowest playable connection. */
const HISTORY_TICKS = 64

/** The content of chunks, for as long as packets that carry them may be lost. One history serves all clients. */
export class BlockHistory {
  /** The number of the next chunk. Numbers only grow. */
  next = 1
  private ticks = new Uint32Array(SMALLEST_CHUNKS)
  private counts = new Uint32Array(SMALLEST_CHUNKS)
  /** Where a chunk's slots begin, counted over all slots ever recorded. */
  private starts = new Float64Array(SMALLEST_CHUNKS)
  private slots = new Uint32Array(SMALLEST_SLOTS)
  private sets = new Uint32Array(SMALLEST_SLOTS)
  private recorded = 0
  /** The oldest chunk whose slots are all still in the ring. */
  private oldest = 1

  /** Begins a chunk; `append` adds its content. */
  begin(tick: number): number {
    if (this.isRecent(this.next - this.ticks.length, tick) && this.ticks.length < LARGEST_CHUNKS) this.growChunks()
    const chunk = this.next++
    const at = chunk % this.ticks.length
    this.ticks[at] = tick
    this.counts[at] = 0
    this.starts[at] = this.recorded
    return chunk
  }

  /** Adds one set of components of some slots to the chunk begun last. */
  append(set: number, slots: Uint32Array, start: number, count: number): void {
    this.makeRoom(count)
    const { slots: into, sets } = this
    const at = this.recorded % into.length
    // The copy has two parts where the ring ends.
    const first = Math.min(count, into.length - at)
    copyWords(into, at, slots, start, first)
    fillWords(sets, at, first, set)
    if (first < count) {
      copyWords(into, 0, slots, start + first, count - first)
      fillWords(sets, 0, count - first, set)
    }
    this.recorded += count
    this.counts[(this.next - 1) % this.ticks.length]! += count
  }

  /** Returns whether packets with a chunk may still be in flight. */
  private isRecent(chunk: number, tick: number): boolean {
    return chunk > 0 && tick - this.ticks[chunk % this.ticks.length]! < HISTORY_TICKS
  }

  /** Makes room for slots, replacing those of the oldest chunks. */
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
    this.sets = new Uint32Array(size * 2)
    for (let at = Math.max(0, recorded - size); at < recorded; at++) {
      this.slots[at % (size * 2)] = slots[at % size]!
      this.sets[at % (size * 2)] = sets[at % size]!
    }
  }

  /** Forgets everything: packets in flight are repaired from `lastChange`. */
  forgetAll(): void {
    this.next += this.ticks.length
    // None of the skipped chunks counts as recent.
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

  /** The number of slots in a chunk; a slot with changes in two blocks counts twice. */
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
