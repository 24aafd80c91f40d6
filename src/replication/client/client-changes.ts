// Compares one component's values on a client before and after received values are written.
import type { FieldStore } from '../../protocol/field-store.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import type { ChangeLog } from '../change-log.js'
import { growTo } from '../slot-set.js'
import type { Snapshots } from './snapshots.js'

interface ChangingColumn {
  readonly store: FieldStore
  /** Present for a field of entities. */
  readonly references: Uint32Array | undefined
}

export class ClientChanges {
  private before = new Float64Array(64)
  private readonly after: Float64Array
  private readonly width: number
  /** By column: true where it is interpolated, so that received values are in the snapshots. */
  private readonly isInterpolated: readonly boolean[]

  constructor(
    private readonly columns: readonly ChangingColumn[],
    private readonly snapshots: Snapshots | undefined,
    private readonly entities: EntityMapper,
    private readonly log: ChangeLog,
  ) {
    this.width = columns.length
    this.after = new Float64Array(columns.length)
    this.isInterpolated = columns.map(({ references }) => snapshots !== undefined && references === undefined)
  }

  /** Notes the values of `count` entities before they are written. Skips those whose `targets` entry is 0. */
  begin(indices: Uint32Array, targets: Uint32Array, count: number): void {
    const { width } = this
    this.before = growTo(this.before, count * width)
    for (let i = 0; i < count; i++) if (targets[i] !== 0) this.read(indices[i]!, targets[i]!, this.before, i * width)
  }

  /** Records the changes after the values were written. */
  finish(indices: Uint32Array, targets: Uint32Array, count: number): void {
    for (let i = 0; i < count; i++) if (targets[i] !== 0) this.compare(indices[i]!, targets[i]!, i * this.width)
  }

  /** Notes the values of a component that is about to be removed. */
  end(index: number, eid: number): void {
    const values = new Float64Array(this.width)
    this.read(index, eid, values, 0)
    this.log.gone.set(this.entities.netIdOf(eid), values)
  }

  /**
   * Records the first values of a component. If no system has seen that the component was gone, they count as a change
   * of the values before.
   */
  finishStart(index: number, eid: number): void {
    const netId = this.entities.netIdOf(eid)
    const before = this.log.gone.get(netId)
    if (before === undefined) return
    this.log.gone.delete(netId)
    this.read(index, eid, this.after, 0)
    this.log.record(eid, netId, before, 0, this.after, 0)
  }

  /** Notes the fields of entities before they are resolved again. */
  beginResolving(index: number, eid: number): void {
    this.read(index, eid, this.before, 0)
  }

  finishResolving(index: number, eid: number): void {
    this.compare(index, eid, 0)
  }

  private compare(index: number, eid: number, beforeAt: number): void {
    this.read(index, eid, this.after, 0)
    this.log.record(eid, this.entities.netIdOf(eid), this.before, beforeAt, this.after, 0)
  }

  private read(index: number, eid: number, into: Float64Array, at: number): void {
    for (let c = 0; c < this.width; c++) {
      const { store } = this.columns[c]!
      if (!this.isInterpolated[c]!) into[at + c] = store.read(eid)
      else {
        const value = this.snapshots!.latest(index, c)
        into[at + c] = store.rounds ? Math.fround(value) : value
      }
    }
  }
}
