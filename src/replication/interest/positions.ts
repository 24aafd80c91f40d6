// Reads where an entity is, from whatever kind of store a game has.

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

  /** One coordinate of an entity; NaN when the store has none. */
  at(axis: number, eid: number): number {
    const value = this.arrays === undefined ? this.structs[eid]?.[this.axes[axis]!] : this.arrays[axis]![eid]
    return value ?? NaN
  }
}
