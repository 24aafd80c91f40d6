// What a game's check sees of the values that an owner has written, before the server takes them.
import type { ReplicatedComponent } from '../../protocol/definitions.js'
import { createViewObject } from '../../protocol/view-object.js'

/** Values that an owner has written to one of its entities, and the server has not taken yet. Valid while the check runs. */
export interface Write<Field extends PropertyKey = PropertyKey> {
  readonly entity: number
  /** The connection entity of the owner. */
  readonly sender: number
  /** The values that the server has, field by field. */
  readonly before: { readonly [F in Field]: number }
  /** The values that the owner wrote. What the check sets here is taken in their place, and the owner is corrected. */
  readonly after: { [F in Field]: number }
}

/** Says whether the server takes what an owner wrote. */
export type WriteCheck<Field extends PropertyKey = PropertyKey> = (write: Write<Field>) => boolean

/** The one view of a component's writes, used again for each. */
export class WriteView {
  readonly write = { entity: 0, sender: 0, before: createViewObject<number>(), after: createViewObject<number>() }
  /** What the owner wrote, field by field, and what the check made of it. */
  readonly values: Float64Array
  private readonly written: Float64Array

  constructor({ fields }: ReplicatedComponent) {
    const values = new Float64Array(fields.length)
    this.values = values
    this.written = new Float64Array(fields.length)
    const { write } = this
    fields.forEach(({ name, store }, c) => {
      Object.defineProperty(write.before, name, { get: () => store.read(write.entity), enumerable: true })
      Object.defineProperty(write.after, name, {
        get: () => values[c]!,
        set: (value: number) => {
          values[c] = value
        },
        enumerable: true,
      })
    })
    // Printed as the values they are, not as the getters that read them.
    for (const shown of [write.before, write.after]) {
      Object.defineProperty(shown, Symbol.for('nodejs.util.inspect.custom'), { value: () => ({ ...shown }) })
    }
  }

  /** Shows `values` to a check. */
  begin(entity: number, sender: number): void {
    this.write.entity = entity
    this.write.sender = sender
    this.written.set(this.values)
  }

  /** Whether the check has set anything. */
  get isAmended(): boolean {
    const { values, written } = this
    for (let c = 0; c < values.length; c++) if (values[c] !== written[c]) return true
    return false
  }

  /** Whether all values are numbers that a game can calculate with. */
  get isFinite(): boolean {
    const { values } = this
    for (let c = 0; c < values.length; c++) if (!Number.isFinite(values[c])) return false
    return true
  }
}
