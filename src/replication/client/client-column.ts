// Describes one replicated field on a client: where its values go, and which values of the wire are valid.
import type { ReplicatedField } from '../../protocol/definitions.js'
import type { FieldStore, TypedStore } from '../../protocol/field-store.js'
import { ColumnKind, type ColumnSpec } from '../../protocol/types/schema.js'
import { holdsWire, maxWire, rawOf, type WireArray } from '../wire/columns.js'

const NO_PARTS: readonly number[] = []

export class ClientColumn {
  readonly spec: ColumnSpec
  readonly store: FieldStore
  /** The store's memory, if it holds the integers of the wire. */
  raw: WireArray | undefined
  /** The store, if it holds 32-bit floats. */
  floats: Float32Array | undefined
  /** The largest valid integer of the wire, and whether its bits can hold no larger one. */
  readonly largest: number
  readonly isUnbounded: boolean
  /** By index: the net id that a field of entities names, so that it can be resolved again. */
  references: Uint32Array | undefined
  private typed: TypedStore | undefined
  private length = -1

  constructor(
    { type, store }: ReplicatedField,
    /** For the column that carries a rotation: the columns of its x, y, z and w. */
    readonly parts: readonly number[],
  ) {
    this.spec = type.column
    this.store = store
    const { kind, bits } = this.spec
    this.largest = maxWire(this.spec)
    this.isUnbounded =
      this.spec.lanes === 0 ||
      (kind !== ColumnKind.Quaternion && this.largest === (bits === 32 ? 0xffffffff : 2 ** bits - 1))
    this.references = kind === ColumnKind.Entity ? new Uint32Array(0) : undefined
    this.refresh()
  }

  /** Picks up an array that the game put in place of the known one. */
  refresh(): void {
    const { store } = this
    store.refresh()
    const { typed } = store
    if (typed === this.typed && (typed === undefined || typed.length === this.length)) return
    this.typed = typed
    this.length = typed === undefined ? 0 : typed.length
    this.raw = typed !== undefined && holdsWire(this.spec, typed) ? (rawOf(typed) as WireArray) : undefined
    this.floats = typed instanceof Float32Array ? typed : undefined
  }
}

/** The columns of a component, one for each field. */
export function makeClientColumns(fields: readonly ReplicatedField[]): readonly ClientColumn[] {
  return fields.map((field) => {
    const { quaternion, column } = field.type
    if (quaternion === undefined || column.lanes === 0) return new ClientColumn(field, NO_PARTS)
    const parts = quaternion.names.map((name) => fields.findIndex((other) => other.name === name))
    return new ClientColumn(field, parts)
  })
}
