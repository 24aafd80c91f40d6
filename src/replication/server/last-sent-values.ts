// Keeps the values last sent of a component whose changes can be drained, so that a change has a before.
import type { ChangeLog } from '../change-log.js'
import type { Column } from '../wire/columns.js'
import { growTo } from '../slot-set.js'

export class LastSentValues {
  /** By slot, the values of each field, as a client's game sees them. */
  private values = new Float64Array(0)
  private readonly now: Float64Array

  constructor(
    private readonly columns: readonly Column[],
    private readonly log: ChangeLog,
  ) {
    this.now = new Float64Array(columns.length)
  }

  reserve(slots: number): void {
    this.values = growTo(this.values, slots * this.columns.length)
  }

  /** Notes an entity's first values, which are not a change. */
  start(slot: number, eid: number): void {
    const { columns, values } = this
    for (let c = 0; c < columns.length; c++) values[slot * columns.length + c] = columns[c]!.value(eid)
  }

  /** Records a change after values of an entity were read again. */
  change(slot: number, eid: number, netId: number): void {
    const { columns, values, now } = this
    const at = slot * columns.length
    for (let c = 0; c < columns.length; c++) now[c] = columns[c]!.value(eid)
    this.log.record(eid, netId, values, at, now, 0)
    values.set(now, at)
  }
}
