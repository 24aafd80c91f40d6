// Keeps the last few values of an interpolated component, and shows the values between two of them.
//
// This is snapshot interpolation as the Source engine and Glenn Fiedler describe it. The client shows the world a fixed
// delay after the server, between two states that have both arrived. Only changes are sent, so silence means
// "unchanged". After a gap that loss does not explain, the old value is held until one tick before the new one.
import { shortWay, TURN } from '../../protocol/types/angle.js'
import type { FieldStore } from '../../protocol/field-store.js'
import { type ColumnSpec, ColumnKind } from '../../protocol/types/schema.js'
import { growTo, SlotSet } from '../slot-set.js'

/** Snapshots kept for one entity. At 20 ticks a second that is 400 ms. */
const KEPT = 8
/**
 * A gap of up to this many ticks between values that are sent every tick counts as loss or a slow sender. A straight
 * line bridges it.
 */
const LONGEST_BRIDGE = 3

interface SnapshotColumn {
  readonly spec: ColumnSpec
  readonly store: FieldStore
  /** For the column that carries a rotation: the columns of its x, y, z and w. */
  readonly parts: readonly number[]
}

/** How a column blends two values: it switches, moves in a straight line, or turns by the shorter side. */
const Blend = { Switch: 0, Line: 1, Turn: 2, Rotation: 3, None: 4 } as const
type Blend = (typeof Blend)[keyof typeof Blend]

function blendOf({ spec: { kind, lanes } }: SnapshotColumn): Blend {
  if (kind === ColumnKind.F32 || kind === ColumnKind.F64 || kind === ColumnKind.Quantized) return Blend.Line
  if (kind === ColumnKind.Angle) return Blend.Turn
  if (kind === ColumnKind.Quaternion) return lanes === 1 ? Blend.Rotation : Blend.None
  return kind === ColumnKind.Entity ? Blend.None : Blend.Switch
}

export class Snapshots {
  /** By index and place in its ring. */
  private ticks = new Uint32Array(0)
  private values = new Float64Array(0)
  private newest = new Uint8Array(0)
  private counts = new Uint8Array(0)
  /** Slots whose newest snapshot is not shown yet. */
  private readonly moving = new SlotSet()
  private readonly width: number
  private readonly blends: readonly Blend[]

  /** Extra ticks that the next value may take where values are not sent in every tick. */
  private readonly pause: number

  constructor(
    private readonly columns: readonly SnapshotColumn[],
    interval = 1,
  ) {
    this.pause = interval - 1
    this.width = columns.length
    this.blends = columns.map(blendOf)
  }

  reserve(indices: number): void {
    this.ticks = growTo(this.ticks, indices * KEPT)
    this.values = growTo(this.values, indices * KEPT * this.width)
    this.newest = growTo(this.newest, indices)
    this.counts = growTo(this.counts, indices)
  }

  /** Starts again with one snapshot; its values follow by `set`. */
  restart(index: number, tick: number): void {
    this.moving.delete(index)
    this.newest[index] = 0
    this.counts[index] = 1
    this.ticks[index * KEPT] = tick
  }

  forget(index: number): void {
    this.moving.delete(index)
    this.counts[index] = 0
  }

  /** The newest value received. */
  latest(index: number, column: number): number {
    return this.values[(index * KEPT + this.newest[index]!) * this.width + column]!
  }

  /** Begins a snapshot that is newer than all before; its values follow by `set`. */
  push(index: number, tick: number): void {
    const last = this.ticks[index * KEPT + this.newest[index]!]!
    if (this.counts[index]! > 0 && tick - last > LONGEST_BRIDGE + this.pause) this.append(index, tick - 1)
    this.append(index, tick)
    this.moving.add(index)
  }

  set(index: number, column: number, value: number): void {
    this.values[(index * KEPT + this.newest[index]!) * this.width + column] = value
  }

  /**
   * Writes each moving entity's values at `tick`, fractions included, to the game's arrays. Values that are not sent in
   * every tick are shown earlier by their pause, so that the next one is there.
   */
  show(tick: number, eidOf: Uint32Array): void {
    const at = tick - this.pause
    for (let index = this.moving.next(0); index >= 0; index = this.moving.next(index + 1)) {
      const eid = eidOf[index]!
      if (eid === 0) this.moving.delete(index)
      else this.showOne(index, eid, at)
    }
  }

  private showOne(index: number, eid: number, tick: number): void {
    const base = index * KEPT
    let later = this.newest[index]!
    if (tick >= this.ticks[base + later]!) {
      this.write(eid, base + later, base + later, 0)
      this.moving.delete(index)
      return
    }
    for (let back = 1; back < this.counts[index]!; back++) {
      const earlier = (this.newest[index]! + KEPT - back) % KEPT
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
      const blend = this.blends[c]!
      const { store, parts } = this.columns[c]!
      if (blend === Blend.None || eid >= store.capacity) continue
      if (blend === Blend.Rotation) {
        this.writeRotation(eid, earlier * width, later * width, fraction, parts)
        continue
      }
      const from = values[earlier * width + c]!
      const to = values[later * width + c]!
      const way = blend === Blend.Turn ? shortWay(from, to) : to - from
      // The difference of two infinities is NaN, so the value switches.
      if (blend === Blend.Switch || fraction <= 0 || !Number.isFinite(way)) store.write(eid, from)
      else if (blend === Blend.Line) store.write(eid, from + way * fraction)
      else store.write(eid, wrap(from + way * fraction))
    }
  }

  /** Normalised linear interpolation, by the shorter side: q and -q are one rotation. */
  private writeRotation(eid: number, from: number, to: number, fraction: number, parts: readonly number[]): void {
    const { values, columns } = this
    let dot = 0
    for (let p = 0; p < 4; p++) dot += values[from + parts[p]!]! * values[to + parts[p]!]!
    const share = dot < 0 ? -fraction : fraction
    let square = 0
    for (let p = 0; p < 4; p++) {
      const part = values[from + parts[p]!]! * (1 - fraction) + values[to + parts[p]!]! * share
      square += part * part
    }
    // At 0 the value equals the received one exactly.
    const scale = fraction === 0 ? 1 : 1 / Math.sqrt(square)
    for (let p = 0; p < 4; p++) {
      const part = values[from + parts[p]!]! * (1 - fraction) + values[to + parts[p]!]! * share
      const { store } = columns[parts[p]!]!
      if (eid < store.capacity) store.write(eid, part * scale)
    }
  }

  /** Adds a place to the ring; it starts as a copy of the one before. */
  private append(index: number, tick: number): void {
    const base = index * KEPT
    const before = this.newest[index]!
    const place = this.counts[index] === 0 ? 0 : (before + 1) % KEPT
    for (let c = 0; c < this.width; c++) {
      this.values[(base + place) * this.width + c] = this.values[(base + before) * this.width + c]!
    }
    this.ticks[base + place] = tick
    this.newest[index] = place
    if (this.counts[index]! < KEPT) this.counts[index]!++
  }
}

/** Wraps an angle as it arrives: from minus half a turn up to half a turn. */
function wrap(angle: number): number {
  if (angle >= Math.PI) return angle - TURN
  return angle < -Math.PI ? angle + TURN : angle
}
