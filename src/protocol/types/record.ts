// Checks, writes and reads records: the arguments of a call or message, as named fields in a fixed order.
import type { ByteReader, ByteWriter } from '../bytes.js'
import { ArgumentError, ProtocolError } from '../errors.js'
import { requireFieldName } from './field-names.js'
import { FixedRecordView, isFixed } from './fixed-record.js'
import { readNetId } from '../net-id.js'
import { createViewObject } from '../view-object.js'
import { ColumnKind, ScalarForm, type Schema, type SchemaType } from './schema.js'

/**
 * Holds the arguments of one call, and is reused for the next. Numbers are in a typed array, and `args` has a getter
 * for each. As plain properties, each would cost a boxed number per call.
 */
export class RecordView {
  readonly values: Float64Array
  /** Values that are not numbers: texts. */
  readonly others: unknown[]
  /** The arguments as the game sees them. */
  readonly args = createViewObject<unknown>()
  private readonly forms: Uint8Array
  /** An object with every field, to be copied and then filled. */
  private readonly blank: Record<string, unknown>

  constructor(
    private readonly names: readonly string[],
    types: readonly SchemaType<unknown>[],
  ) {
    const values = new Float64Array(names.length)
    const others: unknown[] = []
    this.values = values
    this.others = others
    names.forEach((name, i) => {
      const { scalar = ScalarForm.None, zero } = types[i]!
      others.push(zero)
      if (typeof zero === 'number') values[i] = zero
      const get =
        scalar === ScalarForm.Bool
          ? () => values[i] === 1
          : scalar === ScalarForm.None
            ? () => others[i]
            : () => values[i]
      Object.defineProperty(this.args, name, { get, enumerable: true })
    })
    // Printed as the values they are, not as the getters that read them.
    const plain = (): Record<string, unknown> => ({ ...this.args })
    Object.defineProperty(this.args, Symbol.for('nodejs.util.inspect.custom'), { value: plain })
    this.forms = Uint8Array.from(types, ({ scalar }) => scalar ?? ScalarForm.None)
    this.blank = plain()
  }

  /** Copies the arguments to a new plain object. */
  copy(): Record<string, unknown> {
    const { forms, names, values, others } = this
    const copy = { ...this.blank }
    for (let i = 0; i < forms.length; i++) {
      const form = forms[i]
      copy[names[i]!] = form === ScalarForm.None ? others[i] : form === ScalarForm.Bool ? values[i] === 1 : values[i]
    }
    return copy
  }
}

/** The largest finite 32-bit float. */
export const LARGEST_F32 = 2 ** 127 * (2 - 2 ** -23)

/** Writes the lowest `bytes` bytes of an integer; the caller has made room. */
function putUint(view: DataView, at: number, value: number, bytes: number): void {
  if (bytes === 1) view.setUint8(at, value)
  else if (bytes === 2) view.setUint16(at, value, true)
  else if (bytes === 4) view.setInt32(at, value, true)
  else {
    view.setUint16(at, value, true)
    view.setUint8(at + 2, value >>> 16)
  }
}

function writeUint(writer: ByteWriter, at: number, value: number, bytes: number): void {
  putUint(writer.view, at, value, bytes)
  writer.length = at + bytes
}

/** Reads and writes the arguments that a schema describes. Made once per definition. */
export class RecordCodec {
  /** Field names in the order of the wire: sorted, so that the order of declaration does not matter. */
  readonly names: readonly string[]
  private readonly types: readonly SchemaType<unknown>[]
  private readonly paths: readonly string[]
  readonly minBytes: number
  readonly maxBytes: number
  /** True when every payload of `minBytes` bytes is valid, so that only its length needs a check. */
  readonly total: boolean
  /** Whether some value may name entities. */
  readonly namesEntities: boolean
  readonly text: string
  /** The id of this codec's definition in the protocol that used it last: a guess that callers verify. */
  lastId = 0
  /** By field: how it is read, and the parameters for that. */
  private readonly forms: Uint8Array
  private readonly fixedBytes: Uint8Array
  private readonly largest: Float64Array
  private readonly min: Float64Array
  private readonly max: Float64Array
  private readonly step: Float64Array
  /** The most bytes of all numbers and booleans together. */
  private readonly scalarBytes: number

  /**
   * The names in the order in which arguments are expected to have them; undefined unless every field has a fixed
   * offset.
   */
  private order: readonly string[] | undefined
  /** By position in `order`: the field. */
  private orderFields = new Uint16Array(0)
  /** By field: its offset, where every field has a fixed one. */
  private readonly offsets: Uint32Array

