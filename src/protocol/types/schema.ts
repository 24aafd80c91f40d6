// Defines the types of fields: their valid values, how these are written and read, and how they are packed into
// columns.
//
// A type is data and three functions. Calls and messages use `check`, `write` and `read`, value by value. Replicated
// components use only `column`: replication packs whole columns in its own loops and never calls a type per value.
import { ArgumentError, ProtocolError } from '../errors.js'
import { type ByteReader, type ByteWriter, MAX_VARINT_BYTES, utf8Length, varintBytes } from '../bytes.js'
import { MAX_LARGE_PAYLOAD_BYTES } from '../limits.js'
import { NET_ID_BITS, readNetId, writeNetId } from '../net-id.js'

/**
 * How numbers of a replicated field become bits. A value takes one lane of `bits` bits, an f64 two of 32. Of the four
 * fields of a rotation one takes a lane and the others none.
 */
export interface ColumnSpec {
  readonly kind: ColumnKind
  /** Bits of one lane, 1 to 32. */
  readonly bits: number
  readonly lanes: 0 | 1 | 2
  /** The smallest and largest value. Values outside are clamped; angles wrap. */
  readonly min: number
  readonly max: number
  /** The distance between neighbouring values of a quantized field or angle; 1 for integers, 0 for floats. */
  readonly step: number
}

export const ColumnKind = {
  Bool: 0,
  Unsigned: 1,
  Signed: 2,
  F32: 3,
  F64: 4,
  Quantized: 5,
  Entity: 6,
  Angle: 7,
  Quaternion: 8,
} as const
export type ColumnKind = (typeof ColumnKind)[keyof typeof ColumnKind]

/** How a call reads the types that are numbers: by a switch in one loop, so that no number is boxed on its way. */
export const ScalarForm = {
  None: 0,
  Bool: 1,
  Unsigned: 2,
  Signed: 3,
  F32: 4,
  F64: 5,
  Varint: 6,
  Quantized: 7,
  Entity: 8,
} as const
export type ScalarForm = (typeof ScalarForm)[keyof typeof ScalarForm]

/**
 * How one kind of value is checked, written and read. Made by `u8`, `string(…)`, `struct(…)`, … and {@link custom}.
 */
export interface SchemaType<T> {
  /** The type as text, its parameters included. It is part of the protocol's hash. */
  readonly text: string
  /** The fewest and the most bytes of a value in a call. */
  readonly minBytes: number
  readonly maxBytes: number
  /**
   * True when every sequence of `minBytes` bytes is a valid value: such a payload needs no check before it is queued.
   */
  readonly total: boolean
  /** The value of a view before anything was read into it. */
  readonly zero: T
  /** Present on the types whose values are numbers or booleans. */
  readonly scalar?: ScalarForm
  /** Present on the types that a replicated component may use. */
  readonly column?: ColumnSpec
  /**
   * Present on the types whose values hold raw bytes, which cannot be frozen: code that keeps them hands out copies.
   */
  readonly mutable?: true | undefined
  /** The types of the parts: of a struct by field, of an array or optional `element`. */
  readonly parts?: Schema
  /** Present on the types whose values may name entities, also deep inside. */
  readonly namesEntities?: true | undefined
  /** Throws an {@link ArgumentError} that names `field` when `value` cannot be represented. */
  check(value: T, field: string): void
  /** Writes a value that `check` accepted. */
  write(writer: ByteWriter, value: T): void
  /** Reads a value. The reader fails for anything that `check` would refuse. */
  read(reader: ByteReader): T
}

/** A type that replicated components may use. */
export type ColumnType = SchemaType<number> & { readonly column: ColumnSpec }
/** `bool` in a column: stores hold 0 or 1. */
export type BoolType = SchemaType<boolean> & { readonly column: ColumnSpec }

/** The fields of a call or message by name. */
export type Schema = { readonly [field: string]: SchemaType<unknown> }

/** The values of a type. */
type ValueOf<Type> = Type extends SchemaType<infer T> ? T : never

/** The fields that may be left out: those whose value may be undefined. */
type OptionalField<S extends Schema> = {
  [K in keyof S]: undefined extends ValueOf<S[K]> ? (unknown extends ValueOf<S[K]> ? never : K) : never
}[keyof S]

type Flat<T> = { [K in keyof T]: T[K] }

/** The arguments that a schema describes. */
export type Infer<S extends Schema> = Flat<
  { -readonly [K in Exclude<keyof S, OptionalField<S>>]: ValueOf<S[K]> } & {
    -readonly [K in OptionalField<S>]?: ValueOf<S[K]>
  }
>

/**
 * The values of a schema as a verb accepts them. A schema without fields accepts only an empty object. For `{}` alone
 * TypeScript accepts any object, so options in the place of the arguments would be ignored silently.
 */
export type InferArguments<S extends Schema> = [keyof S] extends [never]
  ? Readonly<Record<string, never>>
  : Readonly<Infer<S>>

