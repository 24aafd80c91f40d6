// Keeps one client's view: the entities that it should see, and those whose values no shared block carries to it.
import { growTo, SlotSet } from '../slot-set.js'

export class InterestView {
  /** Its bit in rows of clients, or -1 while it has none. */
  index = -1
  /** The entities that it should see. The ones already sent follow later: `Observer.known`. */
  readonly wanted = new SlotSet()
  /** Those of `wanted` that none of its classes carries: their changes go to it alone. */
  readonly extras = new SlotSet()
  /** Slots that were added to `wanted`, or removed from it, since the last update; some more than once. */
  touched = new Uint32Array(16)
  touchedCount = 0
  /** The chunks of this tick that it gets, as indices into the encoder's. */
  chunks = new Uint32Array(16)
  chunkCount = 0

  want(slot: number, wanted: boolean): void {
    if (wanted ? this.wanted.add(slot) : this.wanted.delete(slot)) this.touch(slot)
  }

  touch(slot: number): void {
    if (this.touchedCount === this.touched.length) this.touched = growTo(this.touched, this.touchedCount + 1)
    this.touched[this.touchedCount++] = slot
  }

  addChunk(chunk: number): void {
    if (this.chunkCount === this.chunks.length) this.chunks = growTo(this.chunks, this.chunkCount + 1)
    this.chunks[this.chunkCount++] = chunk
  }

  /** Empties the view. */
  clear(): void {
    this.wanted.clear()
    this.extras.clear()
    this.touchedCount = 0
    this.chunkCount = 0
  }
}
