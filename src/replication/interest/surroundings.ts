// Tracks the cells around one client's viewpoint, which the client sees.
//
// Distances are from an anchor, which follows the viewpoint only when that is a quarter of the hysteresis away. A cell
// enters view nearer than the radius and half the hysteresis. This makes up for the anchor's distance, and for entities
// slightly outside their cell. A cell leaves view farther than the radius and all of the hysteresis.
import { growTo } from '../slot-set.js'
import type { Observer } from '../server/observer.js'
import type { GridPolicy } from './grid-policy.js'
import type { Positions } from './positions.js'
import type { TupleTable } from './tuple-table.js'

/** In cells: a viewpoint further out counts as being here. Cells are exact up to it, fractions included. */
const FARTHEST = 2 ** 29

export class Surroundings {
  cells = new Uint32Array(32)
  count = 0
  /** The corners of the box that contains all cells that may enter view. */
  readonly from: Int32Array
  readonly to: Int32Array
  private readonly anchor: Float64Array
  private readonly place: Float64Array
  private isAnchored = false
  private readonly enter: number
  private readonly leave: number
  private readonly slack: number

  constructor(
    readonly observer: Observer,
    private readonly policy: GridPolicy,
  ) {
    const { axes, radius, hysteresis } = policy
    this.from = new Int32Array(axes.length)
    this.to = new Int32Array(axes.length)
    this.anchor = new Float64Array(axes.length)
    this.place = new Float64Array(axes.length)
    this.enter = (radius + hysteresis / 2) ** 2
    this.leave = (radius + hysteresis) ** 2
    this.slack = (hysteresis / 4) ** 2
  }

  add(cell: number): void {
    if (this.count === this.cells.length) this.cells = growTo(this.cells, this.count + 1)
    this.cells[this.count++] = cell
  }

  removeAt(index: number): void {
    this.cells[index] = this.cells[--this.count]!
  }

  /** Removes all cells from view, and returns them. */
  take(): Uint32Array {
    const all = this.cells.slice(0, this.count)
    this.count = 0
    return all
  }

  /** Follows an entity. Returns whether the anchor moved; it does not move to NaN. */
  moveTo(positions: Positions, eid: number): boolean {
    positions.read(eid, this.place)
    return this.follow()
  }

  moveToPlace(place: readonly number[]): boolean {
    for (let axis = 0; axis < this.place.length; axis++) this.place[axis] = place[axis]!
    return this.follow()
  }

  /** The squared distance between an entity and the anchor. */
  distanceTo(positions: Positions, eid: number): number {
    const { anchor, place } = this
    positions.read(eid, place)
    let sum = 0
    for (let axis = 0; axis < anchor.length; axis++) sum += (place[axis]! - anchor[axis]!) ** 2
    return sum
  }

  /** Returns whether a cell in view stays in view. */
  keeps(cells: TupleTable, cell: number): boolean {
    let sum = 0
    for (let axis = 0; axis < this.anchor.length; axis++) sum += this.gap(axis, cells.at(cell, axis)) ** 2
    return sum <= this.leave
  }

  /** Returns whether a cell enters view; `z` counts only in a space. */
  reaches(x: number, y: number, z: number): boolean {
    let sum = this.gap(0, x) ** 2 + this.gap(1, y) ** 2
    if (this.anchor.length === 3) sum += this.gap(2, z) ** 2
    return sum <= this.enter
  }

  private follow(): boolean {
    const { anchor, place } = this
    const { cellSize } = this.policy
    const farthest = FARTHEST * cellSize
    let sum = 0
    for (let axis = 0; axis < place.length; axis++) {
      if (Number.isNaN(place[axis]!)) return false
      place[axis] = Math.max(-farthest, Math.min(farthest, place[axis]!))
      sum += (place[axis]! - anchor[axis]!) ** 2
    }
    if (this.isAnchored && (sum <= this.slack || sum === 0)) return false
    this.isAnchored = true
    const reach = Math.sqrt(this.enter)
    for (let axis = 0; axis < place.length; axis++) {
      anchor[axis] = place[axis]!
      this.from[axis] = Math.floor((place[axis]! - reach) / cellSize)
      this.to[axis] = Math.floor((place[axis]! + reach) / cellSize)
    }
    return true
  }

  /** The distance between a cell and the anchor along one axis. */
  private gap(axis: number, cell: number): number {
    const at = this.anchor[axis]!
    const { cellSize } = this.policy
    const start = cell * cellSize
    if (at < start) return start - at
    return at > start + cellSize ? at - start - cellSize : 0
  }
}