/**
 * The arguments of a verb after the definition: the values, which may be left out where no field is required, then
 * `Rest`.
 */
export type CallArguments<S extends Schema, Rest extends unknown[] = []> = [
  Exclude<keyof S, OptionalField<S>>,
] extends [never]
  ? [args?: InferArguments<S>, ...Rest]
  : [args: Readonly<Infer<S>>, ...Rest]

const describe = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value))

function requireNumber(value: unknown, field: string): asserts value is number {
  if (typeof value !== 'number') throw new ArgumentError(field, `must be a number, got ${describe(value)}`)
}

function requireInteger(value: unknown, field: string, min: number, max: number): void {
  requireNumber(value, field)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentError(field, `must be a whole number from ${min} to ${max}, got ${value}`)
  }
}

function unsigned(bytes: 1 | 2 | 4): ColumnType {
  const max = 2 ** (8 * bytes) - 1
  return {
    text: `u${8 * bytes}`,
    minBytes: bytes,
    maxBytes: bytes,
    total: true,
    zero: 0,
    scalar: ScalarForm.Unsigned,
    column: { kind: ColumnKind.Unsigned, bits: 8 * bytes, lanes: 1, min: 0, max, step: 1 },
    check: (value, field) => requireInteger(value, field, 0, max),
    write: (writer, value) => writer.uint(value, bytes),
    read: (reader) => reader.uint(bytes),
  }
}

function signed(bytes: 1 | 2 | 4): ColumnType {
  const max = 2 ** (8 * bytes - 1) - 1
  const min = -max - 1
  const shift = 32 - 8 * bytes
  return {
    text: `i${8 * bytes}`,
    minBytes: bytes,
    maxBytes: bytes,
    total: true,
    zero: 0,
    scalar: ScalarForm.Signed,
    column: { kind: ColumnKind.Signed, bits: 8 * bytes, lanes: 1, min, max, step: 1 },
    check: (value, field) => requireInteger(value, field, min, max),
    write: (writer, value) => writer.uint(value, bytes),
    read: (reader) => (reader.uint(bytes) << shift) >> shift,
  }
}

/** Whole numbers from 0 to 255. */
export const u8 = unsigned(1)
/** Whole numbers from 0 to 65,535. */
export const u16 = unsigned(2)
/** Whole numbers from 0 to 4,294,967,295. */
export const u32 = unsigned(4)
/** Whole numbers from -128 to 127. */
export const i8 = signed(1)
/** Whole numbers from -32,768 to 32,767. */
export const i16 = signed(2)
/** Whole numbers from -2,147,483,648 to 2,147,483,647. */
export const i32 = signed(4)

/** True or false; one bit in a replicated component, where the store holds 0 or 1. */
export const bool: BoolType = {
  text: 'bool',
  minBytes: 1,
  maxBytes: 1,
  total: false,
  zero: false,
  scalar: ScalarForm.Bool,
  column: { kind: ColumnKind.Bool, bits: 1, lanes: 1, min: 0, max: 1, step: 1 },
  check(value, field) {
    if (typeof value !== 'boolean') throw new ArgumentError(field, `must be true or false, got ${describe(value)}`)
  },
  write: (writer, value) => writer.u8(value ? 1 : 0),
  read(reader) {
    const byte = reader.u8()
    if (byte > 1) reader.fail()
    return byte === 1
  },
}

/** A 32-bit float; infinities and NaN are values too. A finite number too large for 32 bits is refused. */
export const f32: ColumnType = {
  text: 'f32',
  minBytes: 4,
  maxBytes: 4,
  total: true,
  zero: 0,
  scalar: ScalarForm.F32,
  column: { kind: ColumnKind.F32, bits: 32, lanes: 1, min: -Infinity, max: Infinity, step: 0 },
  check(value, field) {
    requireNumber(value, field)
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw new ArgumentError(field, `${value} is too large for a 32-bit float`)
    }
  },
  write: (writer, value) => writer.f32(value),
  read: (reader) => reader.f32(),
}

/** A 64-bit float: any JavaScript number. */
export const f64: ColumnType = {
  text: 'f64',
  minBytes: 8,
  maxBytes: 8,
  total: true,
  zero: 0,
  scalar: ScalarForm.F64,
  column: { kind: ColumnKind.F64, bits: 32, lanes: 2, min: -Infinity, max: Infinity, step: 0 },
  check: (value, field) => requireNumber(value, field),
  write: (writer, value) => writer.f64(value),
  read: (reader) => reader.f64(),
}

/** Whole numbers from 0 to 4,294,967,295, mostly small ones: 1 byte below 128, at most 5. */
export const varint: ColumnType = {
  text: 'varint',
  minBytes: 1,
  maxBytes: MAX_VARINT_BYTES,
  total: false,
  zero: 0,
  scalar: ScalarForm.Varint,
  column: { kind: ColumnKind.Unsigned, bits: 32, lanes: 1, min: 0, max: 0xffffffff, step: 1 },
  check: (value, field) => requireInteger(value, field, 0, 0xffffffff),
  write: (writer, value) => writer.varint(value),
  read: (reader) => reader.varint(),
}

