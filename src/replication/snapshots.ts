// Snapshots: the last few values of an interpolated component, and what it looks like between two of them.
//
// Snapshot interpolation as the Source engine and Glenn Fiedler describe it: the client shows the world a fixed delay
// behind the server, between two states that have both arrived. Only changes travel here, so silence means "unchanged":
// after a gap that loss does not explain, the old value is held until one tick before the new one.
import type { TypedStore } from '../protocol/definitions.js'
import { type ColumnSpec, ColumnKind } from '../protocol/schema.js'
import { growTo, SlotSet } from './slot-set.js'

/** Snapshots kept for one entity. At 20 ticks a second that is 400 ms. */
const KEPT = 8
/** Ticks between two values that are taken for loss or a slow sender, and bridged in a straight line. */
const LONGEST_BRIDGE = 3

interface SnapshotColumn {
  readonly spec: ColumnSpec
  readonly array: TypedStore
}

export class Snapshots {
  /** By slot and place in its ring. */
  private ticks = new Uint32Array(0)
  private values = new Float64Array(0)
  private newest = new Uint8Array(0)
  private counts = new Uint8Array(0)
  /** Slots whose newest snapshot is not shown yet. */
  private readonly moving = new SlotSet()
  private readonly width: number
  private readonly blends: readonly boolean[]

  constructor(private readonly columns: readonly SnapshotColumn[]) {
    this.width = columns.length
    this.blends = columns.map(
      ({ spec: { kind } }) => kind === ColumnKind.F32 || kind === ColumnKind.F64 || kind === ColumnKind.Quantized,
    )
  }

  reserve(slots: number): void {
    this.ticks = growTo(this.ticks, slots * KEPT)
    this.values = growTo(this.values, slots * KEPT * this.width)
    this.newest = growTo(this.newest, slots)
    this.counts = growTo(this.counts, slots)
  }

  /** Begins anew with one snapshot, whose values follow by `set`. */
  restart(slot: number, tick: number): void {
    this.moving.delete(slot)
    this.newest[slot] = 0
    this.counts[slot] = 1
    this.ticks[slot * KEPT] = tick
  }

  forget(slot: number): void {
    this.moving.delete(slot)
    this.counts[slot] = 0
  }

  /** The newest value received. */
  latest(slot: number, column: number): number {
    return this.values[(slot * KEPT + this.newest[slot]!) * this.width + column]!
  }

  /** Begins a snapshot that is newer than all before; its values follow by `set`. */
  push(slot: number, tick: number): void {
    const last = this.ticks[slot * KEPT + this.newest[slot]!]!
    if (this.counts[slot]! > 0 && tick - last > LONGEST_BRIDGE) this.append(slot, tick - 1)
    this.append(slot, tick)
    this.moving.add(slot)
  }

  set(slot: number, column: number, value: number): void {
    this.values[(slot * KEPT + this.newest[slot]!) * this.width + column] = value
  }

  /** Writes what each moving entity looks like at `tick`, fractions included, to the game's arrays. */
  show(tick: number, eidOf: Uint32Array): void {
    for (let slot = this.moving.next(0); slot >= 0; slot = this.moving.next(slot + 1)) {
      const eid = eidOf[slot]!
      if (eid === 0) this.moving.delete(slot)
      else this.showOne(slot, eid, tick)
    }
  }

  private showOne(slot: number, eid: number, tick: number): void {
    const base = slot * KEPT
    let later = this.newest[slot]!
    if (tick >= this.ticks[base + later]!) {
      this.write(eid, base + later, base + later, 0)
      this.moving.delete(slot)
      return
    }
    for (let back = 1; back < this.counts[slot]!; back++) {
      const earlier = (this.newest[slot]! + KEPT - back) % KEPT
      const earlierTick = this.ticks[base + earlier]!
      if (earlierTick <= tick) {
        const laterTick = this.ticks[base + later]!
        this.write(eid, base + earlier, base + later, (tick - earlierTick) / (laterTick - earlierTick))
        return
      }
      later = earlier
    }
    this.write(eid, base + later, base + later, 0)
  }

  private write(eid: number, earlier: number, later: number, fraction: number): void {
    const { width, values } = this
    for (let c = 0; c < width; c++) {
      const from = values[earlier * width + c]!
      const { array, spec } = this.columns[c]!
      if (eid >= array.length || spec.kind === ColumnKind.Entity) continue
      const to = values[later * width + c]!
      // Between infinities there is no way: the difference is no number, and the value switches.
      const blended = from + (to - from) * fraction
      array[eid] = this.blends[c]! && fraction > 0 && Number.isFinite(to - from) ? blended : from
    }
  }

  /** Adds a place to the ring; it starts as a copy of the one before. */
  private append(slot: number, tick: number): void {
    const base = slot * KEPT
    const before = this.newest[slot]!
    const place = this.counts[slot] === 0 ? 0 : (before + 1) % KEPT
    for (let c = 0; c < this.width; c++) {
      this.values[(base + place) * this.width + c] = this.values[(base + before) * this.width + c]!
    }
    this.ticks[base + place] = tick
    this.newest[slot] = place
    if (this.counts[slot]! < KEPT) this.counts[slot]!++
  }
}
