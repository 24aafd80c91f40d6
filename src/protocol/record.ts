// A record is the arguments of a call or message: named fields in a fixed order, checked, written and read together.
import type { ByteReader, ByteWriter } from './bytes.js'
import { ArgumentError, ProtocolError } from './errors.js'
import type { Schema, SchemaType } from './schema.js'

/** Reads and writes the arguments that a schema describes. Made once per definition. */
export class RecordCodec {
  /** Field names in the order of the wire: sorted, so that the order of declaration does not matter. */
  readonly names: readonly string[]
  private readonly types: readonly SchemaType<unknown>[]
  private readonly paths: readonly string[]
  readonly minBytes: number
  readonly maxBytes: number
  /** True when every payload of `minBytes` bytes is valid, so that its length is all there is to check. */
  readonly total: boolean
  readonly text: string

  constructor(schema: Schema) {
    this.names = Object.keys(schema).sort()
    this.types = this.names.map((name) => {
      const type = schema[name]
      if (typeof type?.read !== 'function') {
        throw new ProtocolError('bad-type', `field ${name}: not a schema type; use u8, f32, string(200), entity, …`)
      }
      return type
    })
    this.paths = this.names.map((name) => `args.${name}`)
    this.minBytes = this.types.reduce((sum, type) => sum + type.minBytes, 0)
    this.maxBytes = this.types.reduce((sum, type) => sum + type.maxBytes, 0)
    this.total = this.types.every((type) => type.total)
    this.text = `{${this.names.map((name, i) => `${name}:${this.types[i]!.text}`).join(',')}}`
  }

  /** Throws an ArgumentError that names the field when `args` cannot be sent. */
  check(args: Readonly<Record<string, unknown>>): void {
    if (this.names.length > 0 && (typeof args !== 'object' || args === null)) {
      throw new ArgumentError('args', `must be an object with ${this.names.join(', ')}`)
    }
    for (let i = 0; i < this.names.length; i++) this.types[i]!.check(args[this.names[i]!], this.paths[i]!)
  }

  /** Writes arguments that `check` accepted. */
  write(writer: ByteWriter, args: Readonly<Record<string, unknown>>): void {
    for (let i = 0; i < this.names.length; i++) this.types[i]!.write(writer, args[this.names[i]!])
  }

  /** Reads into `out`, an object that `createView` made, and nothing is allocated but texts. */
  read(reader: ByteReader, out: Record<string, unknown>): void {
    for (let i = 0; i < this.names.length; i++) out[this.names[i]!] = this.types[i]!.read(reader)
  }

  /** True when what is left to read is exactly one valid record. */
  validate(reader: ByteReader, scratch: Record<string, unknown>): boolean {
    const size = reader.left
    if (size < this.minBytes || size > this.maxBytes) return false
    if (this.total) return true
    this.read(reader, scratch)
    return !reader.failed && reader.left === 0
  }

  /** An object with every field, to be read into again and again. */
  createView(): Record<string, unknown> {
    const view: Record<string, unknown> = {}
    for (let i = 0; i < this.names.length; i++) view[this.names[i]!] = this.types[i]!.zero
    return view
  }
}
