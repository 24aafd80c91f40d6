// Reads the position of an entity from any kind of store that a game may have.

type Structs = readonly (Readonly<Record<string, number>> | undefined)[]

export class Positions {
  /** By axis, for a component that is an object of arrays. */
  private readonly arrays: readonly ArrayLike<number>[] | undefined
  private readonly structs: Structs

  constructor(
    component: object,
    private readonly axes: readonly string[],
  ) {
    const fields = component as Readonly<Record<string, ArrayLike<number>>>
    this.arrays = Array.isArray(component) ? undefined : axes.map((axis) => fields[axis]!)
    this.structs = component as Structs
  }

  /** Writes the coordinates of an entity to `out`; NaN where the store has none. */
  read(eid: number, out: Float64Array): void {
    const { arrays, axes } = this
    // Coordinates go into memory, because a number that a function returns may be allocated on the heap.
    if (arrays === undefined) {
      const struct = this.structs[eid]
      for (let axis = 0; axis < axes.length; axis++) out[axis] = struct?.[axes[axis]!] ?? NaN
    } else for (let axis = 0; axis < arrays.length; axis++) out[axis] = arrays[axis]![eid] ?? NaN
  }
}
