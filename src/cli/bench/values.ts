// Makes values for a game's components and calls from their types alone.
import { ByteReader } from '../../protocol/bytes.js'
import type { Schema, SchemaType } from '../../protocol/types/schema.js'
import { type ColumnSpec, ColumnKind, ScalarForm } from '../../protocol/types/schema.js'
import { fromWire, maxWire } from '../../replication/wire/columns.js'

/** Returns a number from 0 to below 1. */
export type Random = () => number

/** The bytes that a value is read from; enough for any that is not large. */
const BYTES = 256

/** A number that a column can hold; `anyEntity` returns entities. */
export function columnValue(spec: ColumnSpec, random: Random, anyEntity: () => number): number {
  switch (spec.kind) {
    case ColumnKind.Entity:
      return anyEntity()
    case ColumnKind.F32:
    case ColumnKind.F64:
      // A typical value of games. Random bits would include NaN.
      return Math.fround((random() * 2 - 1) * 1000)
    default:
      return fromWire(spec, Math.floor(random() * (maxWire(spec) + 1)))
  }
}

/**
 * The arguments of a call. A type other than numbers is read from printable bytes, which makes its texts readable.
 * Where the bytes are no valid value, its zero is used.
 */
export function argumentsOf(schema: Schema, random: Random, anyEntity: () => number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema).map(([name, type]) => [name, valueOf(type, name, random, anyEntity)]),
  )
}

function valueOf(type: SchemaType<unknown>, name: string, random: Random, anyEntity: () => number): unknown {
  if (type.scalar === ScalarForm.Entity) return anyEntity()
  if (type.scalar === ScalarForm.Bool) return random() < 0.5
  const value = type.column === undefined ? readFrom(type, random) : columnValue(type.column, random, anyEntity)
  try {
    type.check(value, name)
    return value
  } catch {
    // The bytes name an entity, or a part of the value is out of range.
    return type.zero
  }
}

function readFrom(type: SchemaType<unknown>, random: Random): unknown {
  const bytes = Uint8Array.from({ length: BYTES }, () => 0x20 + Math.floor(random() * 0x5f))
  // Also the length of a text, so short.
  bytes[0] = 1 + Math.floor(random() * 24)
  const reader = new ByteReader()
  reader.reset(bytes, 0, bytes.length)
  const value = type.read(reader)
  return reader.failed ? type.zero : value
}
