// Reads and writes a replicated field, wherever its values are: in an array of the component, in structs, or in the
// component itself.
//
// bitECS leaves the form of a store to the game. The fast form is a typed array, which replication reads and writes
// directly. All other forms go through `read` and `write`.

/** The typed arrays that a component's store may have. */
export type TypedStore =
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array

/** Whether a value is a typed array. */
export function isTypedStore(value: unknown): value is TypedStore {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
}

type Structs = (Record<string, number> | undefined)[]

export class FieldStore {
  /** The typed array that holds the field now; undefined where plain arrays or structs hold it. */
  typed: TypedStore | undefined
  private plain: number[] = []
  private length = 0

  /**
   * `owner`: the component. `key`: the field; undefined where the component itself is the array. `structs`: the fields
   * of a new struct, where the component is an array of structs.
   */
  constructor(
    private readonly owner: object,
    private readonly key: string | undefined,
    private readonly structs?: readonly string[],
  ) {
    this.refresh()
  }

  /** Checks whether the game has replaced or resized the array. Returns whether it has. */
  refresh(): boolean {
    if (this.structs !== undefined) return false
    const { owner, key } = this
    const array = key === undefined ? owner : (owner as Record<string, unknown>)[key]
    if (this.typed !== undefined && array === this.typed && this.typed.length === this.length) return false
    if (isTypedStore(array)) {
      this.typed = array
      this.length = array.length
      return true
    }
    if (array === this.plain || !Array.isArray(array)) return false
    this.typed = undefined
    this.plain = array as number[]
    return true
  }

  /** The object that holds the values now. */
  get memory(): object {
    return this.typed ?? (this.structs === undefined ? this.plain : this.owner)
  }

  /** The number of entity ids that fit: ids below it have room. */
  get capacity(): number {
    return this.typed === undefined ? Infinity : this.typed.length
  }

  /** Whether the store rounds numbers to 32 bits. */
  get rounds(): boolean {
    return this.typed instanceof Float32Array
  }

  /** Reads an entity's value; 0 where there is none yet. */
  read(eid: number): number {
    if (this.typed !== undefined) return this.typed[eid] ?? 0
    if (this.structs === undefined) return this.plain[eid] ?? 0
    return (this.owner as Structs)[eid]?.[this.key!] ?? 0
  }

  /** Writes an entity's value; does nothing where a typed array has no room for it. */
  write(eid: number, value: number): void {
    if (this.typed !== undefined) {
      this.typed[eid] = value
      return
    }
    if (this.structs !== undefined) {
      ;((this.owner as Structs)[eid] ??= this.makeStruct(eid))[this.key!] = value
      return
    }
    const { plain } = this
    // Without gaps, so that the array does not turn into a hash table.
    while (plain.length < eid) plain.push(0)
    plain[eid] = value
  }

  private makeStruct(eid: number): Record<string, number> {
    const owner = this.owner as Structs
    while (owner.length < eid) owner.push(undefined)
    const struct: Record<string, number> = {}
    for (const name of this.structs!) struct[name] = 0
    return struct
  }
}
