// Defines types made of other types, and a game's own types, for the arguments of calls and messages.
//
// Their values are new objects, so each call allocates, as it does for texts. No allocation depends on a length that
// the other side claims: a list grows by the elements that were really read.
import { type ByteReader, type ByteWriter, varintBytes } from '../bytes.js'
import { ArgumentError, ProtocolError } from '../errors.js'
import { MAX_LARGE_PAYLOAD_BYTES } from '../limits.js'
import { RecordCodec } from './record.js'
import type { Infer, Schema, SchemaType } from './schema.js'

function requireLength(what: string, length: number): void {
  if (!Number.isInteger(length) || length < 1 || length > MAX_LARGE_PAYLOAD_BYTES) {
    const range = `from 1 to ${MAX_LARGE_PAYLOAD_BYTES.toLocaleString('en-US')}`
    throw new ProtocolError('bad-type', `${what}: the limit is a whole number ${range}, got ${length}`)
  }
}

/** Checks a part of a value, and names the part: `args.path[3].x`. */
function checkPart<T>(type: SchemaType<T>, value: T, field: string, part: string): void {
  try {
    type.check(value, field)
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error
    throw new ArgumentError(`${field}${part}${error.field.slice(field.length)}`, error.problem)
  }
}

/**
 * One of a few texts, sent as its number: 1 byte.
 *
 * @throws ProtocolError when there are none, more than 256, or duplicates.
 */
export function enumOf<const Names extends readonly string[]>(...names: Names): SchemaType<Names[number]> {
  if (names.length === 0 || names.length > 256 || new Set(names).size !== names.length) {
    throw new ProtocolError('bad-type', `enumOf(${names.join(', ')}): needs 1 to 256 names, each once`)
  }
  const numbers = new Map<string, number>(names.map((name, i) => [name, i]))
  return {
    text: `enum(${names.map((name) => JSON.stringify(name)).join(',')})`,
    minBytes: 1,
    maxBytes: 1,
    total: names.length === 256,
    zero: names[0]!,
    check(value, field) {
      if (!numbers.has(value)) throw new ArgumentError(field, `must be one of ${names.join(', ')}, got ${value}`)
    },
    write: (writer, value) => writer.u8(numbers.get(value)!),
    read(reader) {
      const name = names[reader.u8()]
      if (name === undefined) reader.fail()
      return name ?? names[0]!
    },
  }
}

/**
 * Raw bytes, at most `max` of them. The receiver gets its own copy.
 *
 * @throws ProtocolError when `max` is not a whole number from 1 to 16,777,216.
 */
export function bytes(max: number): SchemaType<Uint8Array> {
  requireLength(`bytes(${max})`, max)
  return {
    text: `bytes(${max})`,
    minBytes: 1,
    maxBytes: varintBytes(max) + max,
    total: false,
    mutable: true,
    zero: new Uint8Array(0),
    check(value, field) {
      if (!(value instanceof Uint8Array)) throw new ArgumentError(field, 'must be a Uint8Array')
      if (value.length > max) throw new ArgumentError(field, `is ${value.length} bytes long, at most ${max} fit`)
    },
    write(writer, value) {
      writer.varint(value.length)
      writer.copy(value, 0, value.length)
    },
    read(reader) {
      const length = reader.varint()
      if (reader.failed || length > max || length > reader.left) {
        reader.fail()
        return new Uint8Array(0)
      }
      const start = reader.offset
      reader.skip(length)
      return reader.bytes.slice(start, reader.offset)
    },
  }
}

/**
 * A list of at most `max` values of one type.
 *
 * @throws ProtocolError when `max` is not a whole number from 1 to 16,777,216.
 */
export function array<T>(type: SchemaType<T>, max: number): SchemaType<readonly T[]> {
  requireLength(`array(${type.text},${max})`, max)
  return {
    text: `array(${type.text},${max})`,
    minBytes: 1,
    maxBytes: varintBytes(max) + max * type.maxBytes,
    total: false,
    mutable: type.mutable,
    parts: { element: type },
    namesEntities: type.namesEntities,
    zero: [],
    check(value, field) {
      if (!Array.isArray(value)) throw new ArgumentError(field, 'must be an array')
      if (value.length > max) throw new ArgumentError(field, `has ${value.length} elements, at most ${max} fit`)
      for (let i = 0; i < value.length; i++) checkPart(type, value[i] as T, field, `[${i}]`)
    },
    write(writer, value) {
      writer.varint(value.length)
      for (let i = 0; i < value.length; i++) type.write(writer, value[i]!)
    },
    read(reader) {
      const length = reader.varint()
      const list: T[] = []
      if (length > max) reader.fail()
      for (let i = 0; i < length && !reader.failed; i++) list.push(type.read(reader))
      return list
    },
  }
}

