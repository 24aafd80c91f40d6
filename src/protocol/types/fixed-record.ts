// Keeps the bytes of one call whose fields all have fixed offsets, and decodes a field only when the game reads it.
import { type ColumnSpec, ScalarForm, type SchemaType } from './schema.js'
import { createViewObject } from '../view-object.js'

/** Whether values of this type are numbers or booleans that always take the same number of bytes. */
export function isFixed({ scalar, minBytes, maxBytes }: SchemaType<unknown>): boolean {
  return scalar !== undefined && scalar !== ScalarForm.None && minBytes === maxBytes
}

/** A view of one record, reused for the next. Its records have been checked. */
export class FixedRecordView {
  /** The arguments as the game sees them. */
  readonly args = createViewObject<unknown>()
  private readonly view: DataView
  private readonly size: number

  constructor(names: readonly string[], types: readonly SchemaType<unknown>[]) {
    this.size = types.reduce((sum, { minBytes }) => sum + minBytes, 0)
    const view = new DataView(new ArrayBuffer(this.size))
    this.view = view
    let at = 0
    names.forEach((name, i) => {
      Object.defineProperty(this.args, name, { get: fieldOf(types[i]!, view, at), enumerable: true })
      at += types[i]!.minBytes
    })
    // Printed as the values they are, not as the getters that read them.
    const plain = (): Record<string, unknown> => ({ ...this.args })
    Object.defineProperty(this.args, Symbol.for('nodejs.util.inspect.custom'), { value: plain })
  }

  /** Copies the record that begins at `start`. */
  copy(from: DataView, start: number): void {
    const { view, size } = this
    let i = 0
    for (; i + 4 <= size; i += 4) view.setUint32(i, from.getUint32(start + i, true), true)
    for (; i < size; i++) view.setUint8(i, from.getUint8(start + i))
  }
}

/** Makes a function that reads the field at an offset. */
function fieldOf({ scalar, minBytes, column }: SchemaType<unknown>, view: DataView, at: number): () => unknown {
  if (scalar === ScalarForm.Bool) return () => view.getUint8(at) === 1
  if (scalar === ScalarForm.F32) return () => view.getFloat32(at, true)
  if (scalar === ScalarForm.F64) return () => view.getFloat64(at, true)
  if (scalar === ScalarForm.Quantized) {
    return quantizedOf(column!, view, at, minBytes)
  }
  if (scalar !== ScalarForm.Signed) return unsignedOf(view, at, minBytes)
  if (minBytes === 1) return () => view.getInt8(at)
  return minBytes === 2 ? () => view.getInt16(at, true) : () => view.getInt32(at, true)
}

/** In functions so short that V8 always inlines them. Otherwise it boxes the number for each read. */
function quantizedOf({ min, max, step }: ColumnSpec, view: DataView, at: number, bytes: number): () => number {
  const wire = unsignedOf(view, at, bytes)
  const scaled = (steps: number): number => min + steps * step
  if (scaled(Math.round((max - min) / step)) <= max) return () => scaled(wire())
  return () => Math.min(max, scaled(wire()))
}

function unsignedOf(view: DataView, at: number, bytes: number): () => number {
  if (bytes === 1) return () => view.getUint8(at)
  if (bytes === 2) return () => view.getUint16(at, true)
  if (bytes === 3) return () => view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
  return () => view.getUint32(at, true)
}
