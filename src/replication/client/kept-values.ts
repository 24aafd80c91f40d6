// Keeps the values of entities that a component's arrays have no room for, until the game has made the arrays larger.
import type { ClientColumn } from './client-column.js'

export class KeptValues {
  /** By index: the values of each column. */
  private readonly byIndex = new Map<number, Float64Array>()

  constructor(private readonly columns: readonly ClientColumn[]) {}

  get size(): number {
    return this.byIndex.size
  }

  /** The indices of the entities whose values are kept. */
  indices(): IterableIterator<number> {
    return this.byIndex.keys()
  }

  set(index: number, column: number, value: number): void {
    let values = this.byIndex.get(index)
    if (values === undefined) this.byIndex.set(index, (values = new Float64Array(this.columns.length)))
    values[column] = value
  }

  delete(index: number): void {
    if (this.byIndex.size > 0) this.byIndex.delete(index)
  }

  /** Keeps an entity's values from the arrays. */
  take(index: number, eid: number): void {
    this.columns.forEach(({ store }, column) => this.set(index, column, store.read(eid)))
  }

  /** Writes the values of an entity to the arrays, which have room for it now. */
  restore(index: number, eid: number): void {
    const values = this.byIndex.get(index)
    if (values === undefined) return
    this.byIndex.delete(index)
    this.columns.forEach(({ store, references }, c) => {
      // A field of entities is resolved by net id instead.
      if (references === undefined) store.write(eid, values[c]!)
    })
  }
}