/**
 * The nearest 32-bit float of a range's end, if it lies outside of the range; otherwise the end itself. A store of
 * 32-bit floats holds the end of -0.1 to 0.1 as 0.10000000149, and a game cannot write it any more exactly.
 */
export const storedMin = (min: number): number => finiteOr(min, Math.min(min, Math.fround(min)))
export const storedMax = (max: number): number => finiteOr(max, Math.max(max, Math.fround(max)))

/** Beyond 3.4e38 the nearest 32-bit float is infinite, which is outside of every range. */
const finiteOr = (end: number, stored: number): number => (Number.isFinite(stored) ? stored : end)

/**
 * Numbers from `min` to `max` in steps of `step`, in as few bits as the number of steps needs (at most 32). The
 * received value is the step nearest to the sent one. An end that is not a 32-bit float may also be given as the
 * nearest one.
 *
 * @throws ProtocolError when the range is empty, the step not positive, or the steps more than 2^32.
 */
export function quantized(min: number, max: number, step: number): ColumnType {
  const steps = Math.round((max - min) / step)
  const valid = Number.isFinite(min) && Number.isFinite(max) && step > 0 && steps >= 1 && steps <= 0xffffffff
  if (!valid) {
    throw new ProtocolError(
      'bad-type',
      `quantized(${min}, ${max}, ${step}): needs min < max and a step that divides the range into 1 to 2^32 steps`,
    )
  }
  const lowest = storedMin(min)
  const highest = storedMax(max)
  const bits = 32 - Math.clz32(steps)
  const bytes = (bits + 7) >> 3
  const text = `quantized(${min},${max},${step})`
  return {
    text,
    minBytes: bytes,
    maxBytes: bytes,
    total: false,
    zero: min <= 0 && max >= 0 ? 0 : min,
    scalar: ScalarForm.Quantized,
    column: { kind: ColumnKind.Quantized, bits, lanes: 1, min, max, step },
    check(value, field) {
      requireNumber(value, field)
      if (value >= lowest && value <= highest) return
      throw new ArgumentError(field, `must be from ${min} to ${max}, got ${value}`)
    },
    write: (writer, value) => writer.uint(Math.max(0, Math.min(steps, Math.round((value - min) / step))), bytes),
    read(reader) {
      const wire = reader.uint(bytes)
      if (wire > steps) reader.fail()
      // Rounding, or a step that does not divide the range, must not lead outside of it.
      return Math.min(max, min + wire * step)
    },
  }
}

/**
 * Text of at most `maxBytes` bytes of UTF-8. Calls and messages only.
 *
 * @throws ProtocolError when `maxBytes` is not a whole number from 1 to 16,777,216.
 */
export function string(maxBytes: number): SchemaType<string> {
  if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > MAX_LARGE_PAYLOAD_BYTES) {
    throw new ProtocolError(
      'bad-type',
      `string(${maxBytes}): the limit is a whole number of bytes from 1 to 16,777,216`,
    )
  }
  return {
    text: `string(${maxBytes})`,
    minBytes: 1,
    maxBytes: varintBytes(maxBytes) + maxBytes,
    total: false,
    zero: '',
    check(value, field) {
      if (typeof value !== 'string') throw new ArgumentError(field, `must be a text, got ${describe(value)}`)
      if (/[\ud800-\udfff]/u.test(value)) throw new ArgumentError(field, 'has half a surrogate pair, which is no text')
      // A UTF-16 unit takes at most three bytes, so most texts need no count.
      if (value.length * 3 > maxBytes && utf8Length(value) > maxBytes) {
        throw new ArgumentError(field, `is ${utf8Length(value)} bytes long, at most ${maxBytes} fit`)
      }
    },
    write: (writer, value) => writer.string(value, maxBytes),
    read: (reader) => reader.string(maxBytes),
  }
}

/**
 * An entity, as its id in the world that holds it: each side sees its own id. A server sends the entity first if the
 * client is to observe it. An entity that is not networked, or that the receiver will not observe, arrives as 0. In a
 * replicated component it resolves when the client begins to observe the entity.
 */
export const entity: ColumnType = {
  text: 'entity',
  minBytes: 1,
  maxBytes: 6,
  total: false,
  zero: 0,
  namesEntities: true,
  scalar: ScalarForm.Entity,
  column: { kind: ColumnKind.Entity, bits: NET_ID_BITS, lanes: 1, min: 0, max: 2 ** NET_ID_BITS - 1, step: 1 },
  check: (value, field) => requireInteger(value, field, 0, 0xffffffff),
  write: (writer, value) => writeNetId(writer, writer.entities === undefined ? value : writer.entities.netIdOf(value)),
  read(reader) {
    const netId = readNetId(reader)
    return reader.entities === undefined ? netId : reader.entities.entityOf(netId)
  },
}
