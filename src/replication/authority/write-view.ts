// Shows a game's check the values that an owner has written, before the server applies them.
import type { ReplicatedComponent } from '../../protocol/definitions.js'
import { createViewObject } from '../../protocol/view-object.js'

/**
 * Values that an owner has written to one of its entities, and that the server has not applied yet. Valid while the
 * check runs.
 */
export interface Write<Field extends PropertyKey = PropertyKey> {
  readonly entity: number
  /** The connection entity of the owner. */
  readonly sender: number
  /** The values that the server has, field by field. */
  readonly before: { readonly [F in Field]: number }
  /** The values that the owner wrote. If the check sets one, the server applies that instead and corrects the owner. */
  readonly after: { [F in Field]: number }
}

/** Returns whether the server applies the values that an owner wrote. */
export type WriteCheck<Field extends PropertyKey = PropertyKey> = (write: Write<Field>) => boolean

/** The one view of a component's writes, reused for each. */
export class WriteView {
  readonly write = { entity: 0, sender: 0, before: createViewObject<number>(), after: createViewObject<number>() }
  /** The owner's values, field by field, with the changes that the check made. */
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
    // Prints the values, not the getters that read them.
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

  /** The check has changed a value. */
  get isAmended(): boolean {
    const { values, written } = this
    for (let c = 0; c < values.length; c++) if (values[c] !== written[c]) return true
    return false
  }

  /** All values are finite. */
  get isFinite(): boolean {
    const { values } = this
    for (let c = 0; c < values.length; c++) if (!Number.isFinite(values[c])) return false
    return true
  }
}