  /** Errors put `what` before the names of fields. */
  constructor(
    schema: Schema,
    private readonly what = 'args',
  ) {
    this.names = Object.keys(schema).sort()
    this.types = this.names.map((name) => {
      requireFieldName(name)
      const type = schema[name]
      if (typeof type?.read !== 'function') {
        throw new ProtocolError('bad-type', `field ${name}: not a schema type; use u8, f32, string(200), entity, …`)
      }
      return type
    })
    this.paths = this.names.map((name) => `${what}.${name}`)
    this.minBytes = this.types.reduce((sum, type) => sum + type.minBytes, 0)
    this.maxBytes = this.types.reduce((sum, type) => sum + type.maxBytes, 0)
    this.total = this.types.every((type) => type.total)
    this.namesEntities = this.types.some((type) => type.namesEntities === true)
    const { types } = this
    this.forms = Uint8Array.from(types, ({ scalar }) => scalar ?? ScalarForm.None)
    this.fixedBytes = Uint8Array.from(types, ({ minBytes }) => minBytes)
    this.min = Float64Array.from(types, ({ column }) => column?.min ?? 0)
    this.max = Float64Array.from(types, ({ column }) => column?.max ?? 0)
    this.step = Float64Array.from(types, ({ column }) => column?.step ?? 0)
    this.largest = Float64Array.from(types, ({ column }) => {
      if (column === undefined) return 0
      const isStepped = column.kind === ColumnKind.Quantized || column.kind === ColumnKind.Angle
      return isStepped ? Math.round((column.max - column.min) / column.step) : column.max
    })
    this.scalarBytes = types.reduce((sum, type) => sum + (type.scalar === undefined ? 0 : type.maxBytes), 8)
    let size = 0
    this.offsets = Uint32Array.from(types, ({ minBytes }) => (size += minBytes) - minBytes)
    if (types.every(isFixed)) {
      this.order = Object.keys(schema)
      this.orderFields = Uint16Array.from(this.order, (name) => this.names.indexOf(name))
    }
    this.text = `{${this.names.map((name, i) => `${name}:${this.types[i]!.text}`).join(',')}}`
  }

  /** Throws an ArgumentError that names the field when `args` cannot be sent. */
  check(args: Readonly<Record<string, unknown>>): void {
    this.requireObject(args)
    for (let i = 0; i < this.names.length; i++) this.types[i]!.check(args[this.names[i]!], this.paths[i]!)
  }

  /**
   * Checks and writes in one pass, numbers by a switch in one loop. When it throws, `writer` keeps what was written
   * until then, and the caller must reset it.
   *
   * @throws ArgumentError that names the field that cannot be sent.
   */
  encode(writer: ByteWriter, args: Readonly<Record<string, unknown>>): void {
    if (this.order !== undefined && this.encodeInOrder(writer, args, this.order)) return
    this.requireObject(args)
    writer.reserve(this.scalarBytes)
    const { forms, names } = this
    let at = writer.length
    for (let i = 0; i < forms.length; i++) {
      const form = forms[i]!
      const value = args[names[i]!]
      // The most frequent type of all.
      if (form === ScalarForm.F32 && typeof value === 'number' && value >= -LARGEST_F32 && value <= LARGEST_F32) {
        writer.view.setFloat32(at, value, true)
        at += 4
        continue
      }
      writer.length = at
      if (form === ScalarForm.None || !this.encodeNumber(writer, form, i, value)) {
        const type = this.types[i]!
        type.check(value, this.paths[i]!)
        type.write(writer, value)
        writer.reserve(this.scalarBytes)
      }
      at = writer.length
    }
    writer.length = at
  }

  /**
   * Writes numbers and booleans that are clearly in range, from an object whose keys are in the expected order. In a
   * loop over an object's keys V8 reads each field directly, where a look-up by a changing name costs a call. Returns
   * false, with nothing written, in all other cases.
   */
  private encodeInOrder(
    writer: ByteWriter,
    args: Readonly<Record<string, unknown>>,
    order: readonly string[],
  ): boolean {
    writer.reserve(this.minBytes)
    const { view, length: start } = writer
    const { forms, orderFields, offsets, largest, min } = this
    let seen = 0
    for (const key in args) {
      if (key !== order[seen]) return false
      const value = args[key]
      const i = orderFields[seen++]!
      const at = start + offsets[i]!
      if (typeof value === 'number') {
        const form = forms[i]!
        if (form === ScalarForm.F32) {
          if (!(value >= -LARGEST_F32 && value <= LARGEST_F32)) return false
          view.setFloat32(at, value, true)
        } else if (form === ScalarForm.Unsigned) {
          if (value >>> 0 !== value || value > largest[i]!) return false
          putUint(view, at, value, this.fixedBytes[i]!)
        } else if (form === ScalarForm.Signed) {
          if ((value | 0) !== value || value < min[i]! || value > this.max[i]!) return false
          putUint(view, at, value, this.fixedBytes[i]!)
        } else if (form === ScalarForm.Quantized) {
          if (!(value >= min[i]! && value <= this.max[i]!)) return false
          putUint(view, at, Math.min(largest[i]!, Math.round((value - min[i]!) / this.step[i]!)), this.fixedBytes[i]!)
        } else if (form === ScalarForm.F64) view.setFloat64(at, value, true)
        else return false
      } else {
        if (typeof value !== 'boolean' || forms[i] !== ScalarForm.Bool) return false
        view.setUint8(at, value ? 1 : 0)
      }
    }
    if (seen !== order.length) return false
    writer.length = start + this.minBytes
    return true
  }