/** A value, or undefined: one byte more. In a call, the field may be left out. */
export function optional<T>(type: SchemaType<T>): SchemaType<T | undefined> {
  return {
    text: `optional(${type.text})`,
    minBytes: 1,
    maxBytes: 1 + type.maxBytes,
    total: false,
    mutable: type.mutable,
    parts: { element: type },
    namesEntities: type.namesEntities,
    zero: undefined,
    check(value, field) {
      if (value !== undefined) type.check(value, field)
    },
    write(writer, value) {
      writer.u8(value === undefined ? 0 : 1)
      if (value !== undefined) type.write(writer, value)
    },
    read(reader) {
      const there = reader.u8()
      if (there > 1) reader.fail()
      return there === 1 ? type.read(reader) : undefined
    },
  }
}

/** Named fields in one value, as in the arguments of a call. */
export function struct<const S extends Schema>(schema: S): SchemaType<Infer<S>> {
  const codec = new RecordCodec(schema)
  const names = codec.names as readonly (keyof S & string)[]
  const read = (reader: ByteReader): Infer<S> => {
    const value: Record<string, unknown> = {}
    for (const name of names) value[name] = schema[name]!.read(reader)
    return value as Infer<S>
  }
  return {
    text: `struct${codec.text}`,
    minBytes: codec.minBytes,
    maxBytes: codec.maxBytes,
    total: codec.total,
    mutable: names.some((name) => schema[name]!.mutable) || undefined,
    parts: schema,
    namesEntities: codec.namesEntities || undefined,
    zero: Object.fromEntries(names.map((name) => [name, schema[name]!.zero])) as Infer<S>,
    check(value, field) {
      if (typeof value !== 'object' || value === null) throw new ArgumentError(field, `must be an object`)
      for (const name of names) {
        checkPart(schema[name]!, (value as Record<string, unknown>)[name], field, `.${name}`)
      }
    },
    write: (writer, value) => codec.write(writer, value as Readonly<Record<string, unknown>>),
    read,
  }
}

/** The functions and limits of a game's own type. */
export interface CustomType<T> {
  /** Names the type and its parameters; two sides whose texts differ cannot connect. */
  text: string
  /** The most bytes of a value. Sending a value that takes more is an error. */
  maxBytes: number
  zero: T
  /** Throws an `ArgumentError` when a value cannot be sent. */
  check(value: T, field: string): void
  write(writer: ByteWriter, value: T): void
  /** Reads what `write` wrote; call `reader.fail()` for malformed bytes. They are untrusted input. */
  read(reader: ByteReader): T
}

/** Saves find the end of a type's text by its brackets. */
function requireReadable(text: string): void {
  const open: string[] = []
  for (const sign of text) {
    if (sign === '(' || sign === '{') open.push(sign)
    const isWrong =
      sign === '"' || sign === '\\' || (sign === ')' && open.pop() !== '(') || (sign === '}' && open.pop() !== '{')
    if (!isWrong) continue
    throw new ProtocolError('bad-type', `custom ${text}: ${sign} closes no bracket, or is a quote or a backslash`)
  }
  if (open.length > 0) throw new ProtocolError('bad-type', `custom ${text}: ${open.at(-1)} is not closed`)
}

/**
 * A game's own type.
 *
 * @throws ProtocolError when the text is empty, has an unmatched bracket, a quote or a backslash, or `maxBytes` is not
 *   a whole number from 0 to 16,777,216.
 */
export function custom<T>(type: CustomType<T>): SchemaType<T> {
  if (!/^[^\s]{1,100}$/.test(type.text)) {
    throw new ProtocolError('bad-type', 'custom: text is 1 to 100 characters without spaces; it is part of the hash')
  }
  requireReadable(type.text)
  if (type.maxBytes !== 0) requireLength(`custom ${type.text}`, type.maxBytes)
  return {
    text: `custom(${type.text})`,
    minBytes: 0,
    maxBytes: type.maxBytes,
    total: false,
    // The game's code writes it, and may pass parts of it to `entity`.
    namesEntities: true,
    zero: type.zero,
    check: (value, field) => type.check(value, field),
    write(writer, value) {
      const start = writer.length
      type.write(writer, value)
      if (writer.length - start > type.maxBytes) {
        const problem = `took ${writer.length - start} bytes, and said that it takes at most ${type.maxBytes}`
        writer.length = start
        throw new ArgumentError(`custom(${type.text})`, problem)
      }
    },
    read(reader) {
      // The game's code reads untrusted bytes here; what it throws must not leave the tick.
      try {
        return type.read(reader)
      } catch {
        reader.fail()
        return type.zero
      }
    },
  }
}