  /**
   * Writes a number or boolean that is clearly in range; the caller has made room. Returns false for all other values,
   * which their type writes.
   */
  private encodeNumber(writer: ByteWriter, form: number, i: number, value: unknown): boolean {
    const at = writer.length
    if (typeof value === 'number') {
      switch (form) {
        case ScalarForm.Unsigned:
          if (value >>> 0 !== value || value > this.largest[i]!) return false
          break
        case ScalarForm.Signed:
          if ((value | 0) !== value || value < this.min[i]! || value > this.max[i]!) return false
          break
        case ScalarForm.F64:
          writer.view.setFloat64(at, value, true)
          writer.length = at + 8
          return true
        case ScalarForm.Varint:
          if (value >>> 0 !== value) return false
          writer.varint(value)
          return true
        case ScalarForm.Quantized: {
          if (!(value >= this.min[i]! && value <= this.max[i]!)) return false
          const step = Math.min(this.largest[i]!, Math.round((value - this.min[i]!) / this.step[i]!))
          writeUint(writer, at, step, this.fixedBytes[i]!)
          return true
        }
        default:
          return false
      }
      writeUint(writer, at, value, this.fixedBytes[i]!)
      return true
    }
    if (form !== ScalarForm.Bool || typeof value !== 'boolean') return false
    writer.bytes[at] = value ? 1 : 0
    writer.length = at + 1
    return true
  }

  private requireObject(args: unknown): void {
    if (this.names.length > 0 && (typeof args !== 'object' || args === null)) {
      throw new ArgumentError(this.what, `must be an object with ${this.names.join(', ')}`)
    }
  }

  /** Writes arguments that `check` accepted. */
  write(writer: ByteWriter, args: Readonly<Record<string, unknown>>): void {
    for (let i = 0; i < this.names.length; i++) this.types[i]!.write(writer, args[this.names[i]!])
  }

  /** Reads into a view that `createView` made; only texts are allocated. */
  read(reader: ByteReader, view: RecordView): void {
    const { values, others } = view
    for (let i = 0; i < this.forms.length; i++) {
      const bytes = this.fixedBytes[i]!
      switch (this.forms[i]) {
        case ScalarForm.Unsigned:
        case ScalarForm.Bool:
          values[i] = reader.uint(bytes)
          if (values[i]! > this.largest[i]!) reader.fail()
          break
        case ScalarForm.Signed:
          values[i] = (reader.uint(bytes) << (32 - 8 * bytes)) >> (32 - 8 * bytes)
          break
        case ScalarForm.F32:
          values[i] = reader.f32()
          break
        case ScalarForm.F64:
          values[i] = reader.f64()
          break
        case ScalarForm.Varint:
          values[i] = reader.varint()
          break
        case ScalarForm.Quantized: {
          const wire = reader.uint(bytes)
          if (wire > this.largest[i]!) reader.fail()
          values[i] = Math.min(this.max[i]!, this.min[i]! + wire * this.step[i]!)
          break
        }
        case ScalarForm.Entity: {
          const netId = readNetId(reader)
          values[i] = reader.entities === undefined ? netId : reader.entities.entityOf(netId)
          break
        }
        default:
          others[i] = this.types[i]!.read(reader)
      }
    }
  }

  /** True when the rest of the bytes is exactly one valid record. */
  validate(reader: ByteReader, scratch: RecordView): boolean {
    const size = reader.left
    if (size < this.minBytes || size > this.maxBytes) return false
    if (this.total) return true
    this.read(reader, scratch)
    return !reader.failed && reader.left === 0
  }

  /** Makes a view for checked records, where every field has a fixed offset; otherwise undefined. */
  createFixedView(): FixedRecordView | undefined {
    return this.types.every(isFixed) ? new FixedRecordView(this.names, this.types) : undefined
  }

  /** Makes a view with every field, to be reused for reading. */
  createView(): RecordView {
    return new RecordView(this.names, this.types)
  }
}
